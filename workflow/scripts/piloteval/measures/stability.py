"""Stability of a panel between two rounds: who kept a rating, and whether the distribution of the ratings moved.

Two questions are kept apart. Individual stability asks whether a panellist's rating in one round tells the rating in
the next; group stability asks whether the ratings as a whole are distributed as before, which they can be although
everybody changed (Chaffin & Talley 1980). All functions take the ratings of two rounds side by side and use the
panellists who rated in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special  # the distribution functions, without the second that importing scipy.stats costs

from piloteval.measures import agreement, prepost
from piloteval.statistic import Statistic, in_percent

ONE_ROUND = "rated in one round only"
NOBODY = "undefined: nobody rated in both rounds"
UNANIMOUS = "undefined: everybody gave the same rating in one of the rounds"

#: Expected counts under this make the large-sample p-value of a chi-square test rough.
SMALL_EXPECTED = 5

#: Decimals of what is told of a statement besides shares. At full precision a coefficient of twenty people can be
#: turned back into their ratings by trying.
DECIMALS = 2

#: Columns of the table of statements.
COLUMNS = [
    *("statement", "status", "first_round", "second_round", "dimension", "statistic", "unit"),
    *Statistic(None, 0, "").row(""),
    *("df", "p"),
]


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's chi-square of a table; None when undefined, and then ``note`` gives the reason.

    Attributes
    ----------
    chi2, p : float or None
        Statistic without continuity correction, and large-sample p-value.
    df : int or None
        Degrees of freedom.
    n : int
        Panellists.
    n_dropped : int
        Panellists left out since they rated in one round only.
    note : str
        Reason, warning or empty.
    """

    chi2: float | None
    df: int | None
    p: float | None
    n: int
    n_dropped: int = 0
    note: str = ""


