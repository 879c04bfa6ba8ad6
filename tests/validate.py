"""How often the intervals hold the true value: a simulation of answers whose reliability is known.

Run `make validate`. Normal answers and answers on five points are drawn from a known model, the interval is computed with
the package's own functions, and the share of intervals that hold the model's value is printed. The true value of answers
on five points is computed from the model by sums of bivariate normal probabilities, not by the code that is judged.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
import precoding
from piloteval.measures import icc, reliability, resample, robustness
from scipy import stats

LEVEL = 0.95
#: Thresholds of five ordered answers: even, and with most answers near the upper end.
STEPS = {"even": (-1.5, -0.5, 0.5, 1.5), "skewed": (-2.0, -1.4, -0.7, 0.3)}


def moments_of_steps(thresholds: tuple[float, ...], r: float) -> tuple[float, float]:
    """Return variance of one stepped answer, and covariance of two whose normal variables correlate by ``r``."""
    cuts = np.asarray(thresholds)
    single = stats.norm.cdf(cuts)
    # An answer is the number of thresholds under its variable, so moments are sums over pairs of thresholds.
    both = stats.multivariate_normal(mean=[0, 0], cov=[[1, r], [r, 1]])
    joint = np.array([[both.cdf([-a, -b]) for b in cuts] for a in cuts])
    above = 1 - single
    variance = sum(min(a, b) for a in above for b in above) - above.sum() ** 2
    return float(variance), float(joint.sum() - above.sum() ** 2)


def stepped(values: np.ndarray, thresholds: tuple[float, ...] | None) -> np.ndarray:
    """Return the answers on five points behind which the values stand, or the values themselves."""
    return values if thresholds is None else np.searchsorted(np.asarray(thresholds), values).astype(float)


def coverage_of_alpha(n: int, k: int, r: float, thresholds, repeats: int, rng) -> tuple[float, float, float]:
    """Return coverage of Feldt's interval and its misses below and above; equal correlations between k items."""
    if thresholds is None:
        true = k * r / (1 + (k - 1) * r)
    else:
        variance, covariance = moments_of_steps(thresholds, r)
        true = k / (k - 1) * (1 - variance * k / (variance * k + k * (k - 1) * covariance))
    shared = rng.standard_normal((repeats, n, 1))
    answers = stepped(np.sqrt(r) * shared + np.sqrt(1 - r) * rng.standard_normal((repeats, n, k)), thresholds)
    centred = answers - answers.mean(axis=1, keepdims=True)
    alphas = resample.alphas_of_draws(np.einsum("rni,rnj->rij", centred, centred) / (n - 1))
    limits = np.array([reliability.feldt_interval(alpha, n, k, LEVEL) for alpha in alphas])
    return share(limits, true)


def coverage_of_bootstrap(n: int, k: int, r: float, thresholds, repeats: int, rng) -> tuple[float, float, float]:
    """Return coverage of the BCa interval of alpha, 1,000 draws each."""
    if thresholds is None:
        true = k * r / (1 + (k - 1) * r)
    else:
        variance, covariance = moments_of_steps(thresholds, r)
        true = k / (k - 1) * (1 - variance * k / (variance * k + k * (k - 1) * covariance))
    limits = []
    for repeat in range(repeats):
        answers = stepped(
            np.sqrt(r) * rng.standard_normal((n, 1)) + np.sqrt(1 - r) * rng.standard_normal((n, k)), thresholds
        )
        found = resample.resampled(
            answers, resample.alphas_of_draws, "alpha", confidence=LEVEL, draws=1000, seed=repeat
        )
        limits.append((np.nan, np.nan) if found.ci_low is None else (found.ci_low, found.ci_high))
    return share(np.array(limits), true)


def coverage_of_icc(
    form: str, n: int, k: int, shares: tuple[float, float], thresholds, repeats: int, rng
) -> tuple[float, float, float]:
    """Return coverage of an intraclass correlation's interval; units and raters drawn anew in every repeat.

    ``shares`` are the shares of variance of the units and of the raters; the residual has the rest.
    """
    units, raters = shares
    if thresholds is None:
        total, between, among = 1.0, units, raters
    else:
        total, between = moments_of_steps(thresholds, units)
        among = moments_of_steps(thresholds, raters)[1]
    true = {
        "ICC(1,1)": between / total,
        "ICC(A,1)": between / total,
        "ICC(C,1)": between / (total - among),
    }[form]
    values = (
        np.sqrt(units) * rng.standard_normal((repeats, n, 1))
        + np.sqrt(raters) * rng.standard_normal((repeats, n if form == "ICC(1,1)" else 1, k))
        + np.sqrt(1 - units - raters) * rng.standard_normal((repeats, n, k))
    )
    limits = []
    for ratings in stepped(values, thresholds):
        found = icc.intervals(icc.mean_squares(ratings), LEVEL)[form]
        limits.append((np.nan, np.nan) if found is None else found)
    return share(np.array(limits), true)


