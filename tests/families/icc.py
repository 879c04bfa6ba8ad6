"""Intraclass correlations beside psych, irr and R's analysis of variance."""

from __future__ import annotations

import re

import pandas as pd
from piloteval.measures import icc
from scipy import special

from families.registry import Data, disputed, family, limit

#: psych's name (Shrout & Fleiss) to McGraw & Wong's.
PSYCH = {
    "ICC1": "ICC(1,1)",
    "ICC2": "ICC(A,1)",
    "ICC3": "ICC(C,1)",
    "ICC1k": "ICC(1,k)",
    "ICC2k": "ICC(A,k)",
    "ICC3k": "ICC(C,k)",
}

#: lme4 searches without gradient and ends this far beside the maximum; here the slope is zero to rounding.
LME4 = 1e-6


def parts(ratings: pd.DataFrame, form: str, name: str) -> float:
    if name in ("F", "df1", "df2", "p"):
        return getattr(icc.f_tests(ratings)[form], name.lower())
    return limit(icc.intraclass_correlations(ratings)[form], name)


@family(r"icc\.(shrout_fleiss)\.(ICC[123]k?)\.(icc|F|df1|df2|p|lower|upper)")
# p falls as a high power of F, which multiplies the last digit of lme4's components.
@family(r"icc\.(shrout_fleiss_missing)_lmer\.(ICC[123]k?)\.(icc|F|df1|df2|p|lower|upper)", relative=3 * LME4)
def psych_icc(match, row, data):
    return parts(data.frame(f"{match[1]}.csv"), PSYCH[match[2]], match[3])


IRR = r"irr_icc\.shrout_fleiss\."


def irr_form(match: re.Match) -> str:
    kind = "1" if match["model"] == "oneway" else {"agreement": "A", "consistency": "C"}[match["type"]]
    return f"ICC({kind},{ {'single': '1', 'average': 'k'}[match['unit']] })"


@family(
    IRR
    + r"(?P<model>oneway|twoway)\.(?P<type>agreement|consistency)\.(?P<unit>single|average)\.(?P<name>icc|F|df1|lower|upper)"
)
@family(IRR + r"(?P<model>oneway)\.(?P<type>agreement|consistency)\.(?P<unit>single|average)\.(?P<name>df2|p)")
@family(IRR + r"(?P<model>twoway)\.(?P<type>consistency)\.(?P<unit>single|average)\.(?P<name>df2|p)")
@family(IRR + r"(?P<model>twoway)\.(?P<type>agreement)\.(?P<unit>single|average)\.(?P<name>p)")
def irr_icc(match, row, data):
    return parts(data.frame("shrout_fleiss.csv"), irr_form(match), match["name"])


@family(IRR + r"twoway\.agreement\.(single|average)\.df2")
def irr_interval_df(match, row, data):
    # irr shows the degrees of freedom of the interval.
    return icc.agreement_df(icc.mean_squares(data.frame("shrout_fleiss.csv")))


def irr_df(data: Data, form: str) -> float:
    """Satterthwaite's degrees of freedom as irr forms them, from the coefficient of single or of mean ratings."""
    squares = icc.mean_squares(data.frame("shrout_fleiss.csv"))
    n, k, rho = squares.n_units, squares.n_raters, icc.coefficients(squares)[form]
    a, b = k * rho / (n * (1 - rho)), 1 + k * rho * (n - 1) / (n * (1 - rho))
    above = (a * squares.msc + b * squares.mse) ** 2
    return above / ((a * squares.msc) ** 2 / (k - 1) + (b * squares.mse) ** 2 / ((n - 1) * (k - 1)))


@disputed(
    IRR + r"twoway\.agreement\.(single)\.p",
    "irr tests against zero with Satterthwaite's degrees of freedom at the estimate; against zero MSR / MSE has those of "
    "the residual whatever the raters do, as psych and pingouin have it",
)
def irr_p(match, row, data):
    squares = icc.mean_squares(data.frame("shrout_fleiss.csv"))
    return special.fdtrc(squares.df_units, irr_df(data, "ICC(A,1)"), squares.msr / squares.mse)


@disputed(
    IRR + r"twoway\.agreement\.average\.(df2|upper)",
    "irr puts the coefficient of mean ratings into the formula for single ratings, which multiplies by the number of "
    "raters a second time; the limits are then not those of single ratings by Spearman-Brown, as psych has them",
)
def irr_average(match, row, data):
    df = irr_df(data, "ICC(A,k)")
    if match[1] == "df2":
        return df
    squares = icc.mean_squares(data.frame("shrout_fleiss.csv"))
    up = special.fdtri(df, squares.df_units, 0.975)
    above = squares.n_units * (up * squares.msr - squares.mse)
    return above / (squares.msc - squares.mse + squares.n_units * up * squares.msr)


@family(r"pilot66\.anova_icc_site_pre\.(icc|deff)")
def sites(match, row, data):
    frame = data.frame("pilot66_prepost.csv")
    function = icc.site_icc if match[1] == "icc" else icc.design_effect
    return function(frame["pre"], frame["site"]).estimate
