"""From several coders to final codes: what coders agree on, what a person decided, and what is still open.

People decide. Final codes rest on codings of people and on decisions of people; a machine is no coder here, and what
only a machine suggested never becomes final. What the rule leaves open stays open, is listed, and waits for the
coders' meeting or the arbiter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from piloteval.errors import ConfigError
from piloteval.qualitative.units import (
    ALL,
    CHARACTER,
    EVERYBODY,
    MEAN,
    MEASURES,
    OF_CHARACTERS,
    OF_EVERYBODY,
    PEOPLE,
    SENTENCE,
    UNITS,
    coded_sentences,
    overlaps,
    worked_on,
)

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

#: A sentence has a code finally when all coders of the interview gave it, when more than half did, or when nobody but
#: the arbiter may settle a dispute.
CONSENSUS, MAJORITY, ARBITER = "consensus", "majority", "arbiter"
RULES = (CONSENSUS, MAJORITY, ARBITER)

#: Source of a final code where one person only worked on the interview.
SINGLE = "single"
SOURCES = (CONSENSUS, MAJORITY, ARBITER, SINGLE)

KEEP, DROP = "keep", "drop"

FINAL = ("interview", "segment", "code", "source", "marked", "coders")
OPEN = ("interview", "segment", "code", "coders_with", "coders_without", "marked", "coders", "why", "digest")
DROPPED = ("interview", "segment", "code", "source", "marked", "coders")
UNUSED = ("interview", "segment", "code", "decision", "decided_by", "decided_on", "why")
OUTCOMES = ("outcome", "codes", "interviews")
DISAGREEMENTS = (
    "interview",
    "segment",
    "code",
    "kind",
    "coder_with",
    "coder_without",
    "quote_with",
    "codes_without",
    "quote_without",
    "text",
    "digest",
)
DECISION = ("interview", "segment", "code", "decision", "decided_by", "decided_on", "reason")

NOT_ALL = "not all coders gave it"
HALF = "half of the coders gave it"
CONTRADICTORY = "decisions contradict each other"
UNKNOWN_SENTENCE = "no such sentence"
CHANGED_SENTENCE = "the sentence is not the one that was decided on"
UNSIGNED = "without a decision, a name, a date or a reason"

DROPPED_BY_MAJORITY, DROPPED_BY_ARBITER = "dropped by majority", "dropped by arbiter"
STILL_OPEN, NOT_APPLIED, NOT_CODED = "open", "decision not applied", "interview nobody coded"

#: Kinds of disagreement, from the least to the most.
BOUNDARY, OTHER_CODE, NO_CODE = "boundary", "other code", "no code"

#: Between several quotes or codes in one cell.
BETWEEN = " | "


@dataclass(frozen=True)
class Reconciled:
    """Final codes and everything that did not become one.

    Attributes
    ----------
    final : DataFrame
        One row a sentence and code that counts, with the columns of `FINAL`: ``source`` is consensus, majority, arbiter
        or single; ``marked`` of ``coders`` who worked on the interview gave the code.
    open : DataFrame
        One row a sentence and code in dispute, with the columns of `OPEN`.
    dropped : DataFrame
        One row a sentence and code that a majority or the arbiter did not keep, with the columns of `DROPPED`.
    unused : DataFrame
        Decisions that could not be applied, with the columns of `UNUSED`.
    outcomes : DataFrame
        How many codes of sentences came to each end, and in how many interviews, with the columns of `OUTCOMES`.
    """

    final: pd.DataFrame
    open: pd.DataFrame
    dropped: pd.DataFrame
    unused: pd.DataFrame
    outcomes: pd.DataFrame


def sentence_digest(text: str) -> str:
    """Return what tells whether a sentence is still the one that was decided on: the first 12 digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def reconcile(
    codings: pd.DataFrame,
    segments: pd.DataFrame,
    rule: str,
    arbiter: pd.DataFrame | None = None,
    *,
    worked: pd.DataFrame | None = None,
    machines: Collection[str] = ("dictionary",),
) -> Reconciled:
    """Turn the codings of people into final codes of sentences.

    Parameters
    ----------
    codings : DataFrame
        Passages of people with ``coder``, ``interview``, ``code``, ``start`` and ``end``, found again in the text.
    segments : DataFrame
        Sentences with ``interview``, ``segment``, ``start``, ``end`` and ``text``. Interviews without one do not count.
    rule : {'consensus', 'majority', 'arbiter'}
        What becomes final without a decision: a code that all coders of the interview gave to the sentence, and with
        ``majority`` also one that more than half gave, while one that fewer than half gave is dropped. Consensus and
        arbiter differ only in who is asked about the rest, the coders' meeting or the arbiter.
    arbiter : DataFrame, optional
        Decisions with the columns of `DECISION`, ``keep`` or ``drop``, and optionally ``digest`` from the list of open
        codes. A decision of a person goes before every rule, also where only one person coded or nobody did.
    worked : DataFrame, optional
        Who worked on what, as in `worked_on`.
    machines : collection of str
        Names under which machines suggest codes; codings under such a name are passed over.

    Returns
    -------
    Reconciled

    Raises
    ------
    ValueError
        If the rule is unknown.
    """
    import pandas as pd

    if rule not in RULES:
        raise ValueError(f"unknown rule: {rule}")
    heard = segments["interview"].unique()
    people = codings[~codings["coder"].isin(machines) & codings["interview"].isin(heard)]
    done = worked_on(people, None if worked is None else worked[~worked["coder"].isin(machines)])
    done = {coder: some & frozenset(heard) for coder, some in done.items()}
    # A coding in an interview its coder is not listed for is not finished work and no vote.
    counted = [name in done.get(coder, ()) for coder, name in zip(people["coder"], people["interview"], strict=True)]
    given = coded_sentences(people[np.array(counted, dtype=bool)], segments)
    keys = ["interview", "segment", "code"]
    tally = given.groupby(keys, as_index=False).agg(marked=("coder", "size"))
    voters = pd.Series([name for some in done.values() for name in some], dtype=object).value_counts()
    decided, unused, torn = _decisions(arbiter, segments)
    # What nobody coded and a person decided to keep becomes a row too.
    tally = tally.merge(decided, on=keys, how="outer").merge(torn, on=keys, how="outer")
    tally["marked"] = tally["marked"].fillna(0).astype(np.int64)
    tally["coders"] = tally["interview"].map(voters).fillna(0).astype(np.int64)
    marked, coders = tally["marked"], tally["coders"]
    tally["source"] = np.select(
        [
            tally["torn"].notna(),
            tally["decision"].notna(),
            (coders == 1) & (marked == 1),
            (marked == coders) & (coders > 1),
            (rule == MAJORITY) & (2 * marked != coders),
        ],
        ["", ARBITER, SINGLE, CONSENSUS, MAJORITY],
        "",
    )
    kept = tally["source"].isin([SINGLE, CONSENSUS]) | (tally["decision"] == KEEP) & (tally["source"] == ARBITER)
    kept |= (tally["source"] == MAJORITY) & (2 * marked > coders)
    is_open = tally["source"] == ""
    final = tally.loc[kept, list(FINAL)].sort_values(keys, ignore_index=True)
    dropped = tally.loc[~kept & ~is_open & (marked > 0), list(DROPPED)].sort_values(keys, ignore_index=True)
    left = _open(tally[is_open], given, done, segments, rule)
    outcomes = _outcomes(final, left, dropped, unused, set(heard) - set(voters.index))
    return Reconciled(final, left, dropped, unused, outcomes)


