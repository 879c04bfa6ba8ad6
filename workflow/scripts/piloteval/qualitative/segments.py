"""From transcripts to segments: the sentences of participants, each with its place in the stored text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.errors import ContractError
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.intake.transcripts import Transcript, read_interviews
from piloteval.people import ADMITTED, EXCLUDED
from piloteval.qualitative.language import pipeline
from piloteval.qualitative.prepare import (
    OUTDATED,
    SIGNED,
    count_labels,
    list_replacements,
    list_unknown,
    load_models,
    prepare,
    read_entries,
    sign_offs,
)
from piloteval.qualitative.review import review_page

if TYPE_CHECKING:
    import pandas as pd


def segment(transcripts: list[Transcript], cohorts: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut participants' speech into sentences.

    Parameters
    ----------
    transcripts : list of Transcript
        The transcripts of admitted interviews.
    cohorts : dict of str to str
        Cohort of each interview.

    Returns
    -------
    texts : pandas.DataFrame
        The stored text of every interview.
    segments : pandas.DataFrame
        One row a sentence of a participant with offsets into the stored text (Unicode code points, end exclusive) and,
        where the transcript has time marks, the second of the recording at which its turn begins.
        Interviewer speech is context and never a segment.

    Raises
    ------
    ContractError
        A segment is not found again at its offsets.
    """
    import pandas as pd

    texts, rows = [], []
    for one in sorted(transcripts, key=lambda t: t.interview):
        cohort = cohorts.get(one.interview, "")
        texts.append({"interview": one.interview, "language": one.language, "cohort": cohort, "text": one.text})
        nlp = pipeline(one.language)
        number = 0
        for turn_number, turn in enumerate(one.turns, start=1):
            if turn.role != "participant":
                continue
            for sentence in nlp(turn.speech).sents:
                words = sentence.text.strip()
                if not words:
                    continue
                number += 1
                start = turn.start + sentence.start_char + (len(sentence.text) - len(sentence.text.lstrip()))
                rows.append(
                    {
                        "interview": one.interview,
                        "segment": number,
                        "language": one.language,
                        "cohort": cohort,
                        "turn": turn_number,
                        "start": start,
                        "end": start + len(words),
                        "turn_at": turn.at,
                        "text": words,
                    }
                )
    segments = pd.DataFrame(
        rows, columns=["interview", "segment", "language", "cohort", "turn", "start", "end", "turn_at", "text"]
    )
    verify(segments, {one["interview"]: one["text"] for one in texts}, "text")
    return pd.DataFrame(texts, columns=["interview", "language", "cohort", "text"]), segments


def verify(spans: pd.DataFrame, texts: dict[str, str], quote: str) -> None:
    """Check that every span still holds its words: ``text[start:end] == quote``.

    Raises
    ------
    ContractError
        A span has come loose from its text.
    """
    for one in spans.to_dict("records"):
        if texts[one["interview"]][one["start"] : one["end"]] != one[quote]:
            raise ContractError(
                f"A span of interview {one['interview']} at {one['start']} does not hold its words any more. "
                "Please report this."
            )


def count_transcripts(segments: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """Count interviews, languages, words and sentences of participants by cohort, with the total, and sign-offs.

    Interviews are not counted by language: with a few interviews a language, every such cell would be withheld.
    """
    import pandas as pd

    counted = segments.assign(words=segments["text"].str.split().str.len())
    named = [name for name in sorted(segments["cohort"].unique()) if name]
    rows = []
    for cohort in ["all", *(named if len(named) > 1 else [])]:
        here = counted if cohort == "all" else counted[counted["cohort"] == cohort]
        rows.append(
            {
                "cohort": cohort,
                "interviews": here["interview"].nunique(),
                "languages": here["language"].nunique(),
                "words": here["words"].sum(),
                "sentences": len(here),
                "signed_off": int((texts["signed"] == SIGNED).sum()) if cohort == "all" else None,
                "changed_since": int((texts["signed"] == OUTDATED).sum()) if cohort == "all" else None,
                "note": "",
            }
        )
    columns = ["cohort", "interviews", "languages", "words", "sentences", "signed_off", "changed_since", "note"]
    return pd.DataFrame(rows, columns=columns)


def run(
    sources: list[Source],
    interviewees: pd.DataFrame,
    sites: list[str],
    *,
    settings: dict[str, Any],
    models: dict[str, str],
    banner: str,
) -> dict[str, Any]:
    """Read the transcripts, keep the interviews that may be heard, take names out and cut them into sentences.

    Parameters
    ----------
    sources : list of Source
        Transcripts with the deny-list, the sign-offs and the labels of a person, and what the gate reads.
    interviewees : pandas.DataFrame
        Who may be heard, and quoted.
    sites : list of str
        Sheet of the institutions, whose names are replaced too.
    settings : dict
        What the configuration knows.
    models : dict of str to str
        spaCy pipelines with an entity recogniser by language.
    banner : str
        What the page for the sign-off says of the data.

    Returns
    -------
    dict
        The tables and the page of rule ``prepare_transcripts``.
    """
    decisions, gate = read_decisions(sources), open_gate(sources)
    transcripts, problems, ledger = read_interviews(
        sources,
        settings["interviewers"],
        settings["participants"],
        other_labels=settings["others"],
        not_labels=settings["not_labels"],
        gate=gate,
    )
    entries, listed = read_entries(sources, sites, decisions)
    given, labels = (
        read_records(kind, of_kind(sources, kind), {}, decisions=decisions, gate=gate)
        for kind in ("signoff", "identifiers")
    )
    lists = (listed, given, labels)
    found = [*decisions.problems, *gate.problems, *problems, *(one for intake in lists for one in intake.problems)]
    require(sources, settings, found)
    status = dict(zip(interviewees["interview"], interviewees["status"], strict=True))
    heard = [one for one in transcripts if status.get(one.interview) == ADMITTED]
    ids = {one for one in (*gate.registered, *gate.withdrawn, *gate.heard) if not one.isdigit() or len(one) > 3}
    prepared = prepare(heard, entries, ids, load_models(models))
    states = sign_offs(prepared, given.records)
    cohorts = dict(zip(interviewees["interview"], interviewees["cohort"], strict=True))
    texts, segments = segment([one.transcript for one in prepared], cohorts)
    texts["sha256"] = [one.digest for one in prepared]
    texts["signed"] = texts["interview"].map(states).astype(object)
    quoted = set(interviewees.loc[interviewees["quotes"] == "yes", "interview"])
    texts["quotes"] = [
        "yes" if signed == SIGNED and name in quoted else "no"
        for name, signed in zip(texts["interview"], texts["signed"], strict=True)
    ]
    source = {one.unit: one.source for one in of_kind(sources, "transcript")}
    fates = [
        # A transcript whose row in the list of interviews was set aside is nobody's.
        *((source[one.interview], "", status.get(one.interview, EXCLUDED)) for one in transcripts),
        *((one["source"], one["unit"], ADMITTED) for intake in lists for one in intake.records),
    ]
    lines = [*ledger, *(entry for intake in lists for entry in intake.ledger)]
    signed = next((one.path for one in of_kind(sources, "signoff")), "")
    return {
        "texts": texts,
        "segments": segments,
        "replacements": list_replacements(prepared),
        "unknown": list_unknown(prepared),
        "review": review_page(prepared, states, banner=banner, signoff=signed),
        "transcripts": count_transcripts(segments, texts),
        "labelled": count_labels(prepared, labels.records),
        "rows": account(lines, fates),
    }
