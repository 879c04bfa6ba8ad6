"""De-identification of transcripts: names of a deny-list and identifiers known by their form become bracketed words.

A person keeps the deny-list; this module finds its entries however they are inflected or misspelt, replaces them,
and lists the words that may be names and are on no list, for a person to judge. Nothing outside the replacements
changes, and every offset of the received text has its place in the new one.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from piloteval.qualitative import identifiers

KINDS = ("person", "organisation", "ward", "place", "other")
HARMLESS = "harmless"

#: What an entry is called when it has no role, and what an identifier is called that is known by its form.
WORDS = {"person": "person", "organisation": "organisation", "ward": "ward", "place": "place", "other": "name"}
SHOWN = {
    "email": "[e-mail address]",
    "url": "[web address]",
    "phone": "[phone number]",
    "id": "[number]",
    "date": "[date]",
    "room": "[room]",
    "case": "[case number]",
    "plate": "[licence plate]",
}

#: Labels of a spaCy pipeline that name somebody or something.
NAMING = frozenset({"PER", "PERSON", "LOC", "GPE", "ORG", "FAC"})


def _added(endings: str) -> tuple[tuple[str, str], ...]:
    return tuple(("", ending) for ending in endings.split())


#: Endings of names by language: what falls off the entry, and what comes instead. `bremen`, `bremer` is ("en", "er").
#: Letters are folded: no accents, lower case. A possessive with an apostrophe (`'s`) needs no line. Another language
#: is added as a line; one without a line has the plural and genitive `s`.
ENDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "de": (
        *_added("s es ens n en e er ern ers erin erinnen in innen ner nern ners sche schen scher sches"),
        *_added("ische ischen ischer"),
        *((lost, ending) for lost in ("en", "e") for ending in ("er", "ern", "ers", "ner", "nern", "erin", "s")),
        *(("a", "aner"), ("a", "ianer"), ("us", "i")),
    ),
    "nl": (
        *_added("s es en e er ers se sche tje je ke ens n"),
        *(("en", "er"), ("en", "ers"), ("en", "se")),
    ),
    "fr": _added("s x e es ois oise ais aise ien ienne"),
    "pt": (
        *_added("s es inho inha zinho zinha"),
        *(("o", "inho"), ("a", "inha"), ("l", "is"), ("ao", "oes"), ("m", "ns")),
    ),
    "es": (*_added("s es ito ita"), ("o", "ito"), ("a", "ita"), ("z", "ces")),
    "en": (*_added("s es"), ("y", "ies"), ("f", "ves")),
}

#: Titles that stand directly before a name, by language; `.` behind them is allowed. Case does not matter.
TITLES: dict[str, str] = {
    "de": r"frau|fr|herrn?|hr|hrn|dr|doktor|doktorin|prof|professor|professorin|"
    r"(?:priv|doz|univ|med|mag|dipl|ing|prim)(?=\.)|magistra|dipl-ing|primar|primaria|oa|oä|schwester|sr|bruder|pfleger|dgks|dgkp|dkks|"
    r"oberschwester|tante|onkel|"
    r"fräulein|pater|pfarrer|frl",
    "nl": r"mevrouw|mevr|mw|meneer|mijnheer|dhr|de heer|heer|juffrouw|juf|dr|dokter|doctor|prof|professor|"
    r"(?:ir|ing|br)(?=\.)|drs|mr|zuster|zr|broeder|pastoor|pater|tante|nonkel|oom",
    "fr": r"madame|mme|mesdames|mmes|monsieur|m|mr|messieurs|mm|mademoiselle|mlle|docteure?|doctoresse|dr|dre|"
    r"(?:pr|me)(?=\.)|prof|professeure?|maître|sœur|soeur|frère|père|abbé|tante|tonton",
    "pt": r"senhora? enfermeir[oa]|senhora? doutora?|senhora?|sr|sr\.?ª|sra|srª|dona|dom|d(?=\.)|doutora?|dr|dr\.?ª|"
    r"dra|drª|prof|prof\.?ª|profª|professora?|enfermeir[oa]|enf|enf\.?ª|enfª|engenheir[oa]|eng|eng\.?ª|menina|menino|irmã|"
    r"padre|tia|tio|frei",
    "es": r"señora?|señorita|sr|sra|srta|sor|don|doña|d(?=\.)|dª|d\.?ª|doctora?|dr|dra|dr\.?ª|prof|profª|profesora?|"
    r"enfermer[oa]|padre|fray|tía|tío|hermana|licenciad[oa]",
    "en": "mrs|mr|ms|miss|mx|dr|doctor|prof|professor|sister|sr|nurse|matron|sir|dame|lady|lord|father|fr|"
    "canon|auntie|aunt|uncle|madam",
}

#: Words that are written in full or short: both are the same word. Folded.
_SHORT = {"sankt": "st", "saint": "st", "sint": "st", "sainte": "ste", "santo": "sto"}

# Letters that no decomposition of Unicode takes apart.
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ĳ": "ij", "ħ": "h"}
)
_SINGLE = str.maketrans({"ß": "s", "æ": "a", "œ": "o", "þ": "t", "ĳ": "y"})  # a slip counts letters as they are written
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

_OPAQUE = "\ufffc"  # stands in the plain view for text in brackets and for what has been replaced
# Words in small letters, as this program and transcribers write them: `[colleague A]`, `[lacht]`. In other brackets a
# transcriber may have written who or when.
_BRACKETS = re.compile(
    r"\[(?!(?:at|ät|dot|punkt|punt|point|punto|ponto|arroba|arobase)\])[a-zß-öø-ÿ][a-zß-öø-ÿ' .…-]*(?: [A-Z]{1,2})?\]"
)
_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"'(?:s|S|n|sche[rnms]?)(?![\w])|(?<=[sxzßSXZ])'(?![\w])")
_ELIDED = re.compile(r"(?<![\w'])(?i:qu|jusqu|lorsqu|puisqu|quoiqu|presqu|[dljnsmct])'$")
_BETWEEN = re.compile(r" ?- ?| ?/ ?|[ '.·]|\. ")
_JOINT = re.compile(r"['-]")
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_APOSTROPHES = "'\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\u0060\uff07"
_PLAIN = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_APOSTROPHES, "'"),
    "／": "/",
    "．": ".",
    "＋": "+",
    "＠": "@",
    "（": "(",
    "）": ")",
}

_PLAIN_SIGNS = str.maketrans({**_PLAIN, "\u00a0": " "})
# What a stretch may not hold to be taken over sign by sign: marks, invisible signs, foreign figures, runs of blanks.
_SPECIAL = re.compile(r"[^\x20-\x7e\n\xa0-\xac\xae-\u024f\u2010-\u2015\u2018-\u201f\u2026\u20ac]|[ \xa0]{2}")

_EXACT, _INFLECTED, _SPELLING = "list", "list (inflected)", "list (spelling)"
_ORDER = {_EXACT: 0, _INFLECTED: 1, _SPELLING: 2}


@dataclass(frozen=True)
class Entry:
    """A line of the deny-list.

    Attributes
    ----------
    kind : str
        person, organisation, ward, place or other; ``harmless`` for a word a person judged to name nobody.
    text : str
        The name in its base form.
    role : str
        What it is called instead: colleague, patient, hospital. Empty: the kind's own word.
    same_as : str
        Text of the entry it is another name of.
    """

    kind: str
    text: str
    role: str = ""
    same_as: str = ""


@dataclass(frozen=True)
class Replacement:
    """A stretch of the received text and what stands there now."""

    start: int
    end: int
    kind: str
    shown: str
    by: str
    entry: str = ""


@dataclass(frozen=True)
class Unknown:
    """A word that may name somebody and is on no list; ``why`` is ``capital letter`` or ``model: PER``."""

    start: int
    end: int
    word: str
    why: str


@dataclass(frozen=True)
class Deidentified:
    """A text without its identifiers.

    Attributes
    ----------
    text : str
        The new text.
    replacements : tuple of Replacement
        Sorted, never overlapping; offsets in the received text.
    unknown : tuple of Unknown
        Words for a person to judge; offsets in the received text.
    """

    text: str
    replacements: tuple[Replacement, ...]
    unknown: tuple[Unknown, ...]

    @cached_property
    def _moved(self) -> tuple[list[int], list[int]]:
        """Starts of the replacements, and where each lies in the new text."""
        starts, places, gained = [], [], 0
        for one in self.replacements:
            starts.append(one.start)
            places.append(one.start + gained)
            gained += len(one.shown) - (one.end - one.start)
        return starts, places

    def place(self, offset: int) -> int:
        """Return where an offset of the received text lies in the new one; inside a replaced stretch, its start."""
        starts, places = self._moved
        index = bisect_right(starts, offset) - 1
        if index < 0:
            return offset
        one = self.replacements[index]
        return places[index] if offset < one.end else places[index] + len(one.shown) + offset - one.end

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the received text lies in the new one, grown to whole replacements it touches."""
        if start == end:
            place = self.place(start)
            return place, place
        last = bisect_right(self._moved[0], end - 1) - 1
        if last >= 0 and end < self.replacements[last].end:
            return self.place(start), self._moved[1][last] + len(self.replacements[last].shown)
        return self.place(start), self.place(end)


