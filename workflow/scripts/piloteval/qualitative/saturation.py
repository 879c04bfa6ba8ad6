"""Saturation: how many new codes each further interview brings, in the order held and in any other order.

Whether enough people were heard is judged after Guest, Namey and Chen: the codes that a run of interviews adds, as a
share of the codes in the first few interviews, the base. The order of interviews is chance for the most part, so the
same is done in many other orders. Saturation of a codebook made beforehand says that its codes came up, and nothing of
themes that nobody looked for.
"""

from __future__ import annotations

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

#: The choice that is told first.
USUAL = (4, 2, 5.0)

ORDERS = 500
BAND = (0.05, 0.95)

GUEST = "saturation after Guest, Namey and Chen (2020)"

CURVE_COLUMNS = ["cohort", "interviews", "people", "found", "median", "low", "high", "order_by", "band_method", "note"]
STEP_COLUMNS = ["cohort", "place", "interview", "codes", "new", "found"]
RULE_COLUMNS = [
    *("cohort", "base", "run", "threshold", "rule", "people", "interviews", "reported", "reached", "new_percent"),
    *("codes", "all_codes", "codes_percent", "orders_percent", "median", "low", "high", "method", "note"),
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


def in_order(interviews: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the interviews in the order they were held, and by what they were put in order.

    ``order`` (a number) is used where every interview has one, else ``held_on`` (ISO dates), else the ids; interviews
    of one day keep the order of their ids.
    """
    for column, said in (("order", "the list"), ("held_on", "the days they were held")):
        if column in interviews and interviews[column].notna().all() and (interviews[column].astype(str) != "").all():
            return interviews.sort_values([column, "interview"], kind="stable"), said
    return interviews.sort_values("interview", kind="stable"), "their ids, since not every day is known"


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
    """List what each interview brought, in the order held.

    Returns
    -------
    pandas.DataFrame
        ``cohort, place, interview, codes, new, found``: codes in the interview, those that were new, and all found by
        then. A row is about a person: the table is restricted.
    """
    import pandas as pd

    rows = []
    for cohort, some in _cohorts(interviews, 1):
        heard = _hear(codes, some, codebook)
        new = new_codes(heard.present)[0] if heard.names else []
        for place, (name, count) in enumerate(zip(heard.names, new, strict=True), 1):
            rows.append((cohort, place, name, int(heard.present[place - 1].sum()), int(count), int(sum(new[:place]))))
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
    """Judge saturation in all interviews and in every cohort.

    Parameters
    ----------
    codes : pandas.DataFrame, shape (sentences coded, columns)
        ``interview, code``; interviews that are not listed and codes that are not in the codebook do not count.
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview, person, cohort`` and ``order`` or ``held_on``.
    codebook : Codebook
        Codes.
    bases, runs : sequence of int
        Base sizes and run lengths, in interviews.
    thresholds : sequence of float
        Largest share of new information, percent.
    orders : int
        Number of random orders.
    seed : int
        Seed of the orders; the same seed gives the same band.
    fewest : int
        Floor of the tier: cohorts with fewer people are put together or left out, and how many codes were found after
        so few people is not told.

    Returns
    -------
    rules : pandas.DataFrame
        One row a cohort and rule. ``reported`` is as in the paper (6+2: reached at 6 interviews, shown by a run of 2);
        ``new_percent`` is the share of new codes of that run, or of the last run when saturation is not reached;
        ``codes_percent`` is the share of all codes found by then; ``median``, ``low`` and ``high`` are the interviews
        needed, with the run, over the random orders, empty where these are more than there are; ``orders_percent`` is
        the share of the orders in which saturation is reached.
    curve : pandas.DataFrame
        One row a cohort and number of interviews: codes found in the order held, and the median and the band of the
        random orders.
    """
    import pandas as pd

    rules, curve = [], []
    for cohort, some in _cohorts(interviews, fewest):
        heard = _hear(codes, some, codebook)
        if not heard.names:
            continue
        held = new_codes(heard.present)
        places = random_orders(len(heard.names), orders, generator(seed))
        other = new_codes(heard.present, places)
        curve += _curve(cohort, heard, held[0], other, seed, fewest)
        for base in bases:
            for run in runs:
                for threshold in thresholds:
                    rules.append(_rule(cohort, heard, held, other, (base, run, threshold), seed))
    return pd.DataFrame(rules, columns=RULE_COLUMNS), pd.DataFrame(curve, columns=CURVE_COLUMNS)


def _curve(
    cohort: str, heard: _Heard, held: np.ndarray, other: np.ndarray, seed: int, fewest: int
) -> list[dict[str, Any]]:
    """Return the rows of the curve of a cohort."""
    found = np.cumsum(other, axis=1)
    low, median, high = np.quantile(found, (BAND[0], 0.5, BAND[1]), axis=0, method="inverted_cdf")
    band = f"5 % to 95 % of {len(other):,} random orders, seed {seed}"
    rows = []
    for place in range(len(heard.names)):
        told = len(set(heard.persons[: place + 1])) >= fewest
        rows.append(
            {
                "cohort": cohort,
                "interviews": place + 1,
                "people": len(set(heard.persons)),
                "found": int(held[: place + 1].sum()) if told else None,
                "median": median[place],
                "low": low[place],
                "high": high[place],
                "order_by": heard.order_by,
                "band_method": band,
                "note": "" if told else "codes found in the order held are not told of so few people",
            }
        )
    return rows


def _rule(
    cohort: str,
    heard: _Heard,
    held: np.ndarray,
    other: np.ndarray,
    rule: tuple[int, int, float],
    seed: int,
) -> dict[str, Any]:
    """Return the row of one rule."""
    base, run, threshold = rule
    interviews, codes = len(heard.names), int(held.sum())
    row: dict[str, Any] = dict.fromkeys(RULE_COLUMNS)
    row |= {
        "cohort": cohort,
        "base": base,
        "run": run,
        "threshold": threshold,
        "rule": f"base {base}, run {run}, {f'at most {threshold:g} % new' if threshold else 'nothing new'}",
        "people": len(set(heard.persons)),
        "interviews": interviews,
        "reported": "",
        "all_codes": codes,
        "method": f"{GUEST}, interviews in the order of {heard.order_by}; median and 5 % to 95 % of {len(other):,} "
        f"random orders, seed {seed}",
        "note": "",
    }
    if interviews < base + run:
        return row | {"note": f"undefined: fewer than {base + run} interviews"}
    if not held[0, :base].any():
        return row | {"note": "undefined: no code comes up in the base"}
    at = reached(held, base, run, threshold / 100)[0]
    last = interviews - run if np.isnan(at) else int(at)
    here = int(held[0, : last + run].sum())
    # Orders in which saturation is not reached need more interviews than there are: the largest values, not none.
    needed = np.nan_to_num(reached(other, base, run, threshold / 100) + run, nan=np.inf)
    limits = np.quantile(needed, (BAND[0], 0.5, BAND[1]), method="inverted_cdf")
    row |= {
        "new_percent": 100 * new_information(held, base, run)[0, last - base],
        "codes": here,
        "codes_percent": 100 * here / codes,
        "orders_percent": 100 * float(np.isfinite(needed).mean()),
        **{
            name: float(limit) if np.isfinite(limit) else None
            for name, limit in zip(("low", "median", "high"), limits, strict=True)
        },
    }
    if np.isnan(at):
        return row | {"note": "not reached: the last run still brings more"}
    return row | {"reported": f"{last}+{run}", "reached": last}


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