def _decisions(arbiter: pd.DataFrame | None, segments: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return decisions that hold, those that do not and why, and what contradictory ones are about."""
    import pandas as pd

    keys = ["interview", "segment", "code"]
    if arbiter is None or arbiter.empty:
        none = pd.DataFrame({"interview": [], "segment": [], "code": []}, dtype=object)
        none["segment"] = none["segment"].astype(np.int64)
        return none.assign(decision=None), pd.DataFrame(columns=list(UNUSED)), none.assign(torn=None)
    table = arbiter.reset_index(drop=True)
    texts = {
        (interview, number): text
        for interview, number, text in zip(segments["interview"], segments["segment"], segments["text"], strict=True)
    }
    why = []
    for one in table.to_dict("records"):
        place = (one["interview"], one["segment"])
        digest = one.get("digest")
        if one["decision"] not in (KEEP, DROP) or not all(_filled(one[name]) for name in DECISION[4:]):
            why.append(UNSIGNED)
        elif place not in texts:
            why.append(UNKNOWN_SENTENCE)
        elif _filled(digest) and digest != sentence_digest(texts[place]):
            why.append(CHANGED_SENTENCE)
        else:
            why.append("")
    table["why"] = why
    holds = table["why"] == ""
    different = table[holds].groupby(keys)["decision"].nunique()
    torn = different[different > 1].reset_index()[keys].assign(torn=True)
    contradicts = table[keys].merge(torn, on=keys, how="left")["torn"].notna() & holds
    table.loc[contradicts, "why"] = CONTRADICTORY
    decided = table.loc[table["why"] == "", [*keys, "decision"]].drop_duplicates()
    unused = table.loc[table["why"] != "", list(UNUSED)].sort_values(keys, ignore_index=True)
    return decided, unused, torn


def _filled(value: Any) -> bool:
    """Tell whether a cell holds something."""
    import pandas as pd

    return not pd.isna(value) and str(value).strip() != ""


def _open(
    tally: pd.DataFrame,
    given: pd.DataFrame,
    done: Mapping[str, Collection[str]],
    segments: pd.DataFrame,
    rule: str,
) -> pd.DataFrame:
    """List what is in dispute, with who gave the code and who did not."""
    import pandas as pd

    keys = ["interview", "segment", "code"]
    who = given.groupby(keys)["coder"].agg(list)
    text = segments.set_index(["interview", "segment"])["text"]
    rows = []
    for one in tally.sort_values(keys).to_dict("records"):
        place = tuple(one[name] for name in keys)
        with_it = who.get(place, [])
        others = [coder for coder, some in done.items() if one["interview"] in some and coder not in with_it]
        tie = rule == MAJORITY and 2 * one["marked"] == one["coders"]
        rows.append(
            {
                **{name: one[name] for name in ("interview", "segment", "code", "marked", "coders")},
                "coders_with": BETWEEN.join(with_it),
                "coders_without": BETWEEN.join(others),
                "why": CONTRADICTORY if one["torn"] is True else HALF if tie else NOT_ALL,
                "digest": sentence_digest(text[place[:2]]),
            }
        )
    return pd.DataFrame(rows, columns=list(OPEN))


def _outcomes(
    final: pd.DataFrame, left: pd.DataFrame, dropped: pd.DataFrame, unused: pd.DataFrame, untouched: set[str]
) -> pd.DataFrame:
    """Count what became of the codes of sentences."""
    import pandas as pd

    ends = [(source, final[final["source"] == source]) for source in SOURCES]
    ends += [
        (DROPPED_BY_MAJORITY, dropped[dropped["source"] == MAJORITY]),
        (DROPPED_BY_ARBITER, dropped[dropped["source"] == ARBITER]),
        (STILL_OPEN, left),
        (NOT_APPLIED, unused),
    ]
    rows = [{"outcome": name, "codes": len(some), "interviews": some["interview"].nunique()} for name, some in ends]
    rows.append({"outcome": NOT_CODED, "codes": 0, "interviews": len(untouched)})
    return pd.DataFrame(rows, columns=list(OUTCOMES))


def final_codings(final: pd.DataFrame, segments: pd.DataFrame, coder: str = "final codes") -> pd.DataFrame:
    """Return final codes as passages of whole sentences, to measure a machine by them.

    Parameters
    ----------
    final : DataFrame
        Final codes of `reconcile`.
    segments : DataFrame
        Sentences with ``interview``, ``segment``, ``start``, ``end`` and ``text``.
    coder : str
        Name they stand under.

    Returns
    -------
    DataFrame
        Columns ``coder, interview, code, start, end, quote``.
    """
    spans = segments[["interview", "segment", "start", "end", "text"]].rename(columns={"text": "quote"})
    found = final[["interview", "segment", "code"]].merge(spans, on=["interview", "segment"]).assign(coder=coder)
    return found[["coder", "interview", "code", "start", "end", "quote"]]


# For the coders' meeting


def disagreements(
    codings: pd.DataFrame,
    segments: pd.DataFrame,
    texts: Mapping[str, str],
    *,
    worked: pd.DataFrame | None = None,
    machines: Collection[str] = ("dictionary",),
) -> pd.DataFrame:
    """List every sentence on whose code two people differ, with what each of them marked, side by side (restricted).

    Parameters
    ----------
    codings : DataFrame
        Passages of people with ``coder``, ``interview``, ``code``, ``start``, ``end`` and ``quote``.
    segments : DataFrame
        Sentences with ``interview``, ``segment``, ``start``, ``end`` and ``text``.
    texts : mapping of str to str
        Stored text of every interview, in which all passages and sentences are found again before anything is shown.
    worked, machines
        As in `reconcile`.

    Returns
    -------
    DataFrame
        One row a sentence, code and pair of a coder who gave the code and one who did not, with the columns of
        `DISAGREEMENTS`. ``quote_with`` is what the first marked with the code. ``kind`` says how far they are apart:
        ``boundary`` where the other marked the same code in a passage that touches the sentence or one beside it,
        ``other code`` where the other gave the sentence other codes, ``codes_without``, and ``no code``; in
        ``quote_without`` is that passage of the other. Several stand behind each other.

    Raises
    ------
    ContractError
        A passage or sentence does not hold its words any more.
    """
    import pandas as pd

    from piloteval.qualitative.segments import verify

    keys = ["interview", "segment", "code"]
    segments = segments.reset_index(drop=True)
    people = codings[~codings["coder"].isin(machines) & codings["interview"].isin(segments["interview"].unique())]
    people = people.reset_index(drop=True)
    verify(people, dict(texts), "quote")
    verify(segments, dict(texts), "text")
    done = worked_on(people, None if worked is None else worked[~worked["coder"].isin(machines)])
    passage, sentence, half = overlaps(people, segments)
    touched = people.iloc[passage][["coder", "interview", "code", "start", "quote"]].reset_index(drop=True)
    touched["segment"], touched["half"] = segments["segment"].to_numpy()[sentence], half
    given = touched[touched["half"]]
    marks = given[["coder", *keys]].drop_duplicates()
    listed = pd.DataFrame(
        [(coder, name) for coder, some in done.items() for name in some], columns=["coder", "interview"]
    )
    marks = marks.merge(listed, on=["coder", "interview"])
    pairs = marks.merge(listed.rename(columns={"coder": "other"}), on="interview")
    pairs = pairs[pairs["coder"] != pairs["other"]]
    same = marks.rename(columns={"coder": "other"}).assign(same=True)
    apart = pairs.merge(same, on=["other", *keys], how="left")
    apart = apart[apart["same"].isna()].drop(columns="same").reset_index(drop=True)
    if apart.empty:
        return pd.DataFrame(columns=list(DISAGREEMENTS))

    def looked_up(rows: pd.DataFrame, column: str, by: dict[str, str]) -> pd.Series:
        """Find for every row what of a column stands beside it, by the names of the keys here and there."""
        wanted = apart[list(by)].drop_duplicates()
        named = rows.rename(columns={there: name for name, there in by.items() if name != there})
        found = wanted.merge(named[[*by, "start", column]].drop_duplicates([*by, column]), on=list(by))
        found = found.sort_values("start", kind="stable")
        several = found.duplicated(list(by), keep=False)
        joined = found[several].groupby(list(by), as_index=False)[column].agg(BETWEEN.join)
        found = pd.concat([found.loc[~several, [*by, column]], joined])
        return apart[list(by)].merge(found, on=list(by), how="left")[column]

    place = {"interview": "interview", "segment": "segment"}
    here = given.assign(said=given["code"])
    apart["quote_with"] = looked_up(given, "quote", {"coder": "coder", **place, "code": "code"})
    codes = looked_up(here.drop(columns="code"), "said", {"other": "coder", **place})
    quotes = looked_up(given, "quote", {"other": "coder", **place})
    # A passage with the same code that touches this sentence without half, or one beside it.
    near = pd.concat([touched.assign(segment=touched["segment"] + step) for step in (-1, 0, 1)])
    beside = looked_up(near, "quote", {"other": "coder", **place, "code": "code"})
    apart["kind"] = np.select([beside.notna(), codes.notna()], [BOUNDARY, OTHER_CODE], NO_CODE)
    apart["codes_without"] = codes.where(codes.notna(), "")
    apart["quote_without"] = beside.where(beside.notna(), quotes.where(quotes.notna(), ""))
    apart = apart.merge(segments[["interview", "segment", "text"]], on=["interview", "segment"])
    digests = {text: sentence_digest(text) for text in apart["text"].unique()}
    apart["digest"] = apart["text"].map(digests)
    apart = apart.rename(columns={"coder": "coder_with", "other": "coder_without"})[list(DISAGREEMENTS)]
    return apart.sort_values([*keys, "coder_with", "coder_without"], ignore_index=True)


# What counts

COUNTED = ("interview", "segment", "code", "theme", "source", "use")
#: Where the codes that count come from.
OF_PEOPLE, OF_DICTIONARY = "people", "dictionary"
#: Whether a code may be used for claims when no person has coded.
NOT_CHECKED = "not checked"


def counted(
    suggestions: pd.DataFrame, final: pd.DataFrame | None, claims: pd.DataFrame | None, *, whole: bool
) -> pd.DataFrame:
    """Return the codes of sentences that count: of people if they coded every interview, else of the dictionary.

    The two are never mixed: a difference between groups would be one between coders.

    Parameters
    ----------
    suggestions : DataFrame
        Suggestions of the dictionary with ``interview``, ``segment``, ``code``, ``theme`` and ``negated``.
    final : DataFrame or None
        Final codes of `reconcile`; none in a study without coders.
    claims : DataFrame or None
        As `fit_for_claims` gives it.
    whole : bool
        Whether people worked on every interview that is heard. Codes they dispute do not count until somebody decides.

    Returns
    -------
    DataFrame
        One row a sentence and code with the columns of `COUNTED`. ``use`` is ``yes`` or ``no`` by the agreement on the
        code and by decisions of people, and ``not checked`` where no person has coded. Negated hits do not count.
    """
    keys = ["interview", "segment", "code"]
    theme_of = dict(zip(suggestions["code"], suggestions["theme"], strict=True))
    use = {} if claims is None else dict(zip(claims["code"], claims["use"], strict=True))
    if claims is not None:
        theme_of |= dict(zip(claims["code"], claims["theme"], strict=True))
    if whole and final is not None:
        table = final[keys].assign(source=OF_PEOPLE)
    else:
        table = suggestions.loc[suggestions["negated"] != YES, keys].assign(source=OF_DICTIONARY)
    table = table.drop_duplicates(keys).sort_values(keys, ignore_index=True)
    table["theme"] = table["code"].map(theme_of)
    unknown = NOT_CHECKED if claims is None else NO
    table["use"] = [use.get(code, unknown) for code in table["code"]]
    return table[list(COUNTED)]


# What claims may rest on

FIT = ("code", "name", "theme", "people", "people_with", "machine", "verdict", "use", "reason", "decided_by")
FIT_ENOUGH, UNDER, NOT_KNOWN, TOO_FEW = "fit", "under the bar", "not known", "too few interviews to judge"
YES, NO = "yes", "no"
USE = "use"
DECISION_ON_USE = ("code", "decision", "decided_by", "decided_on", "reason")

PEOPLE_UNDER = "agreement of people under the bar"
MACHINE_UNDER = "agreement of the machine with people under the bar"
PEOPLE_NOT_KNOWN = "agreement of people not known"
MACHINE_NOT_KNOWN = "agreement of the machine with people not known"
PEOPLE_TOO_FEW = "fewer than {floor} interviews that two people worked on"
MACHINE_TOO_FEW = "fewer than {floor} interviews that a person worked on"

#: Units a code must have been given to, by at least one of the two, before their agreement on it is judged.
AT_LEAST_UNITS = 10
#: What of an agreement is held against a bar: the estimate, or the lower limit of its interval.
LIMIT, LOWER = "limit", "lower"


def fit_for_claims(
    agreement: pd.DataFrame,
    bars: Mapping[str, Mapping[str, Any]],
    codebook: Codebook,
    *,
    machine: str = "dictionary",
    decisions: pd.DataFrame | None = None,
    floor: int = 5,
) -> pd.DataFrame:
    """Mark the codes on which people, or a machine with people, agree less than the study demands.

    Parameters
    ----------
    agreement : DataFrame
        As `compare_coders` gives it, with nothing withheld.
    bars : mapping
        ``people`` and ``machine``, each with ``unit``, ``measure`` and ``at_least``, for instance sentence, alpha and
        0.667. Optionally ``at_least_units``: to how many units at least one of the two must have given the code (10;
        sentences where the unit is the character); and ``limit``: ``lower`` to hold the lower limit of the interval
        against the bar. A bar that is not given is not asked for; where claims rest on codes of people only, leave out
        ``machine``.
    codebook : Codebook
        Codes in the order shown.
    machine : str
        Whose suggestions claims rest on.
    decisions : DataFrame, optional
        What a person decided about using a code for claims all the same, or not, with the columns of `DECISION_ON_USE`;
        ``decision`` is ``use`` or anything else. One without name, date and reason does not count.
    floor : int
        Fewest interviews two must share to be held against a bar, and fewest units, whatever the bar asks for: else it
        would tell a code of few people from one that nobody used.

    Returns
    -------
    DataFrame
        One row a code with the columns of `FIT`. ``people`` and ``machine`` are the values held against the bars: of
        all people where there are more than two and the measure is there, else the lowest of the pairs. ``verdict`` is
        ``under the bar`` where one of them is; else ``not known`` where a value is undefined or rests on too few units,
        be it of one of several pairs; else ``fit``. Where no two share enough interviews it is ``too few interviews to
        judge``, for all codes alike. ``reason`` says in words why, and ``use`` is ``yes`` only for a fit code or by
        decision of a person. ``people_with`` is the fewest people one of the values rests on.

    Raises
    ------
    ConfigError
        A bar names a unit or measure that is not in the table.
    """
    import pandas as pd

    single = agreement[~agreement["code"].isin([ALL, MEAN])]
    held = {}
    for side, bar in bars.items():
        rows = single[(single["unit"] == bar["unit"]) & (single["measure"] == bar["measure"])]
        measures = {*MEASURES, *OF_EVERYBODY} if side == PEOPLE else set(MEASURES)
        long_only = bar["measure"] in OF_CHARACTERS and bar["unit"] != CHARACTER
        if bar["unit"] not in UNITS or bar["measure"] not in measures or long_only:
            raise ConfigError(
                f"config/config.yaml: the bar for {side} asks for `{bar['measure']}` of a `{bar['unit']}`, "
                "which is not measured. Name one of the measures and units of the table of agreement."
            )
        if side == PEOPLE:
            together = rows[rows["pair_kind"] == EVERYBODY]
            rows = together if len(together) else rows[rows["pair_kind"] == PEOPLE]
        else:
            rows = rows[rows["second"] == machine]
        rows = rows[rows["interviews"] >= floor]
        value = rows["ci_low" if bar.get(LIMIT) == LOWER else "estimate"]
        # Ten characters are no base for anything, so sentences are counted in their place.
        counted_in = SENTENCE if bar["unit"] == CHARACTER else bar["unit"]
        coded = (
            single[single["unit"] == counted_in].drop_duplicates(["pair", "code"]).set_index(["pair", "code"])["coded"]
        )
        coded = coded.reindex(pd.MultiIndex.from_frame(rows[["pair", "code"]])).to_numpy()
        value = value.where(coded >= max(floor, bar.get("at_least_units", AT_LEAST_UNITS)))
        held[side] = rows.assign(value=value, people_with=rows[["people_first", "people_second"]].min(axis=1))
    signed = {} if decisions is None else _signed(decisions)
    words = {
        PEOPLE: (PEOPLE_UNDER, PEOPLE_NOT_KNOWN, PEOPLE_TOO_FEW),
        "machine": (MACHINE_UNDER, MACHINE_NOT_KNOWN, MACHINE_TOO_FEW),
    }
    # One verdict for all codes: what is said of a code would tell what these few people spoke of.
    few = [words[side][2].format(floor=floor) for side, rows in held.items() if rows.empty]
    rows = []
    for one in codebook.codes.values():
        here = {side: every[every["code"] == one.code] for side, every in held.items()}
        values = {side: some["value"].min() for side, some in here.items()}
        under = [words[side][0] for side, bar in bars.items() if values[side] < bar["at_least"]]
        missing = [
            words[side][1] for side, some in here.items() if words[side][0] not in under and some["value"].isna().any()
        ]
        verdict = TOO_FEW if few else UNDER if under else NOT_KNOWN if missing else FIT_ENOUGH
        decision, by = signed.get(one.code, ("", ""))
        rows.append(
            {
                "code": one.code,
                "name": one.name,
                "theme": one.theme,
                **{side: values.get(side) for side in (PEOPLE, "machine")},
                "people_with": int(min((some["people_with"].min() for some in here.values() if len(some)), default=0)),
                "verdict": verdict,
                "use": (YES if decision == USE else NO) if decision else YES if verdict == FIT_ENOUGH else NO,
                "reason": "; ".join(few or [*under, *missing]),
                "decided_by": by,
            }
        )
    return pd.DataFrame(rows, columns=list(FIT)).astype({PEOPLE: float, "machine": float})


def _signed(decisions: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return the decision on every code that has one, and who made it; contradictory ones do not count."""
    found: dict[str, set[tuple[str, str]]] = {}
    for one in decisions.to_dict("records"):
        if all(_filled(one[name]) for name in DECISION_ON_USE):
            found.setdefault(one["code"], set()).add((one["decision"], one["decided_by"]))
    return {
        code: (next(iter(made))[0], BETWEEN.join(sorted(by for _decision, by in made)))
        for code, made in found.items()
        if len({decision for decision, _by in made}) == 1
    }
