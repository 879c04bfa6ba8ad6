"""Codings of people: passages with offsets and quotes, checked against the stored text."""

from __future__ import annotations

from collections.abc import Collection

from piloteval.intake.catalogue import problem
from piloteval.intake.decisions import Decisions
from piloteval.intake.gate import Gate
from piloteval.intake.records import Intake, read_records
from piloteval.intake.sheet import Source


def read_codings(
    sources: list[Source],
    texts: dict[str, str],
    codes: Collection[str],
    *,
    decisions: Decisions | None = None,
    gate: Gate | None = None,
) -> Intake:
    """Read codings and set aside those whose quote does not stand at their place.

    Parameters
    ----------
    sources : list of Source
        Files of the kind ``coding``.
    texts : dict of str to str
        Stored text of every interview.
    codes : collection of str
        Codes of the codebook.
    decisions : Decisions, optional
        Which of several equal codings counts.
    gate : Gate, optional
        Interviews whose codings are passed over.

    Returns
    -------
    Intake
        Every record fulfils ``text[start:end] == quote``.
    """
    domains = {"interviews": list(texts), "codes": codes}
    intake = read_records("coding", sources, domains, decisions=decisions, gate=gate)
    of = {one.source: one for one in sources}
    loose = [one for one in intake.records if texts[one["interview"]][one["start"] : one["end"]] != one["quote"]]
    for one in loose:
        source = of[one["source"]]
        intake.set_aside(
            problem("coding.quote", source.path, row=one["row"], column="quote", effect="row set aside"),
            one["quote"],
            source,
        )
        intake.count_out(source)
    intake.records = [one for one in intake.records if one not in loose]
    return intake
