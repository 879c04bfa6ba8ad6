"""Which words of participants may be quoted, where, and under which label; and the register of what is used.

A quote is used when a person approved exactly these words at this place, the transcript is signed off as it is now,
and the speaker allows quotes. It is shown with the role of the speaker and nothing else: no institution, country,
person or interview.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from piloteval.intake.decisions import read_decisions
from piloteval.intake.gate import open_gate
from piloteval.intake.places import locate
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source, of_kind, require
from piloteval.people import ADMITTED
from piloteval.qualitative import reconcile
from piloteval.qualitative.codebook import read_codebook
from piloteval.qualitative.matrix import groups_of, people_of
from piloteval.qualitative.prepare import SIGNED
from piloteval.qualitative.segments import verify
from piloteval.qualitative.units import coded_sentences

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

#: Most quotes of a person in all, and fewest people who speak of a theme that is quoted from.
MOST_OF_A_PERSON, FEWEST_PEOPLE = 3, 3

#: Most quotes of a theme.
MOST_OF_A_THEME = 6

#: The label of a speaker whose role would tell too much or is not known.
PARTICIPANT = "participant"

REGISTER_COLUMNS = [
    *("interview", "start", "end", "used", "reason", "theme", "number", "role", "person", "cohort", "quote"),
    *("themes", "approved_by", "approved_on"),
]
QUOTE_COLUMNS = ["theme", "name", "number", "quote", "role"]

#: Why a quote that was approved is not used.
NOT_APPROVED = "nobody's name or no day stands at the approval"
NOT_HEARD = "the interview is not among those that may be heard"
NOT_SIGNED = "the transcript is not signed off as it is now"
NOT_ALLOWED = "the person does not allow quotes"
NOT_THE_WORDS = "the approved words do not stand at this place"
NOT_SPEECH = "this is not the speech of a participant within one turn"
NOT_CODED = "no final code stands here"
FEW_PEOPLE = "its themes come up with too few people"
ENOUGH_OF_PERSON = "enough of this person is quoted"
ENOUGH_OF_THEME = "enough of its themes is quoted"
OVERLAPS = "it overlaps a quote that is used"


def role_labels(
    interviews: pd.DataFrame, words: Mapping[str, str], by: str = "cohort", fewest: int = 5
) -> dict[str, str]:
    """Return the label each interview is quoted with.

    Parameters
    ----------
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview``, ``person`` and the column of the role.
    words : mapping of str to str
        Words for each role, such as ``peer supporter``.
    by : str
        The column of the role.
    fewest : int
        Roles that fewer people have would tell who speaks. Together with as many others as it takes to reach the limit
        they are ``participant``, so that this word does not tell them either.
    """
    people = people_of(interviews)
    groups, _dimensions = groups_of(interviews, (by,), fewest)
    role = interviews[by].fillna("").astype(str)
    if by in groups:  # roles of too few people are put together there, under a name that is no role
        return {name: words.get(groups[by][person], PARTICIPANT) for name, person in people.items()}
    alone = role.iloc[0] if role.nunique() == 1 and people.nunique() >= fewest else ""
    return {name: words.get(alone, PARTICIPANT) for name in people.index}


def _refusal(one: Mapping[str, Any], text: Mapping[str, Any] | None, turns: Mapping[int, tuple[int, int]]) -> str:
    """Return why these words may not be quoted whatever they are about, or nothing."""
    if not all(str(one[name] or "").strip() for name in ("approved_by", "approved_on")):
        return NOT_APPROVED
    if text is None:
        return NOT_HEARD
    if text["signed"] != SIGNED:
        return NOT_SIGNED
    if text["quotes"] != "yes":
        return NOT_ALLOWED
    words = text["text"][one["start"] : one["end"]]
    whole = 0 <= one["start"] < one["end"] <= len(text["text"])
    if not whole or not words.strip() or ("quote" in one and words != one["quote"]):
        return NOT_THE_WORDS
    if not any(start <= one["start"] and one["end"] <= end for start, end in turns.values()):
        return NOT_SPEECH
    return ""


def select(
    approved: pd.DataFrame,
    texts: pd.DataFrame,
    codes: pd.DataFrame,
    segments: pd.DataFrame,
    interviews: pd.DataFrame,
    codebook: Codebook,
    roles: Mapping[str, str],
    *,
    most_of_a_person: int = MOST_OF_A_PERSON,
    most_of_a_theme: int = MOST_OF_A_THEME,
    fewest_people: int = FEWEST_PEOPLE,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose the quotes of every theme.

    Parameters
    ----------
    approved : pandas.DataFrame, shape (approvals, columns)
        ``interview, start, end, approved_by, approved_on`` and, better, ``quote``: the words as the person read them.
        With them an approval cannot move to other words when a text changes.
    texts : pandas.DataFrame, shape (interviews, columns)
        ``interview, text, signed, quotes``.
    codes : pandas.DataFrame, shape (sentences coded, columns)
        Final codes: ``interview, segment, code``.
    segments : pandas.DataFrame, shape (sentences, columns)
        ``interview, segment, turn, start, end, text``.
    interviews : pandas.DataFrame, shape (interviews, columns)
        ``interview, person, cohort``: those that may be heard.
    codebook : Codebook
        Codes and themes, in the order shown.
    roles : mapping of str to str
        Label of each interview, see :func:`role_labels`.
    most_of_a_person, most_of_a_theme : int
        Most quotes of a person in all, and of a theme.
    fewest_people : int
        Fewest people who speak of a theme that is quoted from.

    Returns
    -------
    quotes : pandas.DataFrame
        ``theme, name, number, quote, role``: what may be shown.
    register : pandas.DataFrame
        Every approval with the theme and number it is used for, or why it is not used. It names interviews and persons
        and is restricted.

    Raises
    ------
    ContractError
        A sentence is not found again at its place.

    Notes
    -----
    An approval that is given twice is one. A quote speaks of the themes whose codes stand in its sentences, by the rule
    of the coders: half of the shorter one. It is used once, and no two that are used overlap. Themes with the fewest
    candidates choose first, one quote at a time in rounds; the next quote of a theme is of the cohort with the fewest
    in it, and there of the person quoted least. Ties go by a digest of words and place, so that the order tells
    nothing of the order of the interviews.
    """
    import pandas as pd

    text_of = {one["interview"]: one for one in texts.to_dict("records")}
    segments = segments[segments["interview"].isin(text_of)]
    verify(segments, {name: one["text"] for name, one in text_of.items()}, "text")
    person_of = people_of(interviews).to_dict()
    cohort_of = dict(zip(interviews["interview"], interviews["cohort"].fillna(""), strict=True))
    turns = _turns(segments)
    once = approved.drop_duplicates(["interview", "start", "end"]).reset_index(drop=True)
    themes_of = _themes(once, codes, segments, codebook)
    heard = codes[codes["interview"].isin(person_of)]
    speakers: dict[str, set[str]] = {}
    for name, code in zip(heard["interview"], heard["code"], strict=True):
        if code in codebook.codes:
            speakers.setdefault(codebook.codes[code].theme, set()).add(person_of[name])
    told = [theme for theme in codebook.themes if len(speakers.get(theme, ())) >= fewest_people]

    rows: list[dict[str, Any]] = []
    for place, one in enumerate(once.to_dict("records")):
        name = one["interview"]
        text = text_of.get(name) if name in person_of else None
        reason = _refusal(one, text, turns.get(name, {}))
        themes = [theme for theme in codebook.themes if theme in themes_of.get(place, ())]
        open_to = [theme for theme in themes if theme in told]
        reason = reason or (NOT_CODED if not themes else FEW_PEOPLE if not open_to else "")
        # Words that are not to be quoted are not repeated here either.
        quote = "" if reason or text is None else text["text"][one["start"] : one["end"]]
        rows.append(
            {
                "interview": name,
                "start": one["start"],
                "end": one["end"],
                "used": "no",
                "reason": reason,
                "theme": "",
                "number": None,
                "role": roles.get(name, PARTICIPANT) if not reason else "",
                "person": person_of.get(name, ""),
                "cohort": cohort_of.get(name, ""),
                "quote": quote,
                "themes": "; ".join(themes),
                "approved_by": one["approved_by"],
                "approved_on": one["approved_on"],
                "open": open_to if not reason else [],
                "digest": hashlib.sha256(f"{quote}\n{name}\n{one['start']}".encode()).hexdigest(),
            }
        )
    _choose(rows, told, most_of_a_person, most_of_a_theme)
    register = pd.DataFrame(rows, columns=[*REGISTER_COLUMNS, "open", "digest"])[REGISTER_COLUMNS]
    register["number"] = register["number"].astype("Int64")
    shown = register[register["used"] == "yes"]
    shown = shown.assign(name=shown["theme"].map(codebook.themes))
    order = {theme: place for place, theme in enumerate(codebook.themes)}
    shown = shown.sort_values(["theme", "number"], key=lambda c: c.map(order) if c.name == "theme" else c)
    return shown[QUOTE_COLUMNS].reset_index(drop=True), register.sort_values(
        ["interview", "start", "end"], ignore_index=True
    )