def share_unchanged(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Statistic:
    """Share of the panellists who gave the same rating in both rounds.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds; missing is NaN.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        0 to 1 with Wilson interval; also told of a unanimous panel. Undefined when nobody rated in both rounds.

    References
    ----------
    Chaffin & Talley (1980), Technological Forecasting and Social Change 16, 67-73. Interval: Wilson (1927), Journal of
    the American Statistical Association 22, 209-212.
    """
    first, second, n_dropped = _both(first, second)
    record = _record("share of unchanged ratings", len(first), n_dropped)
    if not len(first):
        return Statistic(None, note=NOBODY, **record)
    share = agreement.proportion(int((first == second).sum()), len(first), confidence=confidence)
    return Statistic(share.estimate, ci_low=share.ci_low, ci_high=share.ci_high, ci_method=share.ci_method, **record)


def weighted_kappa(
    first: ArrayLike,
    second: ArrayLike,
    categories: Sequence[float] | None = None,
    weights: str = "quadratic",
    confidence: float = 0.95,
) -> Statistic:
    """Weighted kappa of the panellists' ratings in two rounds.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds; missing is NaN.
    categories : sequence, optional
        All ratings of the scale in their order; default those that occur.
    weights : {'quadratic', 'linear'}
        Credit for near agreement.
    confidence : float
        Level of the interval.

    Returns
    -------
    Statistic
        As in `agreement.cohen_kappa`. Undefined when a round is unanimous: kappa would be 0 whatever the other round
        says.

    References
    ----------
    Cohen (1968), Psychological Bulletin 70, 213-220; between rounds: Holey, Feeley, Dixon & Whittaker (2007), BMC
    Medical Research Methodology 7, 52.
    """
    one, other, n_dropped = _both(first, second)
    record = _record(f"Cohen's kappa ({weights} weights) between rounds", len(one), n_dropped)
    reason = _why_undefined(one, other)
    if reason:
        return Statistic(None, note=reason, **record)
    found = agreement.cohen_kappa(one, other, weights, categories, confidence)
    return replace(found, **record)


def individual_stability(first: ArrayLike, second: ArrayLike) -> ChiSquare:
    """Chi-square test that a panellist's rating in the second round does not depend on that in the first.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds; missing is NaN.

    Returns
    -------
    ChiSquare
        A large value says that the ratings depend on each other, as they do in a stable panel. Undefined when a round
        is unanimous.

    Notes
    -----
    Pearson's chi-square of the table of first by second ratings.

    References
    ----------
    Chaffin & Talley (1980), Technological Forecasting and Social Change 16, 67-73.
    """
    first, second, n_dropped = _both(first, second)
    if not len(first):
        return ChiSquare(None, None, None, 0, n_dropped, NOBODY)
    return replace(chi_square(transitions(first, second)), n_dropped=n_dropped)


def predictability(first: ArrayLike, second: ArrayLike) -> Statistic:
    """Goodman and Kruskal's lambda: how much knowing the first rating lessens the errors in guessing the second.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds; missing is NaN.

    Returns
    -------
    Statistic
        0 when the first rating does not help, 1 when it tells the second; without interval. Undefined when a round is
        unanimous.

    Notes
    -----
    lambda = (sum of the largest counts of the rows - largest column total) / (n - largest column total). It can be 0
    although the ratings depend on each other.

    References
    ----------
    Goodman & Kruskal (1954), Journal of the American Statistical Association 49, 732-764; between rounds: Chaffin &
    Talley (1980), Technological Forecasting and Social Change 16, 67-73.
    """
    first, second, n_dropped = _both(first, second)
    record = _record("Goodman-Kruskal lambda, second round by the first", len(first), n_dropped)
    reason = _why_undefined(first, second)
    if reason:
        return Statistic(None, note=reason, **record)
    table = transitions(first, second)
    most = table.sum(axis=0).max()
    return Statistic(float((table.max(axis=1).sum() - most) / (len(first) - most)), **record)


def group_stability(first: ArrayLike, second: ArrayLike) -> ChiSquare:
    """Chi-square test that the ratings are distributed in the second round as in the first.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds; missing is NaN.

    Returns
    -------
    ChiSquare
        A small value says that the distribution is stable; ``n`` counts panellists. Undefined when both rounds are
        unanimous on the same rating.

    Notes
    -----
    Pearson's chi-square of the table of rounds by ratings. It takes the rounds as independent samples, while the same
    people rated in both: as far as they kept their ratings its p-value is too large, and a shift can be missed that the
    signed-rank test of the same people finds.

    References
    ----------
    Dajani, Sincoff & Talley (1979), Technological Forecasting and Social Change 13, 83-90.
    """
    first, second, n_dropped = _both(first, second)
    if not len(first):
        return ChiSquare(None, None, None, 0, n_dropped, NOBODY)
    found = chi_square(histograms(first, second))
    if found.chi2 is None:
        return ChiSquare(None, None, None, len(first), n_dropped, "undefined: everybody gave the same rating twice")
    return replace(found, n=len(first), n_dropped=n_dropped)


def net_change(first: ArrayLike, second: ArrayLike) -> Statistic:
    """Share of the panel that changed over to another rating, net of those who changed the other way.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds; missing is NaN.

    Returns
    -------
    Statistic
        0 to 1, without interval; undefined when nobody rated in both rounds.

    Notes
    -----
    Half the summed differences of the two histograms, per panellist. Under 15 % was proposed as stable.

    References
    ----------
    Scheibe, Skutsch & Schofer (1975), in Linstone & Turoff (eds), The Delphi Method, 262-287.
    """
    first, second, n_dropped = _both(first, second)
    record = _record("net change of the distribution of ratings", len(first), n_dropped)
    if not len(first):
        return Statistic(None, note=NOBODY, **record)
    before, after = histograms(first, second)
    return Statistic(float(np.abs(after - before).sum() / 2 / len(first)), **record)


def change_of_variation(first: ArrayLike, second: ArrayLike) -> Statistic:
    """Change of the coefficient of variation from the first round to the second.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings above 0 in the two rounds; missing is NaN.

    Returns
    -------
    Statistic
        Second minus first, standard deviation (n - 1) over mean; without interval. Near 0 is stable. Undefined with
        fewer than two panellists and where a mean is not above 0.

    Notes
    -----
    It depends on where the scale begins: the same answers on a scale from 0 to 4 have another one than from 1 to 5.

    References
    ----------
    English & Keran (1976), Transportation Research 10, 1-8; von der Gracht (2012), Technological Forecasting and Social
    Change 79, 1525-1536.
    """
    first, second, n_dropped = _both(first, second)
    record = _record("change of the coefficient of variation", len(first), n_dropped)
    if len(first) < 2:
        return Statistic(None, note="undefined: fewer than two panellists rated in both rounds", **record)
    if min(first.mean(), second.mean()) <= 0:
        return Statistic(None, note="undefined: a mean rating is not above 0", **record)
    before, after = (0.0 if np.ptp(one) == 0 else one.std(ddof=1) / one.mean() for one in (first, second))
    return Statistic(float(after - before), **record)


def transitions(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the panellists by first and second rating.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds, without missing ones.

    Returns
    -------
    array of int, shape (ratings of the first round, ratings of the second)
        Rows and columns of the ratings that were given, in rising order.
    """
    rows, row = np.unique(first, return_inverse=True)
    columns, column = np.unique(second, return_inverse=True)
    table = np.zeros((len(rows), len(columns)), dtype=int)
    np.add.at(table, (row, column), 1)
    return table


def histograms(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the ratings of both rounds.

    Parameters
    ----------
    first, second : array, shape (panellists,)
        Ratings in the two rounds, without missing ones.

    Returns
    -------
    array of int, shape (2, ratings)
        First and second round, ratings that were given in either, in rising order.
    """
    given = np.unique(np.concatenate([first, second]))
    return np.array([(one[:, None] == given).sum(axis=0) for one in (first, second)])


def chi_square(table: ArrayLike) -> ChiSquare:
    """Pearson's chi-square of a table of counts, without continuity correction.

    Parameters
    ----------
    table : array, shape (rows, columns)
        Counts; rows and columns without any are left out.

    Returns
    -------
    ChiSquare
        The note warns when an expected count is under 5. Undefined with fewer than two rows or columns.

    References
    ----------
    Pearson (1900), Philosophical Magazine 50, 157-175.
    """
    counts = np.asarray(table, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n = int(counts.sum())
    if min(counts.shape) < 2:
        return ChiSquare(None, None, None, n, note=UNANIMOUS)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    chi2, df = float(((counts - expected) ** 2 / expected).sum()), (counts.shape[0] - 1) * (counts.shape[1] - 1)
    rough = (expected < SMALL_EXPECTED).any()
    note = f"an expected count is under {SMALL_EXPECTED}, so the p-value is rough" if rough else ""
    return ChiSquare(chi2, df, float(special.chdtrc(df, chi2)), n, note=note)


def assess_stability(
    ratings: pd.DataFrame,
    statements: list[dict[str, str]],
    *,
    dimensions: list[str],
    rating_range: Sequence[float],
    confidence: float,
    floor: int,
) -> pd.DataFrame:
    """Assess how stable the ratings of every statement are between a round and the next.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a panellist and statement: ``panellist, statement, unit`` (the round) and one column a dimension.
    statements : list of dict
        The statements in their order, each with ``statement`` and ``status``.
    dimensions : list of str
        Rated columns.
    rating_range : sequence of float
        Lowest and highest rating; the whole numbers between them are the categories.
    confidence : float
        Level of the intervals.
    floor : int
        With fewer panellists who rated in both rounds, nothing is told but the reason.

    Returns
    -------
    pandas.DataFrame
        One row a statement, pair of rounds, dimension and statistic; ``df`` and ``p`` where the statistic is a test,
        ``unit`` percent, rating or empty. A statement that was not rated in a round is not compared with it.

    Notes
    -----
    Shares are told exactly; other numbers to two decimals, p-values to two digits.
    """
    points = list(range(int(rating_range[0]), int(rating_range[1]) + 1))
    rows: list[dict[str, Any]] = []
    for before, after in pairwise(sorted(ratings["unit"].unique())):
        for one in statements:
            here = ratings[ratings["statement"] == one["statement"]].set_index("panellist")
            first, second = here[here["unit"] == before], here[here["unit"] == after]
            if first.empty or second.empty:
                continue
            for dimension in dimensions:
                pair = pd.concat([first[dimension], second[dimension]], axis=1, keys=["first", "second"])
                pair = pair.astype(float).dropna(how="all")
                enough = pair.notna().all(axis=1).sum() >= floor
                for name, unit, value, df, p in _statistics(pair["first"], pair["second"], points, confidence):
                    told = value if enough else Statistic(None, 0, value.method, note=_too_few(floor))
                    question = f"stability.{one['statement']}.{before}.{after}.{dimension}.{_word(name)}"
                    rows.append(
                        {
                            "statement": one["statement"],
                            "status": one["status"],
                            "first_round": before,
                            "second_round": after,
                            "dimension": dimension,
                            "statistic": name,
                            "unit": unit,
                            **told.row(question),
                            "df": df if enough else None,
                            "p": float(f"{p:.{DECIMALS}g}") if enough and p is not None else None,
                        }
                    )
                    if not enough:  # how many there are is not told either
                        rows[-1] |= {"n": None, "n_dropped": None}
    return pd.DataFrame(rows, columns=COLUMNS)


def _statistics(
    first: pd.Series, second: pd.Series, points: list[int], confidence: float
) -> Iterator[tuple[str, str, Statistic, int | None, float | None]]:
    """Yield name, unit, statistic, degrees of freedom and p-value of what is told of two rounds."""
    unchanged = share_unchanged(first, second, confidence)
    yield "share unchanged", "percent", in_percent(unchanged, unchanged.n_dropped, ONE_ROUND), None, None
    change = net_change(first, second)
    yield "net change", "percent", in_percent(change, change.n_dropped, ONE_ROUND), None, None
    yield "weighted kappa", "", _short(weighted_kappa(first, second, points, confidence=confidence)), None, None
    yield "lambda", "", _short(predictability(first, second)), None, None
    tests = {
        "chi-square, individual stability": (individual_stability(first, second), "ratings of the rounds independent"),
        "chi-square, group stability": (group_stability(first, second), "same distribution in both rounds"),
    }
    for name, (test, null) in tests.items():
        record = _record(f"Pearson's chi-square test, {null}", test.n, test.n_dropped)
        yield name, "", _short(Statistic(test.chi2, note=test.note, **record)), test.df, test.p
    yield "change of the coefficient of variation", "", _short(change_of_variation(first, second)), None, None
    shift = prepost.hodges_lehmann(second - first, confidence, zero="pratt")
    test = prepost.exact_signed_rank(second - first, zero="pratt")
    method = f"{shift.method}; p: {test.method}"
    left_out = ONE_ROUND if shift.n_dropped else ""
    yield "shift", "rating", _short(replace(shift, method=method, dropped_reason=left_out)), None, test.p


def _short(value: Statistic) -> Statistic:
    """Round an estimate and its limits."""
    rounded = {
        name: None if getattr(value, name) is None else round(getattr(value, name), DECIMALS)
        for name in ("estimate", "ci_low", "ci_high")
    }
    return replace(value, **rounded)


def _both(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray, int]:
    """Ratings of those who rated in both rounds, and how many rated in one only."""
    one, other = (pd.Series(ratings).astype(float).to_numpy() for ratings in (first, second))
    if len(one) != len(other):
        raise ValueError(f"the rounds have {len(one)} and {len(other)} ratings")
    missing = np.isnan(one).astype(int) + np.isnan(other)
    return one[missing == 0], other[missing == 0], int((missing == 1).sum())


def _why_undefined(first: np.ndarray, second: np.ndarray) -> str:
    if not len(first):
        return NOBODY
    if len(first) < 2:
        return "undefined: fewer than two panellists rated in both rounds"
    return UNANIMOUS if np.ptp(first) == 0 or np.ptp(second) == 0 else ""


def _record(method: str, n: int, n_dropped: int) -> dict[str, Any]:
    return {"n": n, "method": method, "n_dropped": n_dropped, "dropped_reason": ONE_ROUND if n_dropped else ""}


def _too_few(floor: int) -> str:
    return f"withheld: fewer than {floor} people rated in both rounds"


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
