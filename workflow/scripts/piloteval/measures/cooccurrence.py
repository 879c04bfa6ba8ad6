"""Codes that come up together: how often, how strongly, and whether more often than by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from piloteval.measures import resample
from piloteval.statistic import Statistic

#: Draws of the permutation band; its limits then rest on 25 draws each.
DRAWS = 1000

#: Numbers held at once while draws are made; 32 megabytes.
LARGEST_BLOCK = 4_000_000

NEITHER = "undefined: neither code was given"
ONE_ONLY = "undefined: one of the two codes was not given"

COLUMNS = (
    "first",
    "second",
    "n",
    "n1",
    "n2",
    "n12",
    "c",
    "overlap",
    "expected",
    "band_low",
    "band_high",
    "c_low",
    "c_high",
    "beyond",
    "note",
)


def c_coefficient(n1: int, n2: int, n12: int) -> Statistic:
    """Strength of the co-occurrence of two codes, as ATLAS.ti gives it.

    Parameters
    ----------
    n1, n2 : int
        Units (sentences, interviews) with the first and with the second code.
    n12 : int
        Units with both, at most the smaller of the two.

    Returns
    -------
    Statistic
        0 when the codes never come together, 1 when neither comes without the other. ``n`` counts units with either.
        Undefined where neither code was given. Without interval: sentences of an interview are not independent.

    Raises
    ------
    ValueError
        If a count is negative, or there are more units with both codes than with one.

    Notes
    -----
    c = n12 / (n1 + n2 - n12), Jaccard's index. With codes of very unequal frequency it stays small even if the rarer
    never comes alone: it is at most the smaller count over the larger. Report `overlap_coefficient` beside it.

    References
    ----------
    Jaccard (1901), Bulletin de la Société Vaudoise des Sciences Naturelles 37, 547-579. ATLAS.ti user manual, code
    co-occurrence.
    """
    _check(n1, n2, n12)
    either, method = n1 + n2 - n12, "c-coefficient of co-occurrence"
    if not either:
        return Statistic(None, 0, method, note=NEITHER)
    return Statistic(n12 / either, int(either), method)


def overlap_coefficient(n1: int, n2: int, n12: int) -> Statistic:
    """Share of the rarer of two codes that comes with the other.

    Parameters
    ----------
    n1, n2, n12
        As in `c_coefficient`.

    Returns
    -------
    Statistic
        ``n`` counts units with the rarer code. Undefined where one of the codes was not given.

    Raises
    ------
    ValueError
        As in `c_coefficient`.

    Notes
    -----
    n12 / min(n1, n2).

    References
    ----------
    Szymkiewicz (1934), Acta Societatis Botanicorum Poloniae 11 (Suplement), 1-22; Simpson (1960), American Journal of
    Science 258-A, 300-311.
    """
    _check(n1, n2, n12)
    rarer, method = min(n1, n2), "overlap coefficient of co-occurrence"
    if not rarer:
        return Statistic(None, 0, method, note=NEITHER if not max(n1, n2) else ONE_ONLY)
    return Statistic(n12 / rarer, int(rarer), method)


def count_together(present: ArrayLike) -> np.ndarray:
    """Count the units in which each pair of codes comes up together.

    Parameters
    ----------
    present : array of bool or 0/1, shape (units, codes)

    Returns
    -------
    array of int, shape (codes, codes)
        Units with both codes; on the diagonal, with the code.
    """
    given = _presence(present)
    return np.rint(given.T @ given).astype(np.int64)


def permuted_together(
    present: ArrayLike, strata: ArrayLike | None = None, draws: int = DRAWS, seed: int = 1
) -> np.ndarray:
    """Units with both codes, of every pair of codes, when each code is dealt out anew among the units of its stratum.

    Parameters
    ----------
    present : array of bool or 0/1, shape (units, codes)
        Units, as a rule interviews.
    strata : array, shape (units,), optional
        Stratum of each unit, for instance the cohort; none missing. How often a code comes in a stratum stays as it is,
        so that two codes do not seem to belong together because both belong to one cohort.
    draws : int
        Number of draws, at least 1.
    seed : int
        Seed of the draws; the same seed gives the same draws on every run.

    Returns
    -------
    array of float, shape (draws, codes, codes)

    Raises
    ------
    ValueError
        If the strata are not one a unit or ``draws`` is below 1.

    Notes
    -----
    Every code is shuffled for itself, so that for each pair the counts follow the sum over strata of hypergeometric
    distributions, which are the exact distribution of Fisher's test.
    """
    given = _presence(present).astype(np.float32)
    n, codes = given.shape
    if draws < 1:
        raise ValueError(f"at least one draw is needed, not {draws}")
    labels = pd.factorize(np.asarray(strata))[0] if strata is not None else np.zeros(n, dtype=int)
    if len(labels) != n or (labels < 0).any():
        raise ValueError("every unit needs one stratum")
    rng = resample.generator(seed)
    block = max(1, LARGEST_BLOCK // max(1, n * codes))
    together = np.empty((draws, codes, codes), dtype=np.float32)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        dealt = np.broadcast_to(given, (size, n, codes)).copy()
        for stratum in range(labels.max(initial=-1) + 1):
            rows = np.flatnonzero(labels == stratum)
            dealt[:, rows] = rng.permuted(dealt[:, rows], axis=1)
        together[start : start + size] = dealt.transpose(0, 2, 1) @ dealt
    return together


def cooccurrence(
    present: pd.DataFrame,
    strata: ArrayLike | None = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 1,
) -> pd.DataFrame:
    """Co-occurrence of every pair of codes, with the band in which chance would put it.

    Parameters
    ----------
    present : DataFrame of bool or 0/1, shape (units, codes)
        Whether each unit has each code; a unit is an interview where people are counted.
    strata : array, shape (units,), optional
        Stratum of each unit, within which the codes are dealt out anew.
    confidence : float
        Share of the draws within the band of a pair. The band is for one pair: of a hundred pairs without any relation
        about five lie outside of a band of 95 %.
    draws, seed
        Of the permutations, as in `permuted_together`.

    Returns
    -------
    DataFrame
        One row a pair of codes in the order of the columns: ``first``, ``second``; ``n`` units; ``n1``, ``n2``, ``n12``
        with the one, the other and both codes; ``c`` and ``overlap``; ``expected`` units with both by chance; the band
        ``band_low`` to ``band_high`` of ``n12`` and ``c_low`` to ``c_high`` of c; ``beyond`` says whether ``n12`` lies
        ``above``, ``below`` or ``within`` the band; ``note``. What is undefined is missing and the note says why.

    Raises
    ------
    ValueError
        As in `permuted_together`.
    """
    names = list(present.columns)
    counts = count_together(present)
    size, n = counts.diagonal(), len(present)
    one, other = np.triu_indices(len(names), k=1)
    n1, n2, n12 = size[one], size[other], counts[one, other]
    frame = pd.DataFrame({"first": np.array(names, dtype=object)[one], "second": np.array(names, dtype=object)[other]})
    frame = frame.assign(n=n, n1=n1, n2=n2, n12=n12)
    either, rarer = n1 + n2 - n12, np.minimum(n1, n2)
    frame["c"] = _share(n12, either)
    frame["overlap"] = _share(n12, rarer)
    frame["expected"] = expected_together(present, strata)[one, other]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    if len(one) and n:
        dealt = permuted_together(present, strata, draws, seed)[:, one, other]
        # A count is a whole number: the limits are counts that were dealt, not points between two of them.
        low, high = np.quantile(dealt, tails, axis=0, method="inverted_cdf").astype(float)
    else:
        low = high = np.full(len(one), np.nan)
    low, high = (np.where(rarer > 0, limit, np.nan) for limit in (low, high))
    frame["band_low"], frame["band_high"] = low, high
    frame["c_low"], frame["c_high"] = _share(low, n1 + n2 - low), _share(high, n1 + n2 - high)
    frame["beyond"] = np.select([rarer == 0, n12 > high, n12 < low], ["", "above", "below"], "within")
    frame["note"] = np.select([either == 0, rarer == 0], [NEITHER, ONE_ONLY], "")
    return frame[list(COLUMNS)]


def expected_together(present: ArrayLike, strata: ArrayLike | None = None) -> np.ndarray:
    """Units with both codes expected when each code is dealt out within strata: the mean over all permutations.

    Parameters
    ----------
    present, strata
        As in `permuted_together`.

    Returns
    -------
    array of float, shape (codes, codes)

    Notes
    -----
    The sum over strata of n1 n2 / n, the mean of the hypergeometric distribution.
    """
    given = _presence(present)
    labels = pd.factorize(np.asarray(strata))[0] if strata is not None else np.zeros(len(given), dtype=int)
    total = np.zeros((given.shape[1], given.shape[1]))
    for stratum in range(labels.max(initial=-1) + 1):
        here = given[labels == stratum]
        size = here.sum(axis=0)
        total += np.outer(size, size) / len(here)
    return total


def _presence(present: ArrayLike) -> np.ndarray:
    given = np.asarray(present, dtype=float)
    if given.ndim != 2 or not np.isin(given, (0, 1)).all():
        raise ValueError("a table of units by codes with 0 and 1 is needed")
    return given


def _share(part: ArrayLike, whole: ArrayLike) -> np.ndarray:
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _check(n1: int, n2: int, n12: int) -> None:
    if min(n1, n2, n12) < 0 or n12 > min(n1, n2):
        raise ValueError("counts are not negative, and no more units have both codes than one of them")
