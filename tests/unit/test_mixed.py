"""Mixed models: definitions with dense matrices, other libraries, identities, invariances and edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from piloteval.measures import mixed, prepost

repeated = settings(max_examples=15, deadline=None, derandomize=True, database=None)

waves = hnp.arrays(int, st.tuples(st.integers(3, 12), st.just(2)), elements=st.integers(1, 9))


def design(time):
    return pd.DataFrame({"(Intercept)": 1.0, "time": np.asarray(time, dtype=float)})


def panel(people, sites=4, seed=1, lost=0.0):
    """Two waves of people in sites, some measured once; outcome, time, person and site."""
    rng = np.random.default_rng(seed)
    person, time = np.tile(np.arange(people), 2), np.repeat([0, 1], people)
    site = person % sites
    y = 3 + 0.3 * time + rng.normal(size=people)[person] + 0.7 * rng.normal(size=sites)[site]
    y += 0.6 * rng.normal(size=2 * people)
    kept = rng.random(2 * people) >= lost * time
    return y[kept], time[kept], person[kept], site[kept]


def growth(seed, groups=9, size=6, correlation=0.3, spread=(1.0, 0.8)):
    """Values over time of groups that differ in level and slope."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), size)
    x = rng.integers(0, 6, groups * size) + 2.0
    pairs = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], groups) * spread
    y = 5 + x + pairs[group, 0] + pairs[group, 1] * x + rng.normal(size=len(x))
    return y, x, group


# The definitions, with matrices of one row an observation


def derivatives(groupings, slopes, n):
    """Of V by every parameter: intercept, covariance and slope of each grouping, and last the residual."""
    found = []
    for name, labels in groupings.items():
        together = np.equal.outer(labels, labels).astype(float)
        found.append(together)
        if name in slopes:
            x = np.asarray(slopes[name], dtype=float)
            found += [together * np.add.outer(x, x), together * np.multiply.outer(x, x)]
    return [*found, np.eye(n)]


def dense(values, k, y, x, reml):
    """Minus twice the log-likelihood, Phi and P at the values of the parameters."""
    v = np.tensordot(values, k, 1)
    inverse = np.linalg.inv(v)
    phi = np.linalg.inv(x.T @ inverse @ x)
    p = inverse - inverse @ x @ phi @ x.T @ inverse
    rank = len(y) - x.shape[1] if reml else len(y)
    deviance = rank * np.log(2 * np.pi) + np.linalg.slogdet(v)[1] + y @ p @ y
    return deviance - reml * np.linalg.slogdet(phi)[1], phi, p, inverse


MODELS = ("nested", "crossed", "slope", "slope of the smaller", "two slopes")


