"""Agreement of coders at three units: the character, as NVivo counts, the sentence, and the case, an interview.

Uncoded text inflates agreement on characters and sentences: two coders who mark one percent of a text at random agree
on ninety-eight percent of it. So percent agreement stands beside coefficients that take chance into account, the
prevalence of both coders, and F1, which looks at coded text only. A case is coded or not, which is the unit of a theme.

Everything rests on one table an interview and code: how much both coded, one only, neither. The tables of interviews
add up, so intervals come from leaving out interviews, and the text is gone through once.

The tables made here are restricted; `withhold` makes what the team may see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval import tiers
from piloteval.measures.agreement import TOO_FEW_UNITS
from piloteval.measures.resample import NEGLIGIBLE
from piloteval.measures.unitizing import alpha_u_disagreements

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

CHARACTER, SENTENCE, CASE = "character", "sentence", "case"
UNITS = (CHARACTER, SENTENCE, CASE)

#: Rows over codes: every decision on a unit and a code together, and the mean of the codes.
ALL, MEAN = "all", "mean"
NAMES = {ALL: "All codes together", MEAN: "Mean of the codes"}

PEOPLE, EVERYBODY = "people", "all people"

#: What is measured of two coders, by the name in the table, with its full name. Krippendorff's u-alpha of 2016 is left
#: out: of many interviews it is alpha by character, as the two differ by less than the share of a text in a passage.
MEASURES = {
    "percent": "percent agreement",
    "kappa": "Cohen's kappa (unweighted)",
    "ac1": "Gwet's AC1",
    "alpha": "Krippendorff's alpha (nominal)",
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
    "prevalence": "share of units with the code, mean of the coders",
}
#: What only long stretches have, and what needs a coder to measure the other by.
OF_CHARACTERS = ("alpha_u",)
OF_REFERENCE = ("precision", "recall")
#: Shares, from 0 to 1; the other measures are coefficients from -1 to 1.
SHARES = ("percent", "prevalence", "prevalence_first", "prevalence_second", "precision", "recall", "f1")
#: Shares that are means over codes already where they are taken over all codes together.
LINEAR = ("percent", "prevalence", "prevalence_first", "prevalence_second")

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
    "heard",
    "people_first",
    "people_second",
    "coded",
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
#: What only the restricted table has: which interviews, how many people used a code, and what was left out of them.
UNSHOWN = ("heard", "people_first", "people_second", "coded", "n_dropped", "dropped_reason")
SHOWN = tuple(name for name in AGREEMENT if name not in UNSHOWN)
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
    "units",
    "both",
    "first_only",
    "second_only",
    "neither",
)

#: Fewest interviews of an interval.
FEW_INTERVIEWS = 10

#: Decimals of what others see: enough to read, too few to find single interviews in an interval; of a mean of codes so
#: few that the values of the codes that are withheld do not follow from it.
DECIMALS, DECIMALS_OF_MEAN = 3, 2

NOT_SHARED = "in interviews only one of the two worked on"
NOT_SEVERAL = "in interviews fewer than two people worked on"
CODES_LEFT_OUT = "codes that neither used or for which the coefficient is undefined"
NO_INTERVIEW = "undefined: no interview both worked on"
NO_INTERVIEW_OF_SEVERAL = "undefined: no interview that two people worked on"
NOBODY_USED = "undefined: agreement 100 %, nobody used the code"
EVERYWHERE = "undefined: agreement 100 %, all gave the code to everything"
NOT_USED = "undefined: nobody used the code"
UNUSED_BY = "undefined: {coder} gave the code to nothing"
NO_CODE = "undefined: no code for which the coefficient is defined"
TOO_FEW_INTERVIEWS = f"fewer than {FEW_INTERVIEWS} interviews, no interval: it would be too narrow"
NO_SUM = "no interval: it does not add up over interviews"
NOT_WITHOUT_ONE = "undefined without one of the interviews, no interval"
ALL_EQUAL = "the same without any of the interviews, no interval"
AT_THE_END = "at the end of its scale, no interval"
NOT_LISTED = "interviews without a coding count as not worked on"


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


def pair_coefficients(table: np.ndarray) -> dict[str, np.ndarray]:
    """Coefficients of two coders from tables of two by two, for many tables at once.

    Parameters
    ----------
    table : array, shape (4, ...)
        Units both gave the code, the first only, the second only, neither.

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
    return {
        "percent": observed,
        "kappa": _ratio(observed - chance, np.where(varies, 1 - chance, 0)) * several,
        "ac1": (observed - guess) / (1 - guess) * several,
        "alpha": (1 - _ratio((2 * n - 1) * apart, given * (2 * n - given))) * several,
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
    sums : array, shape (6, ...)
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
    n, agreed, share, apart, given, values = np.asarray(sums, dtype=float)
    several = np.where(n >= 2, 1.0, np.nan)
    observed, mean = _ratio(agreed, n), _ratio(share, n)
    guess = 2 * mean * (1 - mean)
    return {
        "percent": observed,
        "fleiss": _ratio(observed - (1 - guess), np.where((given > 0) & (given < values), guess, 0)) * several,
        "ac1": (observed - guess) / (1 - guess) * several,
        "alpha": (1 - _ratio((values - 1) * apart, given * (values - given))) * several,
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
    array of float, shape (interviews, codes, 6)
        Units, agreement, share of coders who gave the code, coincidences of one who did with one who did not, values
        with the code, and values in all; nothing in interviews of fewer than two coders.
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
    ]
    return np.stack(sums, axis=-1) * (raters >= 2)[:, None, None]


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def jackknife_intervals(
    estimate: np.ndarray, left_out: np.ndarray, share: np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Intervals of many statistics at once from their values with each interview left out.

    Parameters
    ----------
    estimate : array of float, shape (statistics,)
        Values of the sample; none missing.
    left_out : array of float, shape (statistics, interviews)
        Values without each interview, NaN where undefined.
    share : array of bool, shape (statistics,)
        Whether a statistic is a share from 0 to 1; else it is a coefficient from -1 to 1.
    confidence : float
        Level of the intervals.

    Returns
    -------
    low, high : array of float, shape (statistics,)
        NaN where there is no interval.
    notes : list of str
        Why there is no interval.

    Notes
    -----
    With m interviews and the value t(i) without the i-th, the squared standard error is (m - 1) / m times the sum of
    the squared deviations of the t(i) from their mean. The interval is that of Student's t with m - 1 degrees of
    freedom on the scale of the logit for shares, of Fisher's z for coefficients, to which the standard error is carried
    by the derivative at the estimate.

    Chosen by simulation of F1, kappa and alpha near 0.6, 0.85 and 0.95, of frequent and of rare codes, with 3,000
    samples each: of 10, 16, 30 and 60 interviews, 92 to 97 % of its 95 % intervals hold the population's value, of
    percentile intervals of drawn interviews 72 to 94 %. Of 10 and 16 interviews, BCa intervals held it in 88 to 92 %,
    t intervals without another scale in 88 to 95 %; studentised draws did as well as these, but gave no interval for a
    fourth of the samples of 10.

    References
    ----------
    Miller (1974), Biometrika 61, 1-15; Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 11.
    """
    count, m = left_out.shape
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    known = np.isfinite(left_out).all(axis=1)
    deviation = left_out - left_out.mean(axis=1, keepdims=True)
    error = np.sqrt((m - 1) / m * (deviation**2).sum(axis=1))
    inside = (estimate < 1) & (estimate > np.where(share, 0, -1))
    varies = error > NEGLIGIBLE
    done = known & inside & varies
    p, wide = estimate[done], special.stdtrit(m - 1, (1 + confidence) / 2) * error[done]
    for end, sign in ((low, -1), (high, 1)):
        with np.errstate(divide="ignore", invalid="ignore"):
            logit = special.expit(special.logit(p) + sign * wide / (p * (1 - p)))
        fisher = np.tanh(np.arctanh(p) + sign * wide / (1 - p**2))
        end[done] = np.where(share[done], logit, fisher)
    notes = np.select([done, ~known, ~varies], ["", NOT_WITHOUT_ONE, ALL_EQUAL], AT_THE_END)
    return low, high, notes.tolist()


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

    Returns
    -------
    agreement : DataFrame
        One row a pair, unit, code and measure with the columns of `AGREEMENT`. Shares and coefficients are on the scale
        to 1. The code ``all`` takes every decision on a unit and code together, so that frequent codes weigh most;
        ``mean`` is the mean of the codes that were used by either and for which the coefficient is defined. ``n``
        counts units; precision, recall and F1 rest on what the second, the first or either coded, and a mean on so many
        codes. In a pair of person and machine the person is the first and the reference. ``interviews`` are those both
        worked on, named in ``heard``; ``people_first`` and ``people_second`` count those in which each of the two used
        the code, of all people the fewest and the most of one of them, and ``coded`` the units at least one gave the
        code to. Without a list of who worked on what, a note of the rows over codes says what that means.
    counts : DataFrame
        One row a pair, unit and code with the columns of `COUNTS`: the tables behind the agreement of two.

    Notes
    -----
    Both are restricted; what others may see of the first is for `withhold` to say. Intervals are those of
    `jackknife_intervals`; with fewer than ten interviews there is none. The mean of the codes without an interview is
    that of those of its codes which are defined without it.
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
    about = _About(codebook, confidence, worked is not None)
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
    listed: bool

    def keys(self) -> dict[str, list[str]]:
        codes = self.codebook.codes.values()
        return {
            "code": [*(one.code for one in codes), ALL, MEAN],
            "name": [*(one.name for one in codes), NAMES[ALL], NAMES[MEAN]],
            "theme": [*(one.theme for one in codes), "", ""],
        }

    def ci_method(self, share: bool) -> str:
        scale = "the logit scale" if share else "the scale of Fisher's z"
        return f"jackknife t interval over interviews on {scale}, {100 * self.confidence:g} %"


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
    measures = [name for name in MEASURES if kind != PEOPLE or name not in OF_REFERENCE]
    measures = [name for name in measures if layer.unit == CHARACTER or name not in OF_CHARACTERS]
    with_code = cases.table(first, second)[shared].sum(axis=0).astype(np.int64)
    people = [with_code[:, 0] + with_code[:, 1], with_code[:, 0] + with_code[:, 2]]
    keys = {"pair": f"{first} and {second}", "pair_kind": kind, "first": first, "second": second, "unit": layer.unit}
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
    heard = frozenset(name for name, both in zip(layer.interviews, shared, strict=True) if both)
    coded = table[..., :3].sum(axis=(0, 2))
    compared = _Comparison(
        table, pair_coefficients, used, rests, left, reason, names, known, NOT_SHARED, heard, people, coded
    )
    part = _rows(compared, keys, about)
    total = np.concatenate([table.sum(axis=0), table.sum(axis=(0, 1))[None]])
    amounts = pd.DataFrame(
        {
            **keys,
            **{name: some[:-1] for name, some in about.keys().items()},
            "interviews": int(shared.sum()),
            "units": total.sum(axis=1).astype(np.int64),
            **{
                name: total[:, number].astype(np.int64)
                for number, name in enumerate(("both", "first_only", "second_only", "neither"))
            },
        }
    )
    return part, amounts[list(COUNTS)]


def _compare_everybody(
    layer: Layer, people: Sequence[str], done: Mapping[str, Collection[str]], cases: Layer, about: _About
) -> pd.DataFrame:
    """Compare all people at one unit, in the interviews at least two of them worked on."""
    at = [layer.coders.index(coder) for coder in people]
    present = np.array([[name in done[coder] for coder in people] for name in layer.interviews])
    raters = present.sum(axis=1)
    several = raters >= 2
    sums = everybody_sums(layer, done, people)[several]
    measures = list(OF_EVERYBODY)
    # What somebody coded in an interview they are not listed for is no finished work.
    coded = layer.amounts((layer.member[:, at] & present[layer.interview]).any(axis=1))[several].sum(axis=0)
    with_code = [cases.amounts(cases.member[:, one]) for one in at]
    used = np.stack([one[several & here].sum(axis=0) for one, here in zip(with_code, present.T, strict=True)])
    people_with = [used.min(axis=0).astype(np.int64), used.max(axis=0).astype(np.int64)]
    keys = {"pair": EVERYBODY, "pair_kind": EVERYBODY, "first": "", "second": "", "unit": layer.unit}

    def reason(measure: str, values: np.ndarray) -> str:
        if not values[0]:
            return NO_INTERVIEW_OF_SEVERAL
        if values[0] < 2:
            return TOO_FEW_UNITS
        return NOBODY_USED if not values[4] else EVERYWHERE

    shape = (len(measures), len(layer.codes))
    rests, left = (np.full(shape, layer.sizes[where].sum()) for where in (several, raters == 1))
    names = {name: OF_EVERYBODY[name] for name in measures}
    given = sums[..., 4].any(axis=0)
    heard = frozenset(name for name, here in zip(layer.interviews, several, strict=True) if here)
    compared = _Comparison(
        sums, everybody_coefficients, given, rests, left, reason, names, {}, NOT_SEVERAL, heard, people_with, coded
    )
    return _rows(compared, keys, about)


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
    heard : frozenset of str
        The interviews.
    people : sequence of two arrays of int, shape (codes,)
        Interviews in which the first and the second used each code.
    coded : array, shape (codes,)
        Units at least one gave each code to.
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
    heard: frozenset[str]
    people: Sequence[np.ndarray]
    coded: np.ndarray


def _rows(compared: _Comparison, keys: Mapping[str, str], about: _About) -> pd.DataFrame:
    """Make one row a code and measure, with intervals, of a comparison at one unit."""
    import pandas as pd

    interviews, codes, _ = compared.sums.shape
    measures = list(compared.measures)
    total = compared.sums.sum(axis=0)
    sums = _with_all(total)
    values = {**compared.coefficients(sums), **compared.known}
    # Measures by codes, the row over all decisions and the mean of the codes that were used.
    single = np.stack([values[name] for name in measures])
    kept = np.isfinite(single[:, :codes]) & compared.used
    estimate = np.concatenate([single, _mean(single[:, :codes], kept)[:, None]], axis=1)
    low, high = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    notes = np.full(estimate.shape, "", dtype=object)
    if interviews < FEW_INTERVIEWS:
        notes[:] = TOO_FEW_INTERVIEWS
    else:
        without = compared.coefficients(_with_all(total[..., None] - np.moveaxis(compared.sums, 0, -1)))
        for number, name in enumerate(measures):
            if name in compared.known:
                notes[number] = NO_SUM
                continue
            some = kept[number, :, None] & np.isfinite(without[name][:codes])
            left_out = np.concatenate([without[name], _mean(without[name][:codes].T, some.T)[None]])
            there = np.flatnonzero(np.isfinite(estimate[number]))
            share = np.full(len(there), name in SHARES)
            limits = jackknife_intervals(estimate[number, there], left_out[there], share, about.confidence)
            low[number, there], high[number, there], notes[number, there] = limits
    for number, code in np.argwhere(np.isnan(estimate)):
        mean_of_none = code > codes and interviews
        notes[number, code] = NO_CODE if mean_of_none else compared.reason(measures[number], sums[:, min(code, codes)])
    if not about.listed:
        for number, code in np.argwhere(np.isfinite(estimate[:, codes:])):
            notes[number, codes + code] = "; ".join(filter(None, [notes[number, codes + code], NOT_LISTED]))
    decided = kept.sum(axis=1)[:, None]
    n = np.concatenate([compared.rests, compared.rests.sum(axis=1)[:, None], decided], axis=1)
    dropped = np.concatenate([compared.left, compared.left.sum(axis=1)[:, None], codes - decided], axis=1)
    why = np.full(estimate.shape, compared.left_why, dtype=object)
    why[:, -1] = CODES_LEFT_OUT
    why[dropped == 0] = ""
    names = np.array(list(compared.measures.values()), dtype=object)[:, None]
    method = np.where(np.arange(codes + 2) == codes + 1, "mean over codes of " + names, names)
    ci_method = np.array([about.ci_method(name in SHARES) for name in measures], dtype=object)[:, None]
    columns = about.keys()
    pair = f"coders.{keys['pair'].replace(' ', '_')}.{keys['unit']}"
    coded = compared.coded.astype(np.int64)
    frame = pd.DataFrame(
        {
            **{name: np.repeat(np.array(some, dtype=object), len(measures)) for name, some in columns.items()},
            **{
                name: np.repeat([*some, interviews, interviews], len(measures))
                for name, some in zip(("people_first", "people_second"), compared.people, strict=True)
            },
            "coded": np.repeat([*coded, coded.sum(), coded.sum()], len(measures)),
            "measure": np.tile(np.array(measures, dtype=object), codes + 2),
            "question": [f"{pair}.{code}.{name}" for code in columns["code"] for name in measures],
            "estimate": estimate.T.ravel(),
            "n": n.T.ravel().astype(np.int64),
            "method": method.T.ravel(),
            "ci_low": low.T.ravel(),
            "ci_high": high.T.ravel(),
            "ci_method": np.where(np.isfinite(low), ci_method, "").T.ravel(),
            "n_dropped": dropped.T.ravel().astype(np.int64),
            "dropped_reason": why.T.ravel(),
            "note": notes.T.ravel(),
        }
    ).assign(interviews=interviews, **keys)
    frame["heard"] = [compared.heard] * len(frame)
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
    """Make of the restricted table of agreement what others may see.

    Parameters
    ----------
    table : DataFrame
        ``agreement`` of `compare_coders`.
    floor : int
        Fewest people (interviews) anything shown rests on; 0 leaves the table as it is (restricted).

    Returns
    -------
    DataFrame
        The columns of `SHOWN`. Numbers of withheld rows are missing, and the note says so in the same words for all of
        them. Values have three decimals, and means of the codes two.

    Notes
    -----
    No number that follows from those shown, by adding and subtracting codes, pairs and sets of interviews, rests on
    fewer people than the floor:

    - Comparisons whose sets of interviews cut fewer than ``floor`` interviews out of each other are not shown together,
      since their difference is about these few. Those of people go before those with a machine, and then those over
      more interviews. Of all people together, who worked on an interview is such a set as well.
    - Single codes are shown over one set of interviews, the one that shows most of them, and not with the interview as
      unit: two by two, that is a table of people, with cells of one.
    - A code is withheld where one of the two used it in fewer than ``floor`` interviews; that nobody used it looks the
      same. The withheld codes of a coder are two or more and together come up ``floor`` times or more, each once an
      interview, because the rows over all codes tell that sum; where even all codes are too few, these rows are
      withheld too.
    - The mean of the codes is shown where it rests on no withheld code or on ``floor`` of them or more.
    """
    import pandas as pd

    if not floor:
        return table
    over = table["code"].isin([ALL, MEAN])
    hidden = _hidden(_told(_pairs(table), floor), list(dict.fromkeys(table.loc[~over, "code"])), floor)
    codes = zip(table["pair"], table["code"], strict=True)
    gone = pd.Series([pair not in hidden or code in hidden[pair] for pair, code in codes], index=table.index)
    gone |= ~over & (table["unit"] == CASE)
    # Two who share no interview are said to do so.
    gone &= table["interviews"] > 0
    # A mean that rests on few withheld codes gives them away.
    keys = ["pair", "unit", "measure"]
    seen = table[~gone & ~over & table["estimate"].notna()].value_counts(keys)
    mean = table["code"] == MEAN
    behind = (
        table.loc[mean, "n"].to_numpy()
        - seen.reindex(pd.MultiIndex.from_frame(table.loc[mean, keys]), fill_value=0).to_numpy()
    )
    gone[mean] |= (behind > 0) & (behind < floor)
    shown = table[list(SHOWN)].copy()
    coarse = mean & ~shown["measure"].isin(LINEAR)
    for name, end in (("estimate", ""), ("ci_low", "low"), ("ci_high", "high")):
        for some, decimals in ((coarse, DECIMALS_OF_MEAN), (~coarse, DECIMALS)):
            shown.loc[some, name] = tiers.coarsen_coefficient(shown.loc[some, name], decimals, end)
        shown[name] = shown[name].mask(gone)
    shown["n"] = shown["n"].astype("Int64").mask(gone)
    shown.loc[gone, "ci_method"] = ""
    shown.loc[gone, "note"] = tiers.WITHHELD.format(floor=floor)
    return shown


@dataclass(frozen=True)
class _Pair:
    """A comparison, and of whom and what it tells.

    Attributes
    ----------
    name : str
    coders : tuple of str
        Whose codings it tells of; all people who did not work on the same interviews are as one.
    heard : frozenset of str
        Its interviews.
    sets : tuple of frozenset of str
        All sets of interviews it tells of.
    used : dict of str to Series
        Interviews in which a coder used each code; of all people who worked on the same, their pairs have it.
    """

    name: str
    coders: tuple[str, ...]
    heard: frozenset[str]
    sets: tuple[frozenset[str], ...]
    used: Mapping[str, pd.Series]


def _pairs(table: pd.DataFrame) -> list[_Pair]:
    """Return the comparisons over at least one interview: of people first, and those over most interviews."""
    once = table[table["interviews"] > 0].drop_duplicates(["pair", "code"])
    of = once.drop_duplicates("pair").set_index("pair")
    people = table[table["pair_kind"] == PEOPLE].drop_duplicates("pair")
    found = []
    for name, row in of.iterrows():
        rows = once[(once["pair"] == name) & ~once["code"].isin([ALL, MEAN])].set_index("code")
        coders, sets = (row["first"], row["second"]), (row["heard"],)
        used = {coders[0]: rows["people_first"], coders[1]: rows["people_second"]}
        if name == EVERYBODY:
            sets = (row["heard"], *people["heard"])
            coders, used = (EVERYBODY,), {EVERYBODY: rows["people_first"]}
            if set(sets) == {row["heard"]}:
                coders, used = tuple(dict.fromkeys([*people["first"], *people["second"]])), {}
        found.append(_Pair(str(name), coders, row["heard"], sets, used))
    machine = ~of["pair_kind"].isin([PEOPLE, EVERYBODY])
    return sorted(found, key=lambda pair: (machine[pair.name], -len(pair.heard)))


def _told(pairs: Sequence[_Pair], floor: int) -> list[_Pair]:
    """Choose the comparisons that are shown: their sets of interviews cut no few interviews out of each other."""
    told: list[_Pair] = []
    for pair in pairs:
        sets = {one for some in (*told, pair) for one in some.sets}
        parts = Counter(tuple(name in one for one in sets) for name in frozenset().union(*sets))
        if min(parts.values()) >= floor:
            told.append(pair)
    return told


def _hidden(told: Sequence[_Pair], codes: Sequence[str], floor: int) -> dict[str, set[str]]:
    """Return the withheld codes of every comparison that is shown, with those of the rows over codes."""
    groups: dict[tuple[frozenset[str], bool], list[_Pair]] = {}
    for pair in told:
        groups.setdefault((pair.heard, pair.coders == (EVERYBODY,)), []).append(pair)

    def few(group: Sequence[_Pair]) -> dict[str, set[str]]:
        used = _used(group)
        return {
            pair.name: {code for code in codes if min(used[coder][code] for coder in pair.coders) < floor}
            for pair in group
        }

    def shown(group: Sequence[_Pair]) -> int:
        return len(group) * len(codes) - sum(map(len, few(group).values()))

    most = max(groups.values(), key=shown, default=[])
    hidden = {pair.name: set(codes) for pair in told} | few(most)
    for group in groups.values():
        _protect(hidden, group, codes, floor)
    return hidden


def _used(group: Sequence[_Pair]) -> dict[str, pd.Series]:
    return {coder: counts for pair in group for coder, counts in pair.used.items()}


def _protect(hidden: dict[str, set[str]], group: Sequence[_Pair], codes: Sequence[str], floor: int) -> None:
    """Withhold more codes of comparisons over the same interviews, until the rows over codes tell of enough people."""
    used, changed = _used(group), True
    while changed:
        changed = False
        for coder, counts in used.items():
            own = [pair.name for pair in group if coder in pair.coders]
            left = sorted(set.intersection(*(hidden[name] for name in own)) & set(codes))
            if not left or (len(left) > 1 and counts[left].sum() >= floor):
                continue
            rest = sorted(set(codes).difference(left), key=lambda code: (counts[code], code))
            more = set(rest[:1]) or {ALL, MEAN}
            changed |= any(more - hidden[name] for name in own)
            for name in own:
                hidden[name] |= more
