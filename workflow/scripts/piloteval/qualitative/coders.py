"""Human coders: their codings checked against the text, and how far they agree with each other and the dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.intake.codings import read_codings
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.records import RECORDS, Intake, read_records
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.intake.transcripts import read_interviews
from piloteval.people import ADMITTED, EXCLUDED
from piloteval.qualitative import reconcile, units
from piloteval.qualitative.codebook import read_codebook
from piloteval.qualitative.prepare import moved

if TYPE_CHECKING:
    import pandas as pd

DICTIONARY = "dictionary"


def keep_admitted(codings: Intake, status: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the codings of admitted interviews.

    Parameters
    ----------
    codings : Intake
        Codings as read.
    status : dict of str to str
        Status of every interview.

    Returns
    -------
    codings : pandas.DataFrame
        The kept codings, sorted by coder, interview and place.
    rows : pandas.DataFrame
        The ledger.
    """
    table = codings.table()
    fate = table["interview"].map(status).fillna(EXCLUDED)
    fates = [(source, "", one) for source, one in zip(table["source"], fate, strict=True)]
    kept = table.loc[fate == ADMITTED, ["coder", "interview", "code", "start", "end", "quote"]]
    return kept.sort_values(["coder", "interview", "start", "code"]), account(codings.ledger, fates)


#: What coders and those who decide on their codes hand in besides the codings; without a file, nothing is decided.
WORK, DECISIONS, CLAIMS = "coder_work", "code_decisions", "claim_decisions"


#: Note of a comparison with a machine whose suggestions the person saw.
SAW = "the coder saw suggestions, which raises agreement"


def _not_blind(table: pd.DataFrame, worked: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mark comparisons of a machine with who saw suggestions, and return the table also without them.

    A machine is not measured by people whom it has led.
    """
    saw = set() if worked is None else set(worked.loc[worked["saw_suggestions"] == "yes", "coder"])
    led = table["first"].isin(saw) & ~table["pair_kind"].isin([units.PEOPLE, units.EVERYBODY])
    notes = table["note"].where(~led, (table["note"].fillna("") + f"; {SAW}").str.removeprefix("; "))
    return table.assign(note=notes), table[~led]


def run(
    sources: list[Source],
    interviewees: pd.DataFrame,
    without_names: pd.DataFrame,
    replacements: pd.DataFrame,
    segments: pd.DataFrame,
    suggestions: pd.DataFrame,
    extra: pd.DataFrame,
    codebook: str,
    *,
    settings: dict[str, Any],
    confidence: float,
    final_codes: dict[str, Any],
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Read the codings, keep those of admitted interviews that stand in the text, and estimate the agreement.

    Codings are found in the transcripts as received and moved to the texts without names. ``final_codes`` says by which
    rule codings become final codes, and from which agreement on a code may be used for claims. A list of who worked on
    what, decisions on codes in dispute and decisions on the use of codes are read where the study has them.
    """
    import pandas as pd

    book = read_codebook(codebook)
    decisions, gate = read_decisions(sources), open_gate(sources)
    transcripts, problems, _ledger = read_interviews(
        sources,
        settings["interviewers"],
        settings["participants"],
        other_labels=settings["others"],
        not_labels=settings["not_labels"],
        gate=gate,
    )
    texts = {one.interview: one.text for one in transcripts}
    names = {code: one.name for code, one in book.codes.items()}
    codings = read_codings(of_kind(sources, "coding"), texts, names, decisions=decisions, gate=gate)
    domains = {"interviews": list(texts), "codes": list(names)}
    more = {
        kind: read_records(kind, of_kind(sources, kind), domains, decisions=decisions, gate=gate)
        for kind in (WORK, DECISIONS, CLAIMS)
    }
    told = [one for intake in (codings, *more.values()) for one in intake.problems]
    require(sources, settings, [*decisions.problems, *gate.problems, *problems, *told])
    said = {
        kind: pd.DataFrame(intake.records, columns=[one.name for one in RECORDS[kind][0]]) if intake.ledger else None
        for kind, intake in more.items()
    }
    status = dict(zip(interviewees["interview"], interviewees["status"], strict=True))
    kept, rows = keep_admitted(codings, status)
    kept = moved(kept, replacements, without_names)
    stored = dict(zip(without_names["interview"], without_names["text"], strict=True))
    lengths = {interview: len(text) for interview, text in stored.items()}
    machines = {DICTIONARY: suggestions[suggestions["negated"] != "yes"]}
    machines |= {name: some for name, some in extra.groupby("coder")}
    worked = said[WORK]
    full, _counts = units.compare_coders(kept, machines, segments, lengths, book, confidence=confidence, worked=worked)
    full, blind = _not_blind(full, worked)
    settled = reconcile.reconcile(kept, segments, final_codes["rule"], said[DECISIONS], worked=worked)
    people = set().union(*units.worked_on(kept, worked).values())
    bars = {name: bar for name, bar in final_codes.items() if name != "rule" and bar}
    if whole := set(segments["interview"]) <= people:
        bars.pop("machine", None)  # nothing counts that only the dictionary suggests
    claims = reconcile.fit_for_claims(blind, bars, book, decisions=said[CLAIMS], floor=floor)
    return {
        "codings": kept,
        "worked": pd.DataFrame(
            [(coder, one) for coder, some in units.worked_on(kept, worked).items() for one in sorted(some)],
            columns=["coder", "interview"],
        ),
        "counted": reconcile.counted(suggestions, settled.final, claims, whole=whole),
        "unused": settled.unused,
        "disagreements": reconcile.disagreements(kept, segments, stored, worked=worked),
        "units": units.withhold(full, floor),
        "final": settled.final,
        "open": settled.open,
        "outcomes": settled.outcomes.assign(note=""),
        # Who decided stands in the list of decisions, which is restricted.
        "claims": claims.assign(decided=claims["decided_by"].map(lambda by: "by a person" if by else "")).drop(
            columns=["people", "people_with", "machine", "decided_by"]
        ),
        "rows": rows,
    }
