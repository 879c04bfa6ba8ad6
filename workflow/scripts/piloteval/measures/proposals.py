"""What the ratings say about every standard, what they propose to do with it, and what a person decided.

Nothing is removed by a machine: the ratings give a proposal, and only a decision with a name and a date settles it. Two
reasons, overlap and regulatory conflict, cannot be read from ratings at all and come from a person alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from piloteval.intake.records import REASONS
from piloteval.measures import agreement, consensus, validity
from piloteval.measures.pooling import join_small
from piloteval.measures.raters import ALIKE
from piloteval.statistic import Statistic, in_percent
from piloteval.tiers import PART_WITHHELD

KEEP, REVISE, REMOVE = "keep", "revise", "remove"

#: The dimensions a standard is rated on, and the reason a low share of favourable ratings gives.
REASON_OF = {
    "feasibility": "low feasibility",
    "clarity": "unclear wording",
    "evidence_sufficiency": "insufficient evidence",
    "audit_operability": "hard to audit",
}

PROPOSED, CONFIRMED, OTHERWISE = "proposed", "confirmed", "decided otherwise"
NOTHING_PROPOSED, WITHOUT_PROPOSAL = "nothing proposed", "decided without a proposal"

#: Outcome of a standard nobody decided on.
OPEN = "open"

#: Columns of a table of decisions.
DECISION_COLUMNS = ("standard", "decision", "reason", "decided_by", "decided_on", "note")

NOT_RATED = "not rated"
NOBODY_RATED = "nobody rated it"
SHARE_NOT_TOLD = "share of the standard withheld"
OFF_SCALE = "left out: a rating is no whole number of the scale"
TELLS_RARE = "left out: together with the quartiles and the share it could tell how few people gave a rating"
RARE = "left out: a rating was given by few people, which this value could tell"

STATISTIC_COLUMNS = tuple(Statistic(None, 0, "").row(""))
DESCRIBED = ("track", "standard", "short_name", "status", "dimension", "statistic", "unit", *STATISTIC_COLUMNS)
TRACKS = ("track", "dimension", "statistic", "raters", *STATISTIC_COLUMNS)
PROPOSALS = (
    *("track", "standard", "short_name", "status", "proposal", "reason", "other_reasons", "clear", "dimension"),
    *STATISTIC_COLUMNS,
    *("state", "outcome", "decision", "decision_reason", "decided_by", "decided_on", "decision_note"),
    *("rule", "rule_status"),
)


# What the ratings say


def describe_standards(
    ratings: pd.DataFrame,
    standards: list[dict[str, str]],
    *,
    rating_range: Sequence[float],
    agree_from: float,
    confidence: float,
    floor: int,
    part_floor: int = 0,
) -> pd.DataFrame:
    """Describe the ratings of every standard on every dimension.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a rating: ``site, standard, rater, dimension, rating``.
    standards : list of dict
        The catalogue: ``track, code, short_name, status``. Standards nobody rated are left out.
    rating_range : sequence of float
        Lowest and highest rating; the whole numbers between them are the scale.
    agree_from : float
        A rating of this value or more is favourable.
    confidence : float
        Level of the intervals.
    floor : int
        With fewer people who rated a dimension, nothing is told of it but the reason.
    part_floor : int
        Fewest people on either side of ``agree_from`` for the share to be told; 0 tells every share.

    Returns
    -------
    pandas.DataFrame
        One row a standard, dimension and statistic: median, quartiles and their distance, share of favourable ratings,
        I-CVI and modified kappa, Aiken's V, RAND/UCLA index, van der Eijk's agreement and Tastle-Wierman consensus.
        ``unit`` is that of the estimate: rating, percent, or empty for a coefficient.

    Notes
    -----
    Median, quartiles and share are told of every panel that is large enough, as in `certification/ratings.csv`. Aiken's
    V adds the sum of the ratings: it is left out where that would tell, beyond those, that a rating was given by
    somebody but by fewer people than the floor (see `sum_tells_rare`). The two coefficients of consensus can be turned
    back into the whole distribution, so they are told only where every rating was given by as many people as the floor
    asks. The intervals take the raters as independent.
    """
    points = _points(rating_range)
    rows: list[dict[str, Any]] = []
    for one, dimension, here, asked in _cells(ratings, standards):
        values, people = here["rating"].to_numpy(dtype=float), here["rater"].nunique()
        remark = ALIKE if here["site"].nunique() > 1 else ""
        for name, unit, value in _described(values, points, agree_from, confidence, floor, part_floor):
            notes = [value.note, remark if value.ci_low is not None else ""]
            dropped = {"n_dropped": asked - people, "dropped_reason": NOT_RATED if asked > people else ""}
            value = replace(value, note="; ".join(filter(None, notes)), **dropped)
            rows.append(
                {
                    **_standard(one),
                    "dimension": dimension,
                    "statistic": name,
                    "unit": unit,
                    **_told(value, people >= floor, floor, f"standards.{one['code']}.{dimension}.{_word(name)}"),
                }
            )
    return pd.DataFrame(rows, columns=list(DESCRIBED))


def describe_tracks(
    ratings: pd.DataFrame,
    standards: list[dict[str, str]],
    *,
    agree_from: float,
    floor: int,
    part_floor: int = 0,
) -> pd.DataFrame:
    """Describe the content validity of the standards of a track together, on every dimension.

    Parameters
    ----------
    ratings, standards, agree_from, floor, part_floor
        As in `describe_standards`.

    Returns
    -------
    pandas.DataFrame
        One row a track, dimension and statistic: S-CVI/Ave and S-CVI/UA. ``n`` counts standards, ``raters`` the people.

    Notes
    -----
    Only the standards whose own share is told go in: else the share of a small one could be computed from the rest.
    """
    rows: list[dict[str, Any]] = []
    cells = list(_cells(ratings, standards))
    for track in dict.fromkeys(one["track"] for one, *_ in cells):
        for dimension in REASON_OF:
            found = [here for one, name, here, _ in cells if (one["track"], name) == (track, dimension)]
            told = [here for here in found if _share_told(here, agree_from, floor, part_floor)]
            wide = pd.concat(told).pivot(index="rater", columns="standard", values="rating") if told else pd.DataFrame()
            for name, kind in (("S-CVI/Ave", "average"), ("S-CVI/UA", "universal")):
                value = validity.scale_cvi(wide, agree_from, kind)
                dropped = len(found) - len(told)
                value = replace(value, n_dropped=dropped, dropped_reason=SHARE_NOT_TOLD if dropped else "")
                rows.append(
                    {
                        "track": track,
                        "dimension": dimension,
                        "statistic": name,
                        "raters": len(wide) or None,
                        **value.row(f"standards.{track}.{dimension}.{_word(name)}"),
                    }
                )
    return pd.DataFrame(rows, columns=list(TRACKS))


def sum_tells_rare(
    ratings: ArrayLike,
    points: Sequence[float],
    floor: int,
    quantiles: Sequence[float] = (),
    agree_from: float | None = None,
) -> bool:
    """Tell whether the sum of the ratings, or their mean, would show that few people gave some of them.

    Parameters
    ----------
    ratings : array, shape (people,)
        Ratings on the scale, without missing ones.
    points : sequence of float
        All ratings of the scale, equally far apart, in rising order.
    floor : int
        Fewest people of a cell.
    quantiles : sequence of float
        What else is told: quantiles from 0 to 1 by linear interpolation.
    agree_from : float, optional
        What else is told: how many ratings are at or above this value.

    Returns
    -------
    bool
        True when it is known with the sum, but not without it, of a rating, or of a rating and all below or above it,
        that somebody gave it and fewer people than the floor.

    Notes
    -----
    What is told bounds the cumulative counts C_1 <= ... <= C_K of the ratings, and the sum of the ratings fixes the sum
    of these. With two of them given, every sum between that of the smallest and that of the largest sequence within the
    bounds occurs; so the two are possible together when the true sum lies between.
    """
    values = np.sort(np.asarray(ratings, dtype=float))
    n, k = len(values), len(points)
    counted = np.searchsorted(values, points, side="right")
    low, high = np.zeros(k + 1, dtype=int), np.full(k + 1, n)
    high[0], low[k] = 0, n
    for quantile in quantiles:
        place = (n - 1) * quantile
        for position in {int(np.floor(place)), int(np.ceil(place))}:
            category = int(np.searchsorted(points, values[position])) + 1
            low[category] = max(low[category], position + 1)
            high[category - 1] = min(high[category - 1], position)
    if agree_from is not None:
        below = int(np.searchsorted(points, agree_from))
        low[below] = high[below] = (values < agree_from).sum()
    low, high = np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]
    # Every rating by itself, then all up to a rating, then all from a rating on.
    runs = {(at, at + 1) for at in range(k)} | {(0, at) for at in range(1, k)} | {(at, k) for at in range(1, k)}
    return any(
        not _is_rare(_possible(low, high, *run, None), floor)
        and _is_rare(_possible(low, high, *run, int(counted.sum())), floor)
        for run in runs
    )


def _possible(low: np.ndarray, high: np.ndarray, first: int, last: int, total: int | None) -> np.ndarray:
    """How many people can have given the ratings after the first and up to the last category."""
    before = np.arange(low[first], high[first] + 1)[:, None]
    upto = np.arange(low[last], high[last] + 1)[None, :]
    possible = before <= upto
    if total is not None:
        between, after = slice(first + 1, last), slice(last + 1, None)
        least, most = low[:first].sum() + before + upto, high[after].sum() + before + upto
        for value in low[between]:
            least = least + np.maximum(value, before)
        for value in low[after]:
            least = least + np.maximum(value, upto)
        for value in high[:first]:
            most = most + np.minimum(value, before)
        for value in high[between]:
            most = most + np.minimum(value, upto)
        possible = possible & (least <= total) & (total <= most)
    return (upto - before)[possible]


def _is_rare(counts: np.ndarray, floor: int) -> bool:
    return bool(counts.min() >= 1 and counts.max() < floor)


def _described(
    values: np.ndarray, points: list[float], agree_from: float, confidence: float, floor: int, part_floor: int
) -> Iterator[tuple[str, str, Statistic]]:
    """Yield name, unit and value of what is told of the ratings of a standard on a dimension."""
    n, span = len(values), (points[0], points[-1])
    middle = consensus.quartiles(values)
    none = consensus.NO_RATING if n == 0 else ""
    for name, value in {
        "median": middle.median,
        "lower quartile": middle.lower,
        "upper quartile": middle.upper,
        "interquartile range": middle.iqr,
    }.items():
        yield name, "rating", Statistic(value, n, f"{name} ({middle.rule})", note=none)
    share_told = _sides_told(values, agree_from, part_floor)
    indices = (
        ("share", "percent", in_percent(consensus.share_in_agreement(values, agree_from, confidence=confidence))),
        ("I-CVI", "", validity.item_cvi(values, agree_from, confidence)),
        ("modified kappa", "", validity.modified_kappa(values, agree_from)),
    )
    for name, unit, value in indices:
        hidden = Statistic(None, n, value.method, note=PART_WITHHELD.format(floor=part_floor))
        yield name, unit, value if share_told else hidden
    on_scale = bool(np.isin(values, points).all())
    rand = span == (1, 9)
    quantiles = (0.25, 0.5, 0.75, *((0.3, 0.7) if rand else ()))
    known_share = agree_from if share_told else None
    method = f"Aiken's V, ratings from {span[0]:g} to {span[1]:g}"
    if not on_scale:
        yield "Aiken's V", "", Statistic(None, n, method, note=OFF_SCALE)
    elif n and sum_tells_rare(values, points, floor, quantiles, known_share):
        yield "Aiken's V", "", Statistic(None, n, method, note=TELLS_RARE)
    else:
        yield "Aiken's V", "", validity.aiken_v(values, *span, confidence)
    yield "RAND/UCLA index", "", _rand_index(values, span)
    counts = [int((values == point).sum()) for point in points]
    rare = any(first < last for first, last in join_small(counts, floor))
    for name, kernel in (
        ("van der Eijk's A", agreement.agreement_a),
        ("Tastle-Wierman consensus", agreement.consensus_tw),
    ):
        value = kernel(counts)
        if rare or not on_scale:
            value = Statistic(None, n, value.method, note=RARE if on_scale else OFF_SCALE)
        yield name, "", value


def _rand_index(values: np.ndarray, span: tuple[float, float]) -> Statistic:
    method = "RAND/UCLA disagreement index, IPR / IPRAS"
    if span != (1, 9):
        note = f"undefined: the index is made for ratings from 1 to 9, not {span[0]:g} to {span[1]:g}"
        return Statistic(None, len(values), method, note=note)
    found = consensus.ipras_disagreement(values)
    note = consensus.NO_RATING if found.index is None else "disagreement" if found.disagreement else "no disagreement"
    return Statistic(found.index, len(values), f"{method} ({found.rule})", note=note)


# What they propose, and what was decided


def rule_in_words(agree_from: float, revise_below: float, remove_below: float) -> str:
    """Say the rule of the proposals as a sentence.

    Parameters
    ----------
    agree_from : float
        Lowest favourable rating.
    revise_below, remove_below : float
        Thresholds in percent.

    Returns
    -------
    str
    """
    return (
        f"a rating of {agree_from:g} or more is favourable; under {remove_below:g} % favourable on feasibility "
        f"proposes to remove, under {revise_below:g} % on any dimension to revise, else to keep"
    )


def propose(
    ratings: pd.DataFrame,
    standards: list[dict[str, str]],
    decisions: pd.DataFrame | None = None,
    *,
    agree_from: float,
    revise_below: float,
    remove_below: float,
    rule_status: str,
    confidence: float,
    floor: int,
    part_floor: int = 0,
) -> pd.DataFrame:
    """Propose to keep, revise or remove every standard, beside what a person decided.

    Parameters
    ----------
    ratings, standards, agree_from, confidence, floor, part_floor
        As in `describe_standards`. A standard nobody rated has a row too.
    decisions : pandas.DataFrame, optional
        One row a decision: ``standard, decision, reason, decided_by, decided_on, note``. It counts when it is keep,
        revise or remove, names one of `REASONS` (a decision to keep may go without), and carries a name and a date; of
        several on a standard the last one counts.
    revise_below, remove_below : float
        Thresholds in percent of favourable ratings, the second not above the first.
    rule_status : str
        Whether the rule was confirmed by its source.

    Returns
    -------
    pandas.DataFrame
        One row a standard. ``proposal`` is empty where too few people rated. The statistic is the share that decided:
        on feasibility for a removal, else the lowest one. ``clear`` says whether the Wilson interval leaves the
        threshold out, for keep on every dimension. ``state`` sets the proposal beside the decision; ``outcome`` is the
        decision, or open.

    Raises
    ------
    ValueError
        If the thresholds are not in order.

    Notes
    -----
    To keep takes every dimension rated by enough people; to revise or remove, one that is low.
    """
    if not 0 <= remove_below <= revise_below <= 100:
        raise ValueError("the thresholds must fit 0 <= remove_below <= revise_below <= 100")
    rule = rule_in_words(agree_from, revise_below, remove_below)
    shares: dict[str, dict[str, Statistic]] = {one["code"]: {} for one in standards}
    told: dict[tuple[str, str], bool] = {}
    for one, dimension, here, asked in _cells(ratings, standards):
        if (people := here["rater"].nunique()) >= floor:
            share = consensus.share_in_agreement(here["rating"], agree_from, confidence=confidence)
            shares[one["code"]][dimension] = in_percent(share, asked - people, NOT_RATED)
            told[one["code"], dimension] = _sides_told(here["rating"], agree_from, part_floor)
    rated = set(ratings.dropna(subset=["rating"])["standard"])
    rows = []
    for one in standards:
        found = shares[one["code"]]
        proposal, dimension, others, clear = _proposal(found, revise_below, remove_below)
        lacking = [name for name in REASON_OF if name not in found]
        few = f"{_few(floor)}: {', '.join(lacking)}" if lacking else ""
        few = few if one["code"] in rated else NOBODY_RATED
        value = found[dimension] if dimension else Statistic(None, 0, f"share of ratings >= {agree_from:g}")
        notes = [few, value.note]
        if dimension and not told[one["code"], dimension]:
            notes.append(PART_WITHHELD.format(floor=part_floor))
            value = replace(value, estimate=None, ci_low=None, ci_high=None)
        decided = _decision(decisions, one["code"])
        row = {
            **_standard(one),
            "proposal": proposal,
            "reason": REASON_OF[dimension] if proposal in (REVISE, REMOVE) else "",
            "other_reasons": "; ".join(REASON_OF[name] for name in others),
            "clear": clear,
            "dimension": dimension,
            **replace(value, note="; ".join(filter(None, notes))).row(f"standards.{one['code']}.proposal"),
            "state": _state(proposal, decided["decision"]),
            "outcome": decided["decision"] or OPEN,
            **decided,
            "rule": rule,
            "rule_status": rule_status,
        }
        rows.append(row if dimension else row | {"n": None, "n_dropped": None})
    return pd.DataFrame(rows, columns=list(PROPOSALS))


def _proposal(
    shares: dict[str, Statistic], revise_below: float, remove_below: float
) -> tuple[str, str, list[str], str]:
    """Return the proposal, the dimension that decided it, the others that are low, and whether it is clear."""
    percent = {
        name: round(share.estimate, 9) for name, share in shares.items()
    }  # 11 of 20 is 55, not 55.00000000000001
    low = sorted((name for name in percent if percent[name] < revise_below), key=percent.get)
    if percent.get("feasibility", 100) < remove_below:
        others = [name for name in low if name != "feasibility"]
        return REMOVE, "feasibility", others, _yes(shares["feasibility"].ci_high < remove_below)
    if low:
        return REVISE, low[0], low[1:], _yes(shares[low[0]].ci_high < revise_below)
    if len(shares) < len(REASON_OF):
        return "", "", [], ""
    return KEEP, min(percent, key=percent.get), [], _yes(all(one.ci_low >= revise_below for one in shares.values()))


def _decision(decisions: pd.DataFrame | None, code: str) -> dict[str, str]:
    """Return the last decision on a standard that counts, and what is to be said about those that do not."""
    names = ("decision", "decision_reason", "decided_by", "decided_on", "decision_note")
    nothing = dict.fromkeys(names, "")
    if decisions is None or decisions.empty:
        return nothing
    here = decisions.loc[decisions["standard"] == code, list(DECISION_COLUMNS)].astype(object)
    here = here.where(here.notna(), "").astype(str).apply(lambda column: column.str.strip())
    valid = here["decision"].isin([KEEP, REVISE, REMOVE]) & (here["decided_by"] != "") & (here["decided_on"] != "")
    valid &= here["reason"].isin(REASONS) | ((here["decision"] == KEEP) & (here["reason"] == ""))
    counted = here[valid].sort_values("decided_on", kind="stable")
    last = counted[counted["decided_on"] == counted["decided_on"].max()]
    if last["decision"].nunique() > 1:
        return nothing | {"decision_note": "several decisions of the same day differ, and none counts"}
    if last.empty:
        unfit = "a decision without a name, a date or a listed reason does not count"
        return nothing | {"decision_note": unfit if len(here) else ""}
    return dict(zip(names, last.iloc[-1][list(DECISION_COLUMNS[1:])], strict=True))


def _state(proposal: str, decision: str) -> str:
    if not decision:
        return PROPOSED if proposal else NOTHING_PROPOSED
    if not proposal:
        return WITHOUT_PROPOSAL
    return CONFIRMED if decision == proposal else OTHERWISE


# Shared


def _cells(
    ratings: pd.DataFrame, standards: list[dict[str, str]]
) -> Iterator[tuple[dict[str, str], str, pd.DataFrame, int]]:
    """Yield every rated standard and dimension with its ratings, and how many people rated the standard at all."""
    given = ratings.dropna(subset=["rating"])
    groups = dict(list(given.groupby(["standard", "dimension"], sort=False)))
    asked = given.groupby("standard")["rater"].nunique()
    for one in standards:
        if one["code"] in asked.index:
            for dimension in REASON_OF:
                yield one, dimension, groups.get((one["code"], dimension), given.iloc[:0]), int(asked[one["code"]])


def _share_told(here: pd.DataFrame, agree_from: float, floor: int, part_floor: int) -> bool:
    return here["rater"].nunique() >= floor and _sides_told(here["rating"], agree_from, part_floor)


def _sides_told(values: ArrayLike, agree_from: float, part_floor: int) -> bool:
    """Whether there are enough people on either side of the threshold."""
    favourable = int((np.asarray(values, dtype=float) >= agree_from).sum())
    return not part_floor or min(favourable, len(values) - favourable) >= part_floor


def _told(value: Statistic, enough: bool, floor: int, question: str) -> dict[str, Any]:
    """Return the row of a statistic; of too few people nothing but the reason, not even how few they are."""
    if enough:
        return value.row(question)
    return Statistic(None, 0, value.method, note=f"withheld: {_few(floor)}").row(question) | {
        "n": None,
        "n_dropped": None,
    }


def _standard(one: dict[str, str]) -> dict[str, str]:
    return {"track": one["track"], "standard": one["code"], "short_name": one["short_name"], "status": one["status"]}


def _points(rating_range: Sequence[float]) -> list[int]:
    return list(range(int(rating_range[0]), int(rating_range[1]) + 1))


def _few(floor: int) -> str:
    return f"fewer than {floor} people rated"


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())
