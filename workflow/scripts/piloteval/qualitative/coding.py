"""The dictionary coder: suggests a code for a sentence when one of the code's cues is said."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from piloteval.qualitative.codebook import KINDS, LEMMA, PHRASE, REGEX, STOP, WILDCARD, WINDOW, bounded, phrase
from piloteval.qualitative.language import pipeline

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Code, Codebook, Cue


COLUMNS = ["interview", "segment", "code", "theme", "start", "end", "cue", "kind", "negated"]

#: Word processors set curved apostrophes; one character for one, so offsets stay.
CURVED = ("’", "‘", "ʼ")

BRACKETS = re.compile(r"\[[^\[\]]*\]")

#: Stands for the wildcard while a cue is cut into words as the tokenizer of its language does it.
ANYTHING = "qqqq"

#: Signs between clauses, over which a negation does not reach.
CLAUSE = frozenset(".,;:!?…()[]–—")


#: What stands between two sentences that are cut into words together, and how many these are.
BETWEEN, TOGETHER = " \u241e ", 500

#: What a word is: any, one that begins a search, a blank, a sign, one between clauses, the one between sentences.
WORD, HEAD, BLANK, SIGN, BREAK, BORDER = range(6)

#: What a wildcard at the end of a word stands for.
ENDING = re.compile(r"\w*")


def _straight(text: str) -> str:
    """Return a text of the same length with straight apostrophes and without the sign between sentences."""
    for mark in CURVED:
        text = text.replace(mark, "'")
    return text.replace(BETWEEN[1], " ")


# ------------------------------------------------------------------------------------------------ sequences of words
# spaCy's PhraseMatcher knows neither wildcards nor the lemmas of a blank pipeline, and its Matcher asks every
# expression of every cue about every word, which takes many times as long. Here a different word is asked once what it
# means to the cues of its language; from then on it is a number in some sets.


class _Sequence(NamedTuple):
    """Words in a row: the tests of those before and after the one it is found by, and what it stands for."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    of: Any