def _fold(word: str) -> str:
    """Return a word without marks, in lower case."""
    folded = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    folded = "".join(sign for sign in folded if not unicodedata.combining(sign)).casefold().translate(_LETTERS)
    return _SHORT.get(folded, folded)


def _folds(word: str) -> tuple[str, ...]:
    """Return the folded forms of a word: ``Jäger`` is ``jager`` and ``jaeger``, ``Weiß`` is ``weiss`` and ``weis``."""
    plain = _fold(word)
    composed = unicodedata.normalize("NFC", word)
    forms = (plain, _fold(composed.lower().translate(_SINGLE)), _fold(composed.lower().translate(_UMLAUTS)))
    return tuple(dict.fromkeys(forms))


def _one_slip(one: str, other: str) -> bool:
    """Whether two different words are one slip apart: a letter wrong, missing or added, or two neighbours swapped."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    at = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    return one[at + 1 :] == other[at + 1 :] or (
        one[at + 2 :] == other[at + 2 :] and one[at : at + 2] == other[at : at + 2][::-1]
    )


def _shortened(word: str) -> Iterator[str]:
    """Yield a word and every form of it with one letter less."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


#: The shortest word in which a slip is looked for, and the shortest entry found in lower case.
SLIP_LETTERS, LOWER_LETTERS = 5, 6
#: From this length on a word of the language may be a mistyped name.
LONG_LETTERS = 7


