"""The dictionary coder: suggests a code for a sentence when one of the code's cues is said."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from piloteval.qualitative.language import pipeline

if TYPE_CHECKING:
    import pandas as pd
    from spacy.matcher import Matcher, PhraseMatcher

    from piloteval.qualitative.codebook import Codebook


#: Word processors set curved apostrophes; one character for one, so offsets stay.
APOSTROPHES = str.maketrans("’‘ʼ", "'''")

BRACKETS = re.compile(r"\[[^\[\]]*\]")

#: Stands for the wildcard while a cue is cut into words as the tokenizer of its language does it.
ANYTHING = "qqqq"


def _wildcard(nlp: Any, cue: str) -> list[dict[str, Any]]:
    """Return the token pattern of a cue with wildcards.

    Every word is matched in lower case; ``*`` stands for any ending.
    """
    pattern = []
    for word in cue.split():
        for token in nlp.make_doc(word.replace("*", ANYTHING)):
            parts = token.lower_.split(ANYTHING)
            expression = "^" + r"\w*".join(re.escape(part) for part in parts) + "$"
            pattern.append({"LOWER": {"REGEX": expression} if len(parts) > 1 else token.lower_})
    return pattern


def matchers(codebook: Codebook, language: str) -> tuple[PhraseMatcher, Matcher, dict[int, tuple[str, str]]]:
    """Build the matchers of a language from the codebook's cues.

    Returns
    -------
    phrases : spacy.matcher.PhraseMatcher
        Cues without a wildcard, compared in lower case.
    patterns : spacy.matcher.Matcher
        Cues with a wildcard.
    names : dict of int to (str, str)
        Code and cue of every match id.
    """
    from spacy.matcher import Matcher, PhraseMatcher

    nlp = pipeline(language)
    phrases, patterns, names = PhraseMatcher(nlp.vocab, attr="LOWER"), Matcher(nlp.vocab), {}
    for code in codebook.codes.values():
        for cue in code.cues.get(language, ()):
            key, said = f"{code.code}|{cue}", cue.translate(APOSTROPHES)
            if "*" in cue:
                patterns.add(key, [_wildcard(nlp, said)])
            else:
                phrases.add(key, [nlp.make_doc(said)])
            names[nlp.vocab.strings[key]] = (code.code, cue)
    return phrases, patterns, names


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
        hint for a human coder; it is blind to meaning and to negation.
    """
    import pandas as pd

    build = cache(lambda language: matchers(codebook, language))
    rows = []
    for language, here in segments.groupby("language", sort=True):
        nlp = pipeline(language)
        phrases, patterns, names = build(language)
        for one, doc in zip(here.to_dict("records"), nlp.pipe(here["text"].str.translate(APOSTROPHES)), strict=True):
            first: dict[str, tuple[int, int, str]] = {}
            # What stands in brackets was put there by the transcriber or instead of a name, and was not said.
            brackets = [found.span() for found in BRACKETS.finditer(doc.text)]
            for key, begin, stop in sorted(
                [*phrases(doc), *(patterns(doc) if len(patterns) else ())], key=lambda match: (match[1], -match[2])
            ):
                code, cue = names[key]
                span = doc[begin:stop]
                if any(open_at < span.end_char and span.start_char < close for open_at, close in brackets):
                    continue
                first.setdefault(code, (one["start"] + span.start_char, one["start"] + span.end_char, cue))
            for code, (start, end, cue) in sorted(first.items()):
                rows.append(
                    {
                        "interview": one["interview"],
                        "segment": one["segment"],
                        "code": code,
                        "theme": codebook.codes[code].theme,
                        "start": start,
                        "end": end,
                        "cue": cue,
                    }
                )
    table = pd.DataFrame(rows, columns=["interview", "segment", "code", "theme", "start", "end", "cue"])
    return table.sort_values(["interview", "segment", "code"], kind="stable")