class _Finder(dict[int, int]):
    """Finds sequences of words; every different word is asked once what it means to them.

    The finder is itself the list of the words it was asked about, by spaCy's numbers, with what each of them is; all
    cues are added before the first text.
    """

    def __init__(self, nlp: Any, language: str) -> None:
        self.nlp, self.language = nlp, language
        self.tests: dict[tuple[str, str], int] = {}
        self.words: dict[str, list[int]] = {}  # tests by the word they ask for
        self.stems: dict[str, list[int]] = {}  # by the beginning they ask for
        self.patterns: list[tuple[re.Pattern[str], int]] = []
        self.lemmas: dict[str, list[int]] = {}
        self.sequences: dict[int, list[_Sequence]] = {}  # by the test they are found by
        self.passed: list[set[int]] = []  # the words that pass a test
        self.heads: dict[int, list[_Sequence]] = {}  # sequences by a word they are found by

    def add(self, cue: Cue, of: Any) -> None:
        """Look for a cue from now on; ``of`` comes back with every place."""
        asked = self._asked(cue)
        # The longest word is about the rarest, and the others are only looked at where it stands.
        head = max(range(len(asked)), key=lambda place: len(asked[place][1]))
        tests = [self._test(*one) for one in asked]
        sequence = _Sequence(tuple(tests[:head]), tuple(tests[head + 1 :]), of)
        self.sequences.setdefault(tests[head], []).append(sequence)

    def _asked(self, cue: Cue) -> list[tuple[str, str]]:
        """Return what a cue asks of every word, cut as the tokenizer cuts a text."""
        said = _straight(cue.text)
        if cue.kind == LEMMA:
            return [(LEMMA, token.text) for token in self.nlp.make_doc(said)]
        if said.endswith("'"):  # an elision is cut in front of a word only
            tokens = [token.lower_ for token in self.nlp.make_doc(said + ANYTHING)]
            if tokens[-1] == ANYTHING and not any("*" in token for token in tokens):
                return [(PHRASE, token) for token in tokens[:-1]]
        if "*" not in said:
            return [(PHRASE, token.lower_) for token in self.nlp.make_doc(said)]
        tokens = [token for word in said.split() for token in self.nlp.make_doc(word.replace("*", ANYTHING))]
        words = [token.lower_.replace(ANYTHING, "*") for token in tokens]
        return [(WILDCARD if "*" in word else PHRASE, word) for word in words]

    def _test(self, kind: str, word: str) -> int:
        """Return the number of a test, a new one when it was not asked before."""
        if (kind, word) in self.tests:
            return self.tests[kind, word]
        number = self.tests[kind, word] = len(self.passed)
        self.passed.append(set())
        if kind == PHRASE:
            self.words.setdefault(word, []).append(number)
        elif kind == LEMMA:
            for one in {word.lower(), self._lemma(word)}:
                self.lemmas.setdefault(one, []).append(number)
        elif word.find("*") == len(word) - 1:
            self.stems.setdefault(word[:-1], []).append(number)
        else:
            self.patterns.append((re.compile(r"\w*".join(map(re.escape, word.split("*")))), number))
        return number

    def _lemma(self, word: str) -> str:
        import simplemma

        return simplemma.lemmatize(word, self.language).lower()

    def __missing__(self, number: int) -> int:
        """Ask a word that was not seen before which tests it passes, and return what it is."""
        written = self.nlp.vocab.strings[number] if number else ""
        if not written or written.isspace():
            self[number] = BLANK
            return BLANK
        word = written.lower()
        passed = [*self.words.get(word, ())]
        if self.stems:
            for end in range(len(word) + 1):
                if word[:end] in self.stems and ENDING.fullmatch(word, end):
                    passed += self.stems[word[:end]]
        passed += [test for pattern, test in self.patterns if pattern.fullmatch(word)]
        if self.lemmas:
            # As it was written, since capitals tell German nouns from verbs.
            for one in {word, self._lemma(written)}:
                passed += self.lemmas.get(one, ())
        for test in dict.fromkeys(passed):
            self.passed[test].add(number)
            if test in self.sequences:
                self.heads.setdefault(number, []).extend(self.sequences[test])
        if number in self.heads:
            kind = HEAD
        elif any(one.isalnum() for one in word):
            kind = WORD
        else:
            kind = BORDER if word == BETWEEN.strip() else SIGN if CLAUSE.isdisjoint(word) else BREAK
        self[number] = kind
        return kind

    def kinds(self, words: list[int]) -> bytes:
        """Return what each of some words is."""
        return bytes(map(self.__getitem__, words))

    def find(self, words: list[int], kinds: bytes) -> list[tuple[int, int, Any]]:
        """Return first word, word after the last and what was looked for, of all places in a row of words."""
        found, place = [], kinds.find(HEAD)
        while place >= 0:
            for before, after, of in self.heads[words[place]]:
                first = place - len(before)
                if first >= 0 and self._fit(before, words, first) and self._fit(after, words, place + 1):
                    found.append((first, place + 1 + len(after), of))
            place = kinds.find(HEAD, place + 1)
        return found

    def _fit(self, tests: tuple[int, ...], words: list[int], place: int) -> bool:
        if place + len(tests) > len(words):
            return False
        for test in tests:
            if words[place] not in self.passed[test]:
                return False
            place += 1
        return True


# -------------------------------------------------------------------------------------------------------------- hits
class _Sought(NamedTuple):
    """A cue of a code, as it is shown; ``pair`` tells the two of a window."""

    code: str
    cue: Cue
    written: str
    order: int
    pair: int = 0


class _Hit(NamedTuple):
    """A cue that fired, in the order in which one of several is shown: first the earlier, then the longer."""

    start: int
    minus_end: int
    order: int
    of: _Sought
    places: tuple[tuple[int, int], ...]  # words of the cue; of a window two places


