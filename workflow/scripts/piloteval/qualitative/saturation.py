"""Saturation: after how many interviews the codes of the codebook had come up, in the order held and in any other.

Whether enough people were heard is judged by the rule of Guest, Namey and Chen: the codes that a run of interviews
adds, as a share of the codes in the first few interviews, the base. Theirs were codes found while reading. Here the
codebook was made beforehand, so that the rule tells how soon its codes were covered, and nothing of themes that nobody
looked for.

A step from one interview to the next is about one person, and a base or run about few. So what each brought stays in a
restricted table. Others are told random orders, where they rest on enough people, and of the order held one number: the
interviews that the usual rule took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from piloteval.measures.resample import generator
from piloteval.qualitative.matrix import ALL, groups_of, people_of

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

#: Base sizes, run lengths and thresholds (percent of new codes) that Guest, Namey and Chen compare.
BASES, RUNS, THRESHOLDS = (4, 5, 6), (2, 3), (5.0, 0.0)

#: The choice that is told first, and the only one that is told of the order held: several of them together would fix
#: what single interviews brought.
USUAL = (4, 2, 5.0)

#: Random orders; a share of 10,000 is off by less than one point in 95 of 100 cases, at the worst.
ORDERS = 10_000
BAND = (0.05, 0.95)

#: Fewest people of whom more is told than the median: of fewer, the end of a band is the extreme person, and the
#: percent of orders nearly counts those who said what nobody else did.
BAND_FROM = 20
MEDIAN_ONLY = f"median only: fewer than {BAND_FROM} people"

#: Ends of the percent of orders: that no order, or each one, is saturated would tell of everybody.
LEAST, MOST = 5, 95

#: Whether interviews are in the order of the days they were held or in that of their ids.
HELD, ID = "held", "id"

#: What is told of the order held.
REACHED, NOT_REACHED, NOT_KNOWN, NOT_TOLD = "reached", "not reached", "not known", "not told"

GUEST = (
    "coverage of a codebook made beforehand, by the rule of saturation of Guest, Namey and Chen (2020); "
    "the run is counted"
)

CURVE_COLUMNS = ["cohort", "interviews", "people", "median_percent", "low_percent", "high_percent", "method", "note"]
STEP_COLUMNS = ["cohort", "place", "interview", "codes", "new", "found", "order_by"]
RULE_COLUMNS = [
    *("cohort", "base", "run", "threshold", "rule", "people", "interviews", "order_by", "held", "reported", "needed"),
    *("median", "low", "high", "orders_percent", "method", "note"),
]
FREQUENCY_COLUMNS = ["people_from", "people_to", "codes", "all_codes", "percent"]


# On arrays


def new_codes(present: np.ndarray, orders: np.ndarray | None = None) -> np.ndarray:
    """Count the codes that each interview is the first to bring.

    Parameters
    ----------
    present : array of bool, shape (interviews, codes)
        Whether a code comes up in an interview.
    orders : array of int, shape (orders, interviews), optional
        The place from 0 that each interview has in each order; without it, they stand in the order of the rows.

    Returns
    -------
    array of int, shape (orders, interviews)
        New codes at each place of each order; a row sums to the codes that come up at all.
    """
    interviews = len(present)
    places = np.arange(interviews)[None, :] if orders is None else np.asarray(orders)
    counts = np.zeros((len(places), interviews), dtype=int)
    for code in np.flatnonzero(present.any(axis=0)):
        first = places[:, present[:, code]].min(axis=1)
        counts[np.arange(len(places)), first] += 1
    return counts


def random_orders(interviews: int, orders: int, rng: np.random.Generator) -> np.ndarray:
    """Return the place of each interview in random orders, shape (orders, interviews)."""
    return rng.permuted(np.tile(np.arange(interviews), (orders, 1)), axis=1)


def new_information(new: np.ndarray, base: int, run: int) -> np.ndarray:
    """Share of new codes in every run after the base.

    Parameters
    ----------
    new : array of int, shape (orders, interviews)
        New codes at each place.
    base, run : int
        Base size and run length, in interviews.

    Returns
    -------
    array of float, shape (orders, interviews - base - run + 1)
        Column ``i`` is the run behind the first ``base + i`` interviews: its new codes / the codes of the base. NaN
        where the base has no code.

    Raises
    ------
    ValueError
        If base or run is below 1.
    """
    if base < 1 or run < 1:
        raise ValueError("a base and a run have at least one interview")
    sums = np.concatenate([np.zeros((len(new), 1), dtype=int), np.cumsum(new, axis=1)], axis=1)
    runs = sums[:, base + run :] - sums[:, base : sums.shape[1] - run]
    found = sums[:, base : base + 1].astype(float)
    return np.divide(runs, found, out=np.full(runs.shape, np.nan), where=found > 0)


def reached(new: np.ndarray, base: int, run: int, threshold: float) -> np.ndarray:
    """Tell at how many interviews saturation is reached after Guest, Namey and Chen.

    Parameters
    ----------
    new : array of int, shape (orders, interviews)
        New codes at each place.
    base, run : int
        Base size and run length, in interviews.
    threshold : float
        Largest share of new information that is saturation, 0 to 1.

    Returns
    -------
    array of float, shape (orders,)
        Interviews before the first run that adds no more than the threshold; the run comes on top. NaN where no run
        does.

    Notes
    -----
    Runs begin behind the base, overlap, and move by one interview. With a base of 4 and a run of 2 the first run is
    interviews 5 and 6, the second 6 and 7. When interviews 7 and 8 are the first run to stay within the threshold,
    saturation is reached at 6 and reported as 6+2.

    References
    ----------
    Guest, Namey & Chen (2020), PLoS ONE 15(5), e0232076.
    """
    shares = new_information(new, base, run)
    # Sums of counts over counts: a share of exactly the threshold must not fail for a rounding error.
    enough = shares <= threshold + 1e-12
    first = enough.argmax(axis=1) if enough.shape[1] else np.zeros(len(new), dtype=int)
    return np.where(enough.any(axis=1), base + first, np.nan)


# On tables


@dataclass(frozen=True)
class _Heard:
    """The interviews of a cohort in their order: their names, persons and presence of codes."""

    names: list[str]
    persons: list[str]
    present: np.ndarray
    order_by: str

    @property
    def people(self) -> int:
        """Return the number of persons."""
        return len(set(self.persons))


def in_order(interviews: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the interviews in the order they were held, where it is known, and what they are put in order by.

    Parameters
    ----------
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview``, ``order`` (a number) and ``order_by``, which is ``held`` where the order is that of the days.

    Returns
    -------
    interviews : pandas.DataFrame
        In the order of the days, and those of one day in the order of their ids; without the days, of the ids alone.
    order_by : str
        ``held`` or ``id``.
    """
    known = {"order", "order_by"} <= set(interviews) and bool((interviews["order_by"] == HELD).all())
    if known and interviews["order"].notna().all():
        return interviews.sort_values(["order", "interview"], kind="stable"), HELD
    return interviews.sort_values("interview", kind="stable"), ID


