"""The configuration: closed schemas, and the exact sentence of every fault."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from piloteval import config
from piloteval.errors import ConfigError
from piloteval.intake.catalogues import read_standards
from piloteval.qualitative.codebook import read_codebook

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "study": {"title": "T", "waves": {"pre": "Before"}},
    "inputs": {"sheet": "config/inputs.tsv", "folder": "data"},
}
INSTRUMENT = """\
instrument: tiny
name: Tiny
version: "1"
status: confirmed
source: a paper
responses: {values: [1, 2, 3]}
items: ["t_1", "t_2"]
reverse: ["t_2"]
scales:
  - {scale: total, label: Tiny, items: all, score: mean, range: [1, 3], direction: higher is better, min_answered: 0.5}
"""


def said(call, *arguments):
    with pytest.raises(ConfigError) as fault:
        call(*arguments)
    return str(fault.value)


def yaml(folder, text):
    path = folder / "x.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def changed(**parts):
    value = copy.deepcopy(SMALL)
    for name, part in parts.items():
        value.setdefault(name, {}).update(part)
    return value


# YAML


def test_missing_file(tmp_path):
    path = tmp_path / "none.yaml"
    assert said(config.read_yaml, path) == f"{path}: the file is missing. Create it, or correct the key that names it."


def test_key_given_twice(tmp_path):
    path = yaml(tmp_path, "a: 1\nb: 2\na: 3\n")
    assert said(config.read_yaml, path) == f"{path}, line 3: a key is given twice. Keep one of the two."


@pytest.mark.parametrize(
    "text", ["a: 1\nb: [2\n", "a: 1\n  b: 2\n", "a: *nothing\n", "a: !!python/object/apply:os.getcwd []\n"]
)
def test_bad_yaml_names_the_file_and_a_line(tmp_path, text):
    path = yaml(tmp_path, text)
    sentence = said(config.read_yaml, path)
    assert sentence.startswith(f"{path}, line ")
    assert sentence.endswith(": this is not valid YAML. Check indentation, quotes and colons.")


@pytest.mark.parametrize("raw", ["a: é".encode("cp1252"), b"a: \x00"])
def test_yaml_that_is_no_utf8_text(tmp_path, raw):
    path = yaml(tmp_path, raw)
    assert said(config.read_yaml, path) == f"{path}: the file is not text in UTF-8. Save it as UTF-8."


def test_no_and_friends_stay_text(tmp_path):
    path = yaml(tmp_path, "country: NO\nyes: [no, on, off, y, n]\n")
    assert config.read_yaml(path) == {"country": "NO", "yes": ["no", "on", "off", "y", "n"]}


def test_byte_order_mark_does_no_harm(tmp_path):
    assert config.read_yaml(yaml(tmp_path, b"\xef\xbb\xbftitle: x\n")) == {"title": "x"}


# Schemas


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"study": {"tilte": "x"}}, "c.yaml: `study.tilte` is not a known key. Did you mean `title`?"),
        (
            {"change": {"zzz": 1}},
            "c.yaml: `change.zzz` is not a known key. Known keys: comparison, retrospective, subgroup_min_n, imputations, progression.",
        ),
        (
            {"outcomes_": {}},
            "c.yaml: `outcomes_` is not a known key. Did you mean `outcomes`?",
        ),
        ({"study": {"title": 5}}, "c.yaml: `study.title` must be text. Correct the value."),
        (
            {"study": {"registered_enrolment": "66"}},
            "c.yaml: `study.registered_enrolment` must be a whole number or empty of at least 1. Correct the value.",
        ),
        (
            {"statistics": {"confidence": 95}},
            "c.yaml: `statistics.confidence` must be a number from 0.5 to 0.999. Correct the value.",
        ),
        (
            {"statistics": {"min_n": True}},
            "c.yaml: `statistics.min_n` must be a whole number of at least 5. Correct the value.",
        ),
        (
            {"study": {"data_status": "fake"}},
            "c.yaml: `study.data_status` must be one of `real`, `synthetic`, `public`. Correct the value.",
        ),
        (
            {"study": {"languages": ["de", "English"]}},
            "c.yaml: `study.languages.1` must be text of the form ^[a-z]{2}$. Correct the value.",
        ),
        ({"study": {"waves": {}}}, "c.yaml: `study.waves` is empty. Give at least 1."),
        (
            {"report": {"formats": ["html", "html"]}},
            "c.yaml: `report.formats` names something twice. Keep one of the two.",
        ),
        ({"change": {"comparison": ["pre"]}}, "c.yaml: `change.comparison` has too few entries. Give at least 2."),
        (
            {"change": {"comparison": ["a", "b", "c"]}},
            "c.yaml: `change.comparison` has too many entries. Give at most 2.",
        ),
    ],
)
def test_sentence_of_each_fault(parts, sentence):
    assert said(config.check, "config", changed(**parts), "c.yaml") == sentence


def test_missing_key_says_what_it_is():
    value = changed()
    del value["inputs"]["folder"]
    assert said(config.check, "config", value, "c.yaml") == (
        "c.yaml: `inputs` needs `folder` (The folder the raw files lie in; a file there without a row in the sheet "
        "stops the run). Add it."
    )


def test_all_faults_come_at_once():
    value = {"study": {"subtitel": "x", "zzz": 1}, "inputs": {"sheet": "s", "folder": 3}}
    lines = said(config.check, "config", value, "c.yaml").splitlines()
    assert [line.split("`")[1] for line in lines if "not a known key" in line] == ["study.subtitel", "study.zzz"]
    assert [line.split("`")[3] for line in lines if " needs " in line] == ["title", "waves"]
    assert "c.yaml: `inputs.folder` must be text. Correct the value." in lines
    assert len(lines) == 5


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_file_that_is_no_set_of_keys(value):
    assert said(config.check, "config", value, "c.yaml") == "c.yaml must be a set of keys. Correct the value."


def test_bare_no_as_a_key_is_refused_where_yaml_took_it_for_a_truth_value():
    value = changed(study={"countries": {False: "Norway", "AT": "Austria"}})
    assert (
        said(config.check, "config", value, "c.yaml")
        == "c.yaml: a key of `study.countries` is not text. Put it in quotes."
    )


@pytest.mark.parametrize(
    ("key", "value", "least"),
    [("internal_floor", 4, 5), ("release_floor", 9, 10), ("release_round_to", 1, 5)],
)
def test_limits_of_the_tiers_cannot_be_loosened(key, value, least):
    sentence = said(config.check, "config", changed(tiers={key: value}), "c.yaml")
    assert sentence == f"c.yaml: `tiers.{key}` must be a whole number of at least {least}. Correct the value."
    assert config.check("config", changed(tiers={key: least}), "c.yaml")["tiers"][key] == least


def test_more_decimals_than_one_are_refused():
    sentence = said(config.check, "config", changed(tiers={"release_decimals": 2}), "c.yaml")
    assert sentence == "c.yaml: `tiers.release_decimals` must be a whole number from 0 to 1. Correct the value."


def test_defaults_are_filled_in_and_the_given_value_is_left_alone():
    value = changed() | {"outcomes": [{"scale": "a.b", "role": "primary"}]}
    before = copy.deepcopy(value)
    filled = config.check("config", value, "c.yaml")
    assert value == before
    assert filled["tiers"] == {"internal_floor": 5, "release_floor": 10, "release_round_to": 5, "release_decimals": 1}
    assert filled["outcomes"] == [{"scale": "a.b", "role": "primary", "cohorts": []}]
    assert filled["report"]["audiences"] == ["internal"]


def test_defaults_of_two_checks_do_not_share_a_list():
    first = config.check("config", SMALL, "c.yaml")
    first["instruments"].append("x")
    assert config.check("config", SMALL, "c.yaml")["instruments"] == []


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/schemas").glob("*.schema.yaml")), ids=lambda path: path.name)
def test_every_schema_is_closed_at_every_depth(path):
    def objects(rule, at):
        if isinstance(rule, dict):
            if rule.get("type") == "object":
                yield at, rule
            for name, part in rule.items():
                yield from objects(part, f"{at}.{name}")

    found = list(objects(config.read_yaml(path), path.stem))
    assert found
    assert [
        at for at, rule in found if "additionalProperties" not in rule or rule["additionalProperties"] is True
    ] == []


# Sheets


def sheet(folder, text):
    path = folder / "sites.tsv"
    path.write_text(text, encoding="utf-8")
    return path


SITES = "site\tname\tcountry\tsetting\ttracks\n"


def test_sheet_comes_back_as_text_with_its_lines(tmp_path):
    path = sheet(tmp_path, f"{SITES}na\tNA\tNO\thospital\ttraining\n\nno\tNo\tNO\tprimary care\ttraining\n")
    rows = config.read_tsv(path, "sites")
    assert [(row["line"], row["site"], row["name"], row["country"]) for row in rows] == [
        (2, "na", "NA", "NO"),
        (4, "no", "No", "NO"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("site\tnam\tcountry\tsetting\ttracks\n", ", row 1: the column `nam` is not known. Did you mean `name`?"),
        (
            "site\tname\tcountry\tsetting\n",
            ", row 1: the column `tracks` is missing. Add it (columns are separated by tabs).",
        ),
        (
            "site\tname\tcountry\tsetting\ttracks\tqqq\n",
            ", row 1: the column `qqq` is not known. Known columns: site, name, country, setting, tracks.",
        ),
        (
            "site\tsite\tname\tcountry\tsetting\ttracks\n",
            ", row 1: the column `site` is given twice. Keep one of the two.",
        ),
        (f"{SITES}a\tA\tAT\thospital\tx\ty\n", ", row 2: 6 cells under 5 columns. Remove the extra tabs."),
        (
            f"{SITES}a\tA\tAT\thospitl\tx\n",
            ", row 2, column setting: the cell must be one of `hospital`, `primary care`, `social-healthcare`. "
            "Correct the cell.",
        ),
        (
            f"{SITES}A 1\tA\tAT\thospital\tx\n",
            ", row 2, column site: the cell must be text of the form ^[a-z0-9][a-z0-9-]*$. Correct the cell.",
        ),
        (f"{SITES}a\t\tAT\thospital\tx\n", ", row 2, column name: the cell is empty. Fill it in."),
        (
            f"{SITES}a\tA\tAT\thospital\tx\na\tB\tAT\thospital\tx\n",
            ", row 3, column site: `a` is given twice. Keep one of the two rows.",
        ),
    ],
)
def test_sentence_of_each_fault_of_a_sheet(tmp_path, text, sentence):
    path = sheet(tmp_path, text)
    assert said(config.read_tsv, path, "sites") == f"{path}{sentence}"


def test_missing_sheet(tmp_path):
    path = tmp_path / "sites.tsv"
    assert (
        said(config.read_tsv, path, "sites")
        == f"{path}: the file is missing. Create it, or correct the key in config/config.yaml that names it."
    )


def test_sheet_that_is_no_utf8(tmp_path):
    path = tmp_path / "sites.tsv"
    path.write_bytes(f"{SITES}a\tÄ\tAT\thospital\tx\n".encode("cp1252"))
    assert said(config.read_tsv, path, "sites") == f"{path}: the file is not text in UTF-8. Save it as UTF-8."


def test_code_given_twice_in_two_catalogues(tmp_path):
    head, row = "track\tcode\tshort_name\tcore\tstatus\n", "training\tT1\tOne\tyes\tpublished\n"
    one, two = tmp_path / "one.tsv", tmp_path / "two.tsv"
    one.write_text(head + row, encoding="utf-8")
    two.write_text(f"{head}\n{row}", encoding="utf-8")
    assert said(read_standards, [one, two]) == f"{two}, row 3: the code `T1` is given twice. Keep one of the two rows."


# Instruments and codebook


def instrument(folder, text, name="tiny"):
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_instrument_as_record(tmp_path):
    tiny = config.read_instrument(instrument(tmp_path, INSTRUMENT))
    (scale,) = tiny.scales
    assert (scale.id, scale.items, scale.multiply, scale.higher_is_better) == ("tiny.total", ("t_1", "t_2"), 1, True)
    assert (tiny.values, tiny.reverse, tiny.missing_codes) == ((1, 2, 3), frozenset({"t_2"}), ())


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'reverse: ["t_2"]',
            'reverse: ["t_9"]',
            ": reverse names `t_9`, which is not in `items`. Correct the name, or add the item.",
        ),
        (
            "items: all",
            'items: ["t_1", "t_7"]',
            ": scale tiny.total names `t_7`, which is not in `items`. Correct the name, or add the item.",
        ),
        ("items: all", 'items: ["t_1", "t_1"]', ": scale tiny.total names `t_1` twice. Keep one of the two."),
        (
            "instrument: tiny",
            "instrument: other",
            ": `instrument` must be the file's own name, `tiny`. Rename one of the two.",
        ),
        (
            "values: [1, 2, 3]",
            "values: [3, 2, 1]",
            ": `responses.values` must run from the lowest to the highest answer. Sort them.",
        ),
        ("score: mean", "score: average", ": `scales.0.score` must be one of `mean`, `sum`. Correct the value."),
        (
            "min_answered: 0.5",
            "min_answered: 50",
            ": `scales.0.min_answered` must be a number from 0 to 1. Correct the value.",
        ),
    ],
)
def test_sentence_of_each_fault_of_an_instrument(tmp_path, old, new, sentence):
    path = instrument(tmp_path, INSTRUMENT.replace(old, new))
    assert said(config.read_instrument, path) == f"{path}{sentence}"


def test_scale_given_twice(tmp_path):
    path = instrument(tmp_path, INSTRUMENT + INSTRUMENT.splitlines(keepends=True)[-1])
    assert said(config.read_instrument, path) == f"{path}: the scale `tiny.total` is given twice. Keep one of the two."


CODEBOOK = """\
version: "1"
status: unconfirmed
languages: ["en"]
themes: {A: "Theme A"}
codes:
  - {code: A_ONE, theme: A, name: One, definition: d, cues: {en: ["one"]}}
  - {code: A_TWO, theme: A, name: Two, definition: d, cues: {}}
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("A_TWO", "A_ONE", ": the code `A_ONE` is given twice. Keep one of the two."),
        (
            "A_TWO, theme: A",
            "A_TWO, theme: B",
            ": the code `A_TWO` names the theme `B`, which is not in `themes`. Add it there, or correct the name.",
        ),
        ("A_TWO,", "a two,", ": `codes.1.code` must be text of the form ^[A-Z0-9_]+$. Correct the value."),
    ],
)
def test_sentence_of_each_fault_of_a_codebook(tmp_path, old, new, sentence):
    path = instrument(tmp_path, CODEBOOK.replace(old, new), "codebook")
    assert said(read_codebook, path) == f"{path}{sentence}"


