"""Human coders: their codings checked against the text, and how far they agree with each other and the dictionary."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from piloteval.intake.codings import read_codings
from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.ledger import account
from piloteval.intake.records import Intake
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.intake.transcripts import read_interviews
from piloteval.measures import agreement
from piloteval.people import ADMITTED, EXCLUDED
from piloteval.qualitative import reconcile, units
from piloteval.qualitative.codebook import Codebook, read_codebook
from piloteval.qualitative.prepare import moved

if TYPE_CHECKING:
    import pandas as pd

DICTIONARY = "dictionary"
#: Seed of the bootstrap over interviews.
SEED = 1


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


def coded_segments(codings: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Lay passages over sentences.

    A sentence has a code when a passage with that code covers at least half of its characters
    or lies at least half within it.

    Returns
    -------
    pandas.DataFrame
        Columns ``coder, interview, segment, code``, each once.
    """
    import pandas as pd

    rows = set()
    by_interview = {name: group.to_dict("records") for name, group in segments.groupby("interview")}
    for one in codings.to_dict("records"):
        for sentence in by_interview.get(one["interview"], []):
            shared = min(one["end"], sentence["end"]) - max(one["start"], sentence["start"])
            if shared > 0 and 2 * shared >= min(one["end"] - one["start"], sentence["end"] - sentence["start"]):
                rows.add((one["coder"], one["interview"], sentence["segment"], one["code"]))
    return pd.DataFrame(sorted(rows), columns=["coder", "interview", "segment", "code"])


def agree(
    codings: pd.DataFrame, suggestions: pd.DataFrame, segments: pd.DataFrame, codebook: Codebook, confidence: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the agreement of every pair of coders on every code, sentence by sentence.

    Parameters
    ----------
    codings : pandas.DataFrame
        Passages coded by people.
    suggestions : pandas.DataFrame
        Suggestions of the dictionary.
    segments : pandas.DataFrame
        Sentences.
    codebook : Codebook
        Codes.
    confidence : float
        Level of the intervals.

    Returns
    -------
    agreement : pandas.DataFrame
        Cohen's kappa with percent agreement and prevalence. The units are the sentences of the interviews
        both coders worked on; a code neither used is undefined and its note says so. Row ``all`` is every
        sentence by code decision together.
    disagreements : pandas.DataFrame
        Sentences on which two people differ, with the words (restricted).
    """
    import pandas as pd

    human = coded_segments(codings, segments)
    machine = suggestions.assign(coder=DICTIONARY)[["coder", "interview", "segment", "code"]]
    used = {DICTIONARY: set(segments["interview"])} | {
        coder: set(group["interview"]) for coder, group in codings.groupby("coder")
    }
    marked = {
        coder: set(map(tuple, group[["interview", "segment", "code"]].to_numpy()))
        for coder, group in pd.concat([human, machine]).groupby("coder")
    }
    people = sorted(set(used) - {DICTIONARY})
    pairs = [(first, second, "people") for first, second in combinations(people, 2)] + [
        (person, DICTIONARY, "person and dictionary") for person in people
    ]
    rows, apart = [], []
    words = {(one["interview"], one["segment"]): one["text"] for one in segments.to_dict("records")}
    for first, second, kind in pairs:
        shared = used[first] & used[second]
        units = [key for key in words if key[0] in shared]
        everything: tuple[list[int], list[int]] = ([], [])
        for code in codebook.codes.values():
            a = [int((*unit, code.code) in marked.get(first, ())) for unit in units]
            b = [int((*unit, code.code) in marked.get(second, ())) for unit in units]
            everything[0].extend(a)
            everything[1].extend(b)
            rows.append(
                _pair_row(
                    f"{first} and {second}", kind, code.code, code.name, code.theme, len(shared), a, b, confidence
                )
            )
            if kind == "people":
                for unit, one, other in zip(units, a, b, strict=True):
                    if one != other:
                        apart.append(
                            {
                                "interview": unit[0],
                                "segment": unit[1],
                                "code": code.code,
                                "coder_with": first if one else second,
                                "coder_without": second if one else first,
                                "text": words[unit],
                            }
                        )
        rows.append(
            _pair_row(
                f"{first} and {second}", kind, "all", "All codes together", "", len(shared), *everything, confidence
            )
        )
    columns = ["interview", "segment", "code", "coder_with", "coder_without", "text"]
    return pd.DataFrame(rows), pd.DataFrame(apart, columns=columns).sort_values(columns[:3])


def _pair_row(
    pair: str,
    kind: str,
    code: str,
    name: str,
    theme: str,
    interviews: int,
    a: list[int],
    b: list[int],
    confidence: float,
) -> dict[str, object]:
    both = sum(x and y for x, y in zip(a, b, strict=True))
    one = sum(x != y for x, y in zip(a, b, strict=True))
    kappa = agreement.cohen_kappa(a, b, confidence=confidence)
    size = len(a)
    return {
        "pair": pair,
        "pair_kind": kind,
        "code": code,
        "name": name,
        "theme": theme,
        "interviews": interviews,
        "both": both,
        "one": one,
        "neither": size - both - one,
        "percent_agreement": 100 * (size - one) / size if size else None,
        "prevalence": 100 * (sum(a) + sum(b)) / (2 * size) if size else None,
        **kappa.row(f"coders.{pair.replace(' ', '_')}.{code}"),
    }


def run(
    sources: list[Source],
    interviewees: pd.DataFrame,
    without_names: pd.DataFrame,
    replacements: pd.DataFrame,
    segments: pd.DataFrame,
    suggestions: pd.DataFrame,
    codebook: str,
    *,
    settings: dict[str, Any],
    confidence: float,
    final_codes: dict[str, Any],
    draws: int,
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Read the codings, keep those of admitted interviews that stand in the text, and estimate the agreement.

    Coders worked on the transcripts as received; their passages are moved to the texts without names. ``final_codes``
    says by which rule codings become final codes, and from which agreement on a code may be used for claims.
    """
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
    codings = read_codings(of_kind(sources, "coding"), texts, book.codes, decisions=decisions, gate=gate)
    require(sources, settings, [*decisions.problems, *gate.problems, *problems, *codings.problems])
    status = dict(zip(interviewees["interview"], interviewees["status"], strict=True))
    kept, rows = keep_admitted(codings, status)
    kept = moved(kept, replacements, without_names)
    agreed, _apart = agree(kept, suggestions, segments, book, confidence)
    stored = dict(zip(without_names["interview"], without_names["text"], strict=True))
    lengths = {interview: len(text) for interview, text in stored.items()}
    machines = {DICTIONARY: suggestions}
    full, _counts = units.compare_coders(
        kept, machines, segments, lengths, book, confidence=confidence, draws=draws, seed=SEED
    )
    settled = reconcile.reconcile(kept, segments, final_codes["rule"])
    bars = {name: bar for name, bar in final_codes.items() if name != "rule" and bar}
    return {
        "codings": kept,
        "disagreements": reconcile.disagreements(kept, segments, stored),
        "agreement": agreed,
        "units": units.withhold(full, floor),
        "final": settled.final,
        "open": settled.open,
        "outcomes": settled.outcomes.assign(note=""),
        "claims": reconcile.fit_for_claims(full, bars, book).drop(columns=["people", "people_with", "machine"]),
        "rows": rows,
    }
