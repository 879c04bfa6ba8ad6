"""Who took part: flow, characteristics, participation by wave, distributions of the scores."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from piloteval.config import Scale, read_instruments, read_tsv, scales_of
from piloteval.measures.flow import answered, describe_flow

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


def _cohorts(table: pd.DataFrame) -> list[str]:
    """Return `all` and, where there is more than one, every cohort."""
    names = sorted(name for name in table["cohort"].unique() if name)
    return [ALL, *names] if len(names) > 1 else [ALL]


def _in(table: pd.DataFrame, cohort: str) -> pd.DataFrame:
    return table if cohort == ALL else table[table["cohort"] == cohort]


def _bands(values: pd.Series, edges: list[int], unit: str) -> pd.Series:
    """Cut a number into ordered bands named as a reader says them."""
    import pandas as pd

    labels = [
        f"under {edges[0]} {unit}",
        *(f"{low} to {high - 1} {unit}" for low, high in pairwise(edges)),
        f"{edges[-1]} {unit} or more",
    ]
    cut = pd.cut(values, [-float("inf"), *edges, float("inf")], right=False, labels=labels)
    return cut.cat.add_categories("not recorded").fillna("not recorded")


def describe_characteristics(
    participants: pd.DataFrame, countries: dict[str, str], settings: dict[str, str]
) -> pd.DataFrame:
    """Count participants by country, setting, profession, age and experience, in all and by cohort.

    Parameters
    ----------
    participants : pandas.DataFrame
        Admitted participants.
    countries : dict of str to str
        Names of the country codes.
    settings : dict of str to str
        Setting of each site.

    Returns
    -------
    pandas.DataFrame
        Every variable has a row ``all`` a cohort, so that withheld cells can be protected along both margins.
    """
    import pandas as pd

    variables = {
        "country": participants["country"].map(lambda code: countries.get(code, code)),
        "setting": participants["site"].map(settings),
        "profession": participants["profession"],
        "age": _bands(participants["age"], [30, 40, 50], "years"),
        "experience": _bands(participants["experience_years"], [10, 20], "years"),
    }
    rows = []
    for variable, values in variables.items():
        filled = values.astype(object).fillna("not recorded").replace("", "not recorded")
        if (filled == "not recorded").all():
            continue
        order = list(values.cat.categories) if hasattr(values, "cat") else sorted(filled.unique())
        levels = [level for level in order if (filled == level).any()]
        for cohort in _cohorts(participants):
            here = filled[_in(participants, cohort).index]
            for level in [*levels, ALL]:
                count = len(here) if level == ALL else int((here == level).sum())
                rows.append(
                    {
                        "variable": variable,
                        "level": level,
                        "cohort": cohort,
                        "people": count,
                        "of_people": len(here),
                        "percent": None,
                        "note": "",
                    }
                )
    return pd.DataFrame(rows, columns=["variable", "level", "cohort", "people", "of_people", "percent", "note"])


def describe_waves(participants: pd.DataFrame, scores: pd.DataFrame, waves: list[str]) -> pd.DataFrame:
    """Count participants by the set of waves they answered."""
    import pandas as pd

    present = answered(scores, waves)
    pattern = participants["person"].map(
        lambda person: " and ".join(wave for wave in waves if person in present[wave]) or "none"
    )
    rows = []
    for cohort in _cohorts(participants):
        here = pattern[_in(participants, cohort).index]
        for name in [*sorted(pattern.unique()), ALL]:
            rows.append(
                {
                    "pattern": name,
                    "cohort": cohort,
                    "people": len(here) if name == ALL else int((here == name).sum()),
                    "note": "",
                }
            )
    return pd.DataFrame(rows, columns=["pattern", "cohort", "people", "note"])


def describe_scores(scores: pd.DataFrame, scales: dict[str, Scale], waves: list[str]) -> pd.DataFrame:
    """Describe the distribution of every score by wave and cohort.

    Returns
    -------
    pandas.DataFrame
        Mean and standard deviation (n - 1), rounded to about a two-hundredth of the range, median and quartiles
        (linear interpolation, R type 7), and the share at the lowest and at the highest possible score in percent.
        ``n_without_score`` counts participants with too few answers.
    """
    import pandas as pd

    rows = []
    for scale in scales.values():
        for wave in waves:
            for cohort in _cohorts(scores):
                every = _in(scores[(scores["scale"] == scale.id) & (scores["wave"] == wave)], cohort)["score"]
                values = every.dropna()
                some = len(values) > 0
                quartiles = (
                    values.quantile([0.25, 0.5, 0.75]) if some else pd.Series({0.25: None, 0.5: None, 0.75: None})
                )
                low, high = scale.range
                rows.append(
                    {
                        "scale": scale.id,
                        "label": scale.label,
                        "wave": wave,
                        "cohort": cohort,
                        "range_low": low,
                        "range_high": high,
                        "n": len(values),
                        "n_without_score": len(every) - len(values),
                        "mean": round(float(values.mean()), scale.decimals) if some else None,
                        "sd": round(float(values.std(ddof=1)), scale.decimals) if len(values) > 1 else None,
                        "median": quartiles[0.5],
                        "q1": quartiles[0.25],
                        "q3": quartiles[0.75],
                        "floor_people": int((values <= low).sum()),
                        "floor_percent": None,
                        "ceiling_people": int((values >= high).sum()),
                        "ceiling_percent": None,
                        "note": "",
                    }
                )
    return pd.DataFrame(rows)


def run(
    screening: pd.DataFrame,
    participants: pd.DataFrame,
    scores: pd.DataFrame,
    interviewees: pd.DataFrame,
    *,
    sites: list[str],
    instruments: list[str],
    waves: list[str],
    countries: dict[str, str],
    registered: bool,
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Return the tables of rule ``describe_sample``."""
    counted = {"registered": registered, "countries": countries}
    steps = screening, participants, scores, interviewees, waves
    settings = {one["site"]: one["setting"] for one in read_tsv(sites[0], "sites")} if sites else {}
    return {
        "flow": describe_flow(*steps, **counted, floor=floor),
        "every_step": describe_flow(*steps, **counted),
        "characteristics": describe_characteristics(participants, countries, settings),
        "waves": describe_waves(participants, scores, waves),
        "scores": describe_scores(scores, scales_of(read_instruments(instruments)), waves),
    }
