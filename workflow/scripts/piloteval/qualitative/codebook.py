"""The codebook: codes, themes and the cues of the dictionary coder."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from piloteval.config import check, read_yaml
from piloteval.errors import ConfigError

#: Kinds of cues, in the order in which one of them is shown when several fire on the same words.
PHRASE, WILDCARD, LEMMA, REGEX, WINDOW, STOP = KINDS = ("phrase", "wildcard", "lemma", "regex", "window", "stop")

#: Keys of a cue that is more than a phrase, and the kinds they make.
KEYS = {"lemma": LEMMA, "regex": REGEX, "near": WINDOW, "not": STOP}

#: How many words two cues of a pair are apart at most, unless the codebook says it.
NEAR = 5

#: How many characters ``*`` and ``+`` of a regular expression reach over; longer than any word.
REACH = 60

#: Longest regular expression, and in how many ways one may fit at a place before that place is given up.
LONGEST_REGEX, MOST_WAYS = 300, 10_000


@dataclass(frozen=True)
class Cue:
    """A cue of the dictionary coder.

    ``text`` holds the words or the expression; a window has a ``pair`` of cues and how many words they are apart.
    """

    kind: str
    text: str = ""
    pair: tuple[Cue, ...] = ()
    within: int = 0

    def __str__(self) -> str:
        """Return the cue as it is written in the codebook."""
        if self.kind == WINDOW:
            return f"near: [{', '.join(map(str, self.pair))}], within: {self.within}"
        return self.text if self.kind in (PHRASE, WILDCARD) else f"{KEY_OF[self.kind]}: {self.text}"


KEY_OF = {kind: key for key, kind in KEYS.items()}


def phrase(text: str) -> Cue:
    """Return a plain text as a cue: a phrase, or one with wildcards."""
    return Cue(WILDCARD if "*" in text else PHRASE, text)


@dataclass(frozen=True)
class Negation:
    """The words of a language that negate a cue within a number of words before or after it, and exceptions."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    within: int = 5


@dataclass(frozen=True)
class Code:
    """A code of the codebook.

    ``cues`` are its phrases and wildcards by language, ``rules`` its cues of the other kinds, ``former`` the codes of
    an earlier version it comes from.
    """

    code: str
    theme: str
    name: str
    definition: str
    cues: dict[str, tuple[str, ...]]
    rules: dict[str, tuple[Cue, ...]] = field(default_factory=dict)
    include: str = ""
    exclude: str = ""
    source: str = ""
    former: tuple[str, ...] = ()

    def every_cue(self, language: str) -> tuple[Cue, ...]:
        """Return all cues of a language, phrases first."""
        return (*map(phrase, self.cues.get(language, ())), *self.rules.get(language, ()))


@dataclass(frozen=True)
class Codebook:
    """The codebook of the study."""

    version: str
    status: str
    themes: dict[str, str]
    codes: dict[str, Code]
    languages: tuple[str, ...] = ()
    negations: dict[str, Negation] = field(default_factory=dict)


def read_codebook(path: str | Path) -> Codebook:
    """Read and check the codebook.

    Raises
    ------
    ConfigError
        The file breaks its schema, a code is given twice, a code names a theme or a language that is not listed, or a
        cue cannot be looked for.
    """
    given = read_yaml(path)
    try:
        raw = check("codebook", given, str(path))
    except ConfigError as fault:
        raise ConfigError(_by_code(str(fault), given)) from None
    codes: dict[str, Code] = {}
    for one in raw["codes"]:
        if one["code"] in codes:
            raise ConfigError(f"{path}: the code `{one['code']}` is given twice. Keep one of the two.")
        if one["theme"] not in raw["themes"]:
            raise ConfigError(
                f"{path}: the code `{one['code']}` names the theme `{one['theme']}`, which is not in `themes`. "
                "Add it there, or correct the name."
            )
        codes[one["code"]] = _code(one, raw["languages"], f"{path}: the code `{one['code']}`")
    negations = {
        language: _negation(one, language, raw["languages"], f"{path}: `negations`")
        for language, one in raw["negations"].items()
    }
    return Codebook(raw["version"], raw["status"], dict(raw["themes"]), codes, tuple(raw["languages"]), negations)


