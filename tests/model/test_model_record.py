"""A fit carries its model as text: what is read back is the model that was recorded."""

import json

import pytest
from own_rule import write_own_rule

from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import built_in_models, load_model, model_library
from iwm_bayes.model.specification.model_record import (
    model_from_record,
    model_record,
    recorded_files,
    without_folder,
)
from iwm_bayes.model.specification.prior_arguments import with_priors
from iwm_bayes.responses.scale import with_scales
from iwm_bayes.types import InputError, Member, ModelSpec, parameters


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


def test_a_model_of_dyads_is_read_back():
    """With the models of both members, which act is the outcome of which member, and priors of its own."""
    carer = load_model("carer", ["expectation"])
    early = {key: response._replace(timing="before") for key, response in carer.responses.items()}
    members = {
        "patient": Member(load_model("seeker+trend"), "care", "next"),
        "therapist": Member(carer._replace(responses=early), "openness", bids="bid"),
    }
    model = with_priors(dyad_model(members, correlated=False), {"therapist_pull": 0.5})
    again = model_from_record(without_folder(model_record(model)), folder=model_library() / "dyads")
    assert declared(again) == declared(model)
    assert parameters(again)["therapist_pull"].fixed == 0.5
    assert again.rule.terms == model.rule.terms
    for role, member in model.members.items():
        assert declared(again.members[role].model) == declared(member.model)
        assert again.members[role]._replace(model=None) == member._replace(model=None)
    assert recorded_files(model_record(model)) == {}


def test_python_files_of_a_member_have_its_role(tmp_path):
    """The rule of one member runs with trust only, and a copy runs in its place."""
    path = write_own_rule(tmp_path) / "model.toml"
    parent = Member(load_model("partner"), "availability_rating", "next")
    members = {"parent": parent, "child": Member(load_model(path), "support")}
    record = model_record(dyad_model(members))
    assert list(recorded_files(record)) == ["rule of the child"]
    copy = tmp_path / "copy.py"
    (path.parent / recorded_files(record)["rule of the child"]).rename(copy)
    with pytest.raises(InputError):
        model_from_record(record)
    again = model_from_record(record, True, {"rule of the child": copy})
    assert declared(again) == declared(dyad_model(members))


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