def example(kind):
    rng = np.random.default_rng(0)
    n = 120
    a, b, x = rng.integers(0, 12, n), rng.integers(0, 7, n), rng.normal(0, 1.5, n)
    by_a, by_b = rng.normal(size=(12, 2)), rng.normal(size=(7, 2))
    y = 2 + x + by_a[a, 0] + by_a[a, 1] * x + by_b[b, 0] + by_b[b, 1] * x + rng.normal(size=n)
    x += 2
    groupings = {"a": a} if kind == "slope" else {"b": b, "a": 100 * b + a if kind == "nested" else a}
    slopes = {"slope": {"a": x}, "slope of the smaller": {"b": x}, "two slopes": {"a": x, "b": x}}.get(kind, {})
    return y, np.column_stack([np.ones(n), x, rng.integers(0, 2, n)]), groupings, slopes


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("kind", MODELS)
def test_by_the_definition(kind, reml):
    y, x, groupings, slopes = example(kind)
    found = mixed.mixed_model(y, x, groupings, reml=reml, slopes=slopes)
    assert not found.at_boundary
    assert list(found.covariances) == list(groupings)
    k = derivatives(groupings, slopes, len(y))
    values = np.array([*np.concatenate([one[np.triu_indices(len(one))] for one in found.covariances.values()]), 0])
    values[-1] = found.residual
    deviance, phi, p, inverse = dense(values, k, y, x, reml)
    assert found.log_likelihood == pytest.approx(-deviance / 2)
    assert found.covariance == pytest.approx(phi)
    assert [one.estimate for one in found.fixed.values()] == pytest.approx(phi @ x.T @ inverse @ y)
    in_trace = p if reml else inverse
    slope = [np.sum(in_trace * one) - y @ p @ one @ p @ y for one in k]
    assert np.abs(values * slope).max() < 1e-8
    products = [in_trace @ one for one in k]
    expected = np.array([[np.sum(one * other.T) for one in products] for other in products])
    observed = 2 * np.array([[y @ p @ one @ p @ other @ p @ y for one in k] for other in k]) - expected
    effects = phi @ x.T @ inverse
    by_parameter = np.array([np.diag(effects @ one @ effects.T) for one in k]).T
    for place, one in enumerate(found.fixed.values()):
        spread = by_parameter[place] @ np.linalg.solve(observed, by_parameter[place])
        assert one.se**2 == pytest.approx(phi[place, place])
        assert one.df == pytest.approx(phi[place, place] ** 2 / spread, rel=1e-6)
    if not reml:
        assert found.kr_covariance is None
        return
    weights = 2 * np.linalg.inv(expected)
    update = sum(weights[i, j] * effects @ k[i] @ p @ k[j] @ effects.T for i in range(len(k)) for j in range(len(k)))
    assert found.kr_covariance == pytest.approx(phi + 2 * update, rel=1e-7)
    for place, one in enumerate(found.fixed.values()):
        spread = by_parameter[place] @ weights @ by_parameter[place]
        assert one.kr_se**2 == pytest.approx(found.kr_covariance[place, place])
        assert one.kr_df == pytest.approx(2 * phi[place, place] ** 2 / spread, rel=1e-7)


@pytest.mark.parametrize("reml", [True, False])
def test_perfectly_correlated_slopes_as_lmertest_has_them(reml):
    # lmerTest differentiates by the Cholesky factor and the residual's standard deviation, of which one element is zero.
    y, x, group = growth(4, groups=6, correlation=1.0, spread=(1.0, 0.3))
    found = mixed.mixed_model(y, design(x), {"group": group}, reml=reml, slopes={"group": x})
    assert found.at_boundary
    assert found.note == "intercepts and slopes of group estimated as perfectly correlated, or one as not varying"
    matrix = found.covariances["group"]
    assert np.linalg.det(matrix) == pytest.approx(0, abs=1e-9)
    k, fixed = derivatives({"group": group}, {"group": x}, len(y)), design(x).to_numpy()

    def at(place):
        one = np.array([[place[0], 0], [place[1], place[2]]])
        return dense([*(one @ one.T)[np.triu_indices(2)], place[3] ** 2], k, y, fixed, reml)[:2]

    root = np.sqrt(matrix[0, 0])
    solution, steps = np.array([root, matrix[0, 1] / root, 0, np.sqrt(found.residual)]), 1e-3 * np.eye(4)
    assert found.log_likelihood == pytest.approx(-at(solution)[0] / 2)
    curvature = [
        [
            (at(solution + a + b)[0] - at(solution + a - b)[0] - at(solution - a + b)[0] + at(solution - a - b)[0])
            / 4e-6
            for b in steps
        ]
        for a in steps
    ]
    slopes = [np.diag(at(solution + step)[1] - at(solution - step)[1]) / 2e-3 for step in steps]
    for place, one in enumerate(found.fixed.values()):
        by_parameter = np.array(slopes)[:, place]
        spread = by_parameter @ np.linalg.solve(curvature, by_parameter)
        assert one.df == pytest.approx(one.se**4 / spread, rel=1e-3)


# Other libraries


@pytest.mark.parametrize("reml", [True, False])
def test_statsmodels_has_the_same_model(reml):
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, time, person, _ = panel(80, lost=0.2)
    found = mixed.mixed_model(y, design(time), {"person": person}, reml=reml)
    theirs = MixedLM(y, design(time), person).fit(reml=reml, gtol=1e-9)
    assert [one.estimate for one in found.fixed.values()] == pytest.approx(theirs.fe_params.to_numpy(), rel=1e-5)
    # Standard errors are not compared: theirs are of all parameters together, with what effects and components share.
    assert found.variances["person"] == pytest.approx(theirs.cov_re.iloc[0, 0], rel=1e-4)
    assert found.residual == pytest.approx(theirs.scale, rel=1e-4)
    assert found.log_likelihood == pytest.approx(theirs.llf, rel=1e-8)


