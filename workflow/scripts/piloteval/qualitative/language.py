"""spaCy pipelines: one blank pipeline a language with sentence boundaries, loaded once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

#: Names of the languages; others are shown by their code.
LANGUAGES = {
    **{
        "cs": "Czech",
        "da": "Danish",
        "de": "German",
        "el": "Greek",
        "en": "English",
        "es": "Spanish",
        "et": "Estonian",
    },
    **{"fi": "Finnish", "fr": "French", "hr": "Croatian", "hu": "Hungarian", "it": "Italian", "nl": "Dutch"},
    **{"nb": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "sk": "Slovak", "sl": "Slovenian"},
    **{"sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian"},
}


#: Abbreviations after which no sentence ends, with the blank multi-language tokenizer.
FRENCH_ABBREVIATIONS = (
    "M.",
    "MM.",
    "Mme.",
    "Mlle.",
    "Dr.",
    "Pr.",
    "St.",
    "Ste.",
    "av.",
    "env.",
    "ex.",
    "p.",
    "cf.",
    "etc.",
)


def _french() -> Language:
    """Return spaCy's tokenizer of no language, taught elision and abbreviations of French.

    Importing spaCy's own French takes five seconds, since it compiles one expression of all place names with a hyphen;
    every job that reads sentences would wait for it. A test compares the sentences and the cues found in both.
    """
    import spacy
    from spacy.lang.char_classes import ALPHA
    from spacy.util import compile_infix_regex

    nlp = spacy.blank("xx")
    infixes = [*nlp.Defaults.infixes, rf"(?<=[{ALPHA}]['’])(?=[{ALPHA}])"]
    nlp.tokenizer.infix_finditer = compile_infix_regex(infixes).finditer
    for short in FRENCH_ABBREVIATIONS:
        nlp.tokenizer.add_special_case(short, [{"ORTH": short}])
    return nlp


@cache
def pipeline(language: str) -> Language:
    """Return the blank pipeline of a language with a rule-based sentencizer; nothing is downloaded.

    Parameters
    ----------
    language : str
        Two-letter code of a language spaCy has a tokenizer for.

    Raises
    ------
    piloteval.errors.ConfigError
        spaCy has no such language.
    """
    import spacy

    from piloteval.errors import ConfigError

    try:
        nlp = _french() if language == "fr" else spacy.blank(language)
    except ImportError:
        raise ConfigError(
            f"config/config.yaml: spaCy has no language `{language}`. Use the two-letter code of a language it knows."
        ) from None
    nlp.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?", "…", "...", "。"]})
    return nlp