@dataclass(frozen=True)
class _Name:
    """An entry made ready: its place in the list, who it is, and what it is called."""

    rank: int
    entry: Entry
    entity: str
    kind: str
    word: str
    lower: bool  # may be found in lower case


class _Node(dict[str, "_Node"]):
    """A word on the way to an entry; ``name`` where an entry ends."""

    __slots__ = ("name",)

    def __init__(self) -> None:
        super().__init__()
        self.name: _Name | None = None


@dataclass(frozen=True)
class _Option:
    """A word of the list that a word of the text may stand for.

    ``backed`` says that something else must speak for it: the word of the text is one of the language.
    """

    key: str
    by: str
    backed: bool = False


@dataclass(frozen=True)
class _Token:
    """A word of the plain view."""

    start: int
    end: int
    word: str


class DenyList:
    """The deny-list made ready for searching; one object serves all transcripts.

    Parameters
    ----------
    entries : iterable of Entry
        The lines of the list. Of two lines with the same text the first one counts.

    Notes
    -----
    Words are compared without marks and letter case. The list is a tree of words, so that the length of the list does
    not matter; slips are found by leaving out a letter of both words (symmetric deletion).
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._root = _Node()
        self._harmless: set[tuple[str, ...]] = set()
        self._near: dict[str, list[str]] = {}
        self._keys: set[str] = set()
        self._lower: set[str] = set()
        self._options: dict[tuple[str, str], tuple[_Option, ...]] = {}
        named = [one for one in self.entries if one.kind != HARMLESS]
        first = {}
        for one in named:
            first.setdefault(_same(one.text), one)
        for rank, one in enumerate(named):
            self._add(rank, one, first)
        for one in self.entries:
            if one.kind == HARMLESS:
                words = _WORD.findall(_view_of(one.text))
                self._harmless.update({tuple(map(_fold, words)), (_fold("".join(words)),)} if words else ())
        for key in self._keys:
            if len(key) >= SLIP_LETTERS and not any(map(str.isdigit, key)):
                for form in _shortened(key):
                    self._near.setdefault(form, []).append(key)

    def _add(self, rank: int, entry: Entry, first: Mapping[str, Entry]) -> None:
        main, seen = entry, {_same(entry.text)}
        while main.same_as and _same(main.same_as) in first and _same(main.same_as) not in seen:
            main = first[_same(main.same_as)]
            seen.add(_same(main.text))
        kind = main.kind if main.kind in KINDS else "other"
        word = (main.role or entry.role).strip() or WORDS[kind]
        entity = _same(main.same_as) if main.same_as and main is entry else _same(main.text)
        letters = sum(map(str.isalnum, entry.text))
        lower = letters >= LOWER_LETTERS or not any(map(str.isupper, entry.text))
        name = _Name(rank, entry, entity, kind, word, lower or len(_WORD.findall(_view_of(entry.text))) > 1)
        for keys in _ways(entry.text):
            node = self._root
            for key in keys:
                self._keys.add(key)
                node = node.setdefault(key, _Node())
            if node.name is None:
                node.name = name
        self._lower.update(_fold(word) for word in _WORD.findall(_view_of(entry.text)) if word.islower())

    def harmless(self, *words: str) -> bool:
        """Return whether a person judged that these words name nobody."""
        return tuple(map(_fold, words)) in self._harmless or (_fold("".join(words)),) in self._harmless

    def options(self, word: str, language: str) -> tuple[_Option, ...]:
        """Return the words of the list that a word of a text may stand for, the surest first."""
        known = self._options.get((word, language))
        if known is None:
            known = self._options[word, language] = tuple(self._find_options(word, language))
        return known

    def _find_options(self, word: str, language: str) -> Iterator[_Option]:
        if (_fold(word),) in self._harmless:
            return
        folds, seen = _folds(word), set()
        for fold in folds:
            if fold in self._keys and fold not in seen:
                seen.add(fold)
                yield _Option(fold, _EXACT)
        stems = [stem for fold in folds for stem in _stems(fold, language)]
        for stem in stems:
            if stem in self._keys and stem not in seen:
                seen.add(stem)
                # `Marken` may be no Mark; with an s it may, but families and genitives have it in every language.
                doubtful = len(stem) < LOWER_LETTERS and word[-1] not in "sS" and known(word, language)
                yield _Option(stem, _INFLECTED, doubtful)
        if len(word) < SLIP_LETTERS - 1 or any(map(str.isdigit, word)):
            return
        near: dict[str, None] = {}
        for form in [*folds, *stems]:
            for less in _shortened(form):
                for key in self._near.get(less, ()):
                    if key not in seen and _one_slip(form, key):
                        near[key] = None
        if near:
            # A long name one slip apart is rarely another word, but in German, where every noun has its capital.
            a_word = known(word, language) and (language == "de" or len(word) < LONG_LETTERS)
            for key in near:
                yield _Option(key, _SPELLING, a_word)

    def names(self, view: str, tokens: list[_Token], language: str) -> list[tuple[int, int, _Name, str]]:
        """Return the entries in a plain view: start, end, entry, and how it was found; overlapping ones too."""
        found = []
        units = [list(self._units(view, tokens, index, language)) for index in range(len(tokens))]
        for index, here in enumerate(units):
            if here:
                best = self._longest(view, tokens, units, index, language)
                if best:
                    found.append(best)
        return found

    def _units(self, view: str, tokens: list[_Token], index: int, language: str) -> Iterator[tuple[int, str, _Option]]:
        """Yield what the word at an index may stand for, alone and joined to those behind its hyphen or apostrophe."""
        word, last = tokens[index].word, index
        for option in self.options(word, language):
            yield index + 1, word, option
        while last + 1 < len(tokens) and last - index < 2:
            between = view[tokens[last].end : tokens[last + 1].start]
            if not _JOINT.fullmatch(between):
                return
            last += 1
            word += tokens[last].word
            for option in self.options(word, language):
                yield last + 1, word, option

    def _longest(
        self, view: str, tokens: list[_Token], units: list[list[tuple[int, str, _Option]]], index: int, language: str
    ) -> tuple[int, int, _Name, str] | None:
        """Return the longest entry that begins with the word at an index."""
        titled = None
        best: tuple[tuple[int, int, int], tuple[int, int, _Name, str]] | None = None
        paths: list[tuple[_Node, int, tuple[tuple[str, _Option], ...]]] = [(self._root, index, ())]
        while paths:
            node, at, way = paths.pop()
            if way and node.name is not None:
                by = max((option.by for _, option in way), key=_ORDER.__getitem__)
                if titled is None:
                    titled = bool(_title_before(view, tokens[index].start, language))
                if self._passes(node.name, way, titled):
                    rank = (at, -_ORDER[by], -node.name.rank)
                    if best is None or rank > best[0]:
                        best = (rank, (tokens[index].start, tokens[at - 1].end, node.name, by))
            if at >= len(tokens) or (way and not _between(view, tokens[at - 1], tokens[at])):
                continue
            slips = sum(option.by == _SPELLING for _, option in way)
            for behind, word, option in units[at]:
                following = node.get(option.key)
                if following is not None and (slips == 0 or option.by != _SPELLING):
                    paths.append((following, behind, (*way, (word, option))))
        return best[1] if best else None

    def _passes(self, name: _Name, way: tuple[tuple[str, _Option], ...], titled: bool) -> bool:
        """Whether letter case and the words around allow it."""
        several = len(way) > 1
        for word, option in way:
            capital = word[0].isupper() or word[0].isdigit()
            if option.by == _SPELLING and not capital and not (several and option.key in self._lower):
                return False
            if not capital and not name.lower:
                return False
            backed = (titled and name.kind == "person") or (
                several and any(other.by == _EXACT and len(sign) > 2 for sign, other in way)
            )
            if option.backed and not backed:
                return False
        return True


def _same(text: str) -> str:
    """Return what two spellings of an entry have in common."""
    return " ".join(map(_fold, _WORD.findall(_view_of(text))))


def _view_of(text: str) -> str:
    return _view(text, [(0, len(text))], []).text


def _ways(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the sequences of folded words that stand for an entry.

    A word with an apostrophe counts as one word and as its parts, without the possessive and without an elided article:
    ``St Fechin's`` is ``st fechins``, ``st fechin s`` and ``st fechin``; ``d'Hanquet`` is also ``hanquet``. Up to three
    words may be written as one.
    """
    view = _view_of(text)
    ways: list[tuple[str, ...]] = [()]
    for word in re.findall(r"[^\W_]+(?:'[^\W_]+)*", view):
        parts = word.split("'")
        forms = {("".join(parts),), tuple(parts)}
        if len(parts) > 1 and parts[-1].lower() == "s":
            forms.add(tuple(parts[:-1]))
        if len(parts) == 2 and parts[0].lower() in ("d", "l") and len(parts[1]) >= SLIP_LETTERS:
            forms.add((parts[1],))
        ways = [(*way, *form) for way in ways for form in sorted(forms)][:24]
    words = _WORD.findall(view)
    if 1 < len(words) <= 3 and sum(map(len, words)) >= LOWER_LETTERS and any(len(word) > 2 for word in words):
        ways.append(("".join(words),))
    for way in dict.fromkeys(ways):
        if way:
            folded = [_folds(word) for word in way]
            yield from dict.fromkeys(
                tuple(folds[min(form, len(folds) - 1)] for folds in folded) for form in range(max(map(len, folded)))
            )


