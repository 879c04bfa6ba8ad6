"""Transcripts without names: identifying details replaced, each text signed off by a person before a word is quoted."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from piloteval.config import read_tsv
from piloteval.errors import ConfigError
from piloteval.intake.decisions import Decisions
from piloteval.intake.records import NAMES_OF, PATTERNED, Intake, read_records
from piloteval.intake.sheet import Source, of_kind
from piloteval.intake.transcripts import Transcript
from piloteval.qualitative.deidentify import Deidentified, DenyList, Entry, deidentify, measure, over_redacted

if TYPE_CHECKING:
    import pandas as pd

#: What a sign-off can be: of this very text, of an earlier one, or none.
SIGNED, OUTDATED, UNSIGNED = "yes", "outdated", "no"

#: Fewest characters of a digest that a sign-off must give.
DIGITS = 12


@dataclass(frozen=True)
class Prepared:
    """A transcript as received and as everybody after this reads it."""

    received: Transcript
    found: Deidentified

    @cached_property
    def transcript(self) -> Transcript:
        """The transcript with every identifying detail replaced, and its turns at their new places."""
        turns = []
        for turn in self.received.turns:
            start, end = self.found.span(turn.start, turn.end)
            turns.append(replace(turn, speech=self.found.text[start:end], start=start, end=end))
        return replace(self.received, text=self.found.text, turns=tuple(turns))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text without names, to which a sign-off is bound."""
        return hashlib.sha256(self.found.text.encode()).hexdigest()


def read_entries(
    sources: Iterable[Source], sites: list[str], decisions: Decisions | None = None
) -> tuple[list[Entry], Intake]:
    """Read the deny-list of the study, with the names of its institutions.

    Returns
    -------
    list of Entry
        What is replaced in every transcript.
    Intake
        The records of the list, for their problems and their ledger.
    """
    listed = read_records("deny_list", of_kind(sources, "deny_list"), {}, decisions=decisions)
    entries = [Entry(one["kind"], one["text"], one["role"], one["same_as"]) for one in listed.records]
    known = {one.text for one in entries}
    names = [one["name"] for one in (read_tsv(sites[0], "sites") if sites else [])]
    return [*entries, *(Entry("organisation", name, "institution") for name in names if name not in known)], listed


def load_models(named: Mapping[str, str]) -> dict[str, Any]:
    """Load the spaCy pipelines the configuration names, by language.

    Raises
    ------
    ConfigError
        A pipeline is not installed.
    """
    if not named:
        return {}
    import spacy

    models = {}
    for language, name in named.items():
        try:
            models[language] = spacy.load(name)
        except OSError:
            raise ConfigError(
                f"config/config.yaml: `interviews.entity_models.{language}` names a spaCy pipeline that is not "
                "installed. Install it, or remove the key."
            ) from None
    return models


def prepare(
    transcripts: Iterable[Transcript],
    entries: Iterable[Entry],
    ids: Collection[str],
    models: Mapping[str, Any] | None = None,
) -> list[Prepared]:
    """Replace identifying details in what is said; labels stay.

    Parameters
    ----------
    transcripts : iterable of Transcript
        Transcripts as received.
    entries : iterable of Entry
        The deny-list.
    ids : collection of str
        Ids of the study's participants.
    models : mapping of str to spacy pipeline, optional
        Entity recognisers by language; what they find besides is listed for a person to judge.
    """
    deny = DenyList(entries)
    made = []
    for one in sorted(transcripts, key=lambda transcript: transcript.interview):
        speech = [(turn.start, turn.end) for turn in one.turns]
        model = (models or {}).get(one.language)
        made.append(Prepared(one, deidentify(one.text, one.language, deny, speech=speech, ids=ids, model=model)))
    return made