_PLACE = itemgetter(0, 1, 2)


class _Page:
    """Sentences as one row of words, in which blanks are left out and a sign stands between two sentences."""

    def __init__(self, doc: Any, texts: list[str], finder: _Finder) -> None:
        from spacy.attrs import ORTH

        self.doc, self.texts = doc, texts
        self.words = doc.to_array(ORTH).tolist()
        self.kinds = finder.kinds(self.words)
        self.tokens: list[int] | None = None
        if BLANK in self.kinds:
            self.tokens = [place for place, kind in enumerate(self.kinds) if kind != BLANK]
            self.words = [self.words[place] for place in self.tokens]
            self.kinds = self.kinds.replace(bytes([BLANK]), b"")
        self.starts = list(accumulate((len(text) + len(BETWEEN) for text in texts), initial=0))
        # The places of the signs between sentences, one in front of the first and one behind the last.
        self.ends = [-1, *(found.start() for found in re.finditer(bytes([BORDER]), self.kinds)), len(self.words)]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the characters of words ``first`` to before ``last``."""
        if self.tokens is not None:
            first, last = self.tokens[first], self.tokens[last - 1] + 1
        end = self.doc[last - 1]
        return self.doc[first].idx, end.idx + len(end)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return the words that characters ``start`` to before ``end`` touch."""
        tokens = self.tokens if self.tokens is not None else range(len(self.words))
        first = max(bisect_right(tokens, start, key=lambda token: self.doc[token].idx) - 1, 0)
        return first, max(bisect_left(tokens, end, key=lambda token: self.doc[token].idx), first + 1)


