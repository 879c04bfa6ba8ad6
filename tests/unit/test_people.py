"""Who is in the study: consent, eligibility, withdrawal, pseudonyms."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import keys, people
from piloteval.config import read_yaml
from piloteval.errors import ConfigError, DataError
from piloteval.intake.catalogue import problem
from piloteval.intake.check import check_study, stop
from piloteval.intake.eligibility import reason_to_exclude
from piloteval.intake.gate import NO_CONSENT, NOT_RECORDED, SCOPES, Gate
from piloteval.intake.sheet import Source, of_kind, read_sheet
from study import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
repeated = settings(max_examples=50, deadline=None, derandomize=True, database=None)

KEY = bytes(range(32))
CRITERIA = {
    "min_age": 18,
    "min_experience_years": 5,
    "professions": ["nurse", "physician"],
    "require_affiliation": True,
}
NO_CRITERIA = {"min_age": None, "min_experience_years": None, "professions": [], "require_affiliation": False}
PERSON = {
    "participant": "P1",
    "site": "at1",
    "cohort": "peers",
    "profession": "nurse",
    "age": 40.0,
    "experience_years": 12.0,
    "affiliated": "yes",
    "consent_survey": "yes",
    "consent_interview": "yes",
    "consent_quotes": "yes",
    "enrolled_on": "2025-09-01",
}


def register(*changes):
    return pd.DataFrame([{**PERSON, "participant": f"P{n}", **change} for n, change in enumerate(changes, start=1)])


def gate_of(table, *withdrawals, **refused):
    """Return a gate that knows the register, who withdrew from what, and who refused what and why."""
    gate = Gate(registered=set(table["participant"]))
    for who, scope in withdrawals:
        gate.withdrawn.setdefault(who, set()).update(SCOPES if scope == "all" else (scope,))
    for who, (scope, why) in refused.items():
        gate.refused[scope, who] = why
    return gate


def let_in(table, gate):
    """Return the register as it is read behind the gate: who is out of everything has no row."""
    return table[~table["participant"].isin([one for one in table["participant"] if gate.fate("all", one)])]


def admit(table, *withdrawals, key=KEY, refused=None, **criteria):
    gate = gate_of(table, *withdrawals, **(refused or {}))
    return people.admit(let_in(table, gate), gate, key, {"at1": "AT"}, **(CRITERIA | criteria))


def screened(tables):
    return sorted(map(tuple, tables["screening"][["status", "reason"]].to_numpy().tolist()))


def fates(tables):
    return {one["participant"]: (one["status"], one["reason"]) for one in tables["pseudonyms"].to_dict("records")}


# Eligibility


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"age": 17.0}, "under the minimum age"),
        ({"age": 18.0}, ""),
        ({"age": None}, "age not recorded"),
        ({"age": float("nan")}, "age not recorded"),
        ({"experience_years": 4.9}, "too little professional experience"),
        ({"experience_years": 5.0}, ""),
        ({"experience_years": None}, "experience years not recorded"),
        ({"profession": "clerk"}, "profession not in the study"),
        ({"profession": ""}, "profession not in the study"),
        ({"affiliated": "no"}, "not affiliated"),
        ({"affiliated": ""}, "not affiliated"),
        ({"age": 3.0, "experience_years": 0.0, "profession": "clerk"}, "under the minimum age"),
        ({"experience_years": 0.0, "profession": "clerk", "affiliated": "no"}, "too little professional experience"),
        ({"profession": "clerk", "affiliated": "no"}, "profession not in the study"),
    ],
)
def test_reason_of_each_criterion(change, reason):
    assert reason_to_exclude(PERSON | change, **CRITERIA) == reason


def test_study_without_criteria_asks_nothing():
    person = PERSON | {"age": None, "experience_years": None, "profession": "", "affiliated": ""}
    assert reason_to_exclude(person, **NO_CRITERIA) == ""


@pytest.mark.parametrize("why", [NO_CONSENT, NOT_RECORDED])
def test_consent_comes_first(why):
    """Of who refused nothing else is asked, and neither cohort nor country is kept."""
    tables = admit(register({}, {"age": 3.0, "profession": "clerk"}), refused={"P2": ("survey", why)})
    assert fates(tables) == {"P1": ("admitted", "")}
    assert screened(tables) == [("admitted", ""), ("excluded", why)]
    (refused,) = tables["screening"][tables["screening"]["status"] == "excluded"].to_dict("records")
    assert (refused["cohort"], refused["country"]) == ("", "")


def test_study_without_criteria_still_asks_for_consent():
    table = register({"age": None, "experience_years": None, "profession": "", "affiliated": ""})
    assert len(admit(table, **NO_CRITERIA)["participants"]) == 1
    assert len(admit(table, refused={"P1": ("survey", NO_CONSENT)}, **NO_CRITERIA)["participants"]) == 0


def test_only_the_admitted_get_a_pseudonym():
    tables = admit(register({}, {}, {"age": 12.0}), refused={"P2": ("survey", NO_CONSENT)})
    assert fates(tables) == {"P1": ("admitted", ""), "P3": ("excluded", "under the minimum age")}
    assert (tables["pseudonyms"]["person"] != "").tolist() == [True, False]
    assert len(tables["participants"]) == 1
    assert tables["participants"]["country"].tolist() == ["AT"]


# Withdrawal


@pytest.mark.parametrize(
    ("scope", "admitted", "heard", "quoted"),
    [
        ("survey", ["P2"], ["I1", "I2"], ["yes", "yes"]),
        ("interview", ["P1", "P2"], ["I2"], ["yes"]),
        ("quotes", ["P1", "P2"], ["I1", "I2"], ["no", "yes"]),
        ("all", ["P2"], ["I2"], ["yes"]),
    ],
)
def test_scope_of_a_withdrawal(scope, admitted, heard, quoted):
    table = register({}, {})
    tables = admit(table, ("P1", scope))
    assert tables["pseudonyms"]["participant"].tolist() == admitted
    assert ("withdrawn", "withdrew") in screened(tables) or scope in ("interview", "quotes")
    gate = gate_of(table, ("P1", scope))
    asked = [one for one in (("I1", "P1"), ("I2", "P2")) if not gate.fate("interview", one[1])]
    found = people.admit_interviews(listed(*asked), let_in(table, gate), gate, KEY, {}, **CRITERIA)
    assert (found["interview"].tolist(), found["quotes"].tolist()) == (heard, quoted)
    assert set(found["status"]) == {"admitted"}


def test_withdrawal_is_named_before_any_other_reason():
    tables = admit(register({"age": 3.0}), ("P1", "all"), refused={"P1": ("survey", NO_CONSENT)})
    assert screened(tables) == [("withdrawn", "withdrew")]


def test_withdrawn_person_has_no_pseudonym_and_is_no_participant():
    tables = admit(register({}, {}), ("P1", "all"))
    assert len(tables["participants"]) == 1
    assert tables["pseudonyms"]["participant"].tolist() == ["P2"]


def test_withdrawal_counts_also_when_the_rows_are_deleted():
    """Who withdrew stays in the flow of participants after the rows are gone from the raw files."""
    there = admit(register({}, {}), ("P1", "all"))
    gone = admit(register({}, {})[1:], ("P1", "all"))
    assert screened(there) == screened(gone) == [("admitted", ""), ("withdrawn", "withdrew")]


def test_everybody_registered_is_screened_once():
    """Also who refused the interview only and whose row was set aside."""
    table = register({}, {}, {}, {}, {})
    gate = gate_of(
        table, ("P2", "survey"), P3=("survey", NO_CONSENT), P4=("interview", NO_CONSENT), P2=("survey", NO_CONSENT)
    )
    read = let_in(table, gate)
    read = read[~read["participant"].isin(["P4", "P5"])]  # rows set aside
    tables = people.admit(read, gate, KEY, {"at1": "AT"}, **CRITERIA)
    aside = ("set aside", "row in the register set aside")
    assert screened(tables) == [("admitted", ""), ("excluded", NO_CONSENT), aside, aside, ("withdrawn", "withdrew")]


# Interviews


def listed(*pairs):
    rows = [
        {"interview": i, "participant": p, "cohort": "c", "site": "s", "held_on": "", "minutes": 30.0, "wave": ""}
        for i, p in pairs
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("change", "who", "fate"),
    [
        ({}, "P1", ("admitted", "")),
        ({"consent_survey": "no"}, "P1", ("admitted", "")),
        ({"age": 15.0}, "P1", ("excluded", "under the minimum age")),
        ({}, "P7", ("excluded", "not in the register")),
        ({}, "", ("excluded", "not in the register")),
    ],
)
def test_interviewee_must_be_registered_and_eligible(change, who, fate):
    gate = gate_of(register({}), P1=("survey", NO_CONSENT))
    found = people.admit_interviews(listed(("I1", who)), register(change), gate, KEY, {}, **CRITERIA).loc[0]
    assert (found["status"], found["reason"]) == fate
    assert (found["speaker"] != "") == (fate[0] == "admitted")


def test_interviewee_has_cohort_and_site_of_the_register():
    found = people.admit_interviews(listed(("I1", "P1")), register({}), Gate(), KEY, {"at1": "AT"}, **CRITERIA).loc[0]
    assert (found["cohort"], found["site"], found["country"]) == ("peers", "at1", "AT")


@pytest.mark.parametrize(("said", "quoted"), [("yes", "yes"), ("no", "no"), ("", "no")])
def test_who_did_not_say_so_is_not_quoted(said, quoted):
    table = register({"consent_quotes": said})
    found = people.admit_interviews(listed(("I1", "P1")), table, Gate(), KEY, {}, **CRITERIA).loc[0]
    assert (found["status"], found["quotes"]) == ("admitted", quoted)


def test_without_a_register_a_withdrawal_counts_as_well():
    gate = gate_of(pd.DataFrame({"participant": []}), ("P1", "all"))
    tables = people.without_register(["P2", "P3", "P2"], gate, None)
    assert fates(tables) == {"P2": ("admitted", ""), "P3": ("admitted", "")}
    assert screened(tables) == [("admitted", ""), ("admitted", ""), ("withdrawn", "withdrew")]
    assert sorted(tables["participants"]["person"]) == ["r00001", "r00002"]


@repeated
@given(st.lists(st.text("abc123", min_size=1, max_size=6), unique=True, max_size=12), st.booleans())
def test_names_without_a_register_do_not_keep_the_order(found, secret):
    key = KEY if secret else None
    first, second = (people.without_register(one, Gate(), key)["pseudonyms"] for one in (found, found[::-1]))
    pd.testing.assert_frame_equal(first, second)
    assert not set(first["person"]) & set(found)


def test_same_person_has_two_names_in_survey_and_interview():
    survey = admit(register({}))["participants"]["person"][0]
    interview = people.admit_interviews(listed(("I1", "P1")), register({}), Gate(), KEY, {}, **CRITERIA)["speaker"][0]
    assert survey != interview


def test_two_people_never_share_a_pseudonym(monkeypatch):
    monkeypatch.setattr(keys, "pseudonym", lambda *_: "same")
    with pytest.raises(DataError) as fault:
        admit(register({}, {}))
    assert str(fault.value) == (
        "Two participants would get the same pseudonym. Make a new key with `make key` and run again."
    )


# What leaves the room

ids = [f"AT1-{n:02d}" for n in range(1, 9)]
groups = st.lists(
    st.fixed_dictionaries(
        {
            "participant": st.sampled_from(ids),
            "cohort": st.sampled_from(["peers", "staff"]),
            "age": st.sampled_from([16.0, 40.0, 41.0, None]),
            "consent_survey": st.sampled_from(["yes", "yes", "no", ""]),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one["participant"],
)


def refusals(rows):
    why = {"no": NO_CONSENT, "": NOT_RECORDED}
    said = {one["participant"]: one["consent_survey"] for one in rows}
    return {who: ("survey", why[word]) for who, word in said.items() if word in why}


@repeated
@given(groups, st.randoms(use_true_random=False))
def test_order_of_the_register_is_not_kept(rows, random):
    table = pd.DataFrame([PERSON | one for one in rows])
    shuffled = list(rows)
    random.shuffle(shuffled)
    other = pd.DataFrame([PERSON | one for one in shuffled])
    first, second = admit(table, refused=refusals(rows)), admit(other, refused=refusals(shuffled))
    for name in ("pseudonyms", "participants", "screening"):
        pd.testing.assert_frame_equal(first[name].reset_index(drop=True), second[name].reset_index(drop=True))


@repeated
@given(groups)
def test_no_raw_id_outside_the_mapping_and_everybody_is_counted(rows):
    tables = admit(pd.DataFrame([PERSON | one for one in rows]), refused=refusals(rows))
    for name in ("participants", "screening"):
        assert not set(tables[name].astype(str).to_numpy().ravel()) & set(ids)
    assert list(tables["screening"].columns) == ["cohort", "country", "status", "reason"]
    assert len(tables["screening"]) == len(tables["pseudonyms"]) + len(refusals(rows)) == len(rows)
    admitted = [one for one in rows if one["consent_survey"] == "yes" and (one["age"] or 0) >= 18]
    assert len(tables["participants"]) == len(admitted)
    assert sorted(tables["participants"]["person"]) == sorted(
        keys.pseudonym(KEY, "survey", p["participant"]) for p in admitted
    )


# The whole rule


def run(folder, files, key=(str(ROOT / "config/demo.key"),), **criteria):
    sources = []
    for kind, lines in files.items():
        path = folder / f"{kind}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        wave = "pre" if kind == "questionnaire" else ""
        sources.append(Source(line=0, source=kind, kind=kind, path=str(path), wave=wave))
    settings_ = {
        **SETTINGS,
        "sites": ["at1"],
        "waves": ["pre"],
        "instruments": ["who5"],
        "languages": [],
    }
    sites = folder / "sites.tsv"
    sites.write_text("site\tname\tcountry\tsetting\ttracks\nat1\tA\tAT\thospital\ttraining\n", encoding="utf-8")
    return people.run(
        sources,
        sites=[str(sites)],
        instruments=[str(ROOT / "config/instruments/who5.yaml")],
        key=list(key),
        cohorts=["peers"],
        criteria=CRITERIA | criteria,
        settings=settings_,
    )


HEADER = ",".join(PERSON)
WITHDRAWALS = "participant,withdrawn_on,scope"
ANSWERS = "participant,who5_1,who5_2,who5_3,who5_4,who5_5"


def line(**cells):
    return ",".join(str(cell) for cell in (PERSON | cells).values())


def test_rule_accounts_for_every_row(tmp_path):
    lines = [
        HEADER,
        line(),
        line(participant="P2", consent_survey="no"),
        line(participant="P3"),
        line(participant="P4"),
        line(participant="P4"),
    ]
    tables = run(tmp_path, {"register": lines, "withdrawals": [WITHDRAWALS, "P3,2025-10-01,all"]})
    row = tables["rows"].set_index("kind").loc["register"]
    counts = row[["rows_read", "analysed", "quarantined", "excluded", "withdrawn"]].tolist()
    assert counts == [5, 1, 2, 1, 1]
    assert tables["rows"].set_index("kind").loc["withdrawals", "analysed"] == 1


@pytest.mark.parametrize("bad", ["P1,2025-10-01,al", "P1,,", ",,all"])
def test_rule_does_not_go_on_past_a_withdrawal_it_cannot_read(tmp_path, bad):
    with pytest.raises(DataError) as fault:
        run(tmp_path, {"register": [HEADER, line()], "withdrawals": [WITHDRAWALS, bad]})
    assert str(fault.value) == (
        "Not computed, since the raw files have a problem that stops the run; `snakemake check` names what is wrong."
    )


def test_rule_needs_a_key_for_a_register(tmp_path):
    with pytest.raises(ConfigError) as fault:
        run(tmp_path, {"register": [HEADER, line()]}, key=())
    assert "`participants.key_file` is needed for pseudonyms" in str(fault.value)


def test_rule_without_a_register_honours_withdrawals(tmp_path):
    files = {"questionnaire": [ANSWERS, "P1,1,1,1,1,1", "P2,2,2,2,2,2"], "withdrawals": [WITHDRAWALS, "P1,,survey"]}
    tables = run(tmp_path, files, key=())
    assert fates(tables) == {"P2": ("admitted", "")}
    assert screened(tables) == [("admitted", ""), ("withdrawn", "withdrew")]
    assert len(tables["participants"]) == 1


def test_rule_without_a_register_stops_at_an_unknown_withdrawal(tmp_path):
    files = {"questionnaire": [ANSWERS, "P1,1,1,1,1,1"], "withdrawals": [WITHDRAWALS, "P7,,survey"]}
    with pytest.raises(DataError):
        run(tmp_path, files, key=())


def check(folder, files):
    sources = []
    for kind, lines in files.items():
        path = folder / f"{kind}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        wave = "pre" if kind == "questionnaire" else ""
        sources.append(Source(line=2, source=kind, kind=kind, path=str(path), wave=wave))
    checked = check_study(
        sources,
        sites=[{"site": "at1"}],
        instruments=[str(ROOT / "config/instruments/who5.yaml")],
        cohorts=["peers"],
        standards=[],
        statements=None,
        codes=[],
        outcomes=[],
        settings=SETTINGS,
        criteria=CRITERIA,
    )
    return checked.problems


@pytest.mark.parametrize(
    "others",
    [
        {"register": [HEADER, line()]},
        {"questionnaire": [ANSWERS, "P1,1,1,1,1,1"]},
        {"interview_list": ["interview,participant", "I1,P1"]},
    ],
)
def test_check_names_a_withdrawal_of_somebody_unknown(tmp_path, others):
    problems = check(tmp_path, {**others, "withdrawals": [WITHDRAWALS, "P1,,all", "P-1,,all"]})
    told = (
        "the register does not know. Correct the id; otherwise a person who withdrew stays in the data."
        if "register" in others
        else "who neither answered nor was interviewed. Correct the id; if the person never took part, remove the row."
    )
    assert [one.sentence() for one in problems] == [
        f"{tmp_path}/withdrawals.csv, row 3, column participant: the list of withdrawals names somebody {told}"
    ]
    with pytest.raises(DataError):
        stop(problems)


def test_person_whose_register_row_was_set_aside_is_not_called_unknown(tmp_path):
    lines = {
        "register": [HEADER, line(), line()],
        "questionnaire": [ANSWERS, "P1,1,1,1,1,1"],
        "withdrawals": [WITHDRAWALS, "P1,,quotes"],
    }
    problems = check(tmp_path, lines)
    assert {one.rule for one in problems} == {"record.duplicate", "person.unknown"}
    (told,) = [one for one in problems if one.rule == "person.unknown"]
    assert told.sentence().endswith(
        "the participant's row in the register was set aside. Mend the register first. (row set aside)"
    )


def test_faults_of_who_withdrew_are_not_told(tmp_path):
    lines = {
        "register": [HEADER, line(), line(), line(participant="P2")],
        "questionnaire": [ANSWERS, "P1,1,1,1,1,99", "P1,x,1,1,1,1", "P2,1,1,1,1,1"],
        "withdrawals": [WITHDRAWALS, "P1,,all"],
    }
    assert check(tmp_path, lines) == []


def test_register_that_cannot_be_read_floods_nobody(tmp_path):
    problems = check(tmp_path, {"register": ["x,y", "1,2"], "questionnaire": [ANSWERS, "P1,1,1,1,1,1"]})
    assert [one.rule for one in problems] == ["table.no-column"]


def test_headers_of_the_register_may_be_written_in_capitals(tmp_path):
    problems = check(tmp_path, {"register": [HEADER.title(), line()], "questionnaire": [ANSWERS, "P1,1,1,1,1,1"]})
    assert problems == []


def test_console_shows_twenty_sentences_and_counts_the_rest():
    problems = [problem("person.withdrawal", f"f{n}") for n in range(23)] + [problem("person.blank", "g")]
    with pytest.raises(DataError) as fault:
        stop(problems)
    lines = str(fault.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 3 more of this gravity; mend these first."
    assert stop([problem("person.blank", "g"), problem("table.extra-column", "g")]) is None


def test_example_admits_those_the_simulator_made_eligible():
    config = read_yaml(ROOT / "config/config.yaml")
    sources = [Source(**{**vars(one), "path": str(ROOT / one.path)}) for one in read_sheet(ROOT / "config/inputs.tsv")]
    kinds = of_kind(sources, "register", "withdrawals", "interview_list")
    sites = [row.split("\t")[0] for row in (ROOT / "config/sites.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    tables = people.run(
        kinds,
        sites=[str(ROOT / "config/sites.tsv")],
        instruments=[],
        key=[str(ROOT / config["participants"]["key_file"])],
        cohorts=list(config["study"]["cohorts"]),
        criteria={name: config["participants"][name] for name in CRITERIA},
        settings={"sites": sites, "waves": [], "instruments": [], "languages": []},
    )
    with (ROOT / "data/example/register.csv").open(encoding="utf-8") as handle:
        registered = list(csv.DictReader(handle))
    eligible = [
        one
        for one in registered
        if one["consent_survey"] == "yes"
        and int(one["age"]) >= 18
        and float(one["experience_years"]) >= 5
        and one["profession"] in config["participants"]["professions"]
        and one["affiliated"] == "yes"
    ]
    assert len(eligible) == config["study"]["registered_enrolment"]
    assert len(tables["participants"]) == len(eligible)
    assert set(tables["interviewees"]["status"]) == {"admitted"}


@pytest.mark.parametrize("spelling", ["p1", "P01", "P-1", " P1x"])
def test_rule_without_a_register_asks_about_another_spelling_of_an_id(tmp_path, spelling):
    files = {
        "questionnaire": [ANSWERS, "P1,1,1,1,1,1", f"{spelling},2,2,2,2,2"],
        "withdrawals": [WITHDRAWALS, "P1,,all"],
    }
    if spelling == " P1x":  # another person
        assert len(run(tmp_path, files, key=())["participants"]) == 1
        return
    with pytest.raises(DataError) as fault:
        run(tmp_path, files, key=())
    assert str(fault.value) == (
        f"{tmp_path}/withdrawals.csv, row 2, column participant: somebody in the data has nearly the same id as this "
        "person who withdrew. Give both ids the same spelling, or list the other spelling too."
    )


@pytest.mark.parametrize("scope", ["panel", "all"])
def test_somebody_of_a_panel_need_not_be_in_the_register(tmp_path, scope):
    files = {"register": [HEADER, line()], "withdrawals": [WITHDRAWALS, f"PAN03,,{scope}"]}
    if scope == "panel":
        assert len(run(tmp_path, files)["participants"]) == 1
        assert (run(tmp_path, files)["screening"]["status"] == "admitted").all()  # nor counted as registered
        return
    with pytest.raises(DataError):  # from everything means from the register too
        run(tmp_path, files)
