"""Agreement of coders at three units: the character, as NVivo counts, the sentence, and the case, an interview.

Uncoded text inflates agreement on characters and sentences: two coders who mark one percent of a text at random agree
on ninety-eight percent of it. So percent agreement stands beside coefficients that take chance into account, the
prevalence of both coders, and F1, which looks at coded text only. A case is coded or not, which is the unit of a theme.

Everything rests on one table an interview and code: how much both coded, one only, neither. The tables of interviews
add up, so intervals come from drawing interviews, and the text is gone through once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from piloteval import tiers
from piloteval.measures import resample
from piloteval.measures.agreement import TOO_FEW_UNITS
from piloteval.measures.unitizing import alpha_u_disagreements, u_alpha_of_code

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

CHARACTER, SENTENCE, CASE = "character", "sentence", "case"
UNITS = (CHARACTER, SENTENCE, CASE)

#: Rows over codes: every decision on a unit and a code together, and the mean of the codes.
ALL, MEAN = "all", "mean"
NAMES = {ALL: "All codes together", MEAN: "Mean of the codes"}

PEOPLE, EVERYBODY = "people", "all people"

#: What is measured of two coders, by the name in the table, with its full name.
MEASURES = {
    "percent": "percent agreement",
    "kappa": "Cohen's kappa (unweighted)",
    "ac1": "Gwet's AC1",
    "alpha": "Krippendorff's alpha (nominal)",
    "u_alpha": "Krippendorff's u-alpha for unitizing (2016)",
    "alpha_u": "Krippendorff's alpha-U for unitizing (2004)",
    "prevalence_first": "share of units with the code, first coder",
    "prevalence_second": "share of units with the code, second coder",
    "precision": "precision: share of what the second coded that the first coded",
    "recall": "recall: share of what the first coded that the second coded",
    "f1": "F1 of coded text",
}
#: What is measured of all people together.
OF_EVERYBODY = {
    "percent": "percent agreement",
    "fleiss": "Fleiss' kappa",
    "ac1": "Gwet's AC1",
    "alpha": "Krippendorff's alpha (nominal)",
    "u_alpha": "Krippendorff's u-alpha for unitizing (2016)",
    "prevalence": "share of units with the code, mean of the coders",
}
#: What only long stretches have, and what needs a coder to measure the other by.
OF_CHARACTERS = ("u_alpha", "alpha_u")
OF_REFERENCE = ("precision", "recall")

AGREEMENT = (
    "pair",
    "pair_kind",
    "first",
    "second",
    "unit",
    "code",
    "name",
    "theme",
    "interviews",
    "people_with",
    "measure",
    "question",
    "estimate",
    "n",
    "method",
    "ci_low",
    "ci_high",
    "ci_method",
    "n_dropped",
    "dropped_reason",
    "note",
)
COUNTS = (
    "pair",
    "pair_kind",
    "first",
    "second",
    "unit",
    "code",
    "name",
    "theme",
    "interviews",
    "people_with",
    "units",
    "both",
    "first_only",
    "second_only",
    "neither",
    "note",
)

#: With fewer interviews than this a note says that the interval is rough.
FEW_INTERVIEWS = 10

#: Codes whose draws are worked on together; an array of them has a quarter of a megabyte.
BLOCK_OF_CODES = 16

NOT_SHARED = "in interviews only one of the two worked on"
NOT_SEVERAL = "in interviews fewer than two people worked on"
CODES_LEFT_OUT = "codes that neither used or for which the coefficient is undefined"
NO_INTERVIEW = "undefined: no interview both worked on"
NO_INTERVIEW_OF_SEVERAL = "undefined: no interview that two people worked on"
NOBODY_USED = "undefined: agreement 100 %, nobody used the code"
EVERYWHERE = "undefined: agreement 100 %, all gave the code to everything"
NOT_USED = "undefined: nobody used the code"
UNUSED_BY = "undefined: {coder} gave the code to nothing"
UNEQUAL_CODERS = "undefined: the number of coders differs between interviews"
NO_CODE = "undefined: no code for which the coefficient is defined"
ONE_INTERVIEW = "fewer than two interviews, no interval"
NO_SUM = "no interval: it does not add up over interviews"
ALL_EQUAL = "all draws are equal, no interval"


# Who worked on what


def worked_on(codings: pd.DataFrame, listed: pd.DataFrame | None = None) -> dict[str, frozenset[str]]:
    """Tell which interviews every coder worked on.

    Parameters
    ----------
    codings : DataFrame
        Passages of people with ``coder`` and ``interview``.
    listed : DataFrame, optional
        Who worked on what, with ``coder`` and ``interview``. It decides where it is given: an interview a coder began
        but is not listed for does not count, and one listed without any coding counts as read without finding a code.
        Without it, an interview counts for a coder who coded anything in it; one read without finding a code is then
        missed, which makes the coders look more alike.

    Returns
    -------
    dict of str to frozenset of str
        In the order of the coders' codes.
    """
    table = codings if listed is None else listed
    pairs = table[["coder", "interview"]].drop_duplicates()
    return {coder: frozenset(here["interview"]) for coder, here in pairs.groupby("coder", sort=True)}


# From passages to units


@dataclass(frozen=True)
class Layer:
    """Who gave which code to how much of each interview, at one unit.

    Attributes
    ----------
    unit : str
        ``character``, ``sentence`` or ``case``.
    coders, interviews, codes : tuple of str
    sizes : array of float, shape (interviews,)
        Units in each interview.
    interview, code : array of int, shape (runs,)
        Place of each run of units with the same coders; only what somebody coded is held.
    weight : array of float, shape (runs,)
        Units in each run.
    member : array of bool, shape (runs, coders)
        Whether each coder gave the code to the run.
    squares : array of float, shape (coders, interviews, codes)
        Squared lengths of passages, for unitizing; of characters only, else zero.
    spans : array of int, shape (passages, 5)
        Coder, interview, code, beginning and end of every passage; of characters only.
    """

    unit: str
    coders: tuple[str, ...]
    interviews: tuple[str, ...]
    codes: tuple[str, ...]
    sizes: np.ndarray
    interview: np.ndarray
    code: np.ndarray
    weight: np.ndarray
    member: np.ndarray
    squares: np.ndarray
    spans: np.ndarray

    def amounts(self, which: np.ndarray) -> np.ndarray:
        """Units of the runs that are named, by interview and code; shape (interviews, codes)."""
        shape = (len(self.interviews), len(self.codes))
        cell = self.interview[which] * shape[1] + self.code[which]
        return np.bincount(cell, weights=self.weight[which], minlength=shape[0] * shape[1]).reshape(shape)

    def table(self, first: str, second: str) -> np.ndarray:
        """Amounts both coded, the first only, the second only, neither; shape (interviews, codes, 4)."""
        one, other = (self.member[:, self.coders.index(coder)] for coder in (first, second))
        parts = [self.amounts(one & other), self.amounts(one & ~other), self.amounts(other & ~one)]
        return np.stack([*parts, self.sizes[:, None] - sum(parts)], axis=-1)


def coded_sentences(codings: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Lay passages over sentences.

    Parameters
    ----------
    codings : DataFrame
        Passages with ``coder``, ``interview``, ``code``, ``start`` and ``end``.
    segments : DataFrame
        Sentences with ``interview``, ``segment``, ``start`` and ``end``; those of an interview do not overlap.

    Returns
    -------
    DataFrame
        Columns ``coder, interview, segment, code``, each once and in their order. A sentence has a code when a passage
        with that code covers at least half of its characters or lies at least half within it.
    """
    passage, sentence, half = overlaps(codings, segments)
    passage, sentence = passage[half], sentence[half]
    found = codings.iloc[passage][["coder", "interview", "code"]].reset_index(drop=True)
    found["segment"] = segments["segment"].to_numpy()[sentence]
    columns = ["coder", "interview", "segment", "code"]
    return found[columns].drop_duplicates().sort_values(columns, ignore_index=True)


