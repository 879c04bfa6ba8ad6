"""Extra coders that are machines: installed pipelines a study names, never fetched, never final."""

import pandas as pd
import pytest
import spacy
from piloteval.errors import ConfigError
from piloteval.qualitative import machines
from piloteval.qualitative.codebook import Code, Codebook
from spacy.training import Example

SAID = [("I was afraid of the night shift", "FEAR"), ("The team talked with me", "TALK")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train a small text classifier whose labels are two codes and one that is none, and store it."""
    nlp = spacy.blank("en")
    classifier = nlp.add_pipe("textcat_multilabel", config={"model": {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": False, "ngram_size": 1, "no_output_layer": False, "length": 262144}})  # fmt: skip
    for label in ("FEAR", "TALK", "WEATHER"):
        classifier.add_label(label)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {one: float(one == code) for one in ("FEAR", "TALK", "WEATHER")}})
        for text, code in SAID
    ]  # fmt: skip
    spacy.util.fix_random_seed(1)
    nlp.initialize(lambda: examples)
    for _round in range(60):
        nlp.update(examples)
    path = tmp_path_factory.mktemp("pipeline") / "en_codes"
    nlp.to_disk(path)
    return path


def book():
    codes = {code: Code(code, "A", code.title(), "", {}) for code in ("FEAR", "TALK")}
    return Codebook("1", "", {"A": "A"}, codes)


def sentences():
    rows = [("I1", number, "en", text) for number, (text, _code) in enumerate(SAID)]
    return pd.DataFrame(
        [*rows, ("I2", 0, "de", "Ich hatte Angst")], columns=["interview", "segment", "language", "text"]
    )


def test_an_installed_pipeline_suggests_codes_of_the_codebook(trained):
    found = machines.suggest(sentences(), book(), {"bert": {"pipelines": {"en": str(trained)}, "at_least": 0.5}})
    assert found[["coder", "interview", "segment", "code"]].to_numpy().tolist() == [
        ["bert", "I1", 0, "FEAR"],
        ["bert", "I1", 1, "TALK"],
    ]
    assert found["score"].between(0.5, 1).all()
    none = machines.suggest(sentences(), book(), {"bert": {"pipelines": {"en": str(trained)}, "at_least": 1}})
    assert none.empty and list(none.columns) == machines.COLUMNS


def test_without_a_machine_nothing_is_suggested():
    assert machines.suggest(sentences(), book(), {}).empty


def test_a_pipeline_that_is_not_installed_stops_with_a_sentence(tmp_path):
    with pytest.raises(ConfigError) as error:
        machines.suggest(sentences(), book(), {"bert": {"pipelines": {"en": "en_not_there"}, "at_least": 0.5}})
    assert str(error.value) == (
        "config/config.yaml: `interviews.machine_coders.bert.pipelines.en` names a spaCy pipeline that is not installed "
        "or cannot be read. Install it, or remove the key."
    )


def test_a_pipeline_without_codes_and_a_name_that_is_taken_stop(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ConfigError, match="no label that is a code of the codebook"):
        machines.suggest(sentences(), book(), {"x": {"pipelines": {"en": str(tmp_path / "blank")}, "at_least": 0.5}})
    with pytest.raises(ConfigError, match="calls a machine `dictionary`"):
        machines.suggest(sentences(), book(), {"dictionary": {"pipelines": {}, "at_least": 0.5}})
