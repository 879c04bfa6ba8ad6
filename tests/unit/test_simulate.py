"""The simulator: the same seed gives the same bytes, the committed example is its own, and the truth is in the data."""

from __future__ import annotations

import csv
import functools
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from piloteval.config import read_instruments, read_yaml, scales_of
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.sheet import check_sheet, files_in, read_sheet
from piloteval.measures import scoring
from piloteval.simulate import __main__ as simulator
from piloteval.simulate import interviews, questionnaires
from scipy import stats
from study import EXAMPLE, example_sources

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = {
    "seed": simulator.SEED,
    "participants": 66,
    "sites": 9,
    "items": 0,
    "transcripts": 16,
    "words": 0,
    "panellists": 20,
    "raters": 3,
}
SMALL = DEFAULTS | {"participants": 30, "sites": 4, "transcripts": 4, "panellists": 5, "raters": 1}


def study(folder, people_behind_the_truth=2_000, **sizes):
    """Write a study; the truth of a small one is read off a small sample, to save time."""
    shutil.copytree(ROOT / "config", folder / "config")
    with pytest.MonkeyPatch.context() as patch:
        truth_ = functools.partial(questionnaires.true_values, people=people_behind_the_truth)
        patch.setattr(questionnaires, "true_values", truth_)
        simulator.write_study(folder, **sizes)
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def differing(first, second):
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return study(tmp_path_factory.mktemp("small"), **SMALL)


def test_same_seed_same_bytes(small, tmp_path):
    again = study(tmp_path / "again", **SMALL)
    assert differing(contents(small), contents(again)) == []


def test_another_seed_gives_other_answers_and_the_same_files(small, tmp_path):
    other = study(tmp_path / "other", **SMALL | {"seed": 1})
    first, second = contents(small / "data"), contents(other / "data")
    assert first.keys() == second.keys()
    changed = set(differing(first, second))
    assert "example/register.csv" in changed
    assert "example/audits/external.csv" in changed
    # Authored interviews are not drawn.
    assert not any(name.startswith("example/interviews/I") for name in changed)


def test_committed_example_is_what_the_simulator_writes(tmp_path):
    fresh = study(tmp_path / "fresh", people_behind_the_truth=100_000, **DEFAULTS)
    assert differing(contents(fresh / "data/example"), contents(ROOT / "data/example")) == []
    assert (fresh / "config/inputs.tsv").read_bytes() == (ROOT / "config/inputs.tsv").read_bytes()
    assert (fresh / "config/received.tsv").read_bytes() == (ROOT / "config/received.tsv").read_bytes()
    assert (fresh / "config/sites.tsv").read_bytes() == (ROOT / "config/sites.tsv").read_bytes()