def test_statsmodels_has_the_same_nested_model():
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, time, person, site = panel(48, sites=6, lost=0.2)
    found = mixed.mixed_model(y, design(time), {"site": site, "person": person})
    frame = pd.DataFrame({"y": y, "time": time, "person": person, "site": site})
    theirs = MixedLM.from_formula(
        "y ~ time", frame, groups="site", re_formula="1", vc_formula={"person": "0 + C(person)"}
    ).fit(gtol=1e-9)
    assert [one.estimate for one in found.fixed.values()] == pytest.approx(theirs.fe_params.to_numpy(), rel=1e-5)
    assert found.variances["site"] == pytest.approx(theirs.cov_re.iloc[0, 0], rel=1e-4)
    assert found.variances["person"] == pytest.approx(theirs.vcomp[0], rel=1e-4)
    assert found.residual == pytest.approx(theirs.scale, rel=1e-4)


@pytest.mark.parametrize("reml", [True, False])
def test_statsmodels_has_the_same_slopes(reml):
    from statsmodels.regression.mixed_linear_model import MixedLM

    y, x, group = growth(4, groups=30, size=8)
    found = mixed.mixed_model(y, design(x), {"group": group}, reml=reml, slopes={"group": x})
    theirs = MixedLM(y, design(x), group, exog_re=design(x)).fit(reml=reml)
    assert [one.estimate for one in found.fixed.values()] == pytest.approx(theirs.fe_params.to_numpy(), rel=1e-5)
    # statsmodels ends a little below the maximum, without saying so.
    assert found.log_likelihood >= theirs.llf
    assert found.covariances["group"] == pytest.approx(theirs.cov_re.to_numpy(), rel=1e-3)
    assert found.residual == pytest.approx(theirs.scale, rel=1e-4)
    assert found.log_likelihood == pytest.approx(theirs.llf, rel=1e-8)


# Identities


def stacked(pairs):
    n = len(pairs)
    return np.asarray(pairs, dtype=float).T.ravel(), design(np.repeat([0, 1], n)), {"person": np.tile(np.arange(n), 2)}


@repeated
@given(waves)
def test_complete_pairs_are_the_paired_t_test(pairs):
    found = mixed.mixed_model(*stacked(pairs))
    test = prepost.paired_t_test(*pairs.T)
    if found.residual is None:
        assert test.t is None or test.note or found.note.startswith("undefined: ")
        return
    time = found.fixed["time"]
    assert time.kr_df == pytest.approx(len(pairs) - 1, rel=1e-6)
    if found.at_boundary:
        assert found.note == "the variance of person estimated as zero"
        # Satterthwaite leaves the component out: least squares.
        assert time.df == pytest.approx(2 * len(pairs) - 2)
        assert np.cov(pairs.T)[0, 1] <= 1e-7
        return
    interval = prepost.paired_t(*pairs.T)
    assert (time.estimate, time.kr_t, time.kr_p, time.df) == pytest.approx(
        (interval.estimate, test.t, test.p, test.df), rel=1e-6, abs=1e-9
    )
    assert (time.ci_low, time.ci_high) == pytest.approx((interval.ci_low, interval.ci_high), rel=1e-6, abs=1e-9)
    assert (time.t, time.p) == pytest.approx((time.kr_t, time.kr_p), rel=1e-5)


def test_sites_change_nothing_within_complete_pairs():
    y, time, person, site = panel(24, sites=4)
    found = mixed.mixed_model(y, design(time), {"site": site, "person": person}).fixed["time"]
    test = prepost.paired_t_test(y[:24], y[24:])
    assert (found.kr_t, found.kr_df, found.kr_p) == pytest.approx((test.t, 23, test.p), rel=1e-7)