def overlaps(codings: pd.DataFrame, segments: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the sentences every passage touches.

    Parameters
    ----------
    codings, segments
        As in `coded_sentences`.

    Returns
    -------
    passage, sentence : array of int
        Rows of the two tables, by position, one a passage and sentence that share a character.
    half : array of bool
        Whether they share at least half of the passage or half of the sentence.
    """
    names = {name: number for number, name in enumerate(segments["interview"].unique())}
    start, end = (codings[column].to_numpy(dtype=np.int64) for column in ("start", "end"))
    first, last = (segments[column].to_numpy(dtype=np.int64) for column in ("start", "end"))
    # All interviews stand one behind the other on one line, so that one search finds every place.
    stride = 1 + max(end.max(initial=0), last.max(initial=0))
    at = codings["interview"].map(names)
    known = np.flatnonzero(at.notna().to_numpy())
    shift = at.iloc[known].to_numpy(dtype=np.int64) * stride
    base = segments["interview"].map(names).to_numpy(dtype=np.int64) * stride
    order = np.argsort(base + first, kind="stable")
    low = np.searchsorted((base + last)[order], start[known] + shift, side="right")
    count = np.maximum(np.searchsorted((base + first)[order], end[known] + shift, side="left") - low, 0)
    passage = np.repeat(known, count)
    sentence = order[np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())]
    shared = np.minimum(end[passage], last[sentence]) - np.maximum(start[passage], first[sentence])
    shortest = np.minimum(end[passage] - start[passage], last[sentence] - first[sentence])
    return passage, sentence, 2 * shared >= shortest


def merge_passages(codings: pd.DataFrame) -> pd.DataFrame:
    """Make one passage of those of a coder and code that overlap; passages that only touch stay two.

    Parameters
    ----------
    codings : DataFrame
        Passages with ``coder``, ``interview``, ``code``, ``start`` and ``end``.

    Returns
    -------
    DataFrame
        The same columns, in their order.
    """
    keys = ["coder", "interview", "code"]
    table = codings[[*keys, "start", "end"]].sort_values([*keys, "start"], ignore_index=True)
    if table.empty:
        return table
    group = table.groupby(keys, sort=False).ngroup().to_numpy(dtype=np.int64)
    start, end = (table[column].to_numpy(dtype=np.int64) for column in ("start", "end"))
    shift = group * (1 + end.max())
    reached = np.maximum.accumulate(end + shift)
    new = np.concatenate([[True], (start + shift)[1:] >= reached[:-1]])
    new[1:] |= group[1:] != group[:-1]
    begins = np.flatnonzero(new)
    merged = table.iloc[begins].reset_index(drop=True)
    merged["end"] = reached[np.append(begins[1:], len(table)) - 1] - shift[begins]
    return merged


def characters(
    passages: pd.DataFrame, lengths: Mapping[str, int], coders: Sequence[str], codes: Sequence[str]
) -> Layer:
    """Lay passages over characters.

    Parameters
    ----------
    passages : DataFrame
        ``coder``, ``interview``, ``code``, ``start`` and ``end``; those of a coder and code may overlap.
    lengths : mapping of str to int
        Characters (Unicode code points) of the stored text of every interview. NVivo counts the whole text, what the
        interviewer says included.
    coders, codes : sequence of str
        What is counted; rows of others are passed over.

    Returns
    -------
    Layer

    Raises
    ------
    ValueError
        If a passage is empty or ends behind its text.
    """
    interviews = tuple(lengths)
    merged = merge_passages(_known(passages, coders, interviews, codes))
    sizes = np.array([lengths[name] for name in interviews], dtype=float)
    who, where, what = _places(merged, coders, interviews, codes)
    start, end = (merged[column].to_numpy(dtype=np.int64) for column in ("start", "end"))
    if (start < 0).any() or (end <= start).any() or (end > sizes[where]).any():
        raise ValueError("a passage is empty or lies outside of its text")
    squares = np.zeros((len(coders), len(interviews), len(codes)))
    np.add.at(squares, (who, where, what), (end - start).astype(float) ** 2)
    # Every interview and code has a stretch of its own on one line, cut wherever a passage of any coder begins or ends.
    stride = 1 + int(sizes.max(initial=0))
    cell = where * len(codes) + what
    edges = np.unique(np.concatenate([cell * stride + start, cell * stride + end]))
    begin, weight = edges[:-1], np.diff(edges).astype(float)
    member = np.zeros((len(begin), len(coders)), dtype=bool)
    for number in range(len(coders)):
        mine = who == number
        order = np.argsort((cell * stride + start)[mine])
        from_, to = (cell * stride + start)[mine][order], (cell * stride + end)[mine][order]
        if len(from_):
            at = np.searchsorted(from_, begin, side="right") - 1
            member[:, number] = (at >= 0) & (begin < to[at])
    coded = member.any(axis=1)
    place = begin[coded] // stride
    return Layer(
        CHARACTER,
        tuple(coders),
        interviews,
        tuple(codes),
        sizes,
        place // max(1, len(codes)),
        place % max(1, len(codes)),
        weight[coded],
        member[coded],
        squares,
        np.column_stack([who, where, what, start, end]),
    )


def marks(
    unit: str, given: pd.DataFrame, sizes: Mapping[str, int], coders: Sequence[str], codes: Sequence[str]
) -> Layer:
    """Count sentences or cases with a code.

    Parameters
    ----------
    unit : {'sentence', 'case'}
    given : DataFrame
        ``coder``, ``interview``, ``code``, and ``segment`` for sentences; what is there several times counts once.
    sizes : mapping of str to int
        Units in every interview: its sentences; 1 for cases.
    coders, codes : sequence of str
        What is counted; rows of others are passed over.

    Returns
    -------
    Layer
    """
    interviews = tuple(sizes)
    known = _known(given, coders, interviews, codes)
    who, where, what = _places(known, coders, interviews, codes)
    number = known["segment"].to_numpy(dtype=np.int64) if unit == SENTENCE else np.zeros(len(known), dtype=np.int64)
    stride = 1 + number.max(initial=0)
    cell = where * len(codes) + what
    units, at = np.unique(cell * stride + number, return_inverse=True)
    member = np.zeros((len(units), len(coders)), dtype=bool)
    member[at, who] = True
    place = units // stride
    return Layer(
        unit,
        tuple(coders),
        interviews,
        tuple(codes),
        np.array([sizes[name] for name in interviews], dtype=float),
        place // max(1, len(codes)),
        place % max(1, len(codes)),
        np.ones(len(units)),
        member,
        np.zeros((len(coders), len(interviews), len(codes))),
        np.zeros((0, 5), dtype=np.int64),
    )


def _known(
    table: pd.DataFrame, coders: Collection[str], interviews: Collection[str], codes: Collection[str]
) -> pd.DataFrame:
    return table[table["coder"].isin(coders) & table["interview"].isin(interviews) & table["code"].isin(codes)]


def _places(table: pd.DataFrame, *names: Sequence[str]) -> list[np.ndarray]:
    """Return numbers of coders, interviews and codes in place of their names."""
    return [
        table[column].map({name: number for number, name in enumerate(some)}).to_numpy(dtype=np.int64)
        for column, some in zip(("coder", "interview", "code"), names, strict=True)
    ]


# From tables to coefficients


def pair_coefficients(table: np.ndarray, squares: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Coefficients of two coders from tables of two by two, for many tables at once.

    Parameters
    ----------
    table : array, shape (4, ...)
        Units both gave the code, the first only, the second only, neither.
    squares : array, shape (...), optional
        Squared lengths of the passages of both, of characters; without them u-alpha is left out.

    Returns
    -------
    dict of array of float, shape (...)
        By the names of `MEASURES` without alpha-U, NaN where undefined. Chance-corrected coefficients need two units.

    Notes
    -----
    With p and q the shares of units with the code: kappa corrects for p q + (1 - p)(1 - q), AC1 for 2 m (1 - m) with m
    their mean. Alpha is 1 - (N - 1) o / (n1 n0) with N twice the units, n1 and n0 the values with and without code and
    o the units on which the coders differ. F1 is twice what both coded over the sum of what each coded.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20, 37-46; Gwet (2008), British Journal of Mathematical and
    Statistical Psychology 61, 29-48; Krippendorff (2004), Content Analysis, 2nd ed., chapter 11; F1: van Rijsbergen
    (1979), Information Retrieval, 2nd ed., chapter 7.
    """
    both, first, second, neither = np.asarray(table, dtype=float)
    one, other, apart = both + first, both + second, first + second
    n = one + second + neither
    several = np.where(n >= 2, 1.0, np.nan)
    observed = _ratio(both + neither, n)
    p, q = _ratio(one, n), _ratio(other, n)
    chance = p * q + (1 - p) * (1 - q)
    mean = (p + q) / 2
    guess = 2 * mean * (1 - mean)
    given = one + other
    # Weighed in whole numbers, so that one category throughout gives exactly nothing to divide by.
    varies = one * other + (n - one) * (n - other) < n * n
    unitizing = {} if squares is None else {"u_alpha": u_alpha_of_code(apart, given, 2 * n, squares)}
    return {
        "percent": observed,
        "kappa": _ratio(observed - chance, np.where(varies, 1 - chance, 0)) * several,
        "ac1": (observed - guess) / (1 - guess) * several,
        "alpha": (1 - _ratio((2 * n - 1) * apart, given * (2 * n - given))) * several,
        **unitizing,
        "prevalence_first": p,
        "prevalence_second": q,
        "precision": _ratio(both, other),
        "recall": _ratio(both, one),
        "f1": _ratio(2 * both, given),
    }


def everybody_coefficients(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Coefficients of any number of coders from sums over units, for many samples at once.

    Parameters
    ----------
    sums : array, shape (7, ...)
        As `everybody_sums` gives them.

    Returns
    -------
    dict of array of float, shape (...)
        By the names of `OF_EVERYBODY`, NaN where undefined.

    Notes
    -----
    Of a unit that k of r coders gave the code, the agreement is (k (k - 1) + (r - k)(r - k - 1)) / (r (r - 1)),
    averaged over units; with m the mean of k / r, Fleiss' kappa corrects for m² + (1 - m)² and AC1 for 2 m (1 - m).
    Alpha has the coincidences k (r - k) / (r - 1).

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76, 378-382; Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed.;
    Krippendorff (2004), Content Analysis, 2nd ed., chapter 11.
    """
    n, agreed, share, apart, given, values, squares = np.asarray(sums, dtype=float)
    several = np.where(n >= 2, 1.0, np.nan)
    observed, mean = _ratio(agreed, n), _ratio(share, n)
    guess = 2 * mean * (1 - mean)
    return {
        "percent": observed,
        "fleiss": _ratio(observed - (1 - guess), np.where((given > 0) & (given < values), guess, 0)) * several,
        "ac1": (observed - guess) / (1 - guess) * several,
        "alpha": (1 - _ratio((values - 1) * apart, given * (values - given))) * several,
        "u_alpha": u_alpha_of_code(apart, given, values, squares),
        "prevalence": mean,
    }


def everybody_sums(layer: Layer, worked: Mapping[str, Collection[str]], people: Sequence[str]) -> np.ndarray:
    """Sum over units what coefficients of any number of coders are made of.

    Parameters
    ----------
    layer : Layer
    worked : mapping of str to collection of str
        Interviews each coder worked on.
    people : sequence of str
        The coders.

    Returns
    -------
    array of float, shape (interviews, codes, 7)
        Units, agreement, share of coders who gave the code, coincidences of one who did with one who did not, values
        with the code, values in all, and squared lengths of passages; nothing in interviews of fewer than two coders.
    """
    shape = (len(layer.interviews), len(layer.codes))
    at = [layer.coders.index(coder) for coder in people]
    present = np.array([[name in worked.get(coder, ()) for coder in people] for name in layer.interviews]).reshape(
        len(layer.interviews), len(people)
    )
    raters = present.sum(axis=1).astype(float)
    r = raters[layer.interview]
    k = (layer.member[:, at] & present[layer.interview]).sum(axis=1).astype(float)
    pairs = np.where(r >= 2, r * (r - 1), 1)

    def total(values: np.ndarray) -> np.ndarray:
        cell = layer.interview * shape[1] + layer.code
        return np.bincount(cell, weights=layer.weight * values, minlength=shape[0] * shape[1]).reshape(shape)

    size = np.broadcast_to(layer.sizes[:, None], shape)
    apart = 2 * k * (r - k) / pairs
    sums = [
        size,
        size - total(apart),
        total(np.divide(k, r, out=np.zeros_like(k), where=r > 0)),
        total(apart * r / 2),
        total(k),
        size * raters[:, None],
        (layer.squares[at] * present.T[:, :, None]).sum(axis=0),
    ]
    return np.stack(sums, axis=-1) * (raters >= 2)[:, None, None]


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def percentile_intervals(draws: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Percentile intervals of many statistics at once, by the rules of `resample.percentile_interval`.

    Parameters
    ----------
    draws : array of float, shape (statistics, draws)
        NaN where a statistic is undefined in a draw.
    confidence : float
        Level of the intervals.

    Returns
    -------
    low, high : array of float, shape (statistics,)
        NaN where there is no interval.
    notes : list of str
        Why there is no interval, or how many draws were left out.
    """
    count, n = draws.shape
    low, high, notes = np.full(count, np.nan), np.full(count, np.nan), [""] * count
    undefined = np.isnan(draws).sum(axis=1)
    whole = np.flatnonzero(undefined == 0)
    if len(whole):
        values = draws[whole]
        places = np.array([(1 - confidence) / 2, (1 + confidence) / 2]) * (n - 1)
        below = np.floor(places).astype(int)
        above = np.minimum(below + 1, n - 1)
        values.sort(axis=1)
        limits = values[:, below] + (values[:, above] - values[:, below]) * (places - below)
        varies = values[:, -1] - values[:, 0] > resample.NEGLIGIBLE
        low[whole[varies]], high[whole[varies]] = limits[varies].T
        for row in whole[~varies]:
            notes[row] = ALL_EQUAL
    for row in np.flatnonzero((undefined > 0) & (undefined <= resample.MOST_UNDEFINED * n)):
        found = resample.percentile_interval(draws[row], confidence)
        low[row], high[row] = (np.nan if one is None else one for one in found[:2])
        notes[row] = found[2]
    for row in np.flatnonzero(undefined > resample.MOST_UNDEFINED * n):
        notes[row] = (
            f"{undefined[row]:,} of {n:,} draws undefined, left out; "
            f"more than {100 * resample.MOST_UNDEFINED:g} %, no interval"
        )
    return low, high, notes


# The tables


def compare_coders(
    codings: pd.DataFrame,
    machines: Mapping[str, pd.DataFrame],
    segments: pd.DataFrame,
    lengths: Mapping[str, int],
    codebook: Codebook,
    *,
    worked: pd.DataFrame | None = None,
    confidence: float = 0.95,
    draws: int = resample.DRAWS,
    seed: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare every two people, every person with every machine, and all people, by code and over codes.

    Parameters
    ----------
    codings : DataFrame
        Passages of people with ``coder``, ``interview``, ``code``, ``start`` and ``end``, found again in the text.
    machines : mapping of str to DataFrame
        Suggestions of every machine by its name, with ``interview``, ``segment`` and ``code``. A machine codes whole
        sentences, and has worked on every interview.
    segments : DataFrame
        Sentences of participants with ``interview``, ``segment``, ``start`` and ``end``. Interviews without one do not
        count.
    lengths : mapping of str to int
        Characters of the stored text of every interview.
    codebook : Codebook
        Codes in the order shown.
    worked : DataFrame, optional
        Who worked on what, as in `worked_on`.
    confidence : float
        Level of the intervals.
    draws, seed : int
        Bootstrap draws of interviews, and their seed; the same interviews are drawn for all codes of a pair.

    Returns
    -------
    agreement : DataFrame
        One row a pair, unit, code and measure with the columns of `AGREEMENT`. Shares and coefficients are on the scale
        to 1. The code ``all`` takes every decision on a unit and code together; ``mean`` is the mean of the codes that
        were used by either and for which the coefficient is defined. ``n`` counts units; precision, recall and F1 rest
        on what the second, the first or either coded, and a mean on so many codes. In a pair of person and machine the
        person is the first and the reference. ``interviews`` are those both worked on; ``people_with`` is the smaller
        of the numbers of these in which each coder used the code, leaving out a coder who did not: the fewest people a
        number of the row rests on.
    counts : DataFrame
        One row a pair, unit and code with the columns of `COUNTS`: the tables behind the agreement of two.

    Notes
    -----
    Intervals are percentiles of draws of whole interviews. With few interviews they are rough and as a rule too narrow.
    The mean of the codes in a draw is that of those of its codes which are defined in the draw.
    """
    import pandas as pd

    lengths = {name: lengths[name] for name in segments["interview"].unique()}
    codings = codings[codings["interview"].isin(list(lengths)) & ~codings["coder"].isin(list(machines))]
    people_worked = worked_on(codings, worked)
    people = list(people_worked)
    done = {coder: frozenset(some) & lengths.keys() for coder, some in people_worked.items()}
    done |= {name: frozenset(lengths) for name in machines}
    coders, codes = [*people, *machines], list(codebook.codes)
    layers = _layers(codings, machines, segments, lengths, coders, codes)
    about = _About(codebook, confidence, draws, seed)
    agreed, counted = [], []
    pairs = [(*pair, PEOPLE) for pair in combinations(people, 2)]
    pairs += [(person, machine, f"person and {machine}") for machine in machines for person in people]
    for first, second, kind in pairs:
        shared = np.array([name in done[first] and name in done[second] for name in lengths], dtype=bool)
        either = np.array([name in done[first] or name in done[second] for name in lengths], dtype=bool)
        for layer in layers.values():
            part, amounts = _compare_pair(layer, first, second, kind, shared, either, layers[CASE], about)
            agreed.append(part)
            counted.append(amounts)
    if len(people) > 2:
        agreed += [_compare_everybody(layer, people, done, layers[CASE], about) for layer in layers.values()]
    agreement = pd.concat(agreed, ignore_index=True) if agreed else pd.DataFrame(columns=list(AGREEMENT))
    counts = pd.concat(counted, ignore_index=True) if counted else pd.DataFrame(columns=list(COUNTS))
    return agreement, counts


@dataclass(frozen=True)
class _About:
    """What all parts of the tables have in common."""

    codebook: Codebook
    confidence: float
    draws: int
    seed: int

    def keys(self) -> dict[str, list[str]]:
        codes = self.codebook.codes.values()
        return {
            "code": [*(one.code for one in codes), ALL, MEAN],
            "name": [*(one.name for one in codes), NAMES[ALL], NAMES[MEAN]],
            "theme": [*(one.theme for one in codes), "", ""],
        }

    def weights(self, interviews: int) -> np.ndarray | None:
        """Draws of interviews; shape (interviews, draws)."""
        if interviews < 2 or self.draws < 1:
            return None
        return resample.weights_of_draws(interviews, self.draws, resample.generator(self.seed)).T

    @property
    def ci_method(self) -> str:
        return f"percentile bootstrap of {self.draws:,} draws of interviews, {100 * self.confidence:g} %"


def _layers(
    codings: pd.DataFrame,
    machines: Mapping[str, pd.DataFrame],
    segments: pd.DataFrame,
    lengths: Mapping[str, int],
    coders: Sequence[str],
    codes: Sequence[str],
) -> dict[str, Layer]:
    """Lay everything over characters, sentences and cases."""
    import pandas as pd

    spans = segments[["interview", "segment", "start", "end"]]
    suggested = [
        table[["interview", "segment", "code"]]
        .drop_duplicates()
        .merge(spans, on=["interview", "segment"])
        .assign(coder=name)
        for name, table in machines.items()
    ]
    columns = ["coder", "interview", "code", "start", "end"]
    passages = pd.concat([codings[columns], *(one[columns] for one in suggested)], ignore_index=True)
    by_sentence = ["coder", "interview", "segment", "code"]
    sentences = pd.concat([coded_sentences(codings, segments), *(one[by_sentence] for one in suggested)])
    sizes = segments["interview"].value_counts()
    return {
        CHARACTER: characters(passages, lengths, coders, codes),
        SENTENCE: marks(SENTENCE, sentences, {name: int(sizes[name]) for name in lengths}, coders, codes),
        CASE: marks(CASE, passages, dict.fromkeys(lengths, 1), coders, codes),
    }


def _compare_pair(
    layer: Layer,
    first: str,
    second: str,
    kind: str,
    shared: np.ndarray,
    either: np.ndarray,
    cases: Layer,
    about: _About,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare two coders at one unit."""
    import pandas as pd

    table = layer.table(first, second)[shared]
    at = [layer.coders.index(coder) for coder in (first, second)]
    sums = np.concatenate([table, layer.squares[at][:, shared].sum(axis=0)[..., None]], axis=-1)
    measures = [name for name in MEASURES if kind != PEOPLE or name not in OF_REFERENCE]
    measures = [name for name in measures if layer.unit == CHARACTER or name not in OF_CHARACTERS]
    with_code = cases.table(first, second)[shared].sum(axis=0)
    people_with = _people_with(np.stack([with_code[:, 0] + with_code[:, 1], with_code[:, 0] + with_code[:, 2]]))
    keys = {"pair": f"{first} and {second}", "pair_kind": kind, "first": first, "second": second, "unit": layer.unit}

    def coefficients(values: np.ndarray) -> dict[str, np.ndarray]:
        return pair_coefficients(values[:4], values[4] if layer.unit == CHARACTER else None)

    known = {"alpha_u": _alpha_u(layer, at, shared)} if "alpha_u" in measures else {}

    def reason(measure: str, values: np.ndarray) -> str:
        both, one, other, neither = values[:4]
        n, given = values[:4].sum(), 2 * both + one + other
        if not n:
            return NO_INTERVIEW
        if measure in ("precision", "recall", "f1"):
            coder = {"precision": second, "recall": first}.get(measure)
            return NOT_USED if not given or coder is None else UNUSED_BY.format(coder=coder)
        if n < 2:
            return TOO_FEW_UNITS
        return EVERYWHERE if not (one + other + neither) else NOBODY_USED

    names = {name: MEASURES[name] for name in measures}
    rests, left = (_rest_on(measures, layer.table(first, second)[where]) for where in (shared, either & ~shared))
    used = table[..., :3].any(axis=(0, 2))
    compared = _Comparison(sums, coefficients, used, rests, left, reason, names, known, NOT_SHARED)
    part = _rows(compared, keys, people_with, about)
    total = np.concatenate([table.sum(axis=0), table.sum(axis=(0, 1))[None]])
    amounts = pd.DataFrame(
        {
            **keys,
            **{name: some[:-1] for name, some in about.keys().items()},
            "interviews": int(shared.sum()),
            "people_with": [*people_with, int(shared.sum())],
            "units": total.sum(axis=1).astype(np.int64),
            **{
                name: total[:, number].astype(np.int64)
                for number, name in enumerate(("both", "first_only", "second_only", "neither"))
            },
            "note": "",
        }
    )
    return part, amounts[list(COUNTS)]


def _compare_everybody(
    layer: Layer, people: Sequence[str], done: Mapping[str, Collection[str]], cases: Layer, about: _About
) -> pd.DataFrame:
    """Compare all people at one unit, in the interviews at least two of them worked on."""
    raters = np.array([sum(name in done[coder] for coder in people) for name in layer.interviews])
    several = raters >= 2
    sums = everybody_sums(layer, done, people)[several]
    measures = [name for name in OF_EVERYBODY if layer.unit == CHARACTER or name not in OF_CHARACTERS]
    used = np.stack(
        [
            cases.amounts(cases.member[:, cases.coders.index(coder)])[
                several & np.array([name in done[coder] for name in layer.interviews])
            ].sum(axis=0)
            for coder in people
        ]
    )
    keys = {"pair": EVERYBODY, "pair_kind": EVERYBODY, "first": "", "second": "", "unit": layer.unit}
    unequal = len(set(raters[several])) > 1

    def coefficients(values: np.ndarray) -> dict[str, np.ndarray]:
        found = everybody_coefficients(values)
        if unequal:
            found["u_alpha"] = np.full(values.shape[1:], np.nan)
        return found

    def reason(measure: str, values: np.ndarray) -> str:
        if not values[0]:
            return NO_INTERVIEW_OF_SEVERAL
        if measure == "u_alpha" and unequal:
            return UNEQUAL_CODERS
        if values[0] < 2:
            return TOO_FEW_UNITS
        return NOBODY_USED if not values[4] else EVERYWHERE

    shape = (len(measures), len(layer.codes))
    rests, left = (np.full(shape, layer.sizes[where].sum()) for where in (several, raters == 1))
    names = {name: OF_EVERYBODY[name] for name in measures}
    given = sums[..., 4].any(axis=0)
    compared = _Comparison(sums, coefficients, given, rests, left, reason, names, {}, NOT_SEVERAL)
    return _rows(compared, keys, _people_with(used), about)


def _people_with(used: np.ndarray) -> list[int]:
    """Return the smallest number of interviews in which a coder used each code, of those who used it; 0 for none."""
    some = np.where(used > 0, used, np.inf).min(axis=0)
    return np.where(np.isfinite(some), some, 0).astype(np.int64).tolist()


def _rest_on(measures: Sequence[str], table: np.ndarray) -> np.ndarray:
    """Units every measure rests on, from tables of two coders; shape (measures, codes)."""
    both, first, second, neither = np.moveaxis(table.sum(axis=0), -1, 0)
    coded = {"precision": both + second, "recall": both + first, "f1": both + first + second}
    return np.stack([coded.get(name, both + first + second + neither) for name in measures])


def _alpha_u(layer: Layer, at: Sequence[int], shared: np.ndarray) -> np.ndarray:
    """Alpha-U of two coders for every code and for all codes; shape (codes + 1,)."""
    # The interviews both worked on stand one behind the other; no gap goes from one into the next.
    before = np.concatenate([[0], np.cumsum(np.where(shared, layer.sizes, 0))]).astype(np.int64)
    spans = layer.spans[shared[layer.spans[:, 1]]]
    spans[:, 3:] += before[spans[:, 1], None]
    parts = np.zeros((len(layer.codes), 2))
    spans = spans[np.isin(spans[:, 0], at)]
    for code in np.unique(spans[:, 2]):
        here = spans[spans[:, 2] == code]
        parts[code] = alpha_u_disagreements(
            [here[here[:, 0] == coder, 3:] for coder in at], int(before[-1]), before[1:-1]
        )
    observed, expected = np.concatenate([parts, parts.sum(axis=0)[None]]).T
    return 1 - _ratio(observed, expected)


@dataclass(frozen=True)
class _Comparison:
    """What is needed to make rows of a comparison at one unit.

    Attributes
    ----------
    sums : array of float, shape (interviews, codes, sums)
        What adds up over interviews and codes, units first or as four parts.
    coefficients : callable
        From sums of shape (sums, ...) to coefficients by name.
    used : array of bool, shape (codes,)
        Whether anybody used the code.
    rests, left : array, shape (measures, codes)
        Units every measure rests on, and those left out.
    reason : callable
        Why a measure of sums is undefined.
    measures : dict of str to str
        Full names of the measures.
    known : dict of str to array, shape (codes + 1,)
        Measures that do not add up.
    left_why : str
        Why they were left out.
    """

    sums: np.ndarray
    coefficients: Callable[[np.ndarray], dict[str, np.ndarray]]
    used: np.ndarray
    rests: np.ndarray
    left: np.ndarray
    reason: Callable[[str, np.ndarray], str]
    measures: Mapping[str, str]
    known: Mapping[str, np.ndarray]
    left_why: str


def _rows(compared: _Comparison, keys: Mapping[str, str], people_with: Sequence[int], about: _About) -> pd.DataFrame:
    """Make one row a code and measure, with intervals, of a comparison at one unit."""
    import pandas as pd

    interviews, codes, _ = compared.sums.shape
    measures = list(compared.measures)
    drawn = [name for name in measures if name not in compared.known]
    sums = _with_all(compared.sums.sum(axis=0))
    values = {**compared.coefficients(sums), **compared.known}
    # Measures by codes, the row over all decisions and the mean of the codes that were used.
    single = np.stack([values[name] for name in measures])
    kept = np.isfinite(single[:, :codes]) & compared.used
    estimate = np.concatenate([single, _mean(single[:, :codes], kept)[:, None]], axis=1)
    low, high = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    notes = np.full(estimate.shape, "", dtype=object)
    weights = about.weights(interviews)
    if weights is None:
        notes[:] = ONE_INTERVIEW if about.draws > 0 else ""
    else:
        shape = compared.sums.shape[1:]
        resampled = _with_all((compared.sums.reshape(interviews, -1).T @ weights).reshape(*shape, -1))
        total, count = np.zeros((2, len(measures), about.draws))
        notes[[name not in drawn for name in measures]] = NO_SUM
        # Some codes at a time stay in the cache of the processor.
        for start in range(0, codes + 1, BLOCK_OF_CODES):
            found = compared.coefficients(resampled[:, start : start + BLOCK_OF_CODES])
            for name in drawn:
                number, rows = measures.index(name), found[name]
                averaged = rows[np.flatnonzero(kept[number, start : start + BLOCK_OF_CODES])]
                some = np.isfinite(averaged)
                total[number] += np.where(some, averaged, 0).sum(axis=0)
                count[number] += some.sum(axis=0)
                defined = np.flatnonzero(np.isfinite(single[number, start : start + BLOCK_OF_CODES]))
                limits = percentile_intervals(rows[defined], about.confidence)
                low[number, start + defined], high[number, start + defined] = limits[:2]
                notes[number, start + defined] = limits[2]
        over = np.flatnonzero([name in drawn for name in measures] & np.isfinite(estimate[:, -1]))
        low[over, -1], high[over, -1], notes[over, -1] = percentile_intervals(
            _ratio(total[over], count[over]), about.confidence
        )
        if interviews < FEW_INTERVIEWS:
            rough = f"from {interviews} interviews, the interval is rough"
            notes[np.isfinite(low)] = [f"{note}; {rough}" if note else rough for note in notes[np.isfinite(low)]]
    for number, code in np.argwhere(np.isnan(estimate)):
        mean_of_none = code > codes and interviews
        notes[number, code] = NO_CODE if mean_of_none else compared.reason(measures[number], sums[:, min(code, codes)])
    decided = kept.sum(axis=1)[:, None]
    n = np.concatenate([compared.rests, compared.rests.sum(axis=1)[:, None], decided], axis=1)
    dropped = np.concatenate([compared.left, compared.left.sum(axis=1)[:, None], codes - decided], axis=1)
    why = np.full(estimate.shape, compared.left_why, dtype=object)
    why[:, -1] = CODES_LEFT_OUT
    why[dropped == 0] = ""
    names = np.array(list(compared.measures.values()), dtype=object)[:, None]
    method = np.where(np.arange(codes + 2) == codes + 1, "mean over codes of " + names, names)
    columns = about.keys()
    pair = f"coders.{keys['pair'].replace(' ', '_')}.{keys['unit']}"
    frame = pd.DataFrame(
        {
            **{name: np.repeat(np.array(some, dtype=object), len(measures)) for name, some in columns.items()},
            "people_with": np.repeat([*people_with, interviews, interviews], len(measures)),
            "measure": np.tile(np.array(measures, dtype=object), codes + 2),
            "question": [f"{pair}.{code}.{name}" for code in columns["code"] for name in measures],
            "estimate": estimate.T.ravel(),
            "n": n.T.ravel().astype(np.int64),
            "method": method.T.ravel(),
            "ci_low": low.T.ravel(),
            "ci_high": high.T.ravel(),
            "ci_method": np.where(np.isfinite(low.T.ravel()), about.ci_method, ""),
            "n_dropped": dropped.T.ravel().astype(np.int64),
            "dropped_reason": why.T.ravel(),
            "note": notes.T.ravel(),
        }
    ).assign(interviews=interviews, **keys)
    # Two who share no interview are said to do so once.
    return frame.loc[(frame["code"] == ALL) | (interviews > 0), list(AGREEMENT)]


def _with_all(sums: np.ndarray) -> np.ndarray:
    """Put the sum over codes behind the codes, and the sums first: (codes, sums, ...) to (sums, codes + 1, ...)."""
    return np.moveaxis(np.concatenate([sums, sums.sum(axis=0)[None]]), 1, 0)


def _mean(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Mean over codes of the kept values; shape (measures, codes) to (measures,)."""
    return _ratio(np.where(kept, values, 0).sum(axis=1), kept.sum(axis=1).astype(float))


# What others may see


def withhold(table: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Withhold the rows of single codes that rest on few people.

    Parameters
    ----------
    table : DataFrame
        ``agreement`` or ``counts`` of `compare_coders`.
    floor : int
        Fewest people (interviews) a shown number of a code rests on; 0 shows everything (restricted).

    Returns
    -------
    DataFrame
        Numbers of withheld rows are missing and the note says so. A code is withheld at all units alike, and with a
        single one the next by its people, because the rows over all codes would give it away. The rows over all codes
        say how coders work, not who said what, and are shown.
    """
    if not floor:
        return table
    shown = table.copy()
    codes = ~shown["code"].isin([ALL, MEAN])
    hidden = codes & (shown["people_with"] < floor)
    for _pair, rows in shown[codes].groupby("pair", sort=False):
        few = set(rows.loc[hidden[rows.index], "code"])
        if len(few) == 1:
            others = rows.loc[~rows["code"].isin(few), ["code", "people_with"]].drop_duplicates()
            if len(others):
                next_one = others.sort_values(["people_with", "code"], ignore_index=True)["code"].iloc[0]
                hidden.loc[rows.index[rows["code"] == next_one]] = True
    numbers = [
        *("people_with", "estimate", "n", "ci_low", "ci_high", "n_dropped"),
        *("units", "both", "first_only", "second_only", "neither"),
    ]
    for name in [name for name in numbers if name in shown]:
        whole = shown[name].dtype.kind == "i"
        shown[name] = (shown[name].astype("Int64") if whole else shown[name]).mask(hidden)
    for name in [name for name in ("ci_method", "dropped_reason") if name in shown]:
        shown.loc[hidden, name] = ""
    shown.loc[hidden, "note"] = tiers.WITHHELD.format(floor=floor)
    return shown