def _stems(fold: str, language: str) -> Iterator[str]:
    """Yield what a folded word may be an inflected form of."""
    for lost, ending in ENDINGS.get(language, (("", "s"),)):
        if fold.endswith(ending) and len(fold) - len(ending) + len(lost) >= 3:
            yield fold[: len(fold) - len(ending)] + lost


@cache
def _dictionary(language: str) -> Callable[[str], bool]:
    """Return the test whether simplemma knows a word of a language; without its language no word is known."""
    import simplemma

    try:
        simplemma.is_known("a", language)
    except ValueError:
        return lambda word: False
    return lambda word: simplemma.is_known(word, language)


@cache
def _known(word: str, language: str) -> bool:
    return _dictionary(language)(word)


def known(word: str, language: str) -> bool:
    """Return whether a word in lower case is one of the language."""
    return _known(word.lower(), language)


@cache
def _titles(language: str) -> re.Pattern[str]:
    words = TITLES.get(language, TITLES["en"])
    return re.compile(rf"(?i:(?<![\w'-])(?:(?:{words})(?![^\W\d_])\.?[ -]?)+)$")


def _title_before(view: str, start: int, language: str) -> int:
    """Return how many signs before a name are its titles."""
    if start == 0 or view[start - 1] not in " .-":
        return 0
    found = _titles(language).search(view, max(0, start - 60), start)
    return start - found.start() if found else 0


