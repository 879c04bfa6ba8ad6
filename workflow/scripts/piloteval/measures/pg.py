"""Thin adapters to pingouin, the only module that imports it; used to check the project's own numbers.

pingouin is imported inside the functions because importing it costs more than a second. Its intervals are rounded and
its alpha counts incomplete rows, so only point values and p-values are taken from it.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def cronbach_alpha(frame: pd.DataFrame) -> float:
    """Raw alpha of complete answers.

    Parameters
    ----------
    frame : DataFrame, shape (people, items)
        Answers without missing values.

    Returns
    -------
    float
        Alpha.

    Raises
    ------
    ValueError
        If an answer is missing: pingouin 0.7 would count rows it does not use.
    """
    if frame.isna().to_numpy().any():
        raise ValueError("drop incomplete rows before calling pingouin")
    import pingouin

    return float(pingouin.cronbach_alpha(data=frame)[0])


def intraclass_correlations(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Six intraclass correlations of complete ratings, with their F tests.

    Parameters
    ----------
    frame : DataFrame, shape (units, raters)
        Ratings without missing values.

    Returns
    -------
    dict of str to dict
        For ``ICC(1,1)``, ``ICC(A,1)``, ``ICC(C,1)``, ``ICC(1,k)``, ``ICC(A,k)`` and ``ICC(C,k)``: ``icc``, ``F``,
        ``df1``, ``df2`` and ``p``. The intervals are left out, because they are rounded to two decimals.

    Raises
    ------
    ValueError
        If a rating is missing: pingouin would leave out the whole unit.

    References
    ----------
    McGraw & Wong (1996), Psychological Methods 1, 30-46.
    """
    if frame.isna().to_numpy().any():
        raise ValueError("drop incomplete units before calling pingouin")
    import pingouin

    units, raters = frame.shape
    long = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), raters),
            "rater": np.tile(np.arange(raters), units),
            "rating": frame.to_numpy(dtype=float).ravel(),
        }
    )
    table = pingouin.intraclass_corr(data=long, targets="unit", raters="rater", ratings="rating").set_index("Type")
    columns = {"icc": "ICC", "F": "F", "df1": "df1", "df2": "df2", "p": "pval"}
    forms = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")
    return {form: {name: float(table.loc[form, column]) for name, column in columns.items()} for form in forms}


def paired_ttest(pre: ArrayLike, post: ArrayLike) -> dict[str, float]:
    """Paired t test with the default Bayes factor.

    Parameters
    ----------
    pre, post : array, shape (people,)
        Measurements of the same people in the same order, without missing values.

    Returns
    -------
    dict
        ``t``, ``df``, ``p`` (two-sided) and ``bayes_factor`` for a change against none, with a Cauchy prior of scale
        sqrt(1/2) on d_z.

    Raises
    ------
    ValueError
        If a measurement is missing or the differences are all equal.

    References
    ----------
    Rouder et al. (2009), Psychonomic Bulletin & Review 16, 225-237.
    """
    pre, post = np.asarray(pre, dtype=float), np.asarray(post, dtype=float)
    if np.isnan(pre).any() or np.isnan(post).any():
        raise ValueError("drop incomplete pairs before calling pingouin")
    if np.ptp(post - pre) == 0:
        raise ValueError("all differences are equal, the test is undefined")
    import pingouin

    test = pingouin.ttest(post, pre, paired=True).iloc[0]
    t = float(test["T"])
    # The table holds the Bayes factor as rounded text; the function behind it returns the number.
    bayes_factor = pingouin.bayesfactor_ttest(t, len(pre), len(post), paired=True, r=math.sqrt(0.5))
    return {"t": t, "df": float(test["dof"]), "p": float(test["p_val"]), "bayes_factor": float(bayes_factor)}


def holm(p: ArrayLike) -> np.ndarray:
    """Adjust p-values for the number of tests made; a missing p-value is no test.

    Parameters
    ----------
    p : array, shape (tests,)
        P-values; missing is NaN.

    Returns
    -------
    array of float, shape (tests,)
        Adjusted p-values, NaN where missing.
    """
    import pingouin

    return np.asarray(pingouin.multicomp(np.asarray(p, dtype=float), method="holm")[1], dtype=float)