def code_names(paths: list[str]) -> dict[str, str]:
    """Return the codes of the codebook with their names, none in a study without one."""
    return {code: one.name for path in paths for code, one in read_codebook(path).codes.items()}


def _by_code(sentences: str, given: Any) -> str:
    """Name codes by their ids where a sentence counts them."""

    def name(found: re.Match[str]) -> str:
        one = given["codes"][int(found[1])]
        code = one.get("code") if isinstance(one, dict) else None
        return f"`codes.{code}" if isinstance(code, str) and re.search("^[A-Z0-9_]+$", code) else found[0]

    return re.sub(r"`codes\.([0-9]+)\b", name, sentences)


# --------------------------------------------------------------------------------------------------------------- cues
def _code(one: dict[str, Any], languages: Sequence[str], at: str) -> Code:
    """Return a code whose cues have been checked; ``at`` begins every sentence."""
    if one["code"] in one["from"]:
        raise ConfigError(f"{at} names itself in `from`. Name only codes of the former version that it comes from.")
    cues: dict[str, tuple[str, ...]] = {}
    rules: dict[str, tuple[Cue, ...]] = {}
    for language, listed in one["cues"].items():
        _listed(language, languages, f"{at} has cues in")
        found = [_cue(each, language, f"{at} has a cue in `{language}`") for each in listed]
        for cue, times in Counter(map(str, found)).items():
            if times > 1:
                raise ConfigError(f"{at} has the cue `{cue}` twice in `{language}`. Keep one of the two.")
        if found and all(cue.kind == STOP for cue in found):
            raise ConfigError(f"{at} has only `not` cues in `{language}`. Add a cue that they hold back, or drop them.")
        plain = [cue.kind in (PHRASE, WILDCARD) for cue in found]
        cues[language] = tuple(cue.text for cue, is_plain in zip(found, plain, strict=True) if is_plain)
        if not all(plain):
            rules[language] = tuple(cue for cue, is_plain in zip(found, plain, strict=True) if not is_plain)
    return Code(
        one["code"],
        one["theme"],
        one["name"],
        one["definition"],
        cues,
        rules,
        *(one[name] for name in ("include", "exclude", "source")),
        former=tuple(one["from"]),
    )


def _negation(one: dict[str, Any], language: str, languages: Sequence[str], at: str) -> Negation:
    _listed(language, languages, f"{at} has words in")
    words = [
        tuple(_phrase(text, f"{at} has a phrase in `{language}`").text for text in one[name])
        for name in ("before", "after", "except")
    ]
    return Negation(*words, within=one["within"])


def _listed(language: str, languages: Sequence[str], at: str) -> None:
    if language not in languages:
        raise ConfigError(f"{at} `{language}`, which is not in `languages`. Add it there, or correct the language.")


def _cue(given: str | dict[str, Any], language: str, at: str) -> Cue:
    """Return a cue from its form in the file.

    Raises
    ------
    ConfigError
        The cue is none, or cannot be looked for.
    """
    if isinstance(given, str):
        return _phrase(given, at)
    keys = [key for key in KEYS if key in given]
    if len(keys) != 1:
        raise ConfigError(
            f"{at} with {' and '.join(f'`{key}`' for key in keys) or 'none'} of `lemma`, `regex`, `near` and `not`. "
            "Give it exactly one of them."
        )
    (key,) = keys
    if "within" in given and key != "near":
        raise ConfigError(f"{at} with `{key}` and `within`, which belongs to `near`. Drop `within`, or use `near`.")
    if key == "lemma":
        return _lemma(given["lemma"], language, at)
    if key == "regex":
        try:
            bounded(given["regex"])
        except ValueError as fault:
            raise ConfigError(f"{at}, `regex: {given['regex']}`, {fault}") from None
        return Cue(REGEX, given["regex"])
    if key == "not":
        return Cue(STOP, _phrase(given["not"], at).text)
    pair = tuple(
        _phrase(part, at) if isinstance(part, str) else _lemma(part["lemma"], language, at) for part in given["near"]
    )
    return Cue(WINDOW, pair=pair, within=given.get("within", NEAR))


