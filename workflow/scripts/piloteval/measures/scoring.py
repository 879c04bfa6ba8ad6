"""From answers to scale scores, by the instrument's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.config import Instrument, read_instruments
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import Intake
from piloteval.intake.sheet import Source, require
from piloteval.people import ADMITTED

if TYPE_CHECKING:
    import pandas as pd


def keep_admitted(
    intake: Intake, pseudonyms: pd.DataFrame, participants: pd.DataFrame, languages: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the answers of admitted participants, under their pseudonyms.

    Parameters
    ----------
    intake : Intake
        Answers as read, one a row, with raw participant ids.
    pseudonyms : pandas.DataFrame
        Raw id, pseudonym and status of every registered person.
    participants : pandas.DataFrame
        Admitted participants.
    languages : dict of str to str
        Language of the questionnaire by source; empty where the landing sheet tells none.

    Returns
    -------
    responses : pandas.DataFrame
        Answers with pseudonym, site, country, cohort and language; sorted, so that the order of the raw files is not
        kept.
    rows : pandas.DataFrame
        The ledger: what became of every respondent's row.
    """
    status = dict(zip(pseudonyms["participant"], pseudonyms["status"], strict=True))
    name = dict(zip(pseudonyms["participant"], pseudonyms["person"], strict=True))
    answers = intake.table()
    # Whoever stands twice in a wave was set aside at intake, so these three name a questionnaire in every layout.
    fates = [
        (one["source"], one["wave"], status[one["participant"]])
        for one in answers.drop_duplicates(["source", "participant", "wave"]).to_dict("records")
    ]
    kept = answers[answers["participant"].map(status) == ADMITTED]
    kept = kept.assign(person=kept["participant"].map(name), language=kept["source"].map(languages).astype("str"))
    kept = kept.drop(columns=["participant", "source", "row", "site"])
    kept = kept.merge(
        participants[["person", "site", "country", "cohort"]], on="person", how="left", validate="many_to_one"
    )
    columns = ["person", "site", "country", "cohort", "language", "wave", "instrument", "item", "value"]
    return kept[columns].sort_values(["person", "wave", "instrument"], kind="stable"), account(intake.ledger, fates)


def reverse(values: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Return item answers with reversed items turned round: lowest plus highest allowed answer, less the answer.

    Parameters
    ----------
    values : pandas.DataFrame, shape (people, items)
        Answers, one column an item; items of other instruments are left as they are.
    """
    turned = values.copy()
    for item in instrument.reverse & set(values.columns):
        turned[item] = instrument.values[0] + instrument.values[-1] - turned[item]
    return turned


def items_wide(responses: pd.DataFrame, instrument: Instrument, wave: str) -> pd.DataFrame:
    """Return the answers of one instrument in one wave, reversed items turned round.

    Returns
    -------
    pandas.DataFrame, shape (people, items)
        Index is the person; an unanswered item is missing.
    """
    here = responses[(responses["instrument"] == instrument.id) & (responses["wave"] == wave)]
    wide = here.pivot(index="person", columns="item", values="value").reindex(columns=list(instrument.items))
    return reverse(wide.astype("float64"), instrument)


def score(responses: pd.DataFrame, instruments: dict[str, Instrument]) -> pd.DataFrame:
    """Compute every scale score of every participant and wave.

    Parameters
    ----------
    responses : pandas.DataFrame
        Answers, one a row.
    instruments : dict of str to Instrument
        Scoring rules.

    Returns
    -------
    pandas.DataFrame
        One row a person, wave and scale. A score needs at least the declared share of its items answered; below it the
        score is missing and ``note`` says so. A mean is the mean of the answered items; a sum needs all of them, since
        a sum over fewer items is another quantity. The result is multiplied by the scale's factor.
    """
    import pandas as pd

    people = responses[["person", "site", "country", "cohort"]].drop_duplicates("person").set_index("person")
    parts: list[dict[str, Any]] = []
    for instrument in instruments.values():
        for wave in responses.loc[responses["instrument"] == instrument.id, "wave"].drop_duplicates():
            wide = items_wide(responses, instrument, wave)
            for scale in instrument.scales:
                items = wide[list(scale.items)]
                answered = items.notna().sum(axis=1)
                enough = answered >= scale.min_answered * len(scale.items) - 1e-9
                if scale.score == "sum":
                    enough &= answered == len(scale.items)
                value = items.mean(axis=1) if scale.score == "mean" else items.sum(axis=1)
                for person in wide.index:
                    ready = bool(enough[person]) and answered[person] > 0
                    parts.append(
                        {
                            "person": person,
                            **people.loc[person].to_dict(),
                            "wave": wave,
                            "scale": scale.id,
                            "score": float(value[person]) * scale.multiply if ready else None,
                            "answered": int(answered[person]),
                            "items": len(scale.items),
                            "note": "" if ready else "too few items answered",
                        }
                    )
    columns = ["person", "site", "country", "cohort", "wave", "scale", "score", "answered", "items", "note"]
    return pd.DataFrame(parts, columns=columns).sort_values(["person", "wave", "scale"], kind="stable")


def run(
    sources: list[Source],
    instruments: list[str],
    pseudonyms: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    registered: bool,
    settings: dict[str, Any],
) -> dict[str, pd.DataFrame]:
    """Read the questionnaires, keep admitted participants and score them.

    Parameters
    ----------
    sources : list of Source
        Questionnaire files.
    instruments : list of str
        Instrument files.
    pseudonyms, participants : pandas.DataFrame
        Who is admitted, and under which pseudonym.
    registered : bool
        Whether the study has a register against which ids are checked.
    settings : dict
        What the study calls the columns of its questionnaires.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``responses``, ``scores`` and the ledger ``rows``.
    """
    known = read_instruments(instruments)
    people = set(pseudonyms["participant"]) if registered else None
    gate = open_gate(sources)
    intake = read_questionnaires(sources, known, people=people, settings=settings, gate=gate)
    require(sources, settings, [*gate.problems, *intake.problems])
    languages = {one.source: one.language for one in sources}
    responses, rows = keep_admitted(intake, pseudonyms, participants, languages)
    return {"responses": responses, "scores": score(responses, known), "rows": rows}