def pilot(n: int, sites: int, change: float, rng, between: float = 0.05, dropout: float = 0.15):
    """Return scores of one simulated pilot: people in institutions, which differ in level and in change.

    Person and residual have equal variance, institutions a share ``between`` of the level's and of the change's; some
    people have no second score, more often when the first was low (missing at random).
    """
    place = np.arange(n) % sites
    person = rng.standard_normal(n)
    level, gain = rng.normal(0, np.sqrt(between), (2, sites))
    pre = level[place] + person + rng.standard_normal(n)
    post = level[place] + person + rng.standard_normal(n) + change + gain[place]
    gone = rng.random(n) < np.clip(dropout * (1 - 0.4 * (pre - pre.mean())), 0, 1)
    wide = pd.DataFrame({"pre": pre, "post": np.where(gone, np.nan, post)}, index=[f"p{number}" for number in range(n)])
    return wide, pd.Series([f"s{one}" for one in place], index=wide.index)


def specifications_hold(n: int, sites: int, between: float, repeats: int, rng) -> pd.DataFrame:
    """Return for every specification how often its interval holds the true change, and how often it finds one of zero."""
    rows = []
    for effect in (0.0, 0.5):
        for _repeat in range(repeats):
            wide, place = pilot(n, sites, effect, rng, between)
            for one in robustness.specifications(
                wide, pd.Series(True, index=wide.index), place, confidence=LEVEL, min_n=10, imputations=10
            ):
                low, high, p = one.value.ci_low, one.value.ci_high, one.p
                held = None if low is None else low <= effect <= high
                found = (p is not None and p < 1 - LEVEL) if p is not None else (None if held is None else not held)
                rows.append((one.name, effect, held, found if effect == 0 else None))
    table = pd.DataFrame(rows, columns=["specification", "effect", "held", "found"])
    return table.groupby("specification", sort=False)[["held", "found"]].mean()


def share(limits: np.ndarray, true: float) -> tuple[float, float, float]:
    """Return the shares of intervals that hold the true value, lie below it and lie above it; one missing holds none."""
    low, high = limits.T
    return float(((low <= true) & (true <= high)).mean()), float((high < true).mean()), float((low > true).mean())


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=4000, help="repeats of each setting; the bootstrap has a quarter"
    )
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(20261122)
    start = time.perf_counter()
    error = 100 * np.sqrt(0.05 * 0.95 / repeats)
    print(f"Coverage of 95 % intervals, {repeats:,} repeats (standard error {error:.2f} points; bootstrap twice that)")
    print(f"{'coefficient':<34}{'answers':<10}{'n':>4}{'covered, %':>12}{'below':>8}{'above':>8}")

    def told(name: str, kind: str, n: int, found: tuple[float, float, float]) -> None:
        covered, below, above = (100 * one for one in found)
        note = "" if 93 <= covered <= 97 else "  outside 93 to 97"
        print(f"{name:<34}{kind:<10}{n:>4}{covered:>12.1f}{below:>8.1f}{above:>8.1f}{note}")

    for kind, thresholds in (("normal", None), *STEPS.items()):
        for n in (20, 66):
            for k, r in ((5, 0.3), (10, 0.4)):
                told(f"alpha, {k} items, Feldt", kind, n, coverage_of_alpha(n, k, r, thresholds, repeats, rng))
            told("alpha, 5 items, BCa", kind, n, coverage_of_bootstrap(n, 5, 0.3, thresholds, repeats // 4, rng))
            for form, shares in (("ICC(1,1)", (0.5, 0.1)), ("ICC(A,1)", (0.5, 0.1)), ("ICC(C,1)", (0.5, 0.1))):
                told(f"{form}, 4 raters", kind, n, coverage_of_icc(form, n, 4, shares, thresholds, repeats, rng))
    for n, sites in ((66, 5), (66, 9)):
        for between in (0.0, 0.05):
            pilots = max(repeats // 8, 20)
            print(
                f"\nChange in {pilots} simulated pilots of {n} people in {sites} institutions, which "
                + (
                    f"differ in level and change ({100 * between:.0f} % of the variance)"
                    if between
                    else "do not differ"
                )
            )
            print(f"{'specification':<38}{'interval holds, %':>18}{'finds change where none is, %':>32}")
            for name, row in specifications_hold(n, sites, between, pilots, rng).iterrows():
                told_ = [f"{100 * one:.1f}" if one == one else "–" for one in (row["held"], row["found"])]
                print(f"{name:<38}{told_[0]:>18}{told_[1]:>32}")
    print(f"{time.perf_counter() - start:.0f} s\n")
    precoding.report()


if __name__ == "__main__":
    main()
