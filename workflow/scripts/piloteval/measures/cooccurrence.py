"""Codes that come up together: how often, how strongly, and how often they would by chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.statistic import Statistic

NEITHER = "undefined: neither code was given"
ONE_ONLY = "undefined: one of the two codes was not given"

#: Smaller differences of probabilities are rounding noise.
NEGLIGIBLE = 1e-12


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


# Counts


def near(present: ArrayLike, reach: int) -> np.ndarray:
    """Tell where a code is given within some rows above or below.

    Parameters
    ----------
    present : array, shape (rows, codes)
        Whether each row, for instance a sentence of an interview, has each code.
    reach : int
        How many rows up and down.

    Returns
    -------
    array, same shape
    """
    present = np.asarray(present)
    found = present.copy()
    for step in range(1, min(reach, len(present) - 1) + 1):
        np.maximum(found[step:], present[:-step], out=found[step:])
        np.maximum(found[:-step], present[step:], out=found[:-step])
    return found


def count_together(present: ArrayLike, reach: int = 0) -> np.ndarray:
    """Count the units in which each pair of codes comes up together.

    Parameters
    ----------
    present : array of bool or 0/1, shape (units, codes)
        Units: persons, or the sentences of one interview in their order.
    reach : int
        0 for the same unit; otherwise the units with one code that have the other within so many units, of the two
        directions the smaller one, so that no count exceeds that of the rarer code.

    Returns
    -------
    array of int, shape (codes, codes)
        On the diagonal, the units with the code.
    """
    given = _presence(present)
    counts = given.T @ near(given, reach)
    return np.rint(np.minimum(counts, counts.T)).astype(np.int64)


def shifted_together(present: ArrayLike, reach: int = 0) -> np.ndarray:
    """Count the sentences of an interview with both codes, after moving the second code along the interview.

    Parameters
    ----------
    present : array of bool or 0/1, shape (sentences, codes)
        The sentences of one interview in their order.
    reach : int
        As in `count_together`.

    Returns
    -------
    array of int, shape (sentences, codes, codes)
        The count of every pair, of the code of the row and the one of the column, when the latter is moved by 0, 1, ...
        sentences; what is moved over the end goes on at the beginning. By 0 it is `count_together`.

    Notes
    -----
    Talk comes in runs: a code that is given in one sentence is often given in the next. Moving a code as a whole keeps
    its runs, dealing out its sentences one by one does not. The counts are circular cross-correlations.
    """
    given = _presence(present)
    around, size = near(given, reach), len(given)
    one, other = np.fft.rfft(given, axis=0), np.fft.rfft(around, axis=0)

    def correlate(still: np.ndarray, moved: np.ndarray) -> np.ndarray:
        product = still[:, :, None] * moved.conj()[:, None, :]
        return np.rint(np.fft.irfft(product, n=size, axis=0)).astype(np.int64)

    counts = correlate(one, other)
    return np.minimum(counts, correlate(other, one)) if reach else counts


# Chance


@dataclass(frozen=True)
class Chance:
    """How often two codes would come together by chance.

    Attributes
    ----------
    least : int
        Smallest count that can come up.
    shares : array of float, shape (counts,)
        Probability of it and of every whole number after it, up to the largest count that can come up.
    """

    least: int
    shares: np.ndarray

    @property
    def most(self) -> int:
        """Largest count that can come up."""
        return self.least + len(self.shares) - 1

    @property
    def mean(self) -> float:
        """Count to be expected."""
        return float(self.least + self.shares @ np.arange(len(self.shares)))

    @property
    def smallest_p(self) -> float:
        """Smallest p-value that any count can have; 1 where every count is the same."""
        return float(min(1.0, 2 * min(self.shares[0], self.shares[-1])))

    def p(self, count: int) -> float:
        """Return the two-sided p-value of a count that can come up: twice the smaller of the two tails, at most 1."""
        place = count - self.least
        return float(min(1.0, 2 * min(self.shares[: place + 1].sum(), self.shares[place:].sum())))

    def band(self, share: float = 0.95) -> tuple[int, int]:
        """Return the counts between which at least this share lies, with as much on either side as there can be."""
        below = np.cumsum(self.shares)
        low, high = np.searchsorted(below, [(1 - share) / 2 - NEGLIGIBLE, (1 + share) / 2 - NEGLIGIBLE])
        return self.least + int(low), self.least + min(int(high), len(below) - 1)

    def plus(self, other: Chance) -> Chance:
        """Return the chance of the sum of this count and of an independent one."""
        return Chance(self.least + other.least, np.convolve(self.shares, other.shares))


NONE = Chance(0, np.ones(1))


def chance_of_units(first: ArrayLike, second: ArrayLike, sizes: ArrayLike) -> Chance:
    """How often two codes would be given to the same unit if each were dealt out anew within strata.

    Parameters
    ----------
    first, second : array of int, shape (strata,)
        Units with the one and with the other code in each stratum.
    sizes : array of int, shape (strata,)
        Units in each stratum, for instance the persons of each cohort.

    Returns
    -------
    Chance
        Exact: no draws are made.

    Notes
    -----
    In a stratum the count is hypergeometric, as in Fisher's test; over strata it is the sum of independent ones. How
    often a code is given in a stratum stays as it is, so that two codes do not seem to belong together because both
    belong to one cohort. With two codes this is the exact conditional test of the Mantel-Haenszel statistic.

    References
    ----------
    Fisher (1935), Journal of the Royal Statistical Society 98, 39-82; Mantel & Haenszel (1959), Journal of the National
    Cancer Institute 22, 719-748.
    """
    total = NONE
    for one, other, size in zip(*map(np.asarray, (first, second, sizes)), strict=True):
        least = max(0, one + other - size)
        both = np.arange(least, min(one, other) + 1)
        log = _log_choose(one, both) + _log_choose(size - one, other - both) - _log_choose(size, other)
        total = total.plus(Chance(int(least), _to_one(np.exp(log))))
    return total


def chance_of_shifts(counts: Iterable[np.ndarray]) -> Chance:
    """How often two codes would come together if each were moved along its interviews as a whole.

    Parameters
    ----------
    counts : iterable of array of int, shape (sentences,)
        Of every interview, the counts of a pair after each move, as `shifted_together` gives them.

    Returns
    -------
    Chance
        Exact: every move of every interview is as likely, and interviews are moved independently of each other.

    Notes
    -----
    The group of a randomisation test is that of all moves, of which staying is one, so that the p-value is valid if
    both codes run on alike throughout an interview and neither has to do with the other. A guide that has everybody
    speak of both late in the interview also brings them together.

    References
    ----------
    Lancaster, Iatsenko, Pidde, Ticcinelli & Stefanovska (2018), Physics Reports 748, 1-60 (time-shifted surrogates).
    """
    total = NONE
    for one in counts:
        least = int(one.min())
        seen = np.bincount(one - least)
        total = total.plus(Chance(least, seen / len(one)))
    return total


def pairs(codes: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of codes by their places, in order."""
    yield from zip(*(one.tolist() for one in np.triu_indices(codes, 1)), strict=True)


def _log_choose(n: ArrayLike, k: ArrayLike) -> np.ndarray:
    return special.gammaln(np.add(n, 1)) - special.gammaln(np.add(k, 1)) - special.gammaln(np.subtract(n, k) + 1)


def _to_one(shares: np.ndarray) -> np.ndarray:
    return shares / shares.sum()


def _presence(present: ArrayLike) -> np.ndarray:
    given = np.asarray(present, dtype=float)
    if given.ndim != 2 or not np.isin(given, (0, 1)).all():
        raise ValueError("a table of units by codes with 0 and 1 is needed")
    return given


def _check(n1: int, n2: int, n12: int) -> None:
    if min(n1, n2, n12) < 0 or n12 > min(n1, n2):
        raise ValueError("counts are not negative, and no more units have both codes than one of them")
