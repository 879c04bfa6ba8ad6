"""Intraclass correlations beside psych, irr and R's analysis of variance, and variance components beside lme4."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from piloteval.measures import icc, mixed
from scipy import special

from families.registry import Data, Row, disputed, family, limit

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


# Random-intercept models

MODELS = r"lmer\.(sleepstudy_ri|pilot66_ri|pilot66_site_id|pilot66_sitefixed)\."


def fit(model: str, data: Data) -> tuple[mixed.Components, list[str]]:
    """Components of a model of the reference, and the names lme4 gives its fixed effects."""
    if model == "sleepstudy_ri":
        frame = data.frame("sleepstudy.csv")
        y, columns, groupings = frame["Reaction"], frame[["Days"]], {"Subject": frame["Subject"]}
    else:
        frame = data.frame("pilot66_long.csv")
        y, columns, groupings = frame["score"], frame[["time"]], {"id": frame["id"]}
        if model == "pilot66_site_id":
            groupings = {"site": frame["site"], "id:site": frame["site"] + frame["id"].astype(str)}
        if model == "pilot66_sitefixed":
            columns = columns.join(pd.get_dummies(frame["site"], prefix="site", prefix_sep="", drop_first=True))
    design = np.column_stack([np.ones(len(frame)), columns.to_numpy(dtype=float)])
    return mixed.reml_components(y, design, groupings), ["(Intercept)", *columns]


@family(MODELS + r"(\(Intercept\)|Days|time|site[B-E])\.(est|se|t)", relative=LME4)
def fixed_effects(match, row, data):
    components, names = fit(match[1], data)
    place = names.index(match[2])
    estimate, error = components.beta[place], np.sqrt(components.beta_covariance[place, place])
    return {"est": estimate, "se": error, "t": estimate / error}[match[3]]


@family(MODELS + r"var\.(Subject|id|site|id:site)\.\(Intercept\)\.(vcov|sdcor)", relative=LME4)
def variance_components(match, row, data):
    variance = fit(match[1], data)[0].variances[match[2]]
    return variance if match[3] == "vcov" else np.sqrt(variance)


@family(MODELS + r"var\.Residual\.NA\.(vcov|sdcor)", relative=LME4)
def residual_variance(match, row, data):
    residual = fit(match[1], data)[0].residual
    return residual if match[2] == "vcov" else np.sqrt(residual)


@family(MODELS + r"(logLik|singular|nobs)", relative=1e-9)
def model_figures(match, row, data):
    components = fit(match[1], data)[0]
    return {
        "logLik": components.log_likelihood,
        "singular": float(components.at_boundary),
        "nobs": components.n,
    }[match[2]]


@family(r"lmer\.sleepstudy_ri\.ranef\.(\d+)", relative=LME4)
def random_effects(match, row: Row, data):
    return fit("sleepstudy_ri", data)[0].effects["Subject"][int(match[1])]
