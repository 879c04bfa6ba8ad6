"""Missing waves: edges, identities of Rubin's rules, and what imputation has to do to be right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.measures import missing, prepost
from scipy import stats

repeated = settings(max_examples=25, deadline=None, derandomize=True, database=None)

numbers = st.floats(-5, 5).map(lambda number: round(number, 3))


def scores(n=66, r=0.6, change=0.5, share=0.25, seed=1, at_random=True):
    """Scores before and after, the later ones missing more often where the first was low."""
    rng = np.random.default_rng(seed)
    pre = rng.standard_normal(n)
    post = change + r * pre + np.sqrt(1 - r**2) * rng.standard_normal(n)
    gone = np.argsort(pre + rng.standard_normal(n) * (1 if at_random else 100))[: round(share * n)]
    post[gone] = np.nan
    return pre, post


def undefined(statistic):
    return statistic.estimate is None and statistic.ci_low is None and statistic.note.startswith("undefined: ")


# Who is missing


def test_completers_against_dropouts_beside_pingouin_and_scipy():
    import pingouin

    rng = np.random.default_rng(3)
    first, second = rng.normal(size=40), np.arange(40) % 4 > 0
    found = missing.completers_against_dropouts(first, second)
    g = found.difference
    assert (found.n_completers, found.n_dropouts, g.n) == (30, 10, 40)
    assert g.estimate == pytest.approx(
        pingouin.compute_effsize(first[second], first[~second], eftype="cohen") * prepost.hedges_factor(38)
    )
    root = np.sqrt(1 / 30 + 1 / 10)
    t = stats.ttest_ind(first[second], first[~second]).statistic
    for limit, tail in ((g.ci_low, 0.975), (g.ci_high, 0.025)):
        assert stats.nct.cdf(t, 38, limit / prepost.hedges_factor(38) / root) == pytest.approx(tail, abs=1e-6)
    turned = missing.completers_against_dropouts(-first, second).difference
    assert (turned.estimate, turned.ci_low) == pytest.approx((-g.estimate, -g.ci_high))
    assert missing.completers_against_dropouts(7 + 3 * first, second).difference.estimate == pytest.approx(g.estimate)


def test_dropouts_that_cannot_be_compared():
    first, second = np.r_[np.arange(9.0), np.nan], np.arange(10) < 6
    found = missing.completers_against_dropouts(first, second)
    assert found.difference.note == "undefined: fewer than 5 people in a group"
    assert (found.n_completers, found.n_dropouts) == (6, 3)
    assert (found.difference.n_dropped, found.difference.dropped_reason) == (1, "no score in the first wave")
    assert missing.completers_against_dropouts(first, second, min_n=3).difference.estimate < 0
    assert undefined(missing.completers_against_dropouts(np.repeat([1.0, 2], 5), np.arange(10) < 5).difference)
    with pytest.raises(ValueError, match="two people"):
        missing.completers_against_dropouts(first, second, min_n=1)
    with pytest.raises(ValueError, match="9 scores and 10 people"):
        missing.completers_against_dropouts(first[1:], second)


def test_patterns():
    wide = pd.DataFrame(
        {"t0": [1, 2, None, 4, None], "t1": [1, None, 3, 4, None], "t2": [1, None, 3, 4, None]}, dtype="Float64"
    )
    table = missing.patterns(wide)
    assert table.to_dict("list") == {
        "t0": [True, False, True, False],
        "t1": [True, True, False, False],
        "t2": [True, True, False, False],
        "n": [2, 1, 1, 1],
    }
    pd.testing.assert_frame_equal(missing.patterns(wide.iloc[::-1]), table)
    assert len(missing.patterns(wide.head(0))) == 0


# Rubin's rules


def test_identical_imputations_add_nothing():
    pooled = missing.pool([0.1] * 3, [0.04] * 3, n=66)
    assert (pooled.between, pooled.riv, pooled.share) == (0, 0, 0)
    assert pooled.total == pooled.within == pytest.approx(0.04)
    assert pooled.df == pytest.approx(65 * 66 / 68)  # Barnard & Rubin with nothing missing
    large = missing.pool([0.1] * 3, [0.04] * 3)
    assert large.df == np.inf
    assert large.fmi == 0
    assert (large.ci_high - large.ci_low) / 2 == pytest.approx(0.2 * stats.norm.ppf(0.975))


@repeated
@given(
    st.lists(st.tuples(numbers, st.floats(0.01, 4)), min_size=2, max_size=12), st.integers(3, 500), st.floats(0.1, 10)
)
def test_identities_of_rubins_rules(draws, n, unit):
    q, u = np.array(draws).T
    one = missing.pool(q, u, n)
    assert one.total == pytest.approx(one.within + (1 + 1 / one.m) * one.between)
    assert one.share == pytest.approx(one.riv / (1 + one.riv))
    assert one.total == pytest.approx(one.within * (1 + one.riv))
    assert 0 < one.df <= n - 1
    assert one.df <= missing.pool(q, u).df * (1 + 1e-9)
    assert one.share - 1e-12 <= one.fmi <= 1
    scaled = missing.pool(unit * q[::-1] + 2, unit**2 * u[::-1], n)
    assert (scaled.estimate, scaled.df, scaled.fmi) == pytest.approx((unit * one.estimate + 2, one.df, one.fmi))
    half = (one.ci_high - one.ci_low) / 2
    assert half == pytest.approx(stats.t.ppf(0.975, one.df) * np.sqrt(one.total), rel=1e-6)


def test_edges_of_pooling():
    nothing_within = missing.pool([1, 2], [0, 0], n=10)
    assert (nothing_within.riv, nothing_within.share, nothing_within.fmi) == (np.inf, 1, 1)
    nothing = missing.pool([1, 1], [0, 0], n=10)
    assert (nothing.estimate, nothing.ci_low, nothing.total) == (1, 1, 0)
    for arguments in (([1], [1]), ([1, 2], [1, -1]), ([1, 2], [1]), ([1, 2], [1, 1], 1)):
        with pytest.raises(ValueError, match=r"needed|negative|degrees"):
            missing.pool(*arguments)


# Imputation


@pytest.mark.parametrize("model", ["normal", "pmm"])
def test_observed_scores_stay_and_the_seed_decides(model):
    pre, post = scores()
    pre[[2, 5]] = np.nan
    post[2] = np.nan
    one, again, other = (missing.imputed_scores(pre, post, m=5, seed=seed, model=model) for seed in (1, 1, 2))
    assert (one.scores == again.scores).all()
    assert not (one.scores == other.scores).all()
    assert one.scores.shape == (5, 65, 2)
    assert one.n_dropped == 1
    both = np.delete(np.column_stack([pre, post]), 2, axis=0)
    observed = ~np.isnan(both)
    assert (one.missing == ~observed).all()
    assert (one.scores[:, observed] == both[observed]).all()
    assert np.isfinite(one.scores).all()
    if model == "pmm":
        assert np.isin(one.scores[:, one.missing[:, 1], 1].round(9), post.round(9)).all()


@pytest.mark.parametrize("model", ["normal", "pmm"])
def test_the_order_of_rows_does_not_matter(model):
    pre, post = scores()
    pre[60] = np.nan
    keys = np.array([f"P{i:03d}" for i in np.random.default_rng(2).permutation(66)])
    sites = np.where(pre > 0.3, "north", "south")
    extra = pd.DataFrame({"age": np.random.default_rng(1).normal(40, 9, 66)})
    order = np.random.default_rng(3).permutation(66)
    one = missing.impute_change(pre, post, extra, sites, keys, model=model)
    mixed_up = missing.impute_change(pre[order], post[order], extra.iloc[order], sites[order], keys[order], model=model)
    assert one == mixed_up
    for wrong in (keys[:5], np.repeat("P", 66)):
        with pytest.raises(ValueError, match="keys"):
            missing.impute_change(pre, post, keys=wrong)


def test_units_do_not_matter():
    pre, post = scores()
    one, scaled = missing.impute_change(pre, post), missing.impute_change(10 + 4 * pre, 10 + 4 * post)
    assert scaled.estimate == pytest.approx(4 * one.estimate)
    assert (scaled.ci_low, scaled.ci_high) == pytest.approx((4 * one.ci_low, 4 * one.ci_high))


def test_without_a_missing_score_it_is_the_paired_interval():
    pre, post = scores(share=0)
    one, plain = missing.impute_change(pre, post), prepost.paired_t(pre, post)
    assert (one.estimate, one.ci_low, one.ci_high, one.n) == (plain.estimate, plain.ci_low, plain.ci_high, 66)
    assert one.method == "mean change"
    assert one.note == "no score missing, nothing imputed"
    one = missing.impute_change([*pre, np.nan], [*post, np.nan])
    assert (one.n, one.n_dropped, one.dropped_reason) == (66, 1, "no score in either wave")
    assert undefined(missing.impute_change([], []))


def test_imputations_are_proper():
    """Mean and variance between many imputations are those of the posterior prediction by linear regression."""
    pre, post = scores(n=30, share=0.3)
    gone = np.isnan(post)
    imputed = missing.imputed_scores(pre, post, m=6000, seed=4).scores[:, gone, 1].mean(axis=1)
    X = np.column_stack([np.ones(30), pre])
    inverse = np.linalg.inv(X[~gone].T @ X[~gone])
    beta = inverse @ X[~gone].T @ post[~gone]
    residual = post[~gone] - X[~gone] @ beta
    centre = X[gone].mean(axis=0)
    variance = residual @ residual / (len(residual) - 4) * (1 / gone.sum() + centre @ inverse @ centre)
    assert imputed.mean() == pytest.approx(centre @ beta, abs=5 * np.sqrt(variance / 6000))
    assert imputed.var() == pytest.approx(variance, rel=0.08)


def test_imputation_repairs_what_leaving_out_does():
    """Low scorers leave: complete pairs regress less to the mean, so that their mean change is too small."""
    found = []
    for seed in range(40):
        pre, post = scores(n=100, r=0.4, change=0, share=0.4, seed=seed)
        found.append((missing.impute_change(pre, post, m=5).estimate, prepost.paired_t(pre, post).estimate))
    imputed, complete = np.mean(found, axis=0)
    assert abs(imputed) < 0.06 < 0.15 < -complete


def test_auxiliaries_and_sites():
    pre, post = scores()
    rng = np.random.default_rng(6)
    helpful = np.where(np.isnan(post), rng.normal(size=66), post) + 0.1 * rng.normal(size=66)
    gappy = np.where(np.arange(66) % 7 == 0, np.nan, rng.normal(size=66))
    extra = pd.DataFrame(
        {"helpful": helpful, "gappy": gappy, "constant": 1.0, "same": 3 * helpful + 1, "empty": np.nan}
    )
    with_extra = missing.impute_change(pre, post, extra)
    assert "left out of the imputation model: constant, same, empty" in with_extra.note
    assert "missing at random given the other score, auxiliary variables" in with_extra.note
    alone = missing.impute_change(pre, post)
    assert with_extra.ci_high - with_extra.ci_low < alone.ci_high - alone.ci_low
    # A site of one person, and one nobody of which came back, do not make the equations singular.
    sites = np.repeat(["a", "b", "c", "d", None], [30, 25, 9, 1, 1]).astype(object)
    gone = post.copy()
    gone[55:64] = np.nan
    by_site = missing.impute_change(pre, gone, sites=sites)
    assert by_site.ci_high - by_site.ci_low < 2
    assert "given the other score, site" in by_site.note
    with pytest.raises(ValueError, match="one row a person"):
        missing.impute_change(pre, post, sites=sites[1:])


def test_sites_have_their_own_means():
    rng = np.random.default_rng(9)
    sites = np.repeat([0, 1], 100)
    pre = rng.normal(size=200)
    post = pre + 5.0 * sites + 0.1 * rng.normal(size=200)
    post[120:] = np.nan
    assert missing.impute_change(pre, post, sites=sites).estimate == pytest.approx(2.5, abs=0.1)


def test_what_cannot_be_imputed():
    pre, post = scores(n=12)
    post[6:] = np.nan
    assert "too few people with both scores" in missing.impute_change(pre, post).note
    assert undefined(missing.impute_change([1.0, 2, np.nan], [np.nan, np.nan, 3]))
    assert "do not vary" in missing.impute_change(np.ones(20), np.r_[np.arange(19.0), np.nan]).note
    assert undefined(missing.impute_change(np.arange(20.0), np.full(20, np.nan)))
    for wrong in ({"model": "tree"}, {"m": 1}):
        with pytest.raises(ValueError, match=r"unknown model|two or more"):
            missing.impute_change(pre, post, **wrong)
    with pytest.raises(ValueError, match="before has 12 and after 3"):
        missing.impute_change(pre, post[:3])


# Missing not at random


def test_shift_moves_the_estimate_by_the_share_missing():
    pre, post = scores()
    table = missing.delta_adjusted(pre, post).set_index("delta")
    assert table.loc[0.0, "estimate"] == missing.impute_change(pre, post).estimate
    slope = np.nanstd(post, ddof=1) * np.isnan(post).mean()
    assert table["estimate"].to_numpy() == pytest.approx(table.loc[0.0, "estimate"] + slope * table.index.to_numpy())
    assert table.loc[-0.5, "method"].endswith("imputed scores after shifted by -0.5 sd)")
    assert "missing not at random" in table.loc[0.5, "note"]
    # Only the scores after are shifted.
    assert missing.impute_change(post, pre, delta=1).estimate == missing.impute_change(post, pre).estimate


@pytest.mark.parametrize("sign", [1, -1])
def test_tipping_point(sign):
    pre, post = scores(change=0.8)
    pre, post = sign * pre, sign * post
    point = missing.tipping_point(pre, post)
    assert sign * point.estimate < 0
    at, short = (missing.impute_change(pre, post, delta=delta) for delta in (point.estimate, 0.99 * point.estimate))
    assert min(abs(at.ci_low), abs(at.ci_high)) == pytest.approx(0, abs=1e-9)
    assert not short.ci_low <= 0 <= short.ci_high


def test_no_tipping_point():
    pre, post = scores(change=0)
    assert "holds zero without a shift" in missing.tipping_point(pre, post).note
    assert "no score after is missing" in missing.tipping_point(pre, np.nan_to_num(post)).note
    pre, post = scores(change=30, share=0.05)
    assert "no shift up to 5" in missing.tipping_point(pre, post).note
    assert undefined(missing.tipping_point([1.0, 2, np.nan], [np.nan, np.nan, 3]))


# Coverage, also for make validate


def coverage_of_imputation(
    n: int, share: float, r: float, repeats: int, rng: np.random.Generator, model: str = "normal", m: int = 20
) -> tuple[float, float, float]:
    """Return coverage of the pooled interval and its misses below and above; missing at random given the first score.

    ``share`` of the later scores is missing, more often where the first was low; the scores correlate by ``r``.
    """
    change = 0.5
    limits = []
    for _ in range(repeats):
        pre, post = scores(n, r, change, share, seed=int(rng.integers(2**32)))
        found = missing.impute_change(pre, post, m=m, seed=int(rng.integers(2**32)), model=model)
        limits.append((found.ci_low, found.ci_high))
    low, high = np.array(limits).T
    return (
        float(((low <= change) & (change <= high)).mean()),
        float((high < change).mean()),
        float((low > change).mean()),
    )


def test_coverage():
    covered, _, _ = coverage_of_imputation(40, 0.3, 0.6, 120, np.random.default_rng(12), m=10)
    assert covered > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 120)