def _between(view: str, one: _Token, other: _Token) -> bool:
    """Whether two words may be words of one name: a dot only behind a short word, since it ends a sentence."""
    between = view[one.end : other.start]
    return bool(_BETWEEN.fullmatch(between)) and ("." not in between or len(one.word) <= 3)


@dataclass(frozen=True)
class _View:
    """The plain view of a text; sign ``n`` stands for the stretch ``starts[n]`` to ``ends[n]`` of the text."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the text that a stretch of the view stands for."""
        return self.starts[start], self.ends[end - 1]


@cache
def _plain_sign(sign: str) -> str:
    """Return what stands for a sign in the plain view; nothing for an invisible one."""
    if sign in _PLAIN:
        return _PLAIN[sign]
    if sign in "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
        return "\n"
    if sign.isspace():
        return " "
    kind = unicodedata.category(sign)
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    return "" if kind in ("Cf", "Cc") else sign


def _view(text: str, speech: Iterable[tuple[int, int]], closed: Sequence[tuple[int, int]]) -> _View:
    """Return the plain view of the speech in a text: closed stretches become one sign, what is between turns a line."""
    signs: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(sign: str, start: int, end: int) -> None:
        signs.append(sign)
        starts.append(start)
        ends.append(end)

    for begin, finish in speech:
        if signs:
            put("\n", begin, begin)
        at = begin
        for start, end in [*((s, e) for s, e in closed if begin <= s and e <= finish), (finish, finish)]:
            if not _SPECIAL.search(text, at, start):
                signs.extend(text[at:start].translate(_PLAIN_SIGNS))
                starts.extend(range(at, start))
                ends.extend(range(at + 1, start + 1))
                at = start
            own = len(signs)  # a mark or a blank joins the sign before it only within this piece
            for place in range(at, start):
                sign = _plain_sign(text[place])
                if len(signs) > own and sign == " " == signs[-1]:
                    ends[-1] = place + 1
                elif sign > "\u02ff" and unicodedata.combining(sign):
                    if len(signs) > own:
                        composed = unicodedata.normalize("NFC", signs[-1] + sign)
                        signs[-1] = composed if len(composed) == 1 else signs[-1]
                        ends[-1] = place + 1
                elif sign:
                    put(sign, place, place + 1)
            if start < end:
                put(_OPAQUE, start, end)
            at = end
    return _View("".join(signs), starts, ends)


