"""What coders and those who decide on their codes hand in: a project of a coding program, lists and decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from piloteval.intake import refi
from piloteval.qualitative import exchange, reconcile
from piloteval.qualitative.codebook import Codebook
from piloteval.qualitative.prepare import Prepared
from piloteval.qualitative.segments import segment
from piloteval.qualitative.units import coded_sentences
from piloteval.simulate.interviews import Interview

CODING = ["coder", "interview", "code", "start", "end", "quote"]
#: Length of a quote, in signs.
SHORTEST, LONGEST = 60, 220


def _moved(rows: Sequence[Sequence[Any]], prepared: Mapping[str, Prepared]) -> list[list[Any]]:
    """Return codings at their place in the texts without names."""
    moved = []
    for coder, interview, code, start, end, _quote in rows:
        found = prepared[interview].found
        first, behind = found.span(start, end)
        moved.append([coder, interview, code, first, behind, found.text[first:behind]])
    return moved


def make_project(
    rows: Sequence[Sequence[Any]], prepared: Mapping[str, Prepared], book: Codebook, coder: str, name: str
) -> bytes:
    """Return the codings of one coder as the project a coding program exchanges, on the texts without names."""
    wanted = sorted({row[1] for row in rows})
    texts = pd.DataFrame(
        [[one, prepared[one].received.language, prepared[one].found.text] for one in wanted],
        columns=["interview", "language", "text"],
    )
    project = exchange.for_coders(texts, book, name=name, coder=coder)
    user = project.users[0].guid
    sources = []
    for text in project.sources:
        passages = []
        for _coder, interview, code, start, end, quote in _moved(rows, prepared):
            if interview != text.name:
                continue
            place = (coder, interview, code, start, end)
            coding = refi.Coding(refi.guid("coding", *place), refi.code_guid(code), user, exchange.DATE)
            one = refi.Selection(refi.guid("selection", *place), start, end, " ".join(quote.split()), codings=(coding,))
            passages.append(replace(one, user=user, created=exchange.DATE))
        sources.append(replace(text, selections=tuple(passages)))
    return refi.write_project(replace(project, sources=tuple(sources)))


def make_lists(
    codings: Mapping[str, Sequence[Sequence[Any]]],
    interviews: Sequence[Interview],
    prepared: Mapping[str, Prepared],
    book: Codebook,
    signed: set[str],
) -> dict[str, tuple[list[str], list[list[Any]]]]:
    """Return header and rows of the lists by their kind: who worked on what, decisions, and approved quotes.

    Two of three disputed codes are decided, by what the authors of the interviews meant; the others stay open.
    """
    every = [row for rows in codings.values() for row in _moved(rows, prepared)]
    sentences = segment([one.transcript for one in prepared.values()], dict.fromkeys(prepared, ""))[1]
    gold = pd.DataFrame(
        _moved([["", one.interview, x.what, x.start, x.end, ""] for one in interviews for x in one.codes], prepared),
        columns=CODING,
    )
    meant = coded_sentences(gold, sentences)
    true = set(map(tuple, meant[["interview", "segment", "code"]].to_numpy()))
    table = pd.DataFrame(every, columns=CODING).drop_duplicates(CODING[:5])
    disputed = reconcile.reconcile(table, sentences, reconcile.CONSENSUS).open.to_dict("records")
    decided = [
        [
            *(one["interview"], one["segment"], one["code"]),
            "keep" if (one["interview"], one["segment"], one["code"]) in true else "drop",
            *("arbiter-1", f"2025-12-{10 + place % 5:02d}", "read again with the definition", one["digest"]),
        ]
        for place, one in enumerate(disputed)
        if place % 3 != 2
    ]
    claims = [
        [
            code,
            "do not use" if place % 20 == 7 else "use",
            "arbiter-1",
            "2025-12-15",
            "read by two people",
        ]
        for place, code in enumerate(book.codes)
        if place % 2 == 0 or place % 20 == 7
    ]
    work = sorted({(row[0], row[1]) for row in every})
    return {
        "coder_work": (["coder", "interview"], [list(one) for one in work]),
        "code_decisions": (
            ["interview", "segment", "code", "decision", "decided_by", "decided_on", "reason", "digest"],
            decided,
        ),
        "claim_decisions": (["code", "decision", "decided_by", "decided_on", "reason"], claims),
        "approved_quotes": (
            ["interview", "start", "quote", "approved_by", "approved_on"],
            _quotes(meant, sentences, book, signed),
        ),
    }


def _quotes(meant: pd.DataFrame, sentences: pd.DataFrame, book: Codebook, signed: set[str]) -> list[list[Any]]:
    """Return a sentence of a theme and an interview, of four interviews a theme in turn, each once."""
    length = sentences["text"].str.len()
    fitting = sentences[sentences["interview"].isin(signed) & length.between(SHORTEST, LONGEST)]
    joined = meant.merge(fitting, on=["interview", "segment"])
    rows: dict[tuple[str, int], list[Any]] = {}
    for place, theme in enumerate(book.themes):
        here = joined[joined["code"].map(lambda code: book.codes[code].theme) == theme]
        first = here.drop_duplicates("interview")
        for number in range(4 if len(first) > 3 else len(first)):
            one = first.iloc[(place + number) % len(first)]
            key = (one["interview"], int(one["start"]))
            rows.setdefault(key, [*key, one["text"], "reader-2", f"2025-12-{16 + number:02d}"])
    return sorted(rows.values(), key=lambda row: row[:2])
