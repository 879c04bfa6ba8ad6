"""Content validity, stability between rounds, and what the ratings propose: edges, properties, privacy."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval.measures import agreement, proposals, stability, validity
from scipy import stats

repeated = settings(max_examples=12, deadline=None, derandomize=True, database=None)

ratings_1_to_5 = st.lists(st.integers(1, 5), min_size=1, max_size=20)
two_rounds = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=25).map(np.transpose)


def undefined(statistic):
    return statistic.estimate is None and statistic.ci_low is None and statistic.note.startswith("undefined: ")


# Content validity


@repeated
@given(ratings_1_to_5)
def test_item_indices(ratings):
    favourable, n = sum(rating >= 4 for rating in ratings), len(ratings)
    found = validity.item_cvi(ratings, 4)
    assert found.estimate == favourable / n
    wilson = stats.binomtest(favourable, n).proportion_ci(method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx((wilson.low, wilson.high))
    chance = stats.binom.pmf(favourable, n, 0.5)
    assert validity.chance_agreement(favourable, n) == pytest.approx(chance)
    kappa = validity.modified_kappa(ratings, 4)
    assert kappa.estimate == pytest.approx((favourable / n - chance) / (1 - chance))
    assert kappa.note == f"chance agreement {chance:.3f}"


def test_missing_ratings_are_counted():
    ratings = [4, None, 3, np.nan, 4]
    for found in (
        validity.item_cvi(ratings, 3),
        validity.modified_kappa(ratings, 3),
        validity.aiken_v(ratings, 1, 4),
        validity.content_validity_ratio([1, None, 0, np.nan, 1]),
    ):
        assert (found.n, found.n_dropped, found.dropped_reason) == (3, 2, "no rating")
    assert validity.item_cvi(pd.Series([4, pd.NA, 3], dtype="Int64"), 3).n == 2


def test_no_rating():
    for empty in ([], [np.nan]):
        assert undefined(validity.item_cvi(empty, 3))
        assert undefined(validity.modified_kappa(empty, 3))
        assert undefined(validity.aiken_v(empty, 1, 4))
        assert undefined(validity.content_validity_ratio(empty))
    assert undefined(validity.scale_cvi(np.full((3, 2), np.nan), 3))
    assert undefined(validity.scale_cvi(pd.DataFrame(), 3))


def test_scale_index_of_lynn_and_polit():
    # Two experts, four items: agreement on three of them, all favourable.
    ratings = pd.DataFrame({"a": [4, 3], "b": [4, 4], "c": [3, 4], "d": [4, 1], "nobody": [np.nan, np.nan]})
    average, universal = validity.scale_cvi(ratings, 3), validity.scale_cvi(ratings, 3, "universal")
    assert (average.estimate, universal.estimate) == (0.875, 0.75)
    assert (average.n, average.n_dropped, average.dropped_reason) == (4, 1, "item nobody rated")
    ratings.iloc[1, 3] = np.nan  # an expert who did not rate an item does not speak against it
    assert validity.scale_cvi(ratings, 3, "universal").estimate == 1
    with pytest.raises(ValueError, match="unknown kind"):
        validity.scale_cvi(ratings, 3, "geometric")


@repeated
@given(st.lists(st.lists(st.integers(1, 4), min_size=3, max_size=3), min_size=1, max_size=6))
def test_average_index_is_the_mean_of_the_items(rows):
    items = np.array(rows, dtype=float)
    found = [validity.item_cvi(column, 3).estimate for column in items.T]
    assert validity.scale_cvi(items, 3).estimate == pytest.approx(np.mean(found))
    assert validity.scale_cvi(items, 3, "universal").estimate == pytest.approx(np.mean([one == 1 for one in found]))


@pytest.mark.parametrize("n", range(1, 61))
def test_critical_ratio_is_the_smallest_under_the_level(n):
    found = validity.critical_cvr(n)
    if n < 5:
        assert found.needed is None and found.note.startswith("undefined: ")
        return
    assert found.p == pytest.approx(stats.binom.sf(found.needed - 1, n, 0.5))
    assert found.p <= 0.05 < stats.binom.sf(found.needed - 2, n, 0.5)
    assert found.ratio == pytest.approx((found.needed - n / 2) / (n / 2))


def test_content_validity_ratio():
    found = validity.content_validity_ratio([1] * 9 + [0])
    assert found.estimate == pytest.approx(0.8)
    assert found.note == "9 of 10 needed (exact binomial, one-sided 5 %): reached"
    assert validity.content_validity_ratio([True] * 8 + [False] * 2).note.endswith(": not reached")
    wilson = stats.binomtest(9, 10).proportion_ci(method="wilson")
    assert (found.ci_low, found.ci_high) == pytest.approx((2 * wilson.low - 1, 2 * wilson.high - 1))
    assert validity.content_validity_ratio([1, 1]).note.startswith("undefined: with 2 experts")
    assert validity.content_validity_ratio([1, 1]).estimate == 1
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        validity.content_validity_ratio([1, 2])


@repeated
@given(ratings_1_to_5)
def test_aiken_interval_is_the_formula_of_penfield_and_giacobbi(ratings):
    n, k, z = len(ratings), 4, stats.norm.ppf(0.975)
    found = validity.aiken_v(ratings, 1, 5)
    v = (np.mean(ratings) - 1) / k
    root = z * np.sqrt(4 * n * k * v * (1 - v) + z**2)
    limits = [(2 * n * k * v + z**2 + side * root) / (2 * (n * k + z**2)) for side in (-1, 1)]
    assert found.estimate == pytest.approx(v)
    assert [found.ci_low, found.ci_high] == pytest.approx(limits, abs=1e-12)
    mirrored = validity.aiken_v([6 - rating for rating in ratings], 1, 5)
    assert (mirrored.estimate, mirrored.ci_low) == pytest.approx((1 - v, 1 - found.ci_high))


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="outside the scale"):
        validity.aiken_v([6], 1, 5)
    with pytest.raises(ValueError, match="above the lowest"):
        validity.aiken_v([1], 5, 5)
    with pytest.raises(ValueError, match="not 4 of 3"):
        validity.chance_agreement(4, 3)
    for wrong in (validity.critical_cvr, lambda n: validity.kappa_of_counts(0, n)):
        with pytest.raises(ValueError, match="at least one expert"):
            wrong(0)


# Stability


@repeated
@given(two_rounds)
def test_chi_squares_are_those_of_scipy(rounds):
    first, second = rounds
    for found, counts in (
        (stability.individual_stability(first, second), pd.crosstab(first, second).to_numpy()),
        (stability.group_stability(first, second), stability.histograms(first, second)),
    ):
        if min(counts.shape) < 2:
            assert found.chi2 is None and found.note.startswith("undefined: ")
            continue
        other = stats.chi2_contingency(counts, correction=False)
        assert (found.chi2, found.df, found.p) == pytest.approx((other.statistic, other.dof, other.pvalue))
        assert (found.n, found.note != "") == (len(first), bool((other.expected_freq < 5).any()))


@repeated
@given(two_rounds)
def test_identities_between_rounds(rounds):
    first, second = rounds
    unchanged, change = stability.share_unchanged(first, second), stability.net_change(first, second)
    assert unchanged.estimate == np.mean(first == second)
    assert change.estimate <= 1 - unchanged.estimate + 1e-12  # who kept a rating changed nothing
    assert change.estimate == stability.net_change(second, first).estimate
    lambda_ = stability.predictability(first, second)
    kappa = stability.weighted_kappa(first, second, range(1, 6))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert undefined(lambda_) and undefined(kappa)
    else:
        assert 0 <= lambda_.estimate <= 1
        assert kappa.estimate == agreement.cohen_kappa(first, second, "quadratic", range(1, 6)).estimate
        assert stability.predictability(first, 10 - 2 * first).estimate == 1
        assert stability.weighted_kappa(first, first).estimate == pytest.approx(1)
    variation = stability.change_of_variation(first, second).estimate
    assert variation == pytest.approx(stats.variation(second, ddof=1) - stats.variation(first, ddof=1), abs=1e-12)


def test_unanimous_rounds_still_tell_the_share():
    found = [function([4, 4, 4], [4, 4, 4]) for function in (stability.weighted_kappa, stability.predictability)]
    assert all(undefined(one) for one in found)
    assert stability.share_unchanged([4, 4, 4], [4, 4, 4]).estimate == 1
    assert stability.change_of_variation([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]).estimate == 0
    assert stability.group_stability([4, 4], [4, 4]).chi2 is None
    # Everybody moved from one rating to another: nobody is stable, and the group is not.
    assert stability.group_stability([4, 4, 4], [5, 5, 5]).chi2 == pytest.approx(6)
    assert stability.net_change([4, 4, 4], [5, 5, 5]).estimate == 1


def test_only_who_rated_twice_counts():
    first, second = [4, 5, np.nan, 3, np.nan], [4, np.nan, 2, 2, np.nan]
    found = stability.share_unchanged(first, second)
    assert (found.estimate, found.n, found.n_dropped, found.dropped_reason) == (0.5, 2, 2, "rated in one round only")
    assert stability.individual_stability(first, second).n_dropped == 2
    nobody = ([4, np.nan], [np.nan, 4])
    for function in (stability.share_unchanged, stability.net_change, stability.predictability):
        assert undefined(function(*nobody))
    assert undefined(stability.change_of_variation(*nobody)) and undefined(stability.weighted_kappa(*nobody))
    for function in (stability.individual_stability, stability.group_stability):
        assert function(*nobody).note == "undefined: nobody rated in both rounds"
    assert undefined(stability.change_of_variation([0, 0], [1, 2]))
    with pytest.raises(ValueError, match="2 and 1 ratings"):
        stability.share_unchanged([1, 2], [1])


@pytest.fixture
def delphi():
    rng = np.random.default_rng(5)
    people = [f"PAN{number:02d}" for number in range(12)]
    rows = []
    for unit in ("1", "2"):
        for statement in ("ST01", "ST02", "ST03") if unit == "1" else ("ST01", "ST02"):
            for person in people if statement != "ST02" else people[:4]:
                rows.append((person, statement, unit, rng.integers(3, 6), rng.integers(1, 6)))
    frame = pd.DataFrame(rows, columns=["panellist", "statement", "unit", "feasibility", "sensitivity"])
    frame["sensitivity"] = frame["sensitivity"].where(frame.index % 9 != 0)
    return frame, [{"statement": name, "status": "placeholder"} for name in ("ST01", "ST02", "ST03")]


def test_table_of_stability(delphi):
    frame, statements = delphi
    table = stability.assess_stability(
        frame,
        statements,
        dimensions=["feasibility", "sensitivity"],
        rating_range=[1, 5],
        confidence=0.95,
        floor=5,
    )
    assert not table.duplicated(["statement", "first_round", "second_round", "dimension", "statistic"]).any()
    assert set(table["statement"]) == {"ST01", "ST02"}  # ST03 was not rated again
    few, told = table[table["statement"] == "ST02"], table[table["statement"] == "ST01"]
    numbers = ["estimate", "ci_low", "ci_high", "n", "n_dropped", "df", "p"]
    assert few[numbers].isna().all(axis=None)
    assert set(few["note"]) == {"withheld: fewer than 5 people rated in both rounds"}
    wide = frame[frame["statement"] == "ST01"].pivot(index="panellist", columns="unit", values="feasibility")
    rows = told[told["dimension"] == "feasibility"].set_index("statistic")
    assert rows.loc["share unchanged", "estimate"] == pytest.approx(100 * (wide["1"] == wide["2"]).mean())
    kappa = agreement.cohen_kappa(wide["1"], wide["2"], "quadratic", range(1, 6))
    assert rows.loc["weighted kappa", "estimate"] == round(kappa.estimate, 2)
    other = stats.chi2_contingency(pd.crosstab(wide["1"], wide["2"]), correction=False)
    chi2 = rows.loc["chi-square, individual stability"]
    assert (chi2["estimate"], chi2["df"]) == (round(other.statistic, 2), other.dof)
    assert rows.loc["shift", "p"] > 0
    missing = told[told["dimension"] == "sensitivity"]
    assert (missing["n"] + missing["n_dropped"] <= 12).all() and missing["n_dropped"].max() > 0
    text = table.select_dtypes(exclude="number").fillna("").astype(str).to_csv()
    assert "None" not in text and "nan" not in text


# What the ratings propose


def rated(code, counts, dimension="feasibility", track="T"):
    """Ratings of one standard: how many people gave each value."""
    values = [value for value, count in counts.items() for _ in range(count)]
    return pd.DataFrame(
        {
            "site": "one",
            "track": track,
            "standard": code,
            "rater": [f"R{number}" for number in range(len(values))],
            "dimension": dimension,
            "rating": np.array(values, dtype=float),
        }
    )


def catalogue(*codes):
    return [{"track": "T", "code": code, "short_name": code.lower(), "status": "placeholder"} for code in codes]


def everywhere(code, counts, **others):
    return pd.concat([rated(code, others.get(name, counts), name) for name in proposals.REASON_OF])


DESCRIBE = {"rating_range": [1, 5], "agree_from": 4, "confidence": 0.95, "floor": 5}


def described(ratings, **options):
    codes = dict.fromkeys(ratings["standard"])
    return proposals.describe_standards(ratings, catalogue(*codes), **{**DESCRIBE, **options})


def test_description_of_a_standard():
    counts = {1: 6, 2: 5, 3: 7, 4: 9, 5: 8}
    table = described(rated("S1", counts))
    rows = table[table["dimension"] == "feasibility"].set_index("statistic")
    values = rated("S1", counts)["rating"]
    assert rows.loc[["median", "lower quartile", "upper quartile"], "estimate"].tolist() == [
        np.median(values), *np.percentile(values, [25, 75]),
    ]  # fmt: skip
    assert rows.loc["share", "estimate"] == pytest.approx(100 * 17 / 35)
    assert rows.loc["I-CVI", "estimate"] == pytest.approx(17 / 35)
    assert rows.loc["modified kappa", "estimate"] == validity.kappa_of_counts(17, 35)
    assert rows.loc["Aiken's V", "estimate"] == pytest.approx((values.mean() - 1) / 4)
    assert rows.loc["van der Eijk's A", "estimate"] == agreement.agreement_a(list(counts.values())).estimate
    assert rows.loc["RAND/UCLA index", "note"].startswith("undefined: the index is made for ratings from 1 to 9")
    assert (rows["n"] == 35).all() and (rows["n_dropped"] == 0).all()
    assert list(rows.loc[["median", "share", "I-CVI"], "unit"]) == ["rating", "percent", ""]
    assert table["question"].is_unique
    other = table[table["dimension"] != "feasibility"]  # nobody rated them
    assert set(other["note"]) == {"withheld: fewer than 5 people rated"} and other["n"].isna().all()


def test_rand_index_on_its_own_scale():
    table = described(rated("S1", dict.fromkeys(range(1, 10), 5)), rating_range=[1, 9], agree_from=7)
    row = table.set_index("statistic").loc["RAND/UCLA index"].iloc[0]
    # p30 is 3, p70 is 7: 4 / (2.35 + 1.5 * 0)
    assert (row["estimate"], row["note"]) == (pytest.approx(4 / 2.35), "disagreement")


def test_too_few_people_show_nothing_but_the_reason():
    ratings = pd.concat([everywhere("S1", {4: 9, 2: 8}), everywhere("S2", {4: 2, 1: 2})])
    table = described(ratings)
    hidden = table[table["standard"] == "S2"]
    numbers = ["estimate", "n", "ci_low", "ci_high", "n_dropped"]
    assert hidden[numbers].isna().all(axis=None) and (hidden["dropped_reason"] == "").all()
    assert set(hidden["note"]) == {"withheld: fewer than 5 people rated"}
    # A rater of two institutions is one person.
    twice = rated("S3", {4: 3, 5: 3}).assign(rater=["A", "B", "C"] * 2, site=["one"] * 3 + ["two"] * 3)
    assert described(twice)["estimate"].isna().all()


def test_raters_of_several_institutions_may_rate_alike():
    ratings = rated("S1", {4: 9, 2: 8}).assign(site=["one", "two"] * 8 + ["one"])
    table = described(ratings)
    table = table[table["dimension"] == "feasibility"]
    alike = table["note"].str.contains("may rate alike")
    assert alike.any() and (alike == table["ci_low"].notna()).all()


def test_share_can_be_withheld_with_few_on_one_side():
    ratings = pd.concat([rated("S1", {5: 20, 3: 4}), rated("S2", {5: 20}), rated("S3", {5: 15, 3: 5})])
    open_, closed = described(ratings), described(ratings, part_floor=5)
    for table, codes in ((open_, {"S1", "S2", "S3"}), (closed, {"S3"})):
        shown = table[table["statistic"].isin(["share", "I-CVI", "modified kappa"]) & table["estimate"].notna()]
        assert set(shown["standard"]) == codes and len(shown) == 3 * len(codes)
    assert (closed.loc[closed["note"].str.startswith("a part is withheld"), "n"] >= 20).all()
    tracks = proposals.describe_tracks(ratings, catalogue("S1", "S2", "S3"), agree_from=4, floor=5, part_floor=5)
    row = tracks[(tracks["dimension"] == "feasibility") & (tracks["statistic"] == "S-CVI/Ave")].iloc[0]
    assert (row["estimate"], row["n"], row["n_dropped"]) == (0.75, 1, 2)


def test_index_of_a_track_rests_on_the_standards_that_are_told():
    ratings = pd.concat([everywhere("S1", {5: 8}), everywhere("S2", {5: 4, 1: 4}), everywhere("S3", {1: 2})])
    table = proposals.describe_tracks(ratings, catalogue("S1", "S2", "S3"), agree_from=4, floor=5)
    assert list(table["statistic"]) == ["S-CVI/Ave", "S-CVI/UA"] * 4
    assert list(table["estimate"][:2]) == [0.75, 0.5]
    assert (table["n"] == 2).all() and (table["n_dropped"] == 1).all() and (table["raters"] == 8).all()


def brute_force(values, points, floor, quantiles, agree_from):
    """All distributions that fit what is told, counted one by one."""
    n, places = len(values), sorted(values)
    known = {int(place) for q in quantiles for place in (np.floor((n - 1) * q), np.ceil((n - 1) * q))}
    fitting = [
        sorted(other)
        for other in itertools.combinations_with_replacement(points, n)
        if all(sorted(other)[at] == places[at] for at in known)
        and (agree_from is None or sum(v >= agree_from for v in other) == sum(v >= agree_from for v in values))
    ]
    with_sum = [other for other in fitting if sum(other) == sum(values)]
    runs = [(p,) for p in points]
    runs += [tuple(points[:at]) for at in range(1, len(points))] + [tuple(points[at:]) for at in range(1, len(points))]

    def rare(candidates, run):
        return all(1 <= sum(v in run for v in other) < floor for other in candidates)

    return any(rare(with_sum, run) and not rare(fitting, run) for run in runs)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.integers(1, 4), min_size=3, max_size=8),
    st.sampled_from([(), (0.25, 0.5, 0.75)]),
    st.sampled_from([None, 3, 4]),
    st.integers(2, 5),
)
def test_what_the_sum_tells_is_what_trying_all_distributions_tells(values, quantiles, agree_from, floor):
    points = [1, 2, 3, 4]
    found = proposals.sum_tells_rare(values, points, floor, quantiles, agree_from)
    assert found == brute_force(values, points, floor, quantiles, agree_from)


def test_values_that_tell_rare_ratings_are_left_out():
    rows = described(rated("S1", {1: 1, 5: 20})).set_index("statistic")
    rows = rows[rows["dimension"] == "feasibility"]
    assert rows.loc["share", "estimate"] == pytest.approx(100 * 20 / 21)
    # The share tells that one person rated 1 to 3; with the quartiles at 5 the sum would tell that it was a 1.
    assert rows.loc["Aiken's V", "note"] == proposals.TELLS_RARE
    assert set(rows.loc[["van der Eijk's A", "Tastle-Wierman consensus"], "note"]) == {proposals.RARE}
    between = described(rated("S1", {1: 6, 2: 6, 3: 6, 4: 6, 4.5: 6})).set_index("statistic")
    assert set(between.loc[["Aiken's V", "van der Eijk's A"], "note"]) == {
        proposals.OFF_SCALE,
        "withheld: fewer than 5 people rated",
    }


PROPOSE = {
    **{"agree_from": 4, "revise_below": 70, "remove_below": 50, "rule_status": "unconfirmed", "confidence": 0.95},
    "floor": 5,
}


def proposed(ratings, decisions=None, codes=None, **options):
    codes = codes or dict.fromkeys(ratings["standard"])
    table = proposals.propose(ratings, catalogue(*codes), decisions, **{**PROPOSE, **options})
    return table.set_index("standard")


def test_rule_of_the_proposals():
    table = proposed(
        pd.concat(
            [
                everywhere("KEEP", {4: 20}),
                everywhere("REVISE", {4: 20}, clarity={4: 12, 2: 8}, audit_operability={4: 10, 2: 10}),
                everywhere("REMOVE", {4: 20}, feasibility={4: 2, 2: 18}, clarity={4: 1, 2: 19}),
                everywhere("EDGE", {4: 14, 2: 6}, feasibility={4: 10, 2: 10}),
                everywhere("FEW", {4: 20}, clarity={4: 2}),
                everywhere("LOW", {4: 20}, clarity={4: 2}, feasibility={2: 20}),
            ]
        ),
        codes=("KEEP", "REVISE", "REMOVE", "EDGE", "FEW", "LOW", "NOBODY"),
    )
    assert table["proposal"].tolist() == ["keep", "revise", "remove", "revise", "", "remove", ""]
    # At the threshold is not under it: 14 of 20 are 70 percent, and 10 of 20 are 50.
    assert table["reason"].tolist() == [
        *("", "hard to audit", "low feasibility", "low feasibility", "", "low feasibility", ""),
    ]
    assert table.loc["REVISE", "other_reasons"] == "unclear wording"
    assert table.loc["EDGE", "other_reasons"] == ""
    assert table.loc["REVISE", ["dimension", "estimate", "n"]].tolist() == ["audit_operability", 50, 20]
    assert table.loc["REMOVE", ["dimension", "estimate"]].tolist() == ["feasibility", 10]
    assert table["clear"].tolist() == ["yes", "no", "yes", "no", "", "yes", ""]
    assert table.loc["FEW", "note"] == "fewer than 5 people rated: clarity"
    assert table.loc["LOW", "note"] == "fewer than 5 people rated: clarity"
    assert table.loc["NOBODY", "note"] == "nobody rated it" and np.isnan(table.loc["NOBODY", "n"])
    assert set(table["state"]) == {"proposed", "nothing proposed"} and set(table["outcome"]) == {"open"}
    assert table["rule"].nunique() == 1 and "under 50 % favourable on feasibility" in table["rule"].iloc[0]


def test_nothing_is_removed_without_a_person():
    ratings = pd.concat([everywhere(code, {2: 20}) for code in "ABCDEFG"] + [everywhere("H", {2: 2})])
    rows = [
        ("A", "remove", "low feasibility", "J. Doe", "2026-03-01", "agreed in the meeting"),
        ("B", "keep", "", "J. Doe", "2026-03-01", ""),
        ("C", "remove", "overlap", "", "2026-03-01", ""),
        ("D", "remove", "no such reason", "J. Doe", "2026-03-01", ""),
        ("E", "remove", "low feasibility", "J. Doe", "2026-03-01", ""),
        ("E", "revise", "regulatory conflict", "J. Doe", "2026-04-01", ""),
        ("F", "remove", "overlap", "J. Doe", "2026-04-01", ""),
        ("F", "keep", "", "K. Roe", "2026-04-01", ""),
        ("H", "remove", "overlap", "J. Doe", "2026-04-01", ""),
    ]
    table = proposed(ratings, pd.DataFrame(rows, columns=list(proposals.DECISION_COLUMNS)))
    states = ["confirmed", "decided otherwise", "proposed", "proposed", "decided otherwise", "proposed", "proposed"]
    assert table["state"].tolist() == [*states, "decided without a proposal"]
    assert table["outcome"].tolist() == ["remove", "keep", "open", "open", "revise", "open", "open", "remove"]
    assert table.loc["A", ["decided_by", "decided_on", "decision_note"]].tolist() == list(rows[0][3:])
    assert table.loc["E", "decision_reason"] == "regulatory conflict"
    assert table.loc["C", "decision_note"].startswith("a decision without a name")
    assert table.loc["F", "decision_note"].startswith("several decisions of the same day differ")
    assert table.loc["H", ["estimate", "n"]].isna().all()
    assert (proposed(ratings)["outcome"] == "open").all()
    nobody = pd.DataFrame(columns=list(proposals.DECISION_COLUMNS))
    assert (proposed(ratings, nobody)["outcome"] == "open").all()


def test_share_of_a_proposal_can_be_withheld():
    table = proposed(everywhere("S1", {4: 22, 2: 3}), part_floor=5)
    assert table.loc["S1", "proposal"] == "keep" and pd.isna(table.loc["S1", "estimate"])
    assert table.loc["S1", "note"].startswith("a part is withheld")


def test_thresholds_out_of_order():
    with pytest.raises(ValueError, match="thresholds"):
        proposed(everywhere("S1", {4: 20}), revise_below=40)


def test_no_ratings_at_all():
    ratings = rated("S1", {4: 1}).iloc[:0]
    assert described(ratings).empty and list(described(ratings).columns) == list(proposals.DESCRIBED)
    assert proposals.describe_tracks(ratings, catalogue("S1"), agree_from=4, floor=5).empty
    assert proposed(ratings, codes=["S1"])["note"].tolist() == ["nobody rated it"]