# What is shipped


def test_shipped_config_passes():
    value = config.read_yaml(ROOT / "config/config.yaml")
    filled = config.check("config", value, "config/config.yaml")
    assert filled["study"]["data_status"] == "synthetic"
    assert set(filled["instruments"]) == {path.stem for path in (ROOT / "config/instruments").glob("*.yaml")}


@pytest.mark.parametrize("path", sorted((ROOT / "config/instruments").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_instruments_pass_and_their_ranges_follow_from_their_keys(path):
    one = config.read_instrument(path)
    for scale in one.scales:
        low, high = one.values[0], one.values[-1]
        times = len(scale.items) if scale.score == "sum" else 1
        assert scale.range == pytest.approx((low * times * scale.multiply, high * times * scale.multiply))


def test_items_of_shipped_instruments_are_columns_of_one_file():
    items = [
        item for path in (ROOT / "config/instruments").glob("*.yaml") for item in config.read_instrument(path).items
    ]
    assert len(items) == len(set(items))


def test_shipped_sheets_pass():
    config.read_tsv(ROOT / "config/inputs.tsv", "inputs")
    config.read_tsv(ROOT / "config/statements.tsv", "statements")
    sites = config.read_tsv(ROOT / "config/sites.tsv", "sites")
    standards = read_standards(sorted((ROOT / "config/standards").glob("*.tsv")))
    tracks = {one["track"] for one in standards}
    assert {track.strip() for site in sites for track in site["tracks"].split(",")} <= tracks
    countries = config.read_yaml(ROOT / "config/config.yaml")["study"]["countries"]
    assert {site["country"] for site in sites} <= set(countries)


def test_shipped_codebook_passes_and_its_cues_are_lower_case():
    book = read_codebook(ROOT / "config/codebook.yaml")
    cues = [cue for code in book.codes.values() for cues in code.cues.values() for cue in cues]
    assert cues
    assert [cue for cue in cues if cue != cue.lower() or cue != cue.strip()] == []