def sign_offs(prepared: Iterable[Prepared], records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the state of every transcript: signed off as it is now, as it was once, or not at all."""
    given: dict[str, set[str]] = {}
    for one in records:
        given.setdefault(one["interview"], set()).add(one["sha256"].lower())
    states = {}
    for one in prepared:
        digests = given.get(one.received.interview, set())
        fits = any(len(digest) >= DIGITS and one.digest.startswith(digest) for digest in digests)
        states[one.received.interview] = SIGNED if fits else OUTDATED if digests else UNSIGNED
    return states


def list_replacements(prepared: Iterable[Prepared]) -> pd.DataFrame:
    """Return what was replaced, with its place before and after (restricted)."""
    import pandas as pd

    rows = []
    for one in prepared:
        for change in one.found.replacements:
            start = one.found.place(change.start)
            rows.append(
                {
                    "interview": one.received.interview,
                    "kind": change.kind,
                    "by": change.by,
                    "entry": change.entry,
                    "start": change.start,
                    "end": change.end,
                    "new_start": start,
                    "new_end": start + len(change.shown),
                    "received": one.received.text[change.start : change.end],
                    "shown": change.shown,
                }
            )
    columns = ["interview", "kind", "by", "entry", "start", "end", "new_start", "new_end", "received", "shown"]
    return pd.DataFrame(rows, columns=columns)


def list_unknown(prepared: Iterable[Prepared]) -> pd.DataFrame:
    """Return the words a person should judge, each once a language, with how often and where first (restricted)."""
    import pandas as pd

    places: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for one in prepared:
        for word in one.found.unknown:
            key = (one.received.language, word.word, word.why)
            places.setdefault(key, []).append((one.received.interview, one.found.place(word.start)))
    rows = [
        {"language": language, "word": word, "why": why, "times": len(there), "interview": first, "start": start}
        for (language, word, why), there in sorted(places.items())
        for first, start in there[:1]
    ]
    return pd.DataFrame(rows, columns=["language", "word", "why", "times", "interview", "start"])


def moved(codings: pd.DataFrame, replacements: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """Return codings of the received texts at their place in the texts without names, with the words that stand there.

    A passage that begins or ends within a replacement takes it in whole. Two passages of one coder and code that become
    the same by that are one.
    """
    stored = dict(zip(texts["interview"], texts["text"], strict=True))
    changes = {
        name: here.sort_values("start")[["start", "end", "new_start", "new_end"]].to_numpy().tolist()
        for name, here in replacements.groupby("interview")
    }

    def place(interview: str, offset: int, *, end: bool) -> int:
        moved_by = 0
        for start, stop, new_start, new_stop in changes.get(interview, ()):
            if offset <= start:
                break
            if offset < stop:
                return new_stop if end else new_start
            moved_by = new_stop - stop
        return offset + moved_by

    rows = codings.to_dict("records")
    for one in rows:
        one["start"] = place(one["interview"], one["start"], end=False)
        one["end"] = place(one["interview"], one["end"], end=True)
        one["quote"] = stored[one["interview"]][one["start"] : one["end"]]
    table = codings.__class__(rows, columns=codings.columns)
    return table.drop_duplicates(["coder", "interview", "code", "start", "end"])


#: How the groups of labelled details are called in the table.
GROUPS = (
    ("names on the deny-list", lambda kind, listed: kind in NAMES_OF and listed),
    ("details known by their form", lambda kind, listed: kind in PATTERNED),
    ("names not on the deny-list", lambda kind, listed: kind in NAMES_OF and not listed),
    ("vague times", lambda kind, listed: kind not in (*NAMES_OF, *PATTERNED)),
)
OTHER_WORDS = "other words"


def count_labels(prepared: Iterable[Prepared], labels: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Count in every labelled transcript how many of the details a person marked were replaced, and other words.

    Parameters
    ----------
    prepared : iterable of Prepared
        Transcripts.
    labels : iterable of mapping
        ``interview``, ``kind``, ``start``, ``end`` (in the received text) and ``listed``. Only transcripts with a label
        count, since one without may not have been read.

    Returns
    -------
    pandas.DataFrame
        One row an interview and group: ``labelled``, ``replaced``, and ``to_judge``, those that were not replaced and
        stand in the list of words to judge. In the last row of an interview these are the words outside of every label.
    """
    import pandas as pd

    by_interview: dict[str, list[tuple[str, int, int, bool]]] = {}
    for one in labels:
        label = (one["kind"], one["start"], one["end"], one["listed"] == "yes")
        by_interview.setdefault(one["interview"], []).append(label)
    rows: list[dict[str, Any]] = []
    for one in prepared:
        mine = by_interview.get(one.received.interview, [])
        told = measure(one.found, mine)
        place = {"interview": one.received.interview, "language": one.received.language}
        for group, fits in GROUPS:
            here = [row for row in told if fits(row["kind"], row["listed"])]
            found = sum(bool(row["found"]) for row in here)
            judged = sum(bool(row["seen"] and not row["found"]) for row in here)
            if here:
                rows.append({**place, "group": group, "labelled": len(here), "replaced": found, "to_judge": judged})
        if mine:
            wrong, words = over_redacted(one.found, one.received.text, mine)
            rows.append({**place, "group": OTHER_WORDS, "labelled": words, "replaced": wrong, "to_judge": 0})
    return pd.DataFrame(rows, columns=["interview", "language", "group", "labelled", "replaced", "to_judge"])