def test_grand_mean_of_equal_groups_has_the_degrees_of_freedom_of_groups():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(7), 5)
    y = rng.normal(size=7)[group] + rng.normal(size=35)
    found = mixed.mixed_model(y, np.ones((35, 1)), {"group": group}, names=["mean"]).fixed["mean"]
    means = y.reshape(7, 5).mean(axis=1)
    assert (found.estimate, found.kr_se) == pytest.approx((means.mean(), means.std(ddof=1) / np.sqrt(7)))
    assert (found.df, found.kr_df) == pytest.approx((6, 6), rel=1e-7)


def test_people_measured_once_count():
    y, time, person, site = panel(40, lost=0.3)
    twice = np.isin(person, person[time == 1])
    groupings = {"site": site, "person": person}
    all_people = mixed.mixed_model(y, design(time), groupings)
    pairs_only = mixed.mixed_model(y[twice], design(time[twice]), {k: v[twice] for k, v in groupings.items()})
    assert (all_people.n, all_people.levels) == (len(y), {"site": 4, "person": 40})
    assert pairs_only.n < all_people.n
    assert all_people.fixed["time"].se < pairs_only.fixed["time"].se
    # Given as missing values they are the same observations.
    wide = np.full((40, 2), np.nan)
    wide[person, time] = y
    filled, fixed, by_person = stacked(wide)
    again = mixed.mixed_model(filled, fixed, {"site": np.tile(np.arange(40) % 4, 2), **by_person})
    assert (again.n, again.n_dropped) == (len(y), 80 - len(y))
    assert again.dropped_reason == "outcome, fixed effect, slope or grouping missing"
    assert again.fixed["time"].kr_p == pytest.approx(all_people.fixed["time"].kr_p)


def test_hundred_thousand_observations_need_no_large_matrix():
    # A matrix of observations by observations would have 80 GB. Complete pairs have a known answer.
    y, time, person, site = panel(50_000, sites=20)
    found = mixed.mixed_model(y, design(time), {"site": site, "person": person}).fixed["time"]
    test = prepost.paired_t_test(y[:50_000], y[50_000:])
    assert (found.kr_t, found.kr_df) == pytest.approx((test.t, test.df), rel=1e-7)


# Invariances


def numbers(model):
    effects = [(one.estimate, one.se, one.df, one.p, one.kr_se, one.kr_df, one.kr_p) for one in model.fixed.values()]
    return np.array(
        [*effects[-1], model.residual, *np.concatenate([one.ravel() for one in model.covariances.values()])]
    )


@pytest.mark.parametrize("kind", ["waves", "slopes"])
def test_order_labels_and_origin_do_not_matter(kind):
    if kind == "waves":
        y, time, person, site = panel(30, lost=0.2)
        fixed, groupings, slopes = design(time), {"site": site, "person": person}, {}
    else:
        y, x, group = growth(2)
        fixed, groupings, slopes = design(x), {"group": group}, {"group": x}
    plain = mixed.mixed_model(y, fixed, groupings, slopes=slopes)
    order = np.random.default_rng(0).permutation(len(y))
    moved = mixed.mixed_model(
        y[order] + 1000,
        fixed.iloc[order],
        {name: [f"level {one}" for one in labels[order]] for name, labels in reversed(groupings.items())},
        slopes={name: values[order] for name, values in slopes.items()},
    )
    assert set(moved.covariances) == set(plain.covariances)
    moved = replace(moved, covariances={name: moved.covariances[name] for name in plain.covariances})
    assert numbers(moved) == pytest.approx(numbers(plain), rel=1e-6)
    assert moved.fixed["(Intercept)"].estimate == pytest.approx(plain.fixed["(Intercept)"].estimate + 1000)


def test_units_do_not_matter():
    y, x, group = growth(2)
    plain = mixed.mixed_model(y, design(x), {"group": group}, slopes={"group": x})
    other = mixed.mixed_model(100 * y, design(10 * x), {"group": group}, slopes={"group": 10 * x})
    one, same = plain.fixed["time"], other.fixed["time"]
    assert (same.estimate, same.kr_se) == pytest.approx((10 * one.estimate, 10 * one.kr_se), rel=1e-6)
    assert (same.df, same.kr_df, same.p, same.kr_p) == pytest.approx((one.df, one.kr_df, one.p, one.kr_p), rel=1e-6)
    scale = np.diag([100, 10])
    assert other.covariances["group"] == pytest.approx(scale @ plain.covariances["group"] @ scale, rel=1e-6)