class _Coder:
    """The cues of one language, ready to be looked for."""

    def __init__(self, codebook: Codebook, language: str) -> None:
        self.nlp = pipeline(language)
        self.cues, self.context = _Finder(self.nlp, language), _Finder(self.nlp, language)
        self.expressions: list[tuple[_Sought, re.Pattern[str]]] = []
        for code in codebook.codes.values():
            for cue in code.every_cue(language):
                sought = _Sought(code.code, cue, str(cue), KINDS.index(cue.kind))
                if cue.kind == REGEX:
                    self.expressions.append((sought, re.compile(_straight(bounded(cue.text)), re.IGNORECASE)))
                elif cue.kind == WINDOW:
                    for side, part in enumerate(cue.pair):
                        self.cues.add(part, sought._replace(pair=side))
                elif cue.kind == STOP:
                    self.context.add(phrase(cue.text), (STOP, code.code))
                else:
                    self.cues.add(cue, sought)
        self.negation = codebook.negations.get(language)
        for role in ("before", "after", "exceptions") if self.negation else ():
            for text in getattr(self.negation, role):
                self.context.add(phrase(text), (role, ""))
        self.idle = not self.cues.sequences and not self.expressions

    def look(self, texts: list[str]) -> Iterator[tuple[int, int, int, _Sought, bool]]:
        """Yield the number of a sentence, start and end in it of the cue shown of a code, and whether it is negated."""
        # To begin a document takes spaCy as long as to cut ten words, so that many sentences make one.
        parts = [texts[at : at + TOGETHER] for at in range(0, len(texts), TOGETHER)]
        docs = self.nlp.tokenizer.pipe(map(BETWEEN.join, parts))  # they are sentences already
        for number, (part, doc) in enumerate(zip(parts, docs, strict=True)):
            page = _Page(doc, part, self.cues)
            for sentence, hits in sorted(self._hits(page).items()):
                at = page.starts[sentence]
                for hit, negated in self._shown(page, sentence, hits):
                    yield number * TOGETHER + sentence, hit.start - at, -hit.minus_end - at, hit.of, negated

    def _hits(self, page: _Page) -> dict[int, list[_Hit]]:
        """Return the hits of every sentence, by characters of the page."""
        hits: dict[int, list[_Hit]] = {}
        pairs: dict[tuple[int, _Sought], tuple[list[tuple[int, int]], ...]] = {}
        for first, last, of in self.cues.find(page.words, page.kinds):
            sentence = bisect_left(page.ends, first) - 1
            if of.cue.kind == WINDOW:
                pairs.setdefault((sentence, of._replace(pair=0)), ([], []))[of.pair].append((first, last))
            else:
                start, end = page.span(first, last)
                hits.setdefault(sentence, []).append(_Hit(start, -end, of.order, of, ((first, last),)))
        for (sentence, of), sides in pairs.items():
            for one, other in _near(*sides, of.cue.within, page.kinds):
                start, end = page.span(one[0], other[1])
                hits.setdefault(sentence, []).append(_Hit(start, -end, of.order, of, (one, other)))
        for of, pattern in self.expressions:
            for sentence, text in enumerate(page.texts):
                for found in pattern.finditer(text):
                    start, end = (page.starts[sentence] + place for place in found.span())
                    hits.setdefault(sentence, []).append(_Hit(start, -end, of.order, of, (page.place(start, end),)))
        return hits

    def _shown(self, page: _Page, sentence: int, hits: list[_Hit]) -> list[tuple[_Hit, bool]]:
        """Return the hit shown of every code of a sentence, by characters of the page, and whether it is negated."""
        context: list[tuple[int, int, Any]] = []
        limits = page.ends[sentence] + 1, page.ends[sentence + 1]
        if self.context.sequences:
            here = page.words[slice(*limits)]
            found = self.context.find(here, self.context.kinds(here))
            context = [(limits[0] + first, limits[0] + last, of) for first, last, of in found]
        brackets = []
        if "[" in page.texts[sentence]:
            # What stands in brackets was put there by the transcriber or instead of a name, and was not said.
            at = page.starts[sentence]
            brackets = [(at + one.start(), at + one.end()) for one in BRACKETS.finditer(page.texts[sentence])]
        shown: dict[str, tuple[_Hit, bool]] = {}
        for hit in sorted(hits, key=_PLACE) if len(hits) > 1 else hits:
            code = hit.of.code
            if code in shown and not shown[code][1]:  # what is said once without a negation is said
                continue
            if any(a < -hit.minus_end and hit.start < b for a, b in brackets):
                continue
            if context and _stopped(hit, page, context):
                continue
            negated = bool(context) and self._negated(hit, page.kinds, limits, context)
            if code not in shown or not negated:
                shown[code] = hit, negated
        return [shown[code] for code in sorted(shown)]

    def _negated(self, hit: _Hit, kinds: bytes, limits: tuple[int, int], context: list[tuple[int, int, Any]]) -> bool:
        """Say whether a negation stands near a hit and in its clause, or between the two words of a pair."""
        if self.negation is None:
            return False
        within = self.negation.within
        begin, end = hit.places[0][0], hit.places[-1][1]
        low, high = begin, end
        while low > max(begin - within, limits[0]) and kinds[low - 1] != BREAK:
            low -= 1
        while high < min(end + within, limits[1]) and kinds[high] != BREAK:
            high += 1
        gap = (hit.places[0][1], hit.places[-1][0])
        exceptions = [(first, last) for first, last, (role, _) in context if role == "exceptions"]
        for first, last, (role, _) in context:
            if role not in ("before", "after") or any(a <= first and last <= b for a, b in exceptions):
                continue
            near = low <= first and last <= begin if role == "before" else end <= first and last <= high
            if near or (gap[0] <= first and last <= gap[1]):
                return True
        return False


def _stopped(hit: _Hit, page: _Page, context: list[tuple[int, int, Any]]) -> bool:
    """Say whether a hit, or a word of a pair, lies inside a phrase in which its code is not meant."""
    stops = [page.span(first, last) for first, last, of in context if of == (STOP, hit.of.code)]
    if not stops:
        return False
    spans = [page.span(*place) for place in hit.places] if len(hit.places) > 1 else [(hit.start, -hit.minus_end)]
    return any(a <= start and end <= b for a, b in stops for start, end in spans)