def _hear(codes: pd.DataFrame, interviews: pd.DataFrame, codebook: Codebook) -> _Heard:
    ordered, order_by = in_order(interviews)
    names = ordered["interview"].astype(str).tolist()
    row, column = ({name: place for place, name in enumerate(some)} for some in (names, codebook.codes))
    present = np.zeros((len(names), len(column)), dtype=bool)
    known = codes[codes["interview"].isin(row) & codes["code"].isin(column)]
    present[known["interview"].map(row).to_numpy(dtype=int), known["code"].map(column).to_numpy(dtype=int)] = True
    return _Heard(names, people_of(ordered).tolist(), present, order_by)


def _cohorts(interviews: pd.DataFrame, fewest: int) -> list[tuple[str, pd.DataFrame]]:
    """Return all interviews and those of every cohort; cohorts of too few people are put together."""
    groups, _dimensions = groups_of(interviews, ("cohort",), fewest)
    if "cohort" not in groups:
        return [(ALL, interviews)]
    cohort = people_of(interviews).map(groups["cohort"]).to_numpy()
    return [(ALL, interviews), *((name, interviews[cohort == name]) for name in sorted(set(cohort)))]


def step_by_step(codes: pd.DataFrame, interviews: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """List what each interview brought, in the order held or, where that is not known, of the ids.

    Returns
    -------
    pandas.DataFrame
        ``cohort, place, interview, codes, new, found, order_by``: codes in the interview, those that were new, and all
        found by then; any base and run can be judged from it. A row is about a person: the table is restricted.
    """
    import pandas as pd

    rows = []
    for cohort, some in _cohorts(interviews, 1):
        heard = _hear(codes, some, codebook)
        new = new_codes(heard.present)[0] if heard.names else []
        for place, (name, count) in enumerate(zip(heard.names, new, strict=True), 1):
            here = (int(heard.present[place - 1].sum()), int(count), int(sum(new[:place])))
            rows.append((cohort, place, name, *here, heard.order_by))
    return pd.DataFrame(rows, columns=STEP_COLUMNS)


def saturate(
    codes: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    *,
    bases: Sequence[int] = BASES,
    runs: Sequence[int] = RUNS,
    thresholds: Sequence[float] = THRESHOLDS,
    orders: int = ORDERS,
    seed: int = 1,
    fewest: int = 5,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge in all interviews and in every cohort how soon the codes of the codebook were covered.

    Parameters
    ----------
    codes : pandas.DataFrame, shape (sentences coded, columns)
        ``interview, code``; interviews that are not listed and codes that are not in the codebook do not count.
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview, person, cohort, order, order_by``, see :func:`in_order`.
    codebook : Codebook
        Codes.
    bases, runs : sequence of int
        Base sizes and run lengths, in interviews.
    thresholds : sequence of float
        Largest share of new codes, percent.
    orders : int
        Number of random orders.
    seed : int
        Seed of the orders; the same seed gives the same figures.
    fewest : int
        Floor of the tier: cohorts with fewer people are put together or left out, and the curve leaves out numbers of
        interviews that fewer people were in, or fewer were left out of.

    Returns
    -------
    rules : pandas.DataFrame
        One row a cohort and rule. ``held`` says whether saturation is reached in the order held: ``reached``, ``not
        reached``, ``not known`` where a day is missing, or ``not told``, as of all rules but the usual one. ``needed``
        is the number of interviews that took, with the run, and ``reported`` the same as in the paper (9+2: reached at
        9, shown by a run of 2). ``median``, ``low`` and ``high`` are the interviews needed over the random orders, with
        the run as well, empty where these are more than there are; ``orders_percent`` is the whole percent of the
        orders in which saturation is reached, 5 and 95 also for less and for more. Of fewer than 20 people, the median
        alone is told.
    curve : pandas.DataFrame
        One row a cohort and number of interviews: the whole percent of the codes of all its interviews that come up in
        so many, the median of the random orders and, of 20 people or more, a band.

    Notes
    -----
    A rule is judged where a base and two runs fit into the interviews: with fewer there is hardly a run to choose.
    Random orders start from the order of the ids, so that nothing of the order held is in their figures. Where a run
    within the threshold could bring no code at all, because few come up, the order held is not told: that two people
    said nothing new is about too few.
    """
    import pandas as pd

    rules, curve = [], []
    for cohort, some in _cohorts(interviews, fewest):
        heard = _hear(codes, some, codebook)
        if not heard.names:
            continue
        by_id = heard.present[np.argsort(np.array(heard.names), kind="stable")]
        other = new_codes(by_id, random_orders(len(by_id), orders, generator(seed)))
        said = f"{len(other):,} random orders, seed {seed}"
        curve += _curve(cohort, heard, other, said, fewest)
        for base in bases:
            for run in runs:
                rules += [_rule(cohort, heard, other, (base, run, threshold), said) for threshold in thresholds]
    return pd.DataFrame(rules, columns=RULE_COLUMNS), pd.DataFrame(curve, columns=CURVE_COLUMNS)


def _curve(cohort: str, heard: _Heard, other: np.ndarray, said: str, fewest: int) -> list[dict[str, Any]]:
    """Return the rows of the curve of a cohort, where as many people as the floor are in and left out."""
    found = np.cumsum(other, axis=1)
    interviews, codes = len(heard.names), int(heard.present.any(axis=0).sum())
    # So many interviews can be of fewer people than the floor: those of the persons who gave the most.
    few = sum(count for _person, count in Counter(heard.persons).most_common(max(0, fewest - 1)))
    if not codes:
        return []
    shares = 100 * np.quantile(found, (BAND[0], 0.5, BAND[1]), axis=0, method="inverted_cdf") / codes
    low, median, high = np.rint(shares).astype(int)
    wide = heard.people >= BAND_FROM
    return [
        {
            "cohort": cohort,
            "interviews": place,
            "people": heard.people,
            "median_percent": median[place - 1],
            "low_percent": low[place - 1] if wide else None,
            "high_percent": high[place - 1] if wide else None,
            "method": f"median{' and 5 % to 95 %' if wide else ''} of {said}",
            "note": "" if wide else MEDIAN_ONLY,
        }
        for place in range(few + 1, interviews - few)
    ]


def _error(orders: int) -> str:
    """Return how far a percent of so many random orders can be off in 95 of 100 cases, at the worst."""
    points = int(np.ceil(1.96 * 50 / np.sqrt(orders)))
    return f"{points} point{'' if points == 1 else 's'} in 95 of 100 cases"


def _rule(cohort: str, heard: _Heard, other: np.ndarray, rule: tuple[int, int, float], said: str) -> dict[str, Any]:
    """Return the row of one rule."""
    base, run, threshold = rule
    wide = heard.people >= BAND_FROM
    row: dict[str, Any] = dict.fromkeys(RULE_COLUMNS)
    row |= {
        "cohort": cohort,
        "base": base,
        "run": run,
        "threshold": threshold,
        "rule": f"base {base}, run {run}, {f'at most {threshold:g} % new' if threshold else 'nothing new'}",
        "people": heard.people,
        "interviews": len(heard.names),
        "order_by": heard.order_by,
        "held": "",
        "reported": "",
        "method": f"{GUEST}; {said}{f', a percent of them within {_error(len(other))}' if wide else ''}",
    }
    if len(heard.names) < base + 2 * run:
        return row | {"note": f"undefined: fewer than {base + 2 * run} interviews"}
    if not heard.present.any():
        return row | {"note": "undefined: no code comes up"}
    # Orders in which saturation is not reached need more interviews than there are: the largest values, not none.
    needed = np.nan_to_num(reached(other, base, run, threshold / 100) + run, nan=np.inf)
    low, median, high = np.quantile(needed, (BAND[0], 0.5, BAND[1]), method="inverted_cdf")
    row |= {"median": median if np.isfinite(median) else None, "note": "" if wide else MEDIAN_ONLY}
    if wide:
        row |= {name: limit for name, limit in (("low", low), ("high", high)) if np.isfinite(limit)}
        row["orders_percent"] = int(np.clip(np.rint(100 * np.isfinite(needed).mean()), LEAST, MOST))
    if heard.order_by != HELD:
        return row | {"held": NOT_KNOWN}
    # Judged from random orders: whether it is told must not depend on the first few interviews.
    if rule != USUAL or threshold / 100 * np.median(other[:, :base].sum(axis=1)) < 1:
        return row | {"held": NOT_TOLD}
    at = reached(new_codes(heard.present), base, run, threshold / 100)[0]
    if np.isnan(at):
        return row | {"held": NOT_REACHED}
    return row | {"held": REACHED, "reported": f"{at:.0f}+{run}", "needed": int(at) + run}


def frequencies(codes: pd.DataFrame, interviews: pd.DataFrame, codebook: Codebook, fewest: int = 5) -> pd.DataFrame:
    """Count the codes by the number of people who speak of them.

    Parameters
    ----------
    codes, interviews, codebook
        As in :func:`saturate`.
    fewest : int
        Width of the steps, and the floor of the tier: codes of fewer people are one step, with those of nobody.

    Returns
    -------
    pandas.DataFrame
        ``people_from, people_to, codes, all_codes, percent``, for everybody; the last step ends with all who were
        asked.
    """
    import pandas as pd

    heard = _hear(codes, interviews, codebook)
    by_person = pd.DataFrame(heard.present).groupby(heard.persons).any()
    asked, spoken = len(by_person), by_person.sum(axis=0).to_numpy()
    width = max(1, fewest)
    rows = []
    for start in range(0, asked + 1, width):
        # What is left at the end is narrower than a step and is part of the last one.
        end = asked if start + 2 * width > asked + 1 else start + width - 1
        inside = int(((spoken >= start) & (spoken <= end)).sum())
        percent = 100 * inside / len(spoken) if len(spoken) else None
        rows.append((start, end, inside, len(spoken), percent))
        if end == asked:
            break
    return pd.DataFrame(rows, columns=FREQUENCY_COLUMNS)
