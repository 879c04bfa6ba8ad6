"""spaCy pipelines: one blank pipeline a language with sentence boundaries, loaded once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language


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
        nlp = spacy.blank(language)
    except ImportError:
        raise ConfigError(
            f"config/config.yaml: spaCy has no language `{language}`. Use the two-letter code of a language it knows."
        ) from None
    nlp.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?", "…", "...", "。"]})
    return nlp
