"""The participant flow: from the register to the analysis, in all and by cohort, country and wave (STROBE, item 13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from piloteval import tiers
from piloteval.intake.gate import NO_CONSENT, NOT_RECORDED
from piloteval.people import ADMITTED, ASIDE, EXCLUDED, WITHDRAWN

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["step", "wave", "by", "group", "people", "note"]
EVERY = "every wave"
NOT_ELIGIBLE = "not eligible"

#: Steps that are shown by group; the others count few people, whom cohort and country would lead to.
BY_GROUP = ("enrolled", "answered", "interviewed")


def answered(scores: pd.DataFrame, waves: Sequence[str]) -> dict[str, set[str]]:
    """Return who answered at least one item in each wave; a questionnaire sent back blank is no answer."""
    some = scores[scores["answered"] > 0]
    return {wave: set(some.loc[some["wave"] == wave, "person"]) for wave in waves}


def _people(interviewees: pd.DataFrame) -> int:
    """Count who was interviewed; where speakers have no pseudonym, every interview is taken for another person's."""
    named = interviewees["speaker"][interviewees["speaker"] != ""]
    return int(named.nunique() + len(interviewees) - len(named))


def _before(screening: pd.DataFrame, among: pd.Series) -> list[tuple[str, str, int]]:
    """Return the steps before the enrolment as (step, reason, people)."""
    here = screening[among]
    refused = here["reason"].isin([NO_CONSENT, NOT_RECORDED])
    steps = [
        ("registered", here.index == here.index),
        ("withdrew", here["status"] == WITHDRAWN),
        ("did not consent", refused),
        ("row set aside", here["status"] == ASIDE),
        (NOT_ELIGIBLE, (here["status"] == EXCLUDED) & ~refused),
    ]
    rows = []
    for step, kept in steps:
        if step == "row set aside" and not kept.any():
            continue
        rows.append((step, "", int(kept.sum())))
        if step in ("did not consent", NOT_ELIGIBLE):
            rows += [(step, why, int(n)) for why, n in here.loc[kept, "reason"].value_counts().sort_index().items()]
    return rows


def _after(people: set[str], present: Mapping[str, set[str]], spoke: int | None) -> list[tuple[str, str, int]]:
    """Return the steps from the enrolment on as (step, wave, people)."""
    rows = [("enrolled", "", len(people))]
    for wave, who in present.items():
        rows += [("answered", wave, len(people & who)), ("did not answer", wave, len(people - who))]
    if len(present) > 1:
        rows.append(("answered", EVERY, len(people & set.intersection(*present.values()))))
        rows.append(("did not answer", EVERY, len(people - set.union(*present.values()))))
    if spoke is not None:
        rows.append(("interviewed", "", spoke))
    return rows


def describe_flow(
    screening: pd.DataFrame,
    participants: pd.DataFrame,
    scores: pd.DataFrame,
    interviewees: pd.DataFrame,
    waves: Sequence[str],
    *,
    registered: bool = True,
    floor: int = 0,
    countries: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Count people at every step of the study.

    Parameters
    ----------
    screening : pandas.DataFrame
        One row a registered person with ``cohort``, ``country``, ``status`` and ``reason``; of people the gate turned
        away cohort and country are empty.
    participants : pandas.DataFrame
        Admitted participants.
    scores : pandas.DataFrame
        One row a person, wave and scale.
    interviewees : pandas.DataFrame
        One row an interview that was let in.
    waves : sequence of str
        Waves in time order.
    registered : bool
        Whether the study has a register; without one everybody who answered is in, and there are no steps before.
    floor : int
        Counts by cohort and country under it are withheld, and others with them so that none follows from the totals; 0
        shows all of them, and the steps of few people too (restricted).
    countries : mapping of str to str, optional
        Names of the country codes.

    Returns
    -------
    pandas.DataFrame
        Columns ``step, wave, by, group, people, note``. ``by`` is empty for the totals, which are exact, ``reason``,
        ``cohort`` or ``country``. Registered = withdrew + did not consent + row set aside + not eligible + enrolled;
        enrolled = answered + did not answer in every wave; for ``every wave`` these are who answered all and who
        answered none. Interviewed are those admitted to the interviews, who need not be in the survey.
    """
    import pandas as pd

    names = dict(countries or {})
    present = answered(scores, waves)
    spoke = interviewees[interviewees["status"] == ADMITTED]
    rows: list[dict[str, Any]] = []

    def add(step: str, wave: str, by: str, group: str, people: int) -> None:
        rows.append({"step": step, "wave": wave, "by": by, "group": group, "people": people, "note": ""})

    if registered:
        for step, reason, people in _before(screening, screening["status"] == screening["status"]):
            add(step, "", "reason" if reason else "", reason, people)
    elif (screening["status"] == WITHDRAWN).any():
        add("withdrew", "", "", "", int((screening["status"] == WITHDRAWN).sum()))
    everybody = set(participants["person"])
    for step, wave, people in _after(everybody, present, _people(spoke) if len(interviewees) else None):
        add(step, wave, "", "", people)
    for by in ("cohort", "country"):
        groups = sorted(set(participants[by]) - {""})
        for group in [*groups, *([""] if "" in set(participants[by]) else [])] if len(groups) > 1 else ():
            name = names.get(group, group) or "not recorded"
            if not floor:
                before = _before(screening, screening[by] == group)
                add(NOT_ELIGIBLE, "", by, name, sum(n for step, why, n in before if step == NOT_ELIGIBLE and not why))
            here = set(participants.loc[participants[by] == group, "person"])
            talked = _people(spoke[spoke[by] == group]) if len(interviewees) else None
            for step, wave, people in _after(here, present, talked):
                if not floor or step in BY_GROUP:
                    add(step, wave, by, name, people)
    return _withhold(pd.DataFrame(rows, columns=COLUMNS), floor)


def _withhold(flow: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Withhold small counts by group, and others so that none follows from the total of its line.

    How many of a cohort answered is the n of every analysis, so it is shown where it is no small count itself. Of a
    country it is said nowhere else; there it is also withheld where the people who did not answer are few.
    """
    import pandas as pd

    flow = flow.astype({"people": "Int64"})
    enrolled = flow[flow["step"] == "enrolled"].set_index(["by", "group"])["people"]
    for (step, wave, by), line in flow[flow["by"].isin(["cohort", "country"])].groupby(["step", "wave", "by"]):
        total = flow[(flow["step"] == step) & (flow["wave"] == wave) & (flow["by"] == "")]
        both = pd.concat([line, total.assign(group="all")])
        if by == "country" and step == "answered" and floor:
            rest = [
                enrolled[by, group] - people < floor
                for group, people in zip(line["group"], line["people"], strict=True)
            ]
            if wave == EVERY:  # nor few who answered one wave and not every
                waves = flow[(flow["by"] == by) & (flow["step"] == step) & (flow["wave"] != EVERY)]
                most = waves.groupby("group")["people"].min()
                few = [
                    pd.isna(most.get(group)) or most[group] - people < floor
                    for group, people in zip(line["group"], line["people"], strict=True)
                ]
                rest = [one or other for one, other in zip(rest, few, strict=True)]
            both.loc[line.index[rest], "people"] = pd.NA
        state = tiers.withheld(both, ("people",), floor, (("group", "all"),), ("group",))
        hidden = both.index[((state != "") | both["people"].isna()) & (both["group"] != "all")]
        flow.loc[hidden, "people"] = pd.NA
        flow.loc[hidden, "note"] = tiers.WITHHELD.format(floor=floor)
    return flow