def _text(given: str, at: str) -> str:
    """Return words without blanks around them, composed as the transcripts are."""
    text = " ".join(unicodedata.normalize("NFC", given).split())
    if not any(one.isalnum() for one in text):
        raise ConfigError(f"{at}, `{given}`, without a letter. Write the words that are said, or drop the cue.")
    return text


def _phrase(given: str, at: str) -> Cue:
    text = _text(given, at)
    words = text.split()
    if {words[0].strip("*"), words[-1].strip("*")} & {""}:
        raise ConfigError(
            f"{at}, `{given}`, that begins or ends with `*` alone, which is any word. Drop it, or join it to a word."
        )
    return phrase(text)


def _lemma(given: str, language: str, at: str) -> Cue:
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    if language not in SUPPORTED_LANGUAGES:
        raise ConfigError(
            f"{at}, `lemma: {given}`, and simplemma knows no lemmas of that language. Use phrases with `*` instead."
        )
    if "*" in given:
        raise ConfigError(f"{at}, `lemma: {given}`, with `*`. A lemma stands for all forms of its word; drop the `*`.")
    return Cue(LEMMA, _text(given, at))


# ------------------------------------------------------------------------------------------------ regular expressions
# Python's `re` goes back over every way in which an expression may fit, and cannot be told to stop. The lock has no
# engine without that, so an expression is measured when the codebook is read: every repetition has an end, and what
# remains to go back over is counted. The parser of `re` itself reads the expression; it has no public door.

_PIECES = re.compile(
    r"\\."  # an escape
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a set of characters
    r"|(?P<open>\*|\+|\{(?P<least>[0-9]*),\})(?P<way>[?+]?)"  # a repetition without end
    r"|\{[0-9]*,?[0-9]+\}[?+]?|\?[?+]?"  # a repetition with an end
    r"|.",
    re.DOTALL,
)
#: Characters the expressions are tried on: Latin, Greek and Cyrillic letters, digits, signs.
_SAMPLE = frozenset(map(chr, (*range(9, 14), *range(32, 127), *range(160, 1328), *range(0x2010, 0x2040))))


@cache
def bounded(expression: str) -> str:
    r"""Return a regular expression in which every repetition has an end; one that could take for ever is refused.

    Parameters
    ----------
    expression : str
        As in the codebook.

    Returns
    -------
    str
        The same expression, whose ``*``, ``+`` and ``{n,}`` reach over at most 60 repetitions.

    Raises
    ------
    ValueError
        It is no expression, fits on nothing at all, refers back to its groups, sets flags, or can fit in more than
        10,000 ways at one place. The message goes on after the name of the expression.

    Notes
    -----
    The ways are counted from the end to the beginning. A repetition of characters none of which can begin what comes
    next has one way to end; any other has as many as it has lengths. Alternatives count once if no two begin alike,
    else each counts. Ways of parts that follow each other multiply, so ``(\w+\s+){0,3}x`` has few and ``(a+)+b`` many.
    """
    from re import _parser

    if len(expression) > LONGEST_REGEX:
        raise ValueError(f"that is longer than {LONGEST_REGEX} characters. Cut it into several.")

    def closed(piece: re.Match[str]) -> str:
        if not piece["open"]:
            return piece[0]
        least = 1 if piece["open"] == "+" else int(piece["least"] or 0)
        return f"{{{least},{max(REACH, least)}}}{piece['way']}"

    text = _PIECES.sub(closed, unicodedata.normalize("NFC", expression))
    try:
        re.compile(expression)  # first as it was written, so that what is said of it is true of that
        parsed = _parser.parse(text)
    except (re.error, OverflowError):
        raise ValueError("that is no regular expression. Check its brackets and its backslashes.") from None
    if parsed.state.flags & ~re.UNICODE:
        raise ValueError("that sets flags. Drop them; capitals make no difference already.")
    if parsed.getwidth()[0] == 0:
        raise ValueError("that fits where nothing is said. Let it ask for at least one character.")
    if _ways(parsed, frozenset()) > MOST_WAYS:
        raise ValueError(
            "that can fit in too many ways, so that a search could take for ever. Use fewer `*` and `+` that can stand "
            "for the same characters, or a cue with `near`."
        )
    return text


def _name(node: tuple[Any, Any]) -> str:
    return str(node[0])


