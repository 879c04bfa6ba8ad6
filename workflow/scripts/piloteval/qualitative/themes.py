"""From suggestions to themes: in how many interviews a code and a theme come up, in all and by cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from piloteval.qualitative.codebook import Codebook

ALL = "all"


def _cohorts(segments: pd.DataFrame) -> list[str]:
    names = sorted(name for name in segments["cohort"].unique() if name)
    return [ALL, *names] if len(names) > 1 else [ALL]


def build(suggestions: pd.DataFrame, segments: pd.DataFrame, codebook: Codebook) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count interviews and sentences by code and by theme, for each cohort.

    Parameters
    ----------
    suggestions : pandas.DataFrame
        Suggestions of the dictionary.
    segments : pandas.DataFrame
        Sentences, which say how many interviews there are.
    codebook : Codebook
        Codes and themes, in the order shown.

    Returns
    -------
    codes, themes : pandas.DataFrame
        ``interviews`` counts interviews with at least one suggestion, the unit of a theme;
        ``sentences`` tells how much was said.
    """
    import pandas as pd

    cohort_of = segments.drop_duplicates("interview").set_index("interview")["cohort"]
    said = suggestions.assign(cohort=suggestions["interview"].map(cohort_of))
    code_rows, theme_rows = [], []
    for cohort in _cohorts(segments):
        of = len(cohort_of) if cohort == ALL else int((cohort_of == cohort).sum())
        here = said if cohort == ALL else said[said["cohort"] == cohort]
        for code in codebook.codes.values():
            some = here[here["code"] == code.code]
            code_rows.append(
                {
                    "code": code.code,
                    "name": code.name,
                    "theme": code.theme,
                    "cohort": cohort,
                    "interviews": some["interview"].nunique(),
                    "of_interviews": of,
                    "sentences": len(some),
                    "note": "",
                }
            )
        for theme, name in codebook.themes.items():
            some = here[here["theme"] == theme]
            theme_rows.append(
                {
                    "theme": theme,
                    "name": name,
                    "cohort": cohort,
                    "interviews": some["interview"].nunique(),
                    "of_interviews": of,
                    "percent": None,
                    "sentences": len(some.drop_duplicates(["interview", "segment"])),
                    "note": "",
                }
            )
    return pd.DataFrame(code_rows), pd.DataFrame(theme_rows)
