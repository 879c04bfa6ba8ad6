"""What coders get: the interviews and the codebook of the study as a REFI-QDA project, with suggestions or blind."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from piloteval.errors import ContractError
from piloteval.intake.refi import (
    CUE,
    DICTIONARY,
    ILLEGAL,
    Case,
    Code,
    Coding,
    Project,
    Selection,
    Source,
    User,
    Value,
    Variable,
    code_guid,
    guid,
    need,
    source_guid,
    squash,
    write_project,
)
from piloteval.qualitative.colours import of_themes

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

#: There is no clock here, and the time a suggestion was made means nothing; QualCoder, though, does not open a project
#: that has a passage without a date.
DATE = "2000-01-01T00:00:00Z"


def label(code: str, name: str) -> str:
    """Return the name a code of the study has in a coding program: its id first, since long names are cut off."""
    return f"{code} {name}".strip()


def codes_of(codebook: Codebook) -> tuple[Code, ...]:
    """Return the codebook of the study as themes with their codes.

    Two levels, since ATLAS.ti has no more; themes cannot be given to a passage; and what a code means is in its
    description, not in a note, since QualCoder does not import a code with notes.
    """
    made = []
    colours = of_themes(codebook)
    for theme, name in codebook.themes.items():
        colour = colours[theme]
        children = []
        for one in codebook.codes.values():
            if one.theme != theme:
                continue
            lines = [one.definition]
            for what in ("include", "exclude", "source"):
                if said := getattr(one, what, ""):
                    lines.append(f"{what.capitalize()}: {said}")
            description = "\n".join(filter(None, lines))
            children.append(Code(code_guid(one.code), label(one.code, one.name), colour, description))
        made.append(Code(guid("theme", theme), label(theme, name), colour, codable=False, children=tuple(children)))
    return tuple(made)


# For coders

#: What may be said of an interview, in this order, where it is given.
FACTS = ("role", "cohort", "setting", "country", "language", "wave")


def _cases(texts: pd.DataFrame, facts: pd.DataFrame | None) -> tuple[list[Variable], dict[str, tuple[Value, ...]]]:
    """Return the variables that are given for any interview, and their values by interview."""
    import pandas as pd

    table = texts if facts is None else texts[["interview"]].merge(facts, on="interview", how="left")
    given = {
        name: {
            interview: str(value)
            for interview, value in zip(table["interview"], table[name], strict=True)
            if not pd.isna(value) and str(value).strip()
        }
        for name in FACTS
        if name in table
    }
    variables = [Variable(guid("variable", name), name) for name, values in given.items() if values]
    values = {
        interview: tuple(Value(guid("variable", name), of[interview]) for name, of in given.items() if interview in of)
        for interview in table["interview"]
    }
    return variables, values


def _suggested(
    rows: pd.DataFrame, texts: Mapping[str, str], codes: Collection[str], user: str, created: str
) -> dict[str, list[Selection]]:
    """Return the suggestions as passages by interview, in the order of the text."""
    made: dict[str, list[Selection]] = {interview: [] for interview in texts}
    ordered = rows.sort_values(["interview", "start", "end", "code"], kind="stable")
    ordered = ordered.astype(object).where(ordered.notna(), "")
    for one in ordered.drop_duplicates(["interview", "start", "end", "code"]).to_dict("records"):
        interview, start, end = one["interview"], int(one["start"]), int(one["end"])
        if interview not in texts:
            continue
        words = texts[interview][start:end]
        stands = words and end <= len(texts[interview]) and (one.get("quote") or words) == words
        if one["code"] not in codes or not stands:
            raise ContractError(
                f"A suggestion for interview {interview} at {start} does not hold its words, or its code is not in the "
                "codebook. Please report this."
            )
        cue, negated = one.get("cue", ""), one.get("negated", "") in (True, "yes")
        memo = "; ".join(filter(None, (f"{CUE}{cue}" if cue else "", "negated" if negated else "")))
        # Form feeds cannot stand in an attribute; a name without worse would not be the words any more.
        bare = ILLEGAL.sub(" ", words)
        name = bare if squash(bare) == squash(words) else ""
        place = (source_guid(interview, texts[interview]), start, end, one["code"], DICTIONARY)
        coding = Coding(guid("coding", *place), code_guid(one["code"]), user, created)
        made[interview].append(
            Selection(guid("selection", *place), start, end, name, memo, (coding,), user=user, created=created)
        )
    return made


def for_coders(
    texts: pd.DataFrame,
    codebook: Codebook,
    suggestions: pd.DataFrame | None = None,
    *,
    name: str,
    coder: str = "coder",
    facts: pd.DataFrame | None = None,
    description: str = "",
    created: str = DATE,
) -> Project:
    r"""Build the project that a coder opens.

    Parameters
    ----------
    texts : pandas.DataFrame
        Texts without names: ``interview`` and ``text`` with ``\n`` as line ends, and any of :data:`FACTS`.
    codebook : Codebook
        The codebook of the study.
    suggestions : pandas.DataFrame, optional
        ``interview``, ``code``, ``start``, ``end`` (code points of the text), and if given ``quote``, ``cue`` and
        ``negated``. Those of other interviews are passed over. Without it, no passage is coded.
    name : str
        Name of the project.
    coder : str
        The code of the person who will code, never a name.
    facts : pandas.DataFrame, optional
        ``interview`` and any of :data:`FACTS`, instead of those in ``texts``; empty cells are not given.
    description : str
        What the coder reads about the project.
    created : str
        The date everything in it carries, like ``2026-01-31T12:00:00Z``; there is no clock.

    Returns
    -------
    Project
        Sources in the order of their names; the suggestions are codings of the user ``dictionary``, who is listed after
        the coder.

    Raises
    ------
    ContractError
        A suggestion does not stand in its text, or its code is not in the codebook.
    """
    stored = dict(sorted(zip(texts["interview"], texts["text"], strict=True)))
    need(len(stored) == len(texts), "an interview stands twice among the texts")
    need(not any("\r" in text for text in stored.values()), "a text has other line ends than \\n")
    human, machine = User(guid("user", coder), coder, coder), User(guid("user", DICTIONARY), DICTIONARY, DICTIONARY)
    need(coder.casefold() != DICTIONARY, "a coder cannot be called like the machine")
    passages: dict[str, list[Selection]] = {}
    if suggestions is not None:
        passages = _suggested(suggestions, stored, codebook.codes.keys(), machine.guid, created)
    variables, values = _cases(texts, facts)
    sources, cases = [], []
    for interview, text in stored.items():
        own = source_guid(interview, text)
        selections = tuple(passages.get(interview, ()))
        sources.append(Source(own, interview, text, selections=selections, user=human.guid, created=created))
        cases.append(Case(guid("case", interview), interview, values=values[interview], sources=(own,)))
    return Project(
        name,
        users=(human,) if suggestions is None else (human, machine),
        codes=codes_of(codebook),
        variables=tuple(variables),
        cases=tuple(cases),
        sources=tuple(sources),
        description=description,
        user=human.guid,
        created=created,
    )


def export(texts: pd.DataFrame, codebook: Codebook, suggestions: pd.DataFrame | None = None, **given: Any) -> bytes:
    """Write the project that a coder opens; see :func:`for_coders` for what is given."""
    return write_project(for_coders(texts, codebook, suggestions, **given))


def draw(texts: pd.DataFrame, *, share: float, seed: int, stratum: str | None = "language") -> list[str]:
    """Draw the interviews for a second coder.

    Parameters
    ----------
    texts : pandas.DataFrame
        ``interview`` and the column that ``stratum`` names.
    share : float
        Share of each stratum, above 0 and at most 1; rounded up, so that no stratum is without a second coder.
    seed : int
        Another seed is another draw.
    stratum : str or None
        ``language`` or ``cohort``, or none.

    Returns
    -------
    list of str
        Interviews, sorted.

    Notes
    -----
    In each stratum those with the smallest SHA-256 of seed and interview are drawn. A draw by random numbers would
    change for all interviews when one comes or goes; this one changes by that one.
    """
    need(0 < share <= 1, "a share lies above 0 and is at most 1")

    def rank(interview: str) -> str:
        return hashlib.sha256(f"{seed}\x1f{interview}".encode()).hexdigest()

    groups = [texts] if stratum is None else [one for _, one in texts.fillna({stratum: ""}).groupby(stratum)]
    drawn = []
    for one in groups:
        # Of 10, 0.3 is 3; in binary, it is a little more.
        size = math.ceil(round(share * len(one), 9))
        drawn += sorted(one["interview"], key=rank)[:size]
    return sorted(drawn)


def blind(
    texts: pd.DataFrame,
    codebook: Codebook,
    *,
    name: str,
    share: float,
    seed: int,
    stratum: str | None = "language",
    **given: Any,
) -> tuple[bytes, list[str]]:
    """Write the project of a second coder, who sees no coding of anybody.

    Parameters
    ----------
    texts, codebook, name, **given
        See :func:`for_coders`; there are no suggestions.
    share, seed, stratum
        See :func:`draw`.

    Returns
    -------
    data : bytes
        The .qdpx file.
    drawn : list of str
        The interviews in it.
    """
    drawn = draw(texts, share=share, seed=seed, stratum=stratum)
    return export(texts[texts["interview"].isin(drawn)], codebook, name=name, **given), drawn