def _turns(segments: pd.DataFrame) -> dict[str, dict[int, tuple[int, int]]]:
    """Return where the speech of each turn of a participant stands, by interview."""
    turns: dict[str, dict[int, tuple[int, int]]] = {}
    for (name, turn), here in segments.groupby(["interview", "turn"], sort=False):
        turns.setdefault(name, {})[turn] = (int(here["start"].min()), int(here["end"].max()))
    return turns


def _themes(
    approved: pd.DataFrame, codes: pd.DataFrame, segments: pd.DataFrame, codebook: Codebook
) -> dict[int, set[str]]:
    """Return the themes of each approval, by its row."""
    coded: dict[tuple[str, int], set[str]] = {}
    for name, number, code in zip(codes["interview"], codes["segment"], codes["code"], strict=True):
        if code in codebook.codes:
            coded.setdefault((name, int(number)), set()).add(codebook.codes[code].theme)
    # Passages are laid over sentences as those of coders are; here the row stands for the code.
    passages = approved[["interview", "start", "end"]].assign(coder="", code=range(len(approved)))
    found: dict[int, set[str]] = {}
    for one in coded_sentences(passages, segments).to_dict("records"):
        found.setdefault(one["code"], set()).update(coded.get((one["interview"], int(one["segment"])), ()))
    return found


