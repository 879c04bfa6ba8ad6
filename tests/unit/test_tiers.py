"""What a tier may show: floors, complementary suppression, rounding; nothing withheld can be computed again."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from piloteval import tables, tiers
from scipy.optimize import linprog

repeated = settings(max_examples=30, deadline=None, derandomize=True, database=None)

INTERNAL = tiers.internal(5)
RELEASE = tiers.release(10, 5, 1)
WAVES = tables.CONTRACTS["internal/sample/waves.csv"]
PERSONS = tables.CONTRACTS["internal/interviews/transcripts.csv"]
WITHHELD = "withheld: fewer than {} people, or protects such a cell"


def crossed(counts):
    """Return a table of patterns by cohorts with both totals, made of counts, one row a pattern."""
    array = np.asarray(counts)
    rows = []
    for r, c in itertools.product(range(array.shape[0] + 1), range(array.shape[1] + 1)):
        inside = array[slice(None) if r == array.shape[0] else r, slice(None) if c == array.shape[1] else c]
        pattern = "all" if r == array.shape[0] else f"p{r}"
        cohort = "all" if c == array.shape[1] else f"c{c}"
        rows.append({"pattern": pattern, "cohort": cohort, "people": int(np.sum(inside)), "note": ""})
    return pd.DataFrame(rows)


def listed(**counts):
    """Return a table with one margin: interviews by cohort and their total."""
    counts = {**counts, "all": sum(counts.values())}
    rows = [
        {"cohort": name, "interviews": count, "languages": 1, "words": 100, "sentences": 10, "note": ""}
        | {"signed_off": None, "changed_since": None}
        for name, count in counts.items()
    ]
    return pd.DataFrame(rows)


def shown_of(table, contract, tier, key):
    shown = tables.present(table, contract, tier)
    return {row[key]: row[contract.people[0]] for row in shown.to_dict("records") if pd.notna(row[contract.people[0]])}


def small_cells(table, floor):
    return {(row["pattern"], row["cohort"]) for row in table.to_dict("records") if row["people"] < floor}


def computable(shown, wanted):
    """Return the wanted cells that are withheld and yet can be computed, with the one number each can be.

    The reader knows that parts add up to totals and that people are counted from 0. With two crossing margins the
    corners of such a problem are whole numbers, so linear programming finds the true ends; every solution found is a
    way to fill the withheld cells, and a cell that differs between two of them is free.
    """
    wide = shown.pivot(index="pattern", columns="cohort", values="people")
    hidden = [(r, c) for r in wide.index for c in wide.columns if pd.isna(wide.loc[r, c])]
    place = {cell: number for number, cell in enumerate(hidden)}
    lines = [([(r, c) for c in wide.columns], (r, "all")) for r in wide.index]
    lines += [([(r, c) for r in wide.index], ("all", c)) for c in wide.columns]
    sums, values = np.zeros((len(lines), len(hidden))), np.zeros(len(lines))
    for number, (line, total) in enumerate(lines):
        for cell in line:
            sign = -1 if cell == total else 1
            if cell in place:
                sums[number, place[cell]] = sign
            else:
                values[number] -= sign * int(wide.loc[cell])
    low, high = np.full(len(hidden), np.inf), np.full(len(hidden), -np.inf)
    for cell in wanted:
        for aim in (np.eye(len(hidden))[place[cell]], -np.eye(len(hidden))[place[cell]]):
            if high[place[cell]] - low[place[cell]] < 0.5:
                found = linprog(aim, A_eq=sums, b_eq=values)
                assert found.status in (0, 3), found.message
                if found.status == 3:  # no upper end
                    high[place[cell]] = np.inf
                else:
                    low, high = np.minimum(low, found.x), np.maximum(high, found.x)
    return {cell: round(low[place[cell]]) for cell in wanted if high[place[cell]] - low[place[cell]] < 0.5}


# Floors


@pytest.mark.parametrize(("asked", "kept"), [(0, 5), (4, 5), (5, 5), (8, 8)])
def test_internal_floor_is_never_under_5(asked, kept):
    assert tiers.internal(asked).floor == kept


@pytest.mark.parametrize(
    ("asked", "kept"), [((0, 0, 5), (10, 5, 1)), ((9, 1, 2), (10, 5, 1)), ((20, 10, 0), (20, 10, 0))]
)
def test_release_is_never_looser_than_its_minimum(asked, kept):
    tier = tiers.release(*asked)
    assert (tier.floor, tier.round_to, tier.decimals) == kept


def test_restricted_shows_everything():
    table = listed(a=1, b=0, c=30)
    assert shown_of(table, PERSONS, tiers.RESTRICTED, "cohort") == {"a": 1, "b": 0, "c": 30, "all": 31}


def test_cell_at_the_floor_is_shown_and_one_below_is_not():
    # 4 and 4 are under 5; together they are 8 people, who may be told by 30 + 5 + 8 = 43.
    table = listed(a=4, b=4, c=5, d=30)
    assert shown_of(table, PERSONS, INTERNAL, "cohort") == {"c": 5, "d": 30, "all": 43}


def test_zero_is_withheld_like_any_small_count():
    assert "b" not in shown_of(listed(a=6, b=0, c=30), PERSONS, INTERNAL, "cohort")


def test_withheld_row_keeps_its_key_and_loses_all_that_was_computed_from_it():
    shown = tables.present(listed(a=3, b=30, c=40), PERSONS, INTERNAL).set_index("cohort")
    assert shown.loc["a", ["interviews", "languages", "words", "sentences"]].isna().all()
    assert shown.loc["a", "note"] == WITHHELD.format(5)
    assert shown.loc["c", "note"] == ""


def test_missing_count_is_not_a_small_count():
    contract = tables.CONTRACTS["internal/synthesis/joint_display.csv"]
    row = dict.fromkeys(contract.columns, None) | {"construct": "x", "cohort": "all", "interviews": 16, "note": ""}
    shown = tables.present(pd.DataFrame([row]), contract, INTERNAL)
    assert shown.loc[0, "interviews"] == 16
    assert shown.loc[0, "note"] == ""


def test_row_is_small_when_one_of_its_counts_is():
    contract = tables.CONTRACTS["internal/synthesis/joint_display.csv"]
    row = dict.fromkeys(contract.columns, None) | {"construct": "x", "cohort": "all", "n": 40, "interviews": 4}
    row |= {"estimate": 1.5, "reading": "improved", "note": ""}
    shown = tables.present(pd.DataFrame([row]), contract, INTERNAL).loc[0]
    assert shown[["n", "interviews", "estimate"]].isna().all()
    assert shown["reading"] == ""


# Complementary suppression


def test_second_smallest_cell_protects_a_lone_small_one():
    # a = 3 could be computed as 103 - 60 - 30 - 10; the smallest shown cell, d = 10, goes too.
    table = listed(a=3, b=60, c=30, d=10)
    assert shown_of(table, PERSONS, INTERNAL, "cohort") == {"b": 60, "c": 30, "all": 103}


def test_total_goes_when_no_other_part_is_left():
    assert shown_of(listed(a=3), PERSONS, INTERNAL, "cohort") == {}
    assert shown_of(listed(a=30), PERSONS, INTERNAL, "cohort") == {"a": 30, "all": 30}


def test_two_empty_cells_do_not_protect_each_other():
    # 50 - 30 - 20 = 0: both withheld cells would be known to be 0.
    assert shown_of(listed(a=0, b=0, c=30, d=20), PERSONS, INTERNAL, "cohort") == {"c": 30, "all": 50}


def test_withheld_cells_of_a_line_together_reach_the_floor():
    # 2 + 1 = 3 people would be told by 53 - 30 - 20; with d = 20 it is 23.
    assert shown_of(listed(a=2, b=1, c=30, d=20), PERSONS, INTERNAL, "cohort") == {"c": 30, "all": 53}


def test_two_margins_withhold_a_square():
    # Only p0/c0 = 2 is small. Its row needs a second cell and its column one, and those two need the corner.
    shown = tables.present(crossed([[2, 20], [30, 40], [50, 60]]), WAVES, INTERNAL)
    wide = shown.pivot(index="pattern", columns="cohort", values="people")
    gone = {(r, c) for r in wide.index for c in wide.columns if pd.isna(wide.loc[r, c])}
    assert gone == {("p0", "c0"), ("p0", "c1"), ("p1", "c0"), ("p1", "c1")}


def test_note_does_not_tell_small_from_protecting():
    # 0 and 5 of 45: who knows that one is under 5 and the other is not, knows both from 45 - 40 = 5.
    notes = tables.present(listed(a=0, b=5, c=40), PERSONS, INTERNAL).set_index("cohort")["note"]
    assert notes["a"] == notes["b"] == WITHHELD.format(5)


def test_rows_of_other_keys_are_separate_lines():
    contract = tables.CONTRACTS["internal/interviews/themes.csv"]
    base = {"name": "", "of_interviews": 100, "percent": None, "extent": "", "note": ""}
    rows = [
        {"theme": code, "cohort": cohort, "interviews": count, **base}
        for code, counts in {"A": (2, 30, 32), "B": (20, 30, 50)}.items()
        for cohort, count in zip(("a", "b", "all"), counts, strict=True)
    ]
    shown = tables.present(pd.DataFrame(rows), contract, INTERNAL)
    assert shown.loc[shown["theme"] == "A", "interviews"].isna().tolist() == [True, True, False]
    assert shown.loc[shown["theme"] == "B", "interviews"].tolist() == [20, 30, 50]


def test_the_check_of_the_tests_finds_what_can_be_computed():
    table = crossed([[2, 20], [30, 40]])
    shown = table.assign(people=table["people"].mask(table["people"] == 2))
    assert computable(shown, {("p0", "c0")}) == {("p0", "c0"): 2}
    shown = shown.assign(people=shown["people"].mask((table["pattern"] == "p0") & (table["cohort"] == "all")))
    # The column still tells it: 32 - 30.
    assert computable(shown, {("p0", "c0")}) == {("p0", "c0"): 2}
    shown = table.assign(people=table["people"].mask((table["pattern"] != "all") & (table["cohort"] != "all")))
    assert computable(shown, {("p0", "c0")}) == {}


tables_of_counts = st.integers(1, 3).flatmap(
    lambda columns: st.lists(
        st.lists(st.one_of(st.integers(0, 12), st.sampled_from([0, 4, 5, 6, 20])), min_size=columns, max_size=columns),
        min_size=1,
        max_size=3,
    )
)


@repeated
@example([[0, 20], [0, 30]])
@example([[4, 9], [4, 9]])
@example([[0, 5], [30, 40]])
# Every line has two withheld cells of 5 people and more together, but only lines taken together fix the empty ones.
@example([[0, 30, 6], [7, 8, 30], [30, 0, 9]])
# Two squares of withheld cells joined by one: the cell that joins them is what the squares leave over.
@example([[3, 3, 20, 20], [3, 3, 2, 20], [20, 20, 3, 3], [20, 20, 3, 3]])
@given(tables_of_counts)
def test_nothing_small_can_be_computed_from_what_is_shown(counts):
    table = crossed(counts)
    shown = tables.present(table, WAVES, INTERNAL)
    kept = shown["people"].notna()
    assert shown.loc[kept, "people"].tolist() == table.loc[kept.to_numpy(), "people"].tolist()
    assert set(shown.loc[~kept, "note"]) <= {WITHHELD.format(5)}
    assert set(shown.loc[kept, "note"]) <= {""}
    # Every small cell is withheld, and at least two numbers are possible for it.
    assert computable(shown, small_cells(table, 5)) == {}
    # What a line leaves over is a cell too.
    wide = shown.pivot(index="pattern", columns="cohort", values="people")
    for _name, line in itertools.chain(wide.iterrows(), wide.T.iterrows()):
        parts, total = line.drop("all"), line["all"]
        if pd.notna(total) and parts.isna().any():
            assert parts.isna().sum() > 1
            assert total - parts.sum() >= 5


@repeated
@given(tables_of_counts)
def test_release_of_an_internal_table_cannot_be_computed_back_either(counts):
    table = crossed(counts)
    exact = tiers.Tier("release", floor=10)  # unrounded, which tells more than the release does
    released = tables.present(tables.present(table, WAVES, INTERNAL), WAVES, exact)
    assert computable(released, small_cells(table, 10)) == {}


# Rounding and remarks


@pytest.mark.parametrize(
    ("count", "base", "rounded"),
    [
        (0, 5, 0),
        (2, 5, 0),
        (3, 5, 5),
        (7, 5, 5),
        (8, 5, 10),
        (66, 5, 65),
        (68, 5, 70),
        (4, 10, 0),
        (5, 10, 10),
        (7, 1, 7),
    ],
)
def test_rounding(count, base, rounded):
    assert tiers.round_counts(pd.Series([count], dtype="Int64"), base).tolist() == [rounded]


def test_rounding_leaves_missing_missing():
    assert tiers.round_counts(pd.Series([None, 8], dtype="Int64"), 5).isna().tolist() == [True, False]


def outcome(**cells):
    contract = tables.CONTRACTS["internal/change/outcomes.csv"]
    row = {name: "" if kind == tables.TEXT else None for name, kind in contract.columns.items()}
    row |= {"scale": "s.total", "cohort": "all", "statistic": "mean change", "n": 48, "estimate": 8.3449, "p": 0.0449}
    return pd.DataFrame([row | cells]), contract


def test_release_rounds_people_to_fives_and_statistics_to_one_decimal():
    table, contract = outcome(n_dropped=13, ci_low=-1.26, ci_high=17.94)
    row = tables.present(table, contract, RELEASE).loc[0]
    assert (row["n"], row["n_dropped"], row["estimate"], row["ci_low"], row["ci_high"]) == (50, 15, 8.3, -1.3, 17.9)


def test_few_who_were_left_out_are_not_told_to_the_public():
    table, contract = outcome(n_dropped=9, dropped_reason="no pre score")
    row = tables.present(table, contract, RELEASE).loc[0]
    assert pd.isna(row["n_dropped"])
    assert row["dropped_reason"] == ""
    assert tables.present(table, contract, INTERNAL).loc[0, "n_dropped"] == 9


def test_public_sees_no_p_values():
    # At one decimal 0.0449 would read 0.0.
    table, contract = outcome()
    assert pd.isna(tables.present(table, tables.CONTRACTS["release/change/outcomes.csv"], RELEASE).loc[0, "p"])
    assert tables.present(table, contract, INTERNAL).loc[0, "p"] == 0.0449


def test_release_does_not_quote_counts_in_words():
    table, contract = outcome(n_dropped=9, dropped_reason="4 no pre score; 5 no post score", note="tied: 3 pairs")
    row = tables.present(table, contract, RELEASE).loc[0]
    assert (row["dropped_reason"], row["note"]) == ("", "tied")
    assert tables.present(table, contract, INTERNAL).loc[0, "dropped_reason"] == "4 no pre score; 5 no post score"


def test_withheld_row_does_not_quote_counts_in_words():
    table, contract = outcome(n=4, n_dropped=3, dropped_reason="3 no post score")
    for tier in (INTERNAL, RELEASE):
        row = tables.present(table, contract, tier).loc[0]
        assert row["dropped_reason"] == ""
        assert pd.isna(row["n_dropped"])


def test_reason_of_an_undefined_estimate_survives_the_release():
    table, contract = outcome(n=12, estimate=None, note="undefined: fewer than 20 pairs")
    assert tables.present(table, contract, RELEASE).loc[0, "note"] == "undefined: fewer than 20 pairs"


def test_release_rounds_people_and_not_languages():
    row = tables.present(listed(a=23, b=22), PERSONS, RELEASE).set_index("cohort").loc["a"]
    assert (row["interviews"], row["languages"]) == (25, 1)


def test_number_of_statements_with_consensus_is_exact_or_withheld():
    contract = tables.CONTRACTS["internal/consensus/rounds.csv"]
    rows = [
        {
            "round": str(n),
            "panellists": people,
            "statements": 24,
            "consensus": 13,
            "rule": "",
            "rule_status": "",
            "note": "",
        }
        for n, people in ((1, 21), (2, 4))
    ]
    table = pd.DataFrame(rows).reindex(columns=list(contract.columns))
    shown = tables.present(table.assign(stayed_ci_method=""), contract, RELEASE)
    assert shown["consensus"].tolist()[0] == 13
    assert pd.isna(shown["consensus"].tolist()[1])


def test_note_of_the_internal_floor_does_not_reach_the_public():
    internal = tables.present(listed(a=4, b=6, c=40, d=30), PERSONS, INTERNAL)
    assert WITHHELD.format(5) in set(internal["note"])
    released = tables.present(internal, PERSONS, RELEASE)
    assert set(released["note"]) == {"", WITHHELD.format(10)}


def test_verdict_of_a_withheld_rating_is_withheld():
    contract = tables.CONTRACTS["internal/consensus/statements.csv"]
    row = {name: "" if kind == tables.TEXT else None for name, kind in contract.columns.items()}
    row |= {"statement": "S1", "round": "1", "dimension": "feasibility", "n": 3, "agreed": "yes", "estimate": 100.0}
    assert tables.present(pd.DataFrame([row]), contract, INTERNAL).loc[0, "agreed"] == ""


# Shares


def characteristics(cohorts):
    """Return one variable of two levels by cohort from pairs of counts, with totals."""
    counts = {**cohorts, "all": tuple(map(sum, zip(*cohorts.values(), strict=True)))}
    rows = []
    for cohort, (first, second) in counts.items():
        whole = first + second
        for level, count in (("x", first), ("y", second), ("all", whole)):
            rows.append({"variable": "v", "level": level, "cohort": cohort, "people": count, "of_people": whole})
    return pd.DataFrame(rows).assign(percent=None, note="")


CHARACTERISTICS = tables.CONTRACTS["internal/sample/characteristics.csv"]


def test_shares_are_made_of_the_counts_as_shown():
    shown = tables.present(characteristics({"a": (14, 18), "b": (22, 12)}), CHARACTERISTICS, RELEASE)
    row = shown.set_index(["cohort", "level"]).loc[("a", "x")]
    # 14 of 32 is shown as 15 of 30: 50 percent, not the 43.75 that would tell the exact counts.
    assert (row["people"], row["of_people"], row["percent"]) == (15, 30, 50.0)


def test_share_is_never_over_100_percent():
    shown = tables.present(characteristics({"a": (12, 30), "b": (13, 30)}), CHARACTERISTICS, RELEASE)
    assert shown["percent"].max() <= 100


def test_size_of_a_small_cohort_is_not_told_by_its_denominator():
    shown = tables.present(characteristics({"a": (20, 30), "b": (2, 1)}), CHARACTERISTICS, INTERNAL)
    wholes = shown.groupby("cohort")["of_people"].agg(lambda column: column.notna().any())
    assert not wholes["b"]
    # 53 of all and 50 of a would give b away.
    assert not (wholes["a"] and wholes["all"])


def test_denominator_of_themes_keeps_small_cohorts_secret_too():
    contract = tables.CONTRACTS["internal/interviews/themes.csv"]
    rows = [
        {"theme": theme, "name": theme, "cohort": cohort, "interviews": count, "of_interviews": of, "extent": ""}
        for theme in ("T", "U")
        for cohort, count, of in (("a", 12, 13), ("b", 2, 3), ("all", 14, 16))
    ]
    shown = tables.present(pd.DataFrame(rows).assign(percent=None, note=""), contract, INTERNAL)
    assert shown.loc[shown["cohort"] == "b", "of_interviews"].isna().all()
    assert shown.loc[shown["cohort"] == "a", "of_interviews"].isna().all()
    assert (shown.loc[shown["cohort"] == "all", "of_interviews"] == 16).all()


# Parts of a group

SCORES = tables.CONTRACTS["internal/sample/scores.csv"]


def distribution(**cohorts):
    """Return scores by cohort from (n, people at the lowest score), with the total; nobody is at the highest."""
    cohorts["all"] = tuple(map(sum, zip(*cohorts.values(), strict=True)))
    base = {name: "" if kind == tables.TEXT else None for name, kind in SCORES.columns.items()}
    rows = [
        base | {"scale": "s", "wave": "pre", "cohort": name, "n": n, "floor_people": low, "ceiling_people": 0}
        for name, (n, low) in cohorts.items()
    ]
    return tables.present(pd.DataFrame(rows), SCORES, INTERNAL).set_index("cohort")


def test_part_and_rest_need_the_floor():
    # 4 of 30 are few, and so are the 4 who are not among 26 of 30.
    shown = distribution(a=(30, 4), b=(30, 26), c=(30, 15), d=(30, 15))
    assert shown["floor_people"].isna().to_dict() == {"a": True, "b": True, "c": False, "d": False, "all": False}
    assert shown["floor_percent"].dropna().to_dict() == {"c": 50, "d": 50, "all": 50}
    assert shown["n"].tolist() == [30, 30, 30, 30, 120]
    assert shown["ceiling_people"].isna().all()


def test_part_does_not_follow_from_its_line():
    # 12 of all and 9 of a would tell the 3 of b.
    shown = distribution(a=(30, 9), b=(30, 3))
    assert shown["floor_people"].dropna().to_dict() == {"all": 12}


def test_public_counts_of_a_process_are_left_out_where_few():
    counts = pd.Series([0, 1, 9, 10, 12, 68], dtype="Int64")
    shown = tiers.coarsen_steps(counts, RELEASE)
    assert [None if pd.isna(one) else one for one in shown] == [0, None, None, 10, 10, 70]
    assert tiers.coarsen_steps(counts, INTERNAL).tolist() == counts.tolist()


@pytest.mark.parametrize(
    ("value", "end", "shown"),
    [
        (0.99, "", 0.9),
        (0.86, "", 0.9),
        (-0.97, "", -0.9),
        (1.0, "", 1.0),
        (-1.0, "", -1.0),
        (0.86, "low", 0.8),
        (0.81, "high", 0.9),
        (-0.97, "low", -1.0),
        (-0.97, "high", -0.9),
    ],
)
def test_coefficient_is_not_rounded_to_perfection_and_its_limits_go_outwards(value, end, shown):
    found = tiers.coarsen_coefficient(pd.Series([value, None]), 1, end)
    assert found[0] == pytest.approx(shown)
    assert pd.isna(found[1])


def test_remark_without_figures_keeps_its_words():
    for remark, left in (
        (
            "two items only, Spearman-Brown: 0.562; language versions, descriptive only",
            "two items only, Spearman-Brown; language versions, descriptive only",
        ),
        (
            "negative item-rest correlation, reversed item suspected: svest_9",
            "negative item-rest correlation, reversed item suspected",
        ),
        ("lowest 0.12, median 0.46, highest 0.69", ""),
        ("undefined: 3 of 7 draws", ""),
        ("undefined: the total score does not vary", "undefined: the total score does not vary"),
        ("4 no pre score; 5 no post score", ""),
    ):
        assert tiers.without_figures(remark) == left
