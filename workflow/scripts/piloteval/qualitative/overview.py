"""Who speaks of what, what is said together, and when nothing new came: the overview of all interviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.config import read_tsv
from piloteval.people import ADMITTED
from piloteval.qualitative import matrix, reconcile, saturation
from piloteval.qualitative.codebook import Codebook, read_codebook
from piloteval.qualitative.themes import for_claims

if TYPE_CHECKING:
    import pandas as pd


def interviews_of(interviewees: pd.DataFrame, segments: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    """Return the admitted interviews with what people are grouped by, in the order they were held.

    Parameters
    ----------
    interviewees : pandas.DataFrame
        ``interview, speaker, cohort, site, country, role, wave, held_on, status``.
    segments : pandas.DataFrame
        Sentences, which tell the language.
    sites : list of str
        File of the institutions, which tells the setting; may be none.

    Returns
    -------
    pandas.DataFrame
        ``interview, person, cohort, role, setting, country, language, wave, order, order_by``; the last says whether
        the order is that of the days, ``held``, or that of the names of the interviews, ``id``, since a day is missing.
    """
    here = interviewees[interviewees["status"] == ADMITTED]
    held = bool((here["held_on"].fillna("") != "").all())
    here = here.sort_values(["held_on", "interview"] if held else "interview").reset_index(drop=True)
    setting = {one["site"]: one["setting"] for one in (read_tsv(sites[0], "sites") if sites else [])}
    language = segments.drop_duplicates("interview").set_index("interview")["language"]
    return here.assign(
        person=here["speaker"],
        setting=here["site"].map(setting).fillna(""),
        language=here["interview"].map(language).fillna(""),
        order=range(1, len(here) + 1),
        order_by="held" if held else "id",
        **{name: here[name].fillna("") for name in ("role", "wave")},
    )[["interview", "person", "cohort", "role", "setting", "country", "language", "wave", "order", "order_by"]]


def run(
    suggestions: pd.DataFrame,
    counted: pd.DataFrame | None,
    segments: pd.DataFrame,
    interviewees: pd.DataFrame,
    *,
    sites: list[str],
    codebook: list[str],
    confidence: float,
    floor: int,
) -> tuple[Codebook, dict[str, Any]]:
    """Return the codebook and the tables of rule ``map_themes``, from the codes of sentences that count.

    Groups and pairs rest on the codes that claims may use, saturation and the frequency of codes on all. They are
    counted in the order in which they were held, where every day is known.
    """
    book = read_codebook(codebook[0])
    said = reconcile.counted(suggestions, None, None, whole=False) if counted is None else counted
    used = for_claims(said)
    interviews = interviews_of(interviewees, segments, sites)
    # A language without cues is silent to the dictionary, whatever is said in it.
    of_people = (said["source"] == reconcile.OF_PEOPLE).any()
    where = {"languages": None if of_people else matrix.cue_languages(book)}
    told, dimensions = matrix.summarise(used, interviews, book, fewest=floor, confidence=confidence, **where)
    where |= {"level": 1 - confidence}
    rules, curve = saturation.saturate(said, interviews, book, fewest=floor)
    return book, {
        "matrix": told,
        "dimensions": dimensions,
        "cooccurrence": matrix.cooccurrences(used, segments, interviews, book, fewest=floor, **where),
        "pairs": matrix.measure_pairs(used, segments, interviews, book, **where),
        "saturation": rules,
        "curve": curve,
        "frequency": saturation.frequencies(said, interviews, book, fewest=floor),
        "cases": matrix.by_case(said, interviews, book),
        "steps": saturation.step_by_step(said, interviews, book),
    }
