"""Who speaks of what, what is said together, and when nothing new came: the overview of all interviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.config import read_tsv
from piloteval.people import ADMITTED
from piloteval.qualitative import matrix, saturation
from piloteval.qualitative.codebook import Codebook, read_codebook

if TYPE_CHECKING:
    import pandas as pd


def interviews_of(interviewees: pd.DataFrame, segments: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    """Return the admitted interviews with what people are grouped by, in the order of the interviews.

    Parameters
    ----------
    interviewees : pandas.DataFrame
        ``interview, speaker, cohort, site, country, status``.
    segments : pandas.DataFrame
        Sentences, which tell the language.
    sites : list of str
        File of the institutions, which tells the setting; may be none.

    Returns
    -------
    pandas.DataFrame
        ``interview, person, cohort, setting, country, language, order``.
    """
    here = interviewees[interviewees["status"] == ADMITTED].sort_values("interview").reset_index(drop=True)
    setting = {one["site"]: one["setting"] for one in (read_tsv(sites[0], "sites") if sites else [])}
    language = segments.drop_duplicates("interview").set_index("interview")["language"]
    return here.assign(
        person=here["speaker"],
        setting=here["site"].map(setting).fillna(""),
        language=here["interview"].map(language).fillna(""),
        order=range(1, len(here) + 1),
    )[["interview", "person", "cohort", "setting", "country", "language", "order"]]


def run(
    suggestions: pd.DataFrame,
    segments: pd.DataFrame,
    interviewees: pd.DataFrame,
    *,
    sites: list[str],
    codebook: list[str],
    confidence: float,
    floor: int,
) -> tuple[Codebook, dict[str, Any]]:
    """Return the codebook and the tables of rule ``map_themes``, from the suggestions that are not negated.

    The order of the interviews is that of their names: the order in which they were held is not known to every study.
    """
    book = read_codebook(codebook[0])
    said = suggestions[suggestions["negated"] != "yes"]
    interviews = interviews_of(interviewees, segments, sites)
    counted, dimensions = matrix.summarise(said, interviews, book, fewest=floor, confidence=confidence)
    rules, curve = saturation.saturate(said, interviews, book, fewest=floor)
    return book, {
        "matrix": counted,
        "dimensions": dimensions,
        "cooccurrence": matrix.cooccurrences(said, segments, interviews, book, fewest=floor),
        "saturation": rules,
        "curve": curve,
        "frequency": saturation.frequencies(said, interviews, book, fewest=floor),
        "cases": matrix.by_case(said, interviews, book),
        "steps": saturation.step_by_step(said, interviews, book),
    }
