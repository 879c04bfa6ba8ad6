"""Who is in the study: consent, eligibility, withdrawal, pseudonyms."""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from piloteval import people
from piloteval.config import read_yaml
from piloteval.errors import ConfigError, DataError
from piloteval.intake.catalogue import problem
from piloteval.intake.check import check_study, stop
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
NOBODY = pd.DataFrame(columns=["participant", "scope", "source", "row"])


def register(*changes):
    return pd.DataFrame([{**PERSON, "participant": f"P{n}", **change} for n, change in enumerate(changes, start=1)])


def withdrawn(*pairs):
    rows = [
        {"participant": who, "scope": scope, "source": "withdrawals", "row": n}
        for n, (who, scope) in enumerate(pairs, 2)
    ]
    return pd.DataFrame(rows, columns=["participant", "scope", "source", "row"])


def admit(table, out=NOBODY, key=KEY, **criteria):
    return people.admit(table, out, key, {"at1": "AT"}, **(CRITERIA | criteria))


def fates(tables):
    return {one["participant"]: (one["status"], one["reason"]) for one in tables["pseudonyms"].to_dict("records")}


# Eligibility


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"consent_survey": "no"}, "no consent"),
        ({"consent_survey": ""}, "no consent"),
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
    ],
)
def test_reason_of_each_criterion(change, reason):
    assert people.reason_to_exclude(PERSON | change, consent="consent_survey", **CRITERIA) == reason


def test_consent_comes_first():
    person = PERSON | {
        "consent_survey": "no",
        "age": 3.0,
        "experience_years": 0.0,
        "profession": "clerk",
        "affiliated": "no",
    }
    assert people.reason_to_exclude(person, consent="consent_survey", **CRITERIA) == "no consent"


def test_study_without_criteria_still_asks_for_consent():
    person = PERSON | {"age": None, "experience_years": None, "profession": "", "affiliated": ""}
    assert people.reason_to_exclude(person, consent="consent_survey", **NO_CRITERIA) == ""
    assert (
        people.reason_to_exclude(person | {"consent_survey": ""}, consent="consent_survey", **NO_CRITERIA)
        == "no consent"
    )


def test_only_the_admitted_get_a_pseudonym():
    tables = admit(register({}, {"consent_survey": "no"}, {"age": 12.0}))
    assert fates(tables) == {
        "P1": ("admitted", ""),
        "P2": ("excluded", "no consent"),
        "P3": ("excluded", "under the minimum age"),
    }
    assert (tables["pseudonyms"]["person"] != "").tolist() == [True, False, False]
    assert len(tables["participants"]) == 1
    assert tables["participants"]["country"].tolist() == ["AT"]


# Withdrawal


@pytest.mark.parametrize(
    ("scope", "status", "heard"),
    [
        ("survey", "withdrawn", "admitted"),
        ("interview", "admitted", "withdrawn"),
        ("quotes", "admitted", "admitted"),
        ("all", "withdrawn", "withdrawn"),
    ],
)
def test_scope_of_a_withdrawal(scope, status, heard):
    table, out = register({}, {}), withdrawn(("P1", scope))
    assert fates(admit(table, out))["P1"][0] == status
    interviews = people.admit_interviews(listed(("I1", "P1"), ("I2", "P2")), table, out, KEY, {}, **CRITERIA)
    assert dict(zip(interviews["interview"], interviews["status"], strict=True)) == {"I1": heard, "I2": "admitted"}


def test_withdrawal_is_named_before_any_other_reason():
    assert fates(admit(register({"consent_survey": "no"}), withdrawn(("P1", "all"))))["P1"] == ("withdrawn", "withdrew")


def test_withdrawn_person_has_no_pseudonym_and_is_no_participant():
    tables = admit(register({}, {}), withdrawn(("P1", "all")))
    assert len(tables["participants"]) == 1
    assert tables["pseudonyms"].set_index("participant")["person"]["P1"] == ""


@pytest.mark.parametrize("scope", ["survey", "interview", "quotes", "all"])
def test_withdrawal_of_somebody_unknown_stops(scope):
    with pytest.raises(DataError) as fault:
        admit(register({}), withdrawn(("P1", "all"), ("p1", scope)))
    assert str(fault.value) == (
        "withdrawals, row 3, column participant: the list of withdrawals names somebody the register does not know. "
        "Correct the id; otherwise a person who withdrew stays in the data."
    )


# Interviews


def listed(*pairs):
    rows = [{"interview": i, "participant": p, "cohort": "c", "site": "s", "minutes": 30.0} for i, p in pairs]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("change", "who", "fate"),
    [
        ({}, "P1", ("admitted", "")),
        ({"consent_interview": "no"}, "P1", ("excluded", "no consent")),
        ({"consent_survey": "no"}, "P1", ("admitted", "")),
        ({"age": 15.0}, "P1", ("excluded", "under the minimum age")),
        ({}, "P7", ("excluded", "not in the register")),
        ({}, "", ("excluded", "not in the register")),
    ],
)
def test_interview_needs_a_consent_of_its_own(change, who, fate):
    found = people.admit_interviews(listed(("I1", who)), register(change), NOBODY, KEY, {}, **CRITERIA).loc[0]
    assert (found["status"], found["reason"]) == fate
    assert (found["speaker"] != "") == (fate[0] == "admitted")


