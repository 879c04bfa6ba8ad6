"""Extra coders that are machines: trained text classifiers a study names, compared with people and never final."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from piloteval.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

COLUMNS = ["coder", "interview", "segment", "code", "score"]
#: Names that people and the dictionary have.
TAKEN = ("dictionary", "people", "all")


def _load(path: str, at: str) -> Any:
    """Load an installed pipeline; nothing is ever fetched."""
    import spacy

    try:
        return spacy.load(path)
    except (OSError, ValueError) as fault:
        raise ConfigError(
            f"{at} names a spaCy pipeline that is not installed or cannot be read. Install it, or remove the key."
        ) from fault


def suggest(segments: pd.DataFrame, codebook: Codebook, coders: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Let every machine a study names suggest codes for sentences.

    Parameters
    ----------
    segments : pandas.DataFrame
        Sentences with ``interview``, ``segment``, ``language`` and ``text``.
    codebook : Codebook
        The codebook of the study; labels of a pipeline that are no code of it are passed over.
    coders : mapping of str to mapping
        By the name of the machine: ``pipelines``, the installed spaCy pipeline of each language, and ``at_least``, the
        score from which a label is a suggestion.

    Returns
    -------
    pandas.DataFrame
        ``coder, interview, segment, code, score``, one row a suggestion; the score is the pipeline's own and compares
        with no other's.

    Raises
    ------
    ConfigError
        A pipeline is not installed, or none of its labels is a code.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for name, settings in coders.items():
        if name in TAKEN:
            raise ConfigError(
                f"config/config.yaml: `interviews.machine_coders` calls a machine `{name}`, which is the name of "
                "another coder. Give it another name."
            )
        for language, path in settings["pipelines"].items():
            at = f"config/config.yaml: `interviews.machine_coders.{name}.pipelines.{language}`"
            pipeline = _load(path, at)
            labels = {label for one in pipeline.pipe_names for label in pipeline.pipe_labels.get(one, ())}
            if not labels & codebook.codes.keys():
                raise ConfigError(
                    f"{at} names a pipeline with no label that is a code of the codebook. Train its text classifier "
                    "with the codes as labels, or remove the key."
                )
            here = segments[segments["language"] == language]
            places = zip(here["interview"], here["segment"], strict=True)
            for (interview, number), doc in zip(places, pipeline.pipe(here["text"], batch_size=64), strict=True):
                rows += [
                    (name, interview, number, code, float(score))
                    for code, score in doc.cats.items()
                    if code in codebook.codes and score >= settings["at_least"]
                ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(COLUMNS[:4], ignore_index=True)
