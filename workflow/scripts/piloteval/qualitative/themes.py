"""From codes to themes: in how many interviews a theme comes up, in all and by cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piloteval.qualitative.reconcile import NO, OF_DICTIONARY, OF_PEOPLE, YES

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

ALL = "all"
#: What is told of a theme that fewer people do not speak of than may be told.
NEARLY_ALL = "nearly all"


def _cohorts(segments: pd.DataFrame) -> list[str]:
    names = sorted(name for name in segments["cohort"].unique() if name)
    return [ALL, *names] if len(names) > 1 else [ALL]


def for_claims(counted: pd.DataFrame) -> pd.DataFrame:
    """Return the codes of sentences that claims may rest on: all but those of codes that are not to be used."""
    return counted[counted["use"] != NO]


def build(
    counted: pd.DataFrame, segments: pd.DataFrame, codebook: Codebook, claims: pd.DataFrame | None, *, floor: int
) -> dict[str, pd.DataFrame]:
    """Count interviews by theme, for each cohort.

    Parameters
    ----------
    counted : pandas.DataFrame
        Codes of sentences that count, see :func:`piloteval.qualitative.reconcile.counted`.
    segments : pandas.DataFrame
        Sentences, which say how many interviews there are.
    codebook : Codebook
        Codes and themes, in the order shown.
    claims : pandas.DataFrame or None
        Which codes claims may use; None in a study without coders.
    floor : int
        Fewest people who are told of; fewer who do not speak of a theme are told as ``nearly all`` who do.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``themes``, where ``interviews`` counts interviews with at least one sentence, the unit of a theme; a theme is
        made of the codes that claims may rest on. How many sentences a theme has is not told, since less those of its
        codes they are those of few people. And ``basis``: whose codes count, whether agreement on them was checked, and
        how many of the codebook claims may use.
    """
    import pandas as pd

    cohort_of = segments.drop_duplicates("interview").set_index("interview")["cohort"]
    said = counted.assign(cohort=counted["interview"].map(cohort_of))
    fit = for_claims(said)
    rows = []
    for cohort in _cohorts(segments):
        of = len(cohort_of) if cohort == ALL else int((cohort_of == cohort).sum())
        usable = fit if cohort == ALL else fit[fit["cohort"] == cohort]
        for theme, name in codebook.themes.items():
            many = usable.loc[usable["theme"] == theme, "interview"].nunique()
            nearly = cohort == ALL and many >= floor > of - many
            rows.append(
                {
                    "theme": theme,
                    "name": name,
                    "cohort": cohort,
                    "interviews": many,
                    "of_interviews": of,
                    "percent": None,
                    "extent": NEARLY_ALL if nearly else "",
                    "note": "",
                }
            )
    basis = {
        "source": OF_PEOPLE if (counted["source"] == OF_PEOPLE).any() else OF_DICTIONARY,
        "checked": "no" if claims is None else "yes",
        "codes": len(codebook.codes),
        "codes_used": len(codebook.codes) if claims is None else int((claims["use"] == YES).sum()),
    }
    return {"themes": pd.DataFrame(rows), "basis": pd.DataFrame([basis])}
