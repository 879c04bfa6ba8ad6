"""Change of paired measurements beside R."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from piloteval.measures import pg, prepost

from families.registry import NORMAL_975, Data, disputed, family, limit


def sleep(data: Data) -> tuple[pd.Series, pd.Series]:
    frame = data.frame("sleep_wide.csv")
    return frame["g1"], frame["g2"]


@family(r"ttest\.sleep\.(t|df|p|diff|lower|upper)")
def t_test(match, row, data):
    if match[1] in ("t", "df", "p"):
        return getattr(prepost.paired_t_test(*sleep(data)), match[1])
    return limit(prepost.paired_t(*sleep(data)), match[1])


@family(r"tost_paired\.sleep_bound2\.5\.(lower|upper)90")
def t_interval_90(match, row, data):
    return limit(prepost.paired_t(*sleep(data), confidence=0.9), match[1])


@family(r"(cohens_dz|hedges_gz)\.sleep\.(d|g|lower|upper)")
def standardised_by_change(match, row, data):
    return limit(prepost.d_z(*sleep(data), hedges=match[1] == "hedges_gz"), match[2])


@family(r"d_variants\.sleep\.(d_av|d_av_rms|d_rm|d_pre_glass|r)")
def standardised_variants(match, row, data):
    pre, post = sleep(data)
    return {
        "d_av": lambda: prepost.d_av(pre, post),
        "d_av_rms": lambda: prepost.d_av(pre, post, standardiser="root mean square"),
        "d_rm": lambda: prepost.d_rm(pre, post),
        "d_pre_glass": lambda: prepost.d_pre(pre, post),
        "r": lambda: prepost.pre_post_correlation(pre, post),
    }[match[1]]().estimate


@family(r"effsize_cohen_d_within\.sleep\.(d|lower|upper)")
def standardised_repeated_measures(match, row, data):
    return limit(prepost.d_rm(*sleep(data)), match[1])


def differences(name: str, data: Data) -> pd.Series:
    if name == "hollander":
        frame = data.frame("hollander_depression.csv")
        return frame["x"] - frame["y"]
    frame = data.frame("likert_pairs_ties_zeros.csv")
    return frame["post"] - frame["pre"]


@family(r"wilcoxon_exact\.(hollander)\.(V|p_two|p_greater)")
@family(r"wilcoxon_normal\.(hollander)\.(p_nocc)")
@family(r"wilcoxon_ties\.(likert22)\.(?:exactRankTests|base)\.(V|p|p_nocc)")
@family(r"wilcoxon_ties\.(likert22)\.coin_(?:Pratt|Wilcoxon)\.(Z|p_exact|p_asymp)")
def signed_rank(match, row, data):
    test = prepost.exact_signed_rank(differences(match[1], data), zero="pratt" if "Pratt" in row.id else "wilcox")
    return {
        "V": test.w_plus,
        "Z": test.z,
        "p": test.p,
        "p_two": test.p,
        "p_exact": test.p,
        "p_greater": test.p_greater,
        "p_nocc": test.p_normal,
        "p_asymp": test.p_normal,
    }[match[2]]


@family(r"wilcoxon_exact\.(hollander)\.(HL|lower|upper)")
@family(r"wilcoxon_ties\.(likert22)\.exactRankTests\.(lower|upper)")
@family(r"HL_walsh\.(likert22)\.(median_walsh_all|median_walsh_nonzero)")
def pseudo_median(match, row, data):
    zero = "pratt" if match[2] == "median_walsh_all" else "wilcox"
    return limit(prepost.hodges_lehmann(differences(match[1], data), zero=zero), match[2])


@family(r"rank_biserial\.(hollander|likert22)\.(r|lower|upper)")
def rank_biserial(match, row, data):
    return limit(prepost.matched_rank_biserial(differences(match[1], data)), match[2])


@disputed(
    r"rank_biserial\.likert22\.(lower|upper)",
    "effectsize::rank_biserial counts the answers other than zero, 22, for the standard error of paired data; the "
    "differences other than zero are 15",
)
def answers_other_than_zero(match, row, data):
    n = int((data.frame("likert_pairs_ties_zeros.csv")["post"] != 0).sum())
    z = np.arctanh(prepost.matched_rank_biserial(differences("likert22", data)).estimate)
    half_width = NORMAL_975 * np.sqrt((2 * n**3 + 3 * n**2 + n) / 6) / ((n**2 + n) / 2)
    return np.tanh(z - half_width if match[1] == "lower" else z + half_width)


@family(r"sign_test\.likert22\.(npos|nneg|p|prob_superiority)")
def sign(match, row, data):
    test = prepost.sign_test(differences("likert22", data))
    return {
        "npos": test.n_positive,
        "nneg": test.n_negative,
        "p": test.p,
        "prob_superiority": test.probability_of_superiority,
    }[match[1]]


@family(r"mcnemar\.approval\.p_exact")
def exact_mcnemar(match, row, data):
    stayed_yes, to_no, to_yes, stayed_no = (int(count) for count in re.findall(r"\d+", row.dataset)[2:6])
    return prepost.sign_test(np.repeat([0, -1, 1], [stayed_yes + stayed_no, to_no, to_yes])).p


#: Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300, section 4.1.
BENJAMINI_HOCHBERG = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1,
]  # fmt: skip


@family(r"padjust\.holm\.(set1|benjamini_hochberg1995)\.p(\d+)")
def holm(match, row, data):
    p = BENJAMINI_HOCHBERG if match[1] != "set1" else [float(number) for number in re.findall(r"\.\d+", row.dataset)]
    return prepost.holm(p)[int(match[2]) - 1]


@family(r"power\.paired_n66_d\.35")
def power(match, row, data):
    return prepost.paired_power(0.35, 66)


@family(r"bf10\.sleep")
def bayes_factor(match, row, data):
    return pg.paired_ttest(*sleep(data))["bayes_factor"]