def _characters(node: tuple[Any, Any]) -> frozenset[str] | None:
    """Return which characters of the sample a node fits on, or None if it is no test of one character.

    What is not in the sample is taken for every character: too many ways, never too few.
    """
    name, value = _name(node), node[1]
    if name == "LITERAL":
        one = chr(value)
        return frozenset({one, one.lower(), one.upper()}) if one in _SAMPLE else _SAMPLE
    if name == "NOT_LITERAL":
        return _SAMPLE - {chr(value)}
    if name == "ANY":
        return _SAMPLE
    if name != "IN":
        return None
    fits: set[str] = set()
    for inner, inside in value:
        what = str(inner)
        if what == "LITERAL":
            if chr(inside) not in _SAMPLE:
                return _SAMPLE
            fits |= _characters((inner, inside)) or set()
        elif what == "RANGE":
            low, high = inside
            if not {chr(low), chr(high)} <= _SAMPLE:
                return _SAMPLE
            fits |= {
                one for one in _SAMPLE if any(low <= ord(way[0]) <= high for way in (one, one.lower(), one.upper()))
            }
        elif what == "CATEGORY":
            kind = str(inside)
            test = next(test for end, test in _CATEGORIES.items() if kind.endswith(end))
            fits |= {one for one in _SAMPLE if test(one) != ("_NOT_" in kind)}
    return _SAMPLE - fits if str(value[0][0]) == "NEGATE" else frozenset(fits)


_CATEGORIES = {"DIGIT": str.isdecimal, "SPACE": str.isspace, "WORD": lambda one: one.isalnum() or one == "_"}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def _inside(node: tuple[Any, Any]) -> list[Any]:
    """Return the sequences within a node."""
    name, value = _name(node), node[1]
    if name == "SUBPATTERN":
        if value[1] or value[2]:
            raise ValueError("that sets flags. Drop them; capitals make no difference already.")
        return [value[3]]
    if name == "BRANCH":
        return value[1]
    if name in _REPEATS:
        return [value[2]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    if name == "ATOMIC_GROUP":
        return [value]
    if name in ("AT", "FAILURE"):
        return []
    raise ValueError("that refers back to one of its groups. Write out what is meant.")


def _first(nodes: Any) -> tuple[frozenset[str], bool]:
    """Return the characters a sequence can begin with, and whether it can be empty."""
    first: frozenset[str] = frozenset()
    for node in nodes:
        begins, empty = _first_of(node)
        first |= begins
        if not empty:
            return first, False
    return first, True


def _first_of(node: tuple[Any, Any]) -> tuple[frozenset[str], bool]:
    one = _characters(node)
    if one is not None:
        return one, False
    within, name = [_first(part) for part in _inside(node)], _name(node)
    if name in ("AT", "ASSERT", "ASSERT_NOT", "FAILURE"):
        return frozenset(), True
    empty = any(empty for _begins, empty in within) or (name in _REPEATS and node[1][0] == 0)
    return frozenset().union(*(begins for begins, _empty in within)), empty


def _ways(nodes: Any, follow: frozenset[str]) -> int:
    """Return in how many ways at most a sequence fits in front of what can begin with ``follow``."""
    ways = 1
    for node in reversed(list(nodes)):
        ways *= _ways_of(node, follow)
        begins, empty = _first_of(node)
        follow = begins | follow if empty else begins
    return min(ways, MOST_WAYS + 1)


def _ways_of(node: tuple[Any, Any], follow: frozenset[str]) -> int:
    if _characters(node) is not None:
        return 1
    parts, name = _inside(node), _name(node)
    firsts = [_first(part) for part in parts]
    if name in _REPEATS:
        least, most, part = node[1]
        begins, empty = firsts[0]
        inner = _ways(part, begins | follow)
        if int(most) > MOST_WAYS:
            return MOST_WAYS + 1
        if empty or begins & follow:
            return sum(min(inner**times, MOST_WAYS + 1) for times in range(int(least), int(most) + 1))
        return inner ** int(most)
    each = [_ways(part, follow) for part in parts]
    apart = all(not one & other for (one, _), (other, _) in combinations(firsts, 2))
    if apart and not any(empty for _begins, empty in firsts):
        return max(each, default=1)
    return max(1, sum(each))