def test_origin_of_the_slope_variable_does_not_matter():
    y, x, group = growth(2)
    plain = mixed.mixed_model(y, design(x), {"group": group}, slopes={"group": x})
    other = mixed.mixed_model(y, design(x), {"group": group}, slopes={"group": x - 2})
    assert other.log_likelihood == pytest.approx(plain.log_likelihood)
    back = np.array([[1, 2], [0, 1]])
    assert other.covariances["group"] == pytest.approx(back @ plain.covariances["group"] @ back.T, rel=1e-6)
    assert other.fixed["time"].kr_df == pytest.approx(plain.fixed["time"].kr_df, rel=1e-6)


# Edges


def test_component_at_zero():
    y, time, person, site = panel(30, lost=0.2)
    for one in range(4):  # sites that do not differ
        y[site == one] -= y[site == one].mean()
    both = mixed.mixed_model(y, design(time), {"site": site, "person": person})
    alone = mixed.mixed_model(y, design(time), {"person": person})
    assert (both.variances["site"], both.at_boundary) == (0, True)
    assert both.note == "the variance of site estimated as zero"
    assert both.log_likelihood == pytest.approx(alone.log_likelihood)
    # Satterthwaite as without sites; Kenward-Roger knows that they were estimated.
    assert both.fixed["time"].df == pytest.approx(alone.fixed["time"].df, rel=1e-6)
    assert both.fixed["(Intercept)"].df == pytest.approx(alone.fixed["(Intercept)"].df, rel=1e-6)
    assert both.fixed["(Intercept)"].kr_df < alone.fixed["(Intercept)"].kr_df


def test_slopes_at_zero():
    rng = np.random.default_rng(0)
    group, x = np.repeat(np.arange(6), 8), np.tile(np.arange(8.0), 6)
    rest = rng.normal(size=8)
    y = np.tile(rest, 6) + np.where(x % 2 == 0, 1, -1) * 0.1 * group
    found = mixed.mixed_model(y, design(x), {"group": group}, slopes={"group": x})
    least = np.linalg.lstsq(design(x).to_numpy(), y, rcond=None)[0]
    assert found.note == "the variances of intercepts and slopes of group estimated as zero"
    assert found.fixed["time"].estimate == pytest.approx(least[1])
    assert found.fixed["time"].df == pytest.approx(46)
    assert 0 < found.fixed["time"].kr_df <= 46


Y, TIME, PERSON, SITE = panel(10)
ONE = np.ones(20)


@pytest.mark.parametrize(
    ("y", "fixed", "groupings", "slopes", "reason"),
    [
        (Y, design(TIME), {"site": ONE, "person": PERSON}, {}, "a single level of site"),
        (np.full(20, 0.1), design(TIME), {"person": PERSON}, {}, "the fixed effects leave no variation"),
        (3.0 + TIME, design(TIME), {"person": PERSON}, {}, "the fixed effects leave no variation"),
        (PERSON + TIME, design(TIME), {"person": PERSON}, {}, "the groupings leave no residual variation"),
        (Y, design(TIME), {"row": np.arange(20)}, {}, "as many levels of row as observations"),
        (Y, design(TIME), {"a": PERSON, "b": PERSON + 7}, {}, "a and b divide the observations alike"),
        (Y[:10], design(TIME[:10]), {"site": SITE[:10]}, {}, "a fixed effect is a linear combination of others"),
        (np.where(TIME, np.nan, Y), design(TIME), {"site": SITE}, {}, "a fixed effect is a linear combination"),
        (Y[:2], design(TIME[:2]), {"site": SITE[:2]}, {}, "no more observations than fixed effects (n = 2)"),
        ([], design([]), {"site": []}, {}, "no more observations than fixed effects (n = 0)"),
        (Y, np.eye(4)[SITE], {"site": SITE, "person": PERSON}, {}, "the fixed effects explain all differences of site"),
        (Y, design(TIME), {"person": PERSON}, {"person": TIME}, "as many intercepts and slopes of person as obs"),
        (Y, design(TIME), {"site": SITE}, {"site": ONE}, "the variable of the slopes of site does not vary"),
    ],
)
@pytest.mark.parametrize("reml", [True, False])
def test_undefined_models(y, fixed, groupings, slopes, reason, reml):
    found = mixed.mixed_model(y, fixed, groupings, reml=reml, slopes=slopes)
    assert found.note.startswith(f"undefined: {reason}")
    assert (found.fixed, found.covariances, found.residual, found.log_likelihood) == ({}, {}, None, None)
    record = found.statistic("time")
    assert (record.estimate, record.ci_low, record.note) == (None, None, found.note)


