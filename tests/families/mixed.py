"""Mixed models beside lme4, lmerTest and pbkrtest."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from piloteval.measures import mixed

from families.registry import Data, family

#: lme4 searches without gradient and ends this far beside the maximum, farther with the three parameters of intercepts
#: and slopes; here the slope is zero to rounding.
LME4, LME4_SLOPES = 1e-6, 1e-4

#: A p-value as small as here falls as a power of t with the degrees of freedom as exponent: it multiplies differences.
TAIL = 30

INTERCEPTS = r"lmer\.(sleepstudy_ri|sleepstudy_ri_ML|pilot66_ri|pilot66_site_id|pilot66_sitefixed)\."
SLOPES = r"lmer\.(sleepstudy_rs|sleepstudy_rs_ML)\."
EFFECT = r"(\(Intercept\)|Days|time|site[B-E])\."


@functools.cache
def fit(model: str, data: Data) -> mixed.MixedModel:
    """Fit a model of the reference, with the names lme4 gives its fixed effects."""
    slopes = None
    if model.startswith("sleepstudy"):
        frame = data.frame("sleepstudy.csv")
        y, columns, groupings = frame["Reaction"], frame[["Days"]], {"Subject": frame["Subject"]}
        slopes = {"Subject": frame["Days"]} if "_rs" in model else None
    else:
        frame = data.frame("pilot66_long.csv")
        y, columns, groupings = frame["score"], frame[["time"]], {"id": frame["id"]}
        if model == "pilot66_site_id":
            groupings = {"site": frame["site"], "id:site": frame["site"] + frame["id"].astype(str)}
        if model == "pilot66_sitefixed":
            columns = columns.join(pd.get_dummies(frame["site"], prefix="site", prefix_sep="", drop_first=True))
    design = pd.concat([pd.Series(1.0, index=frame.index, name="(Intercept)"), columns.astype(float)], axis=1)
    return mixed.mixed_model(y, design, groupings, reml=not model.endswith("_ML"), slopes=slopes)


@family(INTERCEPTS + EFFECT + "(est|se|t)", relative=LME4)
@family(INTERCEPTS + EFFECT + "(df_satt)", relative=LME4)
@family(INTERCEPTS + EFFECT + "(p_satt)", relative=TAIL * LME4)
@family(SLOPES + EFFECT + "(est)", relative=LME4)
@family(SLOPES + EFFECT + "(se|t|df_satt)", relative=LME4_SLOPES)
@family(SLOPES + EFFECT + "(p_satt)", relative=TAIL * LME4_SLOPES)
def fixed_effects(match, row, data):
    effect = fit(match[1], data).fixed[match[2]]
    return {"est": effect.estimate, "se": effect.se, "t": effect.t, "df_satt": effect.df, "p_satt": effect.p}[match[3]]


@family(INTERCEPTS + EFFECT + r"KR\.(se|df)", relative=LME4)
@family(INTERCEPTS + EFFECT + r"KR\.(p)", relative=TAIL * LME4)
@family(SLOPES + EFFECT + r"KR\.(se|df)", relative=LME4_SLOPES)
@family(SLOPES + EFFECT + r"KR\.(p)", relative=TAIL * LME4_SLOPES)
def kenward_roger(match, row, data):
    return getattr(fit(match[1], data).fixed[match[2]], f"kr_{match[3]}")


@family(INTERCEPTS + r"var\.(Subject|id|site|id:site)\.(\(Intercept\))\.(vcov|sdcor)", relative=LME4)
@family(SLOPES + r"var\.(Subject)\.(\(Intercept\)|Days|\(Intercept\)_Days)\.(vcov|sdcor)", relative=LME4_SLOPES)
def variance_components(match, row, data):
    matrix = fit(match[1], data).covariances[match[2]]
    i, j = {"(Intercept)": (0, 0), "Days": (1, 1), "(Intercept)_Days": (0, 1)}[match[3]]
    if match[4] == "vcov":
        return matrix[i, j]
    return np.sqrt(matrix[i, i]) if i == j else matrix[i, j] / np.sqrt(matrix[i, i] * matrix[j, j])


@family(INTERCEPTS + r"var\.Residual\.NA\.(vcov|sdcor)", relative=LME4)
@family(SLOPES + r"var\.Residual\.NA\.(vcov|sdcor)", relative=LME4_SLOPES)
def residual_variance(match, row, data):
    residual = fit(match[1], data).residual
    return residual if match[2] == "vcov" else np.sqrt(residual)


@family(r"lmer\.(\w+)\.(logLik|singular|nobs)", relative=1e-9)
def model_figures(match, row, data):
    model = fit(match[1], data)
    return {"logLik": model.log_likelihood, "singular": float(model.at_boundary), "nobs": model.n}[match[2]]


@family(r"lmer\.sleepstudy_ri\.ranef\.(\d+)", relative=LME4)
def random_effects(match, row, data):
    frame = data.frame("sleepstudy.csv")
    design = np.column_stack([np.ones(len(frame)), frame["Days"]])
    components = mixed.reml_components(frame["Reaction"], design, {"Subject": frame["Subject"]})
    return components.effects["Subject"][int(match[1])]
