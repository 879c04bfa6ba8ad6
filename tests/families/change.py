"""Change of people in sites, of groups and of single people, adjusted p-values and sample size, beside R."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from piloteval.measures import clusters, prepost, responders, unpaired

from families.prepost import BENJAMINI_HOCHBERG, differences, sleep
from families.registry import NORMAL_975, Data, disputed, family, limit

# Sites


def pilot(data: Data):
    frame = data.frame("pilot66_prepost.csv")
    return frame["post"] - frame["pre"], frame["site"]


@family(r"cluster_robust\.pilot66_change\.(CR[012])\.(est|se|t|df|p)")
def cluster_robust(match, row, data):
    change, site = pilot(data)
    fit = clusters.cluster_robust(change, np.ones((len(change), 1)), site, kind=match[1])
    return getattr(fit, {"est": "estimate"}.get(match[2], match[2]))[0]


@family(r"cluster_signflip\.pilot66\.p")
def sign_flip(match, row, data):
    return clusters.site_sign_flip(*pilot(data)).p


# Groups


@family(r"cliff_delta\.sleep\.(delta|lower|upper)")
def cliff(match, row, data):
    return limit(unpaired.cliff_delta(*sleep(data)), match[1])


@family(r"kruskal\.airquality\.(H|df|p)")
def kruskal(match, row, data):
    frame = data.frame("airquality.csv")
    return getattr(unpaired.kruskal_wallis(frame["Ozone"], frame["Month"]), match[1].lower())


# Pairs


@family(r"tost_paired\.sleep_bound([\d.]+)\.(p_lower|p_upper|p_tost)")
def equivalence(match, row, data):
    test = prepost.paired_equivalence(*sleep(data), bound=float(match[1]))
    return getattr(test, match[2].replace("_tost", ""))


@family(r"ancova\.pilot66\.(icpt|slope)")
def ancova(match, row, data):
    frame = data.frame("pilot66_prepost.csv")
    fit = prepost.ancova(frame["pre"], frame["post"])
    return {"icpt": fit.intercept, "slope": fit.slope}[match[1]].estimate


@family(r"mcnemar\.approval\.(chi2_cc|p_cc)")
def mcnemar(match, row, data):
    counts = [int(count) for count in re.findall(r"\d+", row.dataset)[2:6]]
    test = prepost.mcnemar(np.repeat([1, 1, 0, 0], counts), np.repeat([1, 0, 1, 0], counts))
    return {"chi2_cc": test.chi2_corrected, "p_cc": test.p_corrected}[match[1]]


@family(r"wilcoxon_normal\.(hollander)\.p_cc")
@family(r"wilcoxon_ties\.(likert22)\.base\.p_cc")
def normal_signed_rank(match, row, data):
    return prepost.normal_signed_rank(differences(match[1], data)).p


@family(r"wilcoxon_ties\.likert22\.base\.(HL|lower|upper)_asymp")
def normal_pseudo_median(match, row, data):
    return limit(prepost.normal_hodges_lehmann(differences("likert22", data)), match[1])


@disputed(
    r"wilcoxon_ties\.likert22\.base\.(HL|lower|upper)_asymp",
    "wilcox.test looks for the shift at which a step function passes a value with uniroot, which stops 1e-4 beside the "
    "step; the step lies at a mean of two differences, and those of whole numbers are multiples of one half",
)
def roots_of_steps(match, row, data):
    changed = differences("likert22", data)
    changed = changed[changed != 0].to_numpy(dtype=float)

    def standardised(shift: float) -> float:
        shifted = changed - shift
        shifted = shifted[shifted != 0]
        n = len(shifted)
        size = np.abs(shifted)
        rank = (size[:, None] > size).sum(axis=1) + ((size[:, None] == size).sum(axis=1) + 1) / 2
        ties = np.unique(size, return_counts=True)[1]
        variance = n * (n + 1) * (2 * n + 1) / 24 - (ties**3 - ties).sum() / 48
        return (rank[shifted > 0].sum() - n * (n + 1) / 4) / np.sqrt(variance)

    aim = {"HL": 0.0, "lower": NORMAL_975, "upper": -NORMAL_975}[match[1]]
    return uniroot(lambda shift: standardised(shift) - aim, changed.min(), changed.max(), 1e-4)


def uniroot(f: Callable[[float], float], lower: float, upper: float, tolerance: float) -> float:
    """Root by Brent's method, step for step as in R's uniroot (Brent 1973, Algorithms for Minimization, chapter 4)."""
    a, b, fa, fb = lower, upper, f(lower), f(upper)
    c, fc = a, fa
    while True:
        previous = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        enough = 2 * np.finfo(float).eps * abs(b) + tolerance / 2
        step = (c - b) / 2
        if abs(step) <= enough or fb == 0:
            return b
        if abs(previous) >= enough and abs(fa) > abs(fb):
            across = c - b
            if a == c:
                p, q = across * fb / fa, 1 - fb / fa
            else:
                q, t1, t2 = fa / fc, fb / fc, fb / fa
                p = t2 * (across * q * (q - t1) - (b - a) * (t1 - 1))
                q = (q - 1) * (t1 - 1) * (t2 - 1)
            p, q = (p, -q) if p > 0 else (-p, q)
            if p < 0.75 * across * q - abs(enough * q) / 2 and p < abs(previous * q / 2):
                step = p / q
        if abs(step) < enough:
            step = np.copysign(enough, step)
        a, fa = b, fb
        b += step
        fb = f(b)
        if fb * fc > 0:
            c, fc = a, fa


# Single people


@family(r"rci\.jacobson_truax1991\.RC")
def reliable_change(match, row, data):
    sd, r, pre, post = map(
        float, re.search(r"s=([\d.]+),rxx=(\.\d+); pre ([\d.]+), post ([\d.]+)", row.dataset).groups()
    )
    return responders.reliable_change_index([pre], [post], r, sd)[0]


@family(r"rci\.jacobson_truax1991\.cut_([abc])")
def cutoffs(match, row, data):
    low, high, sd = map(float, re.search(r"M1=(\d+),M0=(\d+),s=([\d.]+)", row.dataset).groups())
    return getattr(responders.clinical_cutoffs(low, sd, high, sd), match[1])


@family(r"rci\.claus2020_bdi_r80\.(n|sd_pre|improved|unchanged|deteriorated|first)")
def depression(match, row, data):
    wide = data.frame("claus_2020.csv").pivot(index="id", columns="time", values="bdi")[[1, 4]].dropna()
    found = responders.responders(wide[1], wide[4], 0.8, higher_is_better=False)
    return {
        "n": lambda: found.n,
        "sd_pre": lambda: found.sd,
        "improved": lambda: found.n_improved,
        "unchanged": lambda: found.n_unchanged,
        "deteriorated": lambda: found.n_worsened,
        "first": lambda: responders.reliable_change_index(wide[1], wide[4], 0.8)[0],
    }[match[1]]()


# Several tests, and the size of the sample


@family(r"padjust\.(hochberg|hommel|BH|BY|bonferroni)\.(set1|benjamini_hochberg1995)\.p(\d+)")
def adjusted(match, row, data):
    p = BENJAMINI_HOCHBERG if match[2] != "set1" else [float(number) for number in re.findall(r"\.\d+", row.dataset)]
    return prepost.adjust(p, match[1])[int(match[3]) - 1]


@family(r"power\.n_for_d\.35_80")
def pairs_needed(match, row, data):
    return prepost.pairs_needed(0.35, power=0.8).estimate