def test_too_few_observations_to_know_the_components():
    found = mixed.mixed_model(
        [4.0, 2, 2, 2, 3, 3], design([1, 0, 1, 0, 1, 1]), {"a": [1, 1, 0, 2, 0, 3], "b": [1, 0, 2, 1, 0, 0]}
    )
    assert found.note.startswith("undefined: ")


@repeated
@given(
    hnp.arrays(int, 14, elements=st.integers(1, 4)),
    hnp.arrays(int, 14, elements=st.integers(0, 5)),
    hnp.arrays(int, 14, elements=st.integers(0, 2)),
    st.booleans(),
    st.booleans(),
)
def test_nothing_breaks(y, a, b, sloped, reml):
    slopes = {"a": np.arange(14)} if sloped else None
    found = mixed.mixed_model(y, design(np.arange(14) % 2), {"a": a, "b": b}, reml=reml, slopes=slopes)
    assert (found.residual is None) == found.note.startswith("undefined: ")
    for one in found.fixed.values():
        assert one.ci_low < one.estimate < one.ci_high
        assert 0 <= one.p <= 1
        assert (one.kr_p is None) != reml


def test_record_of_a_fixed_effect():
    y, time, person, site = panel(30, lost=0.2)
    y[0] = np.nan
    found = mixed.mixed_model(pd.array(y, dtype="Float64"), design(time), {"site": site, "person": person})
    record = found.statistic("time")
    assert (record.n, record.n_dropped) == (len(y) - 1, 1)
    assert record.method == "linear mixed model (restricted maximum likelihood), random effects of site, person"
    assert record.ci_method == "t interval, Kenward-Roger degrees of freedom, 95 %"
    wider = mixed.mixed_model(y, design(time), {"site": site, "person": person}, confidence=0.99).statistic("time")
    assert wider.ci_low < record.ci_low < record.estimate < record.ci_high < wider.ci_high
    by_likelihood = mixed.mixed_model(y, design(time), {"person": person}, reml=False, slopes={"person": time})
    assert by_likelihood.note.startswith("undefined: as many intercepts and slopes")
    by_likelihood = mixed.mixed_model(y, design(time), {"site": site}, reml=False, slopes={"site": time})
    assert (
        by_likelihood.method == "linear mixed model (maximum likelihood), random effects of site (intercept and slope)"
    )
    assert by_likelihood.statistic("time").ci_method == "t interval, Satterthwaite degrees of freedom, 95 %"
    with pytest.raises(KeyError):
        found.statistic("no such effect")


def test_misuse():
    ones, group = np.ones((4, 1)), [1, 1, 2, 2]
    for options, message in (
        ({"y": [1, 2, 3]}, "one row an observation"),
        ({"groupings": {}}, "at least one grouping"),
        ({"slopes": {"b": [1, 2, 3, 4]}}, "a grouping for every slope"),
        ({"slopes": {"a": [1, 2]}}, "one row an observation"),
        ({"names": ["a", "b"]}, "a name of its own"),
        ({"fixed": np.ones((4, 2)), "names": ["a", "a"]}, "a name of its own"),
        ({"fixed": np.ones((4, 0))}, "fixed effects are needed"),
    ):
        with pytest.raises(ValueError, match=message):
            mixed.mixed_model(**{"y": [1, 2, 3, 5], "fixed": ones, "groupings": {"a": group}, **options})
