"""A fit carries its model as text: what is read back is the model that was recorded."""

import json

import pytest
from own_rule import write_own_rule

from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.model.specification.model_record import (
    model_from_record,
    model_record,
    recorded_files,
    without_folder,
)
from iwm_bayes.responses.scale import with_scales
from iwm_bayes.types import InputError, ModelSpec, parameters


def declared(model):
    """Everything of a model that is no function."""
    timing = {name: response.timing for name, response in model.responses.items()}
    return model.name, parameters(model), timing, model.without, model.stated, model.correlated, model.equation


@pytest.mark.parametrize("name", built_in_models())
def test_every_built_in_model_is_read_back(name):
    """Also without a response, with ratings on scales of their own, and asked before the outcome."""
    whole = load_model(name)
    for model in (whole, load_model(name, list(whole.responses)[1:])):
        early = {key: response._replace(timing="before") for key, response in model.responses.items()}
        for changed in (model, with_scales(model._replace(responses=early), dict.fromkeys(early, False))):
            again = model_from_record(model_record(changed))
            assert declared(again) == declared(changed)
            assert again.rule._fields == changed.rule._fields
            assert again.responses.keys() == changed.responses.keys()


def test_a_record_for_others_names_no_folder(tmp_path):
    """The file of the model alone; it is found again in the folder that is given."""
    path = write_own_rule(tmp_path) / "model.toml"
    record = without_folder(model_record(load_model(path)))
    assert str(tmp_path) not in record
    assert declared(model_from_record(record, True, folder=tmp_path)) == declared(load_model(path))
    assert without_folder("") == ""


def test_a_model_made_in_python_has_no_record():
    """The remedy says what to give."""
    model = load_model("kalman")
    made = ModelSpec(model.name, model.rule, model.responses)
    assert model_record(made) == ""
    assert recorded_files("") == {}
    with pytest.raises(InputError, match="put together in Python"):
        model_from_record(model_record(made))


def test_a_rule_of_ones_own_runs_with_trust_only(tmp_path):
    """And where its file has moved, a copy runs in its place."""
    path = write_own_rule(tmp_path) / "model.toml"
    record = model_record(load_model(path))
    assert recorded_files(record) == {"rule": "mine.py"}
    with pytest.raises(InputError, match="would run on this computer"):
        model_from_record(record)
    assert declared(model_from_record(record, trust=True)) == declared(load_model(path))
    rule = tmp_path / "mine.py"
    copy = tmp_path / "copies" / rule.name
    copy.parent.mkdir()
    rule.rename(copy)
    assert json.loads(record)["source"]["rule"].startswith(rule.name)
    assert declared(model_from_record(record, True, {"rule": copy})) == declared(
        load_model(path, copies={"rule": copy})
    )