def test_interviewee_has_cohort_and_site_of_the_register():
    found = people.admit_interviews(listed(("I1", "P1")), register({}), NOBODY, KEY, {"at1": "AT"}, **CRITERIA).loc[0]
    assert (found["cohort"], found["site"], found["country"]) == ("peers", "at1", "AT")


def test_without_a_register_a_withdrawal_counts_as_well():
    out = withdrawn(("P1", "all"))
    interviews = people.admit_interviews(listed(("I1", "P1"), ("I2", "P2")), None, out, KEY, {}, **NO_CRITERIA)
    assert interviews["status"].tolist() == ["withdrawn", "admitted"]
    assert interviews["speaker"].tolist()[0] == ""
    tables = people.without_register(["P1", "P2", "P1", "P3"], {"P1"})
    assert fates(tables) == {"P1": ("withdrawn", "withdrew"), "P2": ("admitted", ""), "P3": ("admitted", "")}
    assert len(tables["participants"]) == 2


# Pseudonyms


def test_pseudonym_is_the_hmac_of_the_standard_library():
    mac = hmac.new(KEY, b"survey\x00AT1-01", hashlib.sha256).digest()
    assert people.pseudonym(KEY, "survey", "AT1-01") == base64.b32encode(mac).decode()[:10].lower()


def test_pseudonym_of_a_known_input():
    # printf 'survey\\0AT1-01' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f -binary | base32
    assert people.pseudonym(KEY, "survey", "AT1-01") == "wevjxjbx4o"


def test_domains_keys_and_people_differ():
    names = {
        people.pseudonym(key, domain, who)
        for key in (KEY, bytes(32))
        for domain in ("survey", "interview")
        for who in ("AT1-01", "AT1-02", "at1-01", "")
    }
    assert len(names) == 16


def test_domain_and_id_cannot_run_together():
    assert people.pseudonym(KEY, "survey", "x") != people.pseudonym(KEY, "surve", "yx")


@repeated
@given(st.text(min_size=3, max_size=20))
def test_pseudonym_does_not_hold_the_id(identifier):
    name = people.pseudonym(KEY, "survey", identifier)
    assert len(name) == 10
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert identifier.lower() not in name


def test_same_person_has_two_names_in_survey_and_interview():
    survey = admit(register({}))["participants"]["person"][0]
    interview = people.admit_interviews(listed(("I1", "P1")), register({}), NOBODY, KEY, {}, **CRITERIA)["speaker"][0]
    assert survey != interview


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_key_of_another_length_is_refused(tmp_path, size):
    path = tmp_path / "k"
    path.write_bytes(bytes(size))
    with pytest.raises(ConfigError) as fault:
        people.read_key(path)
    assert str(fault.value) == f"{path}: the key has {size} bytes; expected 32. Make a new one with `make key`."


def test_missing_key(tmp_path):
    with pytest.raises(ConfigError) as fault:
        people.read_key(tmp_path / "none")
    assert str(fault.value) == (
        f"{tmp_path}/none: the key file of the pseudonyms is missing. Make one with `make key`, or correct "
        "`participants.key_file`."
    )


def test_new_key_is_secret_and_never_overwrites(tmp_path):
    path = tmp_path / "k"
    people.make_key(path)
    key = people.read_key(path)
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError):
        people.make_key(path)
    assert people.read_key(path) == key


def test_two_people_never_share_a_pseudonym(monkeypatch):
    monkeypatch.setattr(people, "pseudonym", lambda *_: "same")
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
            "consent_survey": st.sampled_from(["yes", "yes", "no"]),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one["participant"],
)


@repeated
@given(groups, st.randoms(use_true_random=False))
def test_order_of_the_register_is_not_kept(rows, random):
    table = pd.DataFrame([PERSON | one for one in rows])
    shuffled = list(rows)
    random.shuffle(shuffled)
    other = pd.DataFrame([PERSON | one for one in shuffled])
    first, second = admit(table), admit(other)
    for name in ("participants", "screening"):
        pd.testing.assert_frame_equal(first[name].reset_index(drop=True), second[name].reset_index(drop=True))


@repeated
@given(groups)
def test_no_raw_id_outside_the_mapping_and_everybody_is_counted(rows):
    tables = admit(pd.DataFrame([PERSON | one for one in rows]))
    for name in ("participants", "screening"):
        assert not set(tables[name].astype(str).to_numpy().ravel()) & set(ids)
    assert list(tables["screening"].columns) == ["cohort", "status", "reason"]
    assert len(tables["screening"]) == len(tables["pseudonyms"]) == len(rows)
    admitted = [one for one in rows if one["consent_survey"] == "yes" and (one["age"] or 0) >= 18]
    assert len(tables["participants"]) == len(admitted)
    assert sorted(tables["participants"]["person"]) == sorted(
        people.pseudonym(KEY, "survey", p["participant"]) for p in admitted
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
    assert fates(tables) == {"P1": ("withdrawn", "withdrew"), "P2": ("admitted", "")}
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
        "withdrawals": [WITHDRAWALS, "P1,,all"],
    }
    problems = check(tmp_path, lines)
    assert {one.rule for one in problems} == {"record.duplicate", "person.unknown"}
    (told,) = [one for one in problems if one.rule == "person.unknown"]
    assert told.sentence().endswith(
        "the participant's row in the register was set aside. Mend the register first. (row set aside)"
    )


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