@dataclass(frozen=True)
class _Candidate:
    """Something found in the plain view; a lower rank wins over another of the same length."""

    start: int
    end: int
    kind: str
    by: str
    rank: int
    name: _Name | None = None

    @property
    def order(self) -> tuple[bool, int, bool, int, int]:
        """Addresses whole, then the longest, the list before a pattern, the surest pattern."""
        whole = self.kind not in ("email", "url") or self.name is not None
        return whole, self.start - self.end, self.name is None, self.rank, self.start


def _study_ids(ids: Collection[str]) -> re.Pattern[str] | None:
    """Return the form of the study's own ids; letters and figures may be joined by a blank, hyphen or underscore."""
    forms = []
    for one in sorted(ids, key=lambda one: (-len(one), one)):
        parts = re.findall(r"\d+|[^\W\d_]+", _view_of(one))
        if parts and sum(map(len, parts)) > 1:
            forms.append("[ _-]?".join(map(re.escape, parts)))
    return re.compile(rf"(?i:(?<![^\W_])(?:{'|'.join(forms)})(?![^\W_]))") if forms else None


def _tokens(view: str) -> list[_Token]:
    return [_Token(found.start(), found.end(), found[0]) for found in _WORD.finditer(view)]


# Identifiers do not run over the end of a sentence, a line, or what is closed; a short word may be an abbreviation.
_CUT = re.compile(r"(?<=[^\W\d_]{5}[.!?…]) (?=[A-ZÀ-ÖØ-Þ][^\W\d_])|[\n\uFFFC]+")