def test_command_line_has_the_same_sizes(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    monkeypatch.setattr(simulator, "write_study", lambda study, **sizes: asked.update(sizes))
    monkeypatch.setattr("sys.argv", ["simulate"])
    simulator.main()
    assert asked == DEFAULTS


def test_sizes_are_kept(small):
    folder = small / "data/example"
    with (folder / "register.csv").open(encoding="utf-8") as handle:
        people = list(csv.DictReader(handle))
    # 30 enrolled and at least 4 who are not eligible.
    assert len(people) == 34
    assert len({one["site"] for one in people}) == 4
    kinds = Counter(one.kind for one in read_sheet(small / "config/inputs.tsv"))
    assert (kinds["questionnaire"], kinds["dictionary"], kinds["transcript"], kinds["delphi"]) == (7, 1, 4, 2)
    # The institution with REDCap sends both waves in one file.


def test_sheet_of_a_new_study_is_two_way(small, monkeypatch):
    monkeypatch.chdir(small)
    config = read_yaml("config/config.yaml")
    sites = [row.split("\t")[0] for row in (small / "config/sites.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    settings = {
        "sites": sites,
        "waves": list(config["study"]["waves"]),
        "instruments": config["instruments"],
        "languages": config["study"]["languages"],
    }
    found = files_in("data/example", config["inputs"]["ignore"])
    problems = check_sheet("config/inputs.tsv", read_sheet("config/inputs.tsv"), found, settings)
    assert [one.sentence() for one in problems] == []


def test_more_sites_and_items_than_shipped(tmp_path):
    made = study(tmp_path / "large", **SMALL | {"sites": 12, "items": 7, "participants": 70})
    assert len((made / "config/sites.tsv").read_text(encoding="utf-8").splitlines()) == 13
    extra = read_instruments([str(made / "config/instruments/extra.yaml")])["extra"]
    assert len(extra.items) == 7
    assert extra.columns["limesurvey"] == ["extra[SQ{nnn}]"]
    assert "extra" in read_yaml(made / "config/config.yaml")["instruments"]


def test_longer_interviews_have_at_least_the_words_asked_for():
    made = interviews.make_interviews(np.random.default_rng(1), 18, 900)
    assert len({one.interview for one in made}) == 18
    # Marks are taken out of the words, which may glue two; a few words less are no fault.
    assert min(len(one.text.split()) for one in made) >= 890
    for one in made:
        for span in (*one.codes, *one.identifiers):
            assert one.text[span.start : span.end].strip()
            assert "[[" not in one.text and "<<" not in one.text


def test_marks_of_an_authored_turn():
    plain, codes, named = interviews._plain("So [[A_ONE,B_TWO|I told <<person|Ms X>>]] it.", 10)
    # "So " is 3 characters, "I told Ms X" 11: the codes cover 13 to 24, the name 20 to 24.
    assert plain == "So I told Ms X it."
    assert [(one.what, one.start, one.end) for one in codes] == [("A_ONE", 13, 24), ("B_TWO", 13, 24)]
    assert [(one.what, one.start, one.end) for one in named] == [("person", 20, 24)]


# The truth, and what the example shows of it


@pytest.fixture(scope="module")
def example():
    config = read_yaml(ROOT / "config/config.yaml")
    known = read_instruments([str(ROOT / f"config/instruments/{name}.yaml") for name in config["instruments"]])
    with (ROOT / "data/example/register.csv").open(encoding="utf-8") as handle:
        people = {row["participant"]: row for row in csv.DictReader(handle)}
    eligible = {
        name
        for name, row in people.items()
        if row["consent_survey"] == "yes"
        and float(row["experience_years"]) >= 5
        and row["profession"] in config["participants"]["professions"]
    }
    intake = read_questionnaires(example_sources(), known, people=eligible, settings=EXAMPLE)
    table = intake.table().rename(columns={"participant": "person"})
    table = table.assign(country="", cohort=table["person"].map(lambda name: people[name]["cohort"]))
    return table, scoring.score(table, known), known


def truth():
    with (ROOT / "data/example/truth/scales.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_truth_names_every_scale_and_cohort(example):
    _, _, known = example
    named = Counter(row["scale"] for row in truth())
    assert named == dict.fromkeys(scales_of(known), 3)


def test_changes_of_the_example_are_near_the_true_ones(example):
    _, scores, _ = example
    far = {}
    for row in truth():
        here = scores[scores["scale"] == row["scale"]]
        here = here if row["cohort"] == "all" else here[here["cohort"] == row["cohort"]]
        wide = here.pivot(index="person", columns="wave", values="score").dropna()
        change = wide["post"] - wide["pre"]
        standard_error = float(row["true_sd_change"]) / len(change) ** 0.5
        distance = (change.mean() - float(row["true_change"])) / standard_error
        if abs(distance) > 3.5:  # beyond 99.95 % of samples
            far[row["scale"], row["cohort"]] = distance
    assert far == {}


def test_true_changes_are_not_all_alike():
    changes = {(row["scale"], row["cohort"]): float(row["true_change"]) for row in truth()}
    # The competence of peer supporters is made to grow, that of the others hardly; resilience is made to stay.
    assert changes["com.total", "peer_supporters"] > 5 * changes["com.total", "support_interventions"] > 0
    assert abs(changes["brs.total", "all"]) < 0.1
    assert changes["cbi.work", "all"] < 0


def test_alphas_of_the_example_are_near_the_true_ones(example):
    table, _, known = example
    far = {}
    for row in truth():
        if row["cohort"] != "all":
            continue
        scale = scales_of(known)[row["scale"]]
        wide = scoring.items_wide(table, known[scale.instrument], "pre")[list(scale.items)].dropna()
        n, k = wide.shape
        covariance = np.cov(wide.to_numpy(), rowvar=False)
        alpha = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
        # Feldt 1965: (1 - true) / (1 - estimated) follows F with n - 1 and (n - 1)(k - 1) degrees of freedom.
        ratio = (1 - float(row["true_alpha_pre"])) / (1 - alpha)
        low, high = stats.f.ppf([0.0005, 0.9995], n - 1, (n - 1) * (k - 1))
        if not low < ratio < high:
            far[row["scale"]] = (alpha, row["true_alpha_pre"])
    assert far == {}


def test_planted_faults_are_in_the_data():
    lines = (ROOT / "data/example/questionnaires/be2_pre.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(";") if ";" in lines[0] else lines[0].split(",")
    cells = lines[3].split(";") if ";" in lines[0] else lines[3].split(",")
    assert cells[header.index("brs_3")] == "9"


def test_coders_mark_passages_that_stand_in_the_text():
    made = interviews.make_interviews(np.random.default_rng(0), 16, 0)
    codes = [one["code"] for one in read_yaml(ROOT / "config/codebook.yaml")["codes"]]
    rows = interviews.make_codings(np.random.default_rng(3), made, "c", 0.1, codes)
    text = {one.interview: one.text for one in made}
    assert len(rows) > 100
    assert [row for row in rows if text[row[1]][row[3] : row[4]] != row[5]] == []
    gold = sum(len(one.codes) for one in made)
    # A coder overlooks a tenth: of some hundred passages between 80 and 97 in a hundred are marked.
    assert 0.80 * gold < len(rows) < 0.97 * gold
