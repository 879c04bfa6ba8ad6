"""From transcripts to segments: the sentences of participants, each with its place in the stored text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.errors import ContractError
from piloteval.intake.ledger import account
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.intake.transcripts import Transcript, read_interviews
from piloteval.people import ADMITTED
from piloteval.qualitative.language import pipeline

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


def count_transcripts(segments: pd.DataFrame) -> pd.DataFrame:
    """Count interviews, languages, words and sentences of participants by cohort, with the total.

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
                "note": "",
            }
        )
    return pd.DataFrame(rows, columns=["cohort", "interviews", "languages", "words", "sentences", "note"])


def run(sources: list[Source], interviewees: pd.DataFrame, settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Read the transcripts, keep the interviews that may be heard and cut them into sentences."""
    transcripts, problems, ledger = read_interviews(
        sources,
        settings["interviewers"],
        settings["participants"],
        other_labels=settings["others"],
        not_labels=settings["not_labels"],
    )
    require(sources, settings, problems)
    status = dict(zip(interviewees["interview"], interviewees["status"], strict=True))
    heard = [one for one in transcripts if status[one.interview] == ADMITTED]
    texts, segments = segment(heard, dict(zip(interviewees["interview"], interviewees["cohort"], strict=True)))
    source = {one.unit: one.source for one in of_kind(sources, "transcript")}
    rows = account(ledger, [(source[one.interview], "", status[one.interview]) for one in transcripts])
    return {"texts": texts, "segments": segments, "transcripts": count_transcripts(segments), "rows": rows}