def _near(
    one: list[tuple[int, int]], other: list[tuple[int, int]], within: int, kinds: bytes
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield pairs of places, in order, that do not overlap and lie within a number of words; each with its nearest."""
    for these, those in ((one, other), (other, one)):
        for first in these:
            second = min((place for place in those if place[0] >= first[1]), default=None)
            if second and 1 + sum(kind in (WORD, HEAD) for kind in kinds[first[1] : second[0]]) <= within:
                yield first, second


# ---------------------------------------------------------------------------------------------------------- segments
def suggest_stream(chunks: Iterable[pd.DataFrame], codebook: Codebook) -> Iterator[dict[str, Any]]:
    """Suggest codes for sentences that come in parts, so that memory does not grow with the number of transcripts.

    Parameters
    ----------
    chunks : iterable of pandas.DataFrame
        Sentences of participants with their offsets, for example of one transcript each.
    codebook : Codebook
        Codes and cues.

    Yields
    ------
    dict
        The rows of :func:`suggest`, part by part; within a part by language, sentence and code.
    """
    build = cache(lambda language: _Coder(codebook, language))
    for chunk in chunks:
        for language, here in chunk.groupby("language", sort=True):
            coder = build(language)
            if coder.idle:
                continue
            texts = [_straight(text) for text in here["text"].tolist()]
            interviews, numbers, starts = (here[name].tolist() for name in ("interview", "segment", "start"))
            for place, start, end, of, negated in coder.look(texts):
                yield {
                    "interview": interviews[place],
                    "segment": numbers[place],
                    "code": of.code,
                    "theme": codebook.codes[of.code].theme,
                    "start": starts[place] + start,
                    "end": starts[place] + end,
                    "cue": of.written,
                    "kind": of.cue.kind,
                    "negated": "yes" if negated else "no",
                }


def suggest(segments: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Suggest codes for sentences.

    Parameters
    ----------
    segments : pandas.DataFrame
        Sentences of participants with their offsets.
    codebook : Codebook
        Codes and cues.

    Returns
    -------
    pandas.DataFrame
        One row a sentence and code, with the place of the first cue that fired and the cue itself. A suggestion is a
        hint for a human coder; it is blind to meaning.

    Notes
    -----
    A cue fires on whole words, in any case. Words in brackets were not said, and a cue inside a ``not`` phrase of its
    code does not count. ``negated`` says whether a negation of the language stands near the cue and in the same clause,
    as in NegEx [1]_; a code that also stands without a negation in the sentence is not negated.

    References
    ----------
    .. [1] Chapman WW, Bridewell W, Hanbury P, Cooper GF, Buchanan BG (2001). A simple algorithm for identifying negated
       findings and diseases in discharge summaries. Journal of Biomedical Informatics 34, 301-310.
    """
    import pandas as pd

    table = pd.DataFrame(suggest_stream([segments], codebook), columns=COLUMNS)
    return table.sort_values(["interview", "segment", "code"], kind="stable")


# ---------------------------------------------------------------------------------------------------------- versions
#: What is compared of a code that both versions have.
PARTS = ("name", "theme", "definition", "include", "exclude", "source")

CHANGES = ["code", "change", "before", "after", "sentences_before", "sentences_after", "gained", "lost", "interviews"]


def compare_codebooks(old: Codebook, new: Codebook, segments: pd.DataFrame) -> pd.DataFrame:
    """Tell what a new version of the codebook changes, and in how many sentences.

    Parameters
    ----------
    old, new : Codebook
        The version before and the one in use.
    segments : pandas.DataFrame
        Sentences of participants, which both versions code.

    Returns
    -------
    pandas.DataFrame
        One row a code and change, in the order of the new codebook, then codes that are gone; the last row, of code
        ``all``, counts the sentences whose codes are others now. ``change`` is ``added``, ``vanished``, ``renamed``
        (the id is another), ``split``, ``merged``, ``cues``, or the part that reads differently: ``name``, ``theme``,
        ``definition``, ``include``, ``exclude``, ``source``. ``before`` and ``after`` say what of; of cues, those that
        were dropped and those that were added. ``gained`` and ``lost`` count sentences that have the code only now and
        only before, under the codes it comes from; ``interviews`` counts the interviews these are in.

    Notes
    -----
    Where a code comes from is said by its key ``from``: a code of one former code is renamed if nothing else is left of
    that, else split off; one of several is merged. Suggestions count whether they are negated or not.
    """
    import pandas as pd

    known = {name: [one for one in code.former if one in old.codes] for name, code in new.codes.items()}
    heirs: dict[str, list[str]] = {}
    for name, origins in known.items():
        for one in origins:
            heirs.setdefault(one, []).append(name)
    renamed = {
        origins[0]: name
        for name, origins in known.items()
        if name not in old.codes and len(origins) == 1 and heirs[origins[0]] == [name] and origins[0] not in new.codes
    }
    had, has = (_places(suggest(segments, book)) for book in (old, new))
    rows = []

    def tell(code: str, change: str, before: str, after: str, was: set[Any], now: set[Any]) -> None:
        moved = was ^ now
        counts = (len(was), len(now), len(now - was), len(was - now), len({interview for interview, *_ in moved}))
        rows.append(dict(zip(CHANGES, (code, change, before, after, *counts), strict=True)))

    for name, code in new.codes.items():
        origins = known[name]
        sources = [*([name] if name in old.codes else []), *origins]
        was = set().union(*(had.get(one, set()) for one in sources))
        now = has.get(name, set())
        if not sources:
            tell(name, "added", "", code.name, was, now)
        elif origins:
            one_of = "renamed" if origins[0] in renamed else "split"
            tell(name, "merged" if len(sources) > 1 else one_of, ", ".join(sources), name, was, now)
        former = old.codes.get(name) or (old.codes[origins[0]] if len(origins) == 1 and origins[0] in renamed else None)
        if former is None:
            continue
        for part in PARTS:
            if getattr(former, part) != getattr(code, part):
                tell(name, part, getattr(former, part), getattr(code, part), was, now)
        dropped, fresh = _cues_apart(former, code), _cues_apart(code, former)
        if dropped or fresh:
            tell(name, "cues", dropped, fresh, was, now)
    for name, code in old.codes.items():
        if name not in new.codes and name not in heirs:
            tell(name, "vanished", code.name, "", had.get(name, set()), set())
    # A code under another id is the same code.
    was = {(*place, renamed.get(name, name)) for name, places in had.items() for place in places}
    now = {(*place, name) for name, places in has.items() for place in places}
    lost, gained = ({one[:2] for one in apart} for apart in (was - now, now - was))
    counts = (len({one[:2] for one in was}), len({one[:2] for one in now}), len(gained), len(lost))
    everybody = len({interview for interview, _ in gained | lost})
    rows.append(dict(zip(CHANGES, ("all", "sentences", old.version, new.version, *counts, everybody), strict=True)))
    return pd.DataFrame(rows, columns=CHANGES)


def _places(suggestions: pd.DataFrame) -> dict[str, set[tuple[str, int]]]:
    """Return the sentences of every code."""
    places: dict[str, set[tuple[str, int]]] = {}
    for code, interview, segment in suggestions[["code", "interview", "segment"]].itertuples(index=False):
        places.setdefault(code, set()).add((interview, segment))
    return places


def _cues_apart(one: Code, other: Code) -> str:
    """Return the cues that only the first of two codes has, by language."""
    told = []
    for language in {**one.cues, **one.rules}:
        there = set(map(str, other.every_cue(language)))
        apart = [str(cue) for cue in one.every_cue(language) if str(cue) not in there]
        if apart:
            told.append(f"{language}: {'; '.join(apart)}")
    return " | ".join(told)