def _segments(view: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a plain view that are searched one by one."""
    at = 0
    for cut in _CUT.finditer(view):
        if cut.start() > at:
            yield at, cut.start()
        at = cut.end()
    if at < len(view):
        yield at, len(view)


def _search(view: str, language: str, deny: DenyList, own: re.Pattern[str] | None) -> list[_Candidate]:
    """Return all that is found in a plain view, not overlapping.

    What is left on both sides of a find is searched again, since a de-identified text holds just that.
    """
    found: list[_Candidate] = []
    left = list(_segments(view))
    while left:
        begin, end = left.pop()
        segment = view[begin:end]
        chosen = sorted(_chosen(_candidates(segment, language, deny, own), segment), key=lambda one: one.start)
        if not chosen:
            continue
        at = begin
        for one in chosen:
            found.append(replace(one, start=begin + one.start, end=begin + one.end))
            left.append((at, begin + one.start))
            at = begin + one.end
        left = [*left, (at, end)]
    return found


def _candidates(view: str, language: str, deny: DenyList, own: re.Pattern[str] | None) -> Iterator[_Candidate]:
    """Yield all that is found in a plain view."""
    for start, end, name, by in deny.names(view, _tokens(view), language):
        possessive = _POSSESSIVE.match(view, end)
        if possessive:
            end, by = possessive.end(), max(by, _INFLECTED, key=_ORDER.__getitem__)
        elided = _ELIDED.search(view, max(0, start - 12), start)
        start = elided.start() if elided else start
        if name.kind == "person":
            start -= _title_before(view, start, language)
        yield _Candidate(start, end, name.kind, by, name.rank, name)
    for found in own.finditer(view) if own else ():
        yield _Candidate(found.start(), found.end(), "id", "pattern", -1)
    for mark in identifiers.find(view, language):
        yield _Candidate(mark.start, mark.end, mark.kind, "pattern", mark.rank)


def _chosen(candidates: Iterable[_Candidate], view: str) -> list[_Candidate]:
    """Return candidates that do not overlap: the first in order whole, of the others what is left on either side."""
    chosen: list[_Candidate] = []
    taken = bytearray(len(view))
    for one in sorted(candidates, key=lambda one: one.order):
        at = one.start
        while at < one.end:
            while at < one.end and taken[at]:
                at += 1
            start = at
            while at < one.end and not taken[at]:
                at += 1
            left = view[start:at]
            word = left.strip(" .,;:-/'()\n")
            if not any(map(str.isalnum, word)):
                continue
            if (start, at) != (one.start, one.end):  # a part: without the signs at its edges
                begin = start + left.index(word)
                chosen.append(replace(one, start=begin, end=begin + len(word)))
            else:
                chosen.append(one)
            taken[start:at] = b"\1" * (at - start)
    return chosen


def _letter(number: int) -> str:
    """Return A to Z, then AA, AB and so on for the numbers from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _shown(found: Sequence[tuple[int, int, _Candidate]], text: str) -> dict[tuple[str, str], str]:
    """Return what stands for every entity of the list: by its word and who it is.

    Letters follow the first appearance in the text. Those that stand in the received text already belong to somebody.
    """
    entities: dict[str, list[tuple[str, bool]]] = {}
    for _, _, one in sorted(found, key=lambda item: item[0]):
        if one.name and (one.name.entity, one.name.kind == "person") not in entities.setdefault(one.name.word, []):
            entities[one.name.word].append((one.name.entity, one.name.kind == "person"))
    shown = {}
    for word, those in entities.items():
        before = set(re.findall(rf"\[{re.escape(word)} ([A-Z]{{1,3}})\]", text))
        alone = len({entity for entity, _ in those}) == 1 and not before and f"[{word}]" not in text
        number = 0
        for entity, person in those:
            if alone and not person:
                shown[word, entity] = f"[{word}]"
                continue
            while _letter(number) in before:
                number += 1
            shown[word, entity] = f"[{word} {_letter(number)}]"
            number += 1
    return shown


# A name begins no sentence when the dot before it belongs to a title or another short word, or to three dots.
_SENTENCE = re.compile(r"(?:^|\n|(?<!\.)[.!?]['\"”“»)\uFFFC ]* |[!?.]['\"”“»]+ ?)[^\w\n.!?]*$")
_ABBREVIATED = re.compile(
    r"(?<![\w])(?:[^\W\d_]{1,2}|bzw|usw|etc|ca|vgl|bijv|resp|prof|mag|dipl|univ|priv)\. ?$", re.IGNORECASE
)


def _begins_sentence(view: str, start: int, titled: bool) -> bool:
    before = view[max(0, start - 40) : start]
    if start > 40:
        before = "x" + before
    return not titled and not _ABBREVIATED.search(before) and bool(_SENTENCE.search(before))


def _unknown_words(view: str, language: str, deny: DenyList) -> Iterator[tuple[int, int]]:
    """Yield the words with a capital letter that are none of the language and begin no sentence.

    Behind a title every word with a capital counts, since names are words of the language too (Frau Müller).
    """
    for token in _tokens(view):
        word = token.word
        if len(word) < 3 or not word[0].isupper() or not word.isalpha() or (word.isupper() and len(word) <= 5):
            continue
        titled = bool(_title_before(view, token.start, language)) and not _titles(language).search(word)
        if not titled and (known(word, language) or _known(word, language)):
            continue
        if deny.harmless(word) or _begins_sentence(view, token.start, titled):
            continue
        yield token.start, token.end


def _model_words(
    text: str, speech: Iterable[tuple[int, int]], deny: DenyList, model: Any
) -> Iterator[tuple[int, int, str]]:
    """Yield what a recogniser of names finds in the speech: start, end, label."""
    for begin, end in speech:
        for one in model(text[begin:end]).ents:
            words = _WORD.findall(_view_of(one.text))
            if one.label_ in NAMING and words and not deny.harmless(*words) and not all(map(deny.harmless, words)):
                yield begin + one.start_char, begin + one.end_char, one.label_


def deidentify(
    text: str,
    language: str,
    deny: DenyList,
    *,
    speech: Sequence[tuple[int, int]] = (),
    ids: Collection[str] = (),
    model: Any = None,
) -> Deidentified:
    """Replace the names of a deny-list and the identifiers known by their form.

    Parameters
    ----------
    text : str
        The received text.
    language : str
        Two-letter code. A language without tables gets the common forms and English words.
    deny : DenyList
        The names.
    speech : sequence of (int, int), optional
        Stretches in which identifiers are looked for: the turns, without their labels. Empty: the whole text.
    ids : collection of str, optional
        The study's own ids of participants, raters and panellists.
    model : spacy.language.Language, optional
        A pipeline that recognises names. What it finds is only listed, never replaced.

    Returns
    -------
    Deidentified
        The new text, what was replaced, and the words for a person to judge.

    Notes
    -----
    A text that was de-identified stays as it is when it is de-identified again.

    Unknown words are a help and no proof. German writes all nouns with a capital letter and simplemma knows many
    surnames and towns, so in German few names remain among the unknown words, and some of those are compounds that
    no dictionary has. In every language a name that is also a word (Rose, Vogel) is found only behind a title.
    Words in small letters in brackets stay as they are; other text in brackets is searched like speech.
    """
    language = language[:2].lower()
    parts = sorted(speech) or [(0, len(text))]
    own = _study_ids(ids)
    brackets = [found.span() for begin, end in parts for found in _BRACKETS.finditer(text, begin, end)]
    view = _view(text, parts, brackets)
    found = [(*view.stretch(one.start, one.end), one) for one in _search(view.text, language, deny, own)]
    view = _view(text, parts, sorted([*brackets, *((start, end) for start, end, _ in found)]))
    names = _shown(found, text)
    replacements = tuple(
        Replacement(
            start,
            end,
            one.kind,
            names[one.name.word, one.name.entity] if one.name else SHOWN[one.kind],
            one.by,
            one.name.entry.text if one.name else "",
        )
        for start, end, one in sorted(found, key=lambda item: item[0])
    )
    unknown: dict[tuple[int, int], str] = {}
    if model is not None:
        for start, end, label in _model_words(text, parts, deny, model):
            if not any(one.start < end and start < one.end for one in replacements):
                unknown[start, end] = f"model: {label}"
    places = [view.stretch(*place) for place in _unknown_words(view.text, language, deny)]
    inside = [(start + 1, end - 1) for start, end in brackets if end - start > 2]
    for one in inside:
        there = _view(text, [one], [])
        listed = [(start, end) for start, end, _, _ in deny.names(there.text, _tokens(there.text), language)]
        listed += _unknown_words(there.text, language, deny)
        places += [there.stretch(*place) for place in listed]
    for start, end in places:
        if not any(begin < end and start < finish for begin, finish in unknown):
            unknown[start, end] = "capital letter"
    new, at = [], 0
    for one in replacements:
        new += [text[at : one.start], one.shown]
        at = one.end
    return Deidentified(
        "".join([*new, text[at:]]),
        replacements,
        tuple(Unknown(start, end, text[start:end], why) for (start, end), why in sorted(unknown.items())),
    )


def measure(found: Deidentified, labels: Iterable[tuple[str, int, int, bool]]) -> list[dict[str, Any]]:
    """Say of every labelled stretch whether it was found.

    Parameters
    ----------
    found : Deidentified
        The result for the labelled text.
    labels : iterable of (kind, start, end, listed)
        Stretches a person marked in the received text; ``listed`` says that the name is on the deny-list.

    Returns
    -------
    list of dict
        For each label ``kind``, ``listed``, ``found`` (all of its letters and figures are replaced) and ``seen`` (some
        of it is among the unknown words).
    """
    rows = []
    for kind, start, end, listed in labels:
        left, at = [], start
        for one in found.replacements:
            if one.end > start and one.start < end:
                left.append((at, one.start))
                at = one.end
        left.append((at, end))
        # What is not replaced stands unchanged in the new text.
        whole = not any(
            any(map(str.isalnum, found.text[found.place(a) : found.place(a) + b - a])) for a, b in left if a < b
        )
        seen = any(one.start < end and start < one.end for one in found.unknown)
        rows.append({"kind": kind, "listed": listed, "found": whole, "seen": seen})
    return rows


@cache
def _all_titles() -> re.Pattern[str]:
    return re.compile(rf"(?i:(?:(?:{'|'.join(TITLES.values())})(?![^\W\d_])\.?[ -]?)+)")


def over_redacted(found: Deidentified, text: str, labels: Iterable[tuple[str, int, int, bool]]) -> tuple[int, int]:
    """Count the words that were replaced although nobody marked them.

    Parameters
    ----------
    found : Deidentified
        The result.
    text : str
        The received text.
    labels : iterable of (kind, start, end, listed)
        The marked stretches.

    Returns
    -------
    tuple of int
        Words outside of the labels that were replaced, and all words outside of them. A title that was replaced
        together with a marked name is wanted and not counted.
    """
    marked = [(start, end) for _, start, end, _ in labels]
    wanted = list(marked)
    for one in found.replacements:
        first = min((start for start, end in marked if start < one.end and one.start < end), default=one.start)
        if one.kind == "person" and one.start < first and _all_titles().fullmatch(text, one.start, first):
            wanted.append((one.start, first))
    replaced = total = 0
    for word in re.finditer(r"\w+", text):
        start, end = word.span()
        if any(a < end and start < b for a, b in marked):
            continue
        total += 1
        inside = any(one.start < end and start < one.end for one in found.replacements)
        replaced += inside and not any(a < end and start < b for a, b in wanted)
    return replaced, total