def _choose(rows: list[dict[str, Any]], told: list[str], of_a_person: int, of_a_theme: int) -> None:
    """Give quotes to themes, in rounds; what is left over is told why."""
    candidates = {theme: [one for one in rows if theme in one["open"]] for theme in told}
    scarce_first = sorted(told, key=lambda theme: (len(candidates[theme]), told.index(theme)))
    quoted, in_theme = Counter(), {theme: Counter() for theme in told}
    numbers: Counter[str] = Counter()

    def hindrance(one: dict[str, Any]) -> str:
        if quoted[one["person"]] >= of_a_person:
            return ENOUGH_OF_PERSON
        beside = (other for other in rows if other["used"] == "yes" and other["interview"] == one["interview"])
        if any(other["start"] < one["end"] and one["start"] < other["end"] for other in beside):
            return OVERLAPS
        return ""

    chosen = True
    while chosen:
        chosen = False
        for theme in scarce_first:
            if numbers[theme] >= of_a_theme:
                continue
            free = [one for one in candidates[theme] if one["used"] == "no" and not hindrance(one)]
            if not free:
                continue
            best = min(
                free,
                key=lambda one: (in_theme[theme][one["cohort"]], quoted[one["person"]], one["digest"]),
            )
            numbers[theme] += 1
            best |= {"used": "yes", "theme": theme, "number": numbers[theme]}
            quoted[best["person"]] += 1
            in_theme[theme][best["cohort"]] += 1
            chosen = True
    for one in rows:
        if one["used"] == "no" and not one["reason"]:
            one["reason"] = hindrance(one) or ENOUGH_OF_THEME


def run(
    sources: list[Source],
    texts: pd.DataFrame,
    segments: pd.DataFrame,
    suggestions: pd.DataFrame,
    counted: pd.DataFrame | None,
    interviewees: pd.DataFrame,
    codebook: str,
    *,
    settings: dict[str, Any],
    roles: dict[str, str],
    floor: int,
) -> dict[str, pd.DataFrame]:
    """Read the list of approved quotes, find them in the texts without names, and choose among them.

    Parameters
    ----------
    sources : list of Source
        Files of the kind ``approved_quotes`` and those that say whose rows are passed over.
    texts, segments, suggestions, counted, interviewees : pandas.DataFrame
        Tables of the rules before; without coders ``counted`` is None and the suggestions count.
    codebook : str
        Its file.
    settings : dict
        What readers of raw files need to know.
    roles : dict of str to str
        Word for a speaker of each cohort.
    floor : int
        Fewest people of a role that is told.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``quotes`` and ``register``, see :func:`select`. A quote whose words do not stand in the text, or stand several
        times with a number that tells none of them, is in the register without a place.
    """
    import pandas as pd

    decisions, gate = read_decisions(sources), open_gate(sources)
    stored = dict(zip(texts["interview"], texts["text"], strict=True))
    asked = of_kind(sources, "approved_quotes")
    names = sorted({*interviewees["interview"], *stored})
    intake = read_records("approved_quotes", asked, {"interviews": names}, decisions=decisions, gate=gate)
    require(sources, settings, [*decisions.problems, *gate.problems, *intake.problems])
    rows = []
    for one in intake.records:
        found = locate([(one["start"], one["quote"])], stored.get(one["interview"], ""))[0]
        start, end = (found.start, found.end) if not found.why else (0, 0)
        # With other blanks or line ends the words are the same; what is quoted is what stands in the text.
        quote = stored.get(one["interview"], "")[start:end] or one["quote"]
        rows.append({**one, "start": start, "end": end, "quote": quote})
    columns = ["interview", "start", "end", "quote", "approved_by", "approved_on"]
    approved = pd.DataFrame(rows, columns=columns)
    book = read_codebook(codebook)
    if counted is None:
        counted = reconcile.counted(suggestions, None, None, whole=False)
    heard = interviewees[interviewees["status"] == ADMITTED].rename(columns={"speaker": "person"})
    labels = role_labels(heard, roles, fewest=floor) if len(heard) else {}
    shown, register = select(approved, texts, counted, segments, heard, book, labels)
    return {"quotes": shown, "register": register}
