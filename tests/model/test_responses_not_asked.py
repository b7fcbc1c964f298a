"""How a study asked: answers before the outcome of their row, and responses that it does not map."""

import re

import clinic
import numpy as np
import pandas as pd
import pytest
from command import iwm
from helpers import arguments, evaluate, in_own_terms, textbook_log_density

from iwm_bayes.data.dataset import to_table
from iwm_bayes.data.study import StudySpec
from iwm_bayes.diagnostics.rating_timing import timing_warnings
from iwm_bayes.model import priors
from iwm_bayes.model.build import build
from iwm_bayes.model.specification import model_file
from iwm_bayes.model.specification.model_file import load_model_for
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, named_leaves, parameters
from iwm_bayes.workflow.load import load_data, load_study_and_data

MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = {}\n'
RATINGS = ["availability_rating", "worth_rating"]


@pytest.fixture
def two_ratings(tmp_path):
    """Return the path of a model with two ratings."""
    (tmp_path / "own.toml").write_text(MODEL.format(RATINGS))
    return str(tmp_path / "own.toml")


def asked(folder, frame, names, **more):
    """Return a study of a simulated table with these responses, each with these further keys."""
    frame.to_csv(folder / "table.csv", index=False)
    columns = {"person": "person", "session": "session", "outcome": {"column": "outcome", "missing": "unseen"}}
    ratings = {name: {"commensurable": True} for name in names if name.endswith("_rating")}
    responses = {name: {"column": name} | ratings.get(name, {}) | more for name in names}
    content = {"name": "n", "data": folder / "table.csv", "model": ["own"], "columns": columns}
    return StudySpec.model_validate(content | {"responses": responses})


def opened(study, name):
    return load_data(study, name)


def simulated(name, timing, people=40, sessions=15, seed=1):
    """Return a table of people who learn from every outcome, and rate before or after it."""
    model = model_file.load_model(name, ["approach"])
    responses = {name: response._replace(timing=timing) for name, response in model.responses.items()}
    learners = draw_people(model, ["therapist"], people, np.random.default_rng(seed))
    learners |= {name: np.full(people, 0.3) for name in learners if name.endswith("_rate")}
    learners |= {name: np.full(people, 0.1) for name in learners if name.endswith("_noise")}
    data = simulate(
        model._replace(responses=responses), [Phase({"therapist": constant_care(0.6)}, sessions)], learners, seed
    )
    return to_table(data).drop(columns="figure")


def shifted(frame):
    """Return the same ratings, each in the row before, the first one in a row in which nothing happened."""
    rows = []
    for person, rows_of_person in frame.groupby("person"):
        ends = np.append(rows_of_person["outcome"].to_numpy(), np.nan)
        begin = pd.DataFrame({"person": person, "session": np.arange(len(ends)), "outcome": np.roll(ends, 1)})
        rows.append(begin.assign(**{name: np.append(rows_of_person[name].to_numpy(), np.nan) for name in RATINGS}))
    return pd.concat(rows)


def log_likelihood(model, data, values):
    """Return the log likelihood of each response, by the filter over arrays and textbook densities."""
    found = {}
    for name, given in arguments(model, values, data).items():
        answers = data[f"answer_{name}"].values
        density = textbook_log_density(model.responses[name].family, given, np.nan_to_num(answers))
        found[name] = density[~np.isnan(answers)].sum()
    return found


def in_graph(model, data):
    """Return the same by the graph at a point, with the values of people there."""
    built = build(model, data)
    point = {built.rvs_to_values[rv].name: np.full(rv.shape.eval(), 0.3) for rv in built.free_RVs}
    inside, inputs = in_own_terms(built, point)
    graphs = built.logp(vars=[built[name] for name in model.responses], sum=False)
    likelihoods = evaluate(inputs, [graph.sum() for graph in graphs])(*point.values())
    people = data.sizes["person"]
    theta = {label: np.repeat(inside["mu"][i], people) for i, label in enumerate(built.coords["parameter"])}
    theta |= {label: inside["theta"][i] for i, label in enumerate(built.coords["parameter_person"])}
    return dict(zip(model.responses, likelihoods, strict=True)), priors.natural_values(model, theta, ["figure"], people)


def test_ratings_before_are_ratings_after_the_row_before(two_ratings, tmp_path):
    """Where time alone changes nothing, a rating before a row has the belief of one after the row before it."""
    frame = simulated(two_ratings, "before", people=5, sessions=8)
    early_model, early_data = opened(asked(tmp_path, frame, RATINGS, timing="before"), two_ratings)
    found, values = in_graph(early_model, early_data)
    moved = opened(asked(tmp_path, shifted(frame), RATINGS), two_ratings)
    expected = log_likelihood(*moved, values)
    plain = log_likelihood(*opened(asked(tmp_path, frame, RATINGS), two_ratings), values)
    for name in RATINGS:
        assert found[name] == pytest.approx(expected[name], rel=1e-9)
        assert log_likelihood(early_model, early_data, values)[name] == pytest.approx(expected[name], rel=1e-9)
        assert abs(plain[name] - expected[name]) > 0.1


def test_simulated_people_rate_before(two_ratings, tmp_path):
    """Without noise, the first rating is the initial belief, whatever the first outcome is."""
    study = asked(tmp_path, simulated(two_ratings, "before", 2, 2), RATINGS, timing="before")
    model = load_model_for(study, two_ratings)
    known = {name: np.full(50, 0.3) for name in parameters(model)}
    known |= {f"{name}_{leaf}": np.full(50, x) for name in RATINGS for leaf, x in (("intercept", 0.0), ("slope", 1.0))}
    known |= {f"{name}_noise": np.zeros(50) for name in RATINGS}
    phases = [Phase({"therapist": constant_care(0.5)}, 3)]
    ratings = simulate(model, phases, known, 1)["answer_worth_rating"].values
    after = simulate(model_file.load_model(two_ratings), phases, known, 1)["answer_worth_rating"].values
    floor = 5 * 0.02 / np.sqrt(50)  # five errors of a mean: ratings have a floor of noise
    assert abs(ratings[0].mean() - 0.3) < floor
    assert ratings[0].std() < 0.03
    assert after[0].std() > 0.1


@pytest.mark.parametrize(("timing", "warned"), [("before", RATINGS), ("after", [])])
def test_ratings_that_follow_the_row_before_are_reported(two_ratings, tmp_path, timing, warned):
    """Forty people who learn: the warning names ratings made before, and is absent once the study says so."""
    frame = simulated(two_ratings, timing)
    model, data = opened(asked(tmp_path, frame, RATINGS), two_ratings)
    sentences = list(timing_warnings(model, data))
    assert [re.search(r"(\w+) seems to have been given", sentence)[1] for sentence in sentences] == warned
    assert all(f'`timing = "before"` in [responses.{name}]' in s for name, s in zip(warned, sentences, strict=True))
    assert list(timing_warnings(*opened(asked(tmp_path, frame, RATINGS, timing="before"), two_ratings))) == []


@pytest.mark.parametrize(("own", "previous", "count"), [(0, 1, 1), (1, 0, 0), (1, 1, 0), (0, 0, 0)])
def test_changes_are_compared_with_both_outcomes(two_ratings, tmp_path, own, previous, count):
    """Ratings made by hand that change with their own outcome, with the one before, with both, or with none."""
    generator = np.random.default_rng(4)
    outcomes = generator.binomial(1, 0.5, (60, 13))
    steps = own * (outcomes[:, 1:] - 0.5) + previous * (outcomes[:, :-1] - 0.5)
    ratings = 0.5 + 0.05 * steps.cumsum(axis=1) + generator.normal(0.0, 0.03, steps.shape)
    frame = pd.DataFrame({"person": np.repeat(np.arange(60), 12), "session": np.tile(np.arange(12), 60)})
    frame = frame.assign(outcome=outcomes[:, 1:].ravel(), availability_rating=ratings.clip(0, 1).ravel())
    study = asked(tmp_path, frame.assign(worth_rating=0.5), RATINGS)
    assert len(list(timing_warnings(*opened(study, two_ratings)))) == count


def test_too_few_data_give_no_warning(two_ratings, tmp_path):
    """Ten people, or outcomes that never differ, do not show when ratings were made."""
    for frame in (simulated(two_ratings, "before", people=10), simulated(two_ratings, "before").assign(outcome=1)):
        assert list(timing_warnings(*opened(asked(tmp_path, frame, RATINGS), two_ratings))) == []


def test_check_warns_about_early_ratings(tmp_path):
    """On the command line, with the key to write; and with the timing of the answers."""
    (tmp_path / "model.toml").write_text(MODEL.format(["availability_rating"]))
    simulated(str(tmp_path / "model.toml"), "before").to_csv(tmp_path / "sessions.csv", index=False)
    study = 'schema = 2\nname = "n"\ndata = "sessions.csv"\nmodel = "model.toml"\n[columns]\nperson = "person"\n'
    study += 'session = "session"\noutcome = { column = "outcome" }\n[responses.availability_rating]\n'
    (tmp_path / "study.toml").write_text(study + 'column = "availability_rating"\ncommensurable = true\n')
    said = " ".join(iwm("check", "study.toml", cwd=tmp_path).stdout.split())
    assert "availability_rating seems to have been given before the outcome of the same row" in said
    assert '`timing = "before"` in [responses.availability_rating]' in said
    assert "600 answers, given after the outcome" in said
    clinic.spoil(
        tmp_path, "study.toml", 'column = "availability_rating"', 'column="availability_rating"\ntiming="before"'
    )
    said = " ".join(iwm("check", "study.toml", cwd=tmp_path).stdout.split())
    assert "seems" not in said
    assert "600 answers, given before the outcome" in said


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("approach", {"timing": "after"}, "is part of the model"),
        ("dropout", {"timing": "before"}, "is part of the model"),
        ("availability_rating", {"timing": "before", "scope": "session"}, "when it is over"),
        ("availability_impression", {"timing": "before"}, "about the outcome of its row"),
    ],
)
def test_impossible_timing(tmp_path, kind, more, said):
    """Actions, answers about a session and answers about the outcome have a fixed timing."""
    (tmp_path / "own.toml").write_text(MODEL.format([kind]))
    frame = pd.DataFrame({"person": ["a", "b"], "session": 1, "outcome": 1, kind: 1})
    with pytest.raises(InputError) as caught:
        opened(asked(tmp_path, frame, [kind], **more), str(tmp_path / "own.toml"))
    assert f"[responses.{kind}]" in str(caught.value)
    assert said in str(caught.value)


def test_a_model_without_a_response_equals_one_that_never_had_it(tmp_path):
    """It has the same parameters and priors; a belief that nothing reads is left out, too."""
    prior = "[parameters.{}]\nprior_90 = [0.02, 0.04]\n"
    for kept in (RATINGS, ["availability_rating"], ["approach"]):
        left_out = [name for name in (*RATINGS, "approach") if name not in kept]
        priors = [prior.format(name) for name in ("rate", "approach_sensitivity", "worth_rating_noise")]
        (tmp_path / "whole.toml").write_text(MODEL.format([*RATINGS, "approach"]) + "".join(priors))
        mine = [
            text for text, of in zip(priors, ("rate", "approach", "worth_rating"), strict=True) if of in ("rate", *kept)
        ]
        (tmp_path / "part.toml").write_text(MODEL.format(kept) + "".join(mine))
        part, whole = (
            model_file.load_model(tmp_path / "part.toml"),
            model_file.load_model(tmp_path / "whole.toml", left_out),
        )
        assert whole.without == tuple(left_out)
        assert parameters(whole) == parameters(part)
    assert "worth_rate" not in parameters(whole)


def test_the_next_rating_fixes_the_scale(tmp_path):
    """Where the first rating of a belief is left out, the second takes its place."""
    (tmp_path / "own.toml").write_text(MODEL.format(["availability_rating", "availability_beta_rating"]))
    (_, kept), *_ = model_file.load_model(tmp_path / "own.toml", ["availability_rating"]).responses.items()
    assert {name: p.fixed for name, p in named_leaves(kept.parameters)}["slope"] == 1.0


def test_responses_not_mapped_are_recorded(tmp_path):
    """The data need no column for them and record them; a model that never had them records none."""
    frame = simulated("rescorla_wagner", "after", 3, 3)
    study = asked(tmp_path, frame, RATINGS)
    model, data = opened(study, "rescorla_wagner")
    assert list(model.responses) == RATINGS
    assert "approach" not in {name.partition("_")[0] for name in parameters(model)}
    assert data.attrs["without"] == "approach"
    (tmp_path / "own.toml").write_text(MODEL.format(RATINGS))
    _, other = opened(study, str(tmp_path / "own.toml"))
    assert other.attrs["without"] == ""


def test_a_model_loaded_without_its_study(two_ratings, tmp_path):
    """`load_data` adds the study's timing, to a model by name and by itself, and leaves out what is not mapped."""
    frame = simulated("rescorla_wagner", "after", 3, 3)
    study, model = asked(tmp_path, frame, RATINGS, timing="before"), model_file.load_model(two_ratings)
    for given in (model, two_ratings):
        assert {response.timing for response in load_data(study, given)[0].responses.values()} == {"before"}
    whole, data = load_data(study, model_file.load_model("rescorla_wagner"))
    assert list(whole.responses) == RATINGS
    assert data.attrs["without"] == "approach"


def test_without_must_leave_a_response(tmp_path):
    """A model without any response cannot be fitted."""
    (tmp_path / "own.toml").write_text(MODEL.format(RATINGS))
    with pytest.raises(InputError, match="leaves nothing of the model own"):
        model_file.load_model(tmp_path / "own.toml", RATINGS)


def test_a_response_that_is_not_mapped_hides_no_fault(tmp_path):
    """The model is fitted without it, and faults of the table are reported."""
    folder = clinic.write(tmp_path)
    study = clinic.FILES["study.toml"]
    (folder / "study.toml").write_text(study[: study.index("[responses.approach]")])
    clinic.spoil(folder, "sessions.csv", "2026-01-15,7,1,", "2026-01-15,7,8,")
    clinic.spoil(folder, "sessions.csv", "ann,2,dad", "ann,2, ")
    with pytest.raises(InputError) as caught:
        load_study_and_data(folder / "study.toml", None)
    assert len(caught.value.problems) == 2
    assert any("off the scale 1..7" in problem for problem in caught.value.problems)


def test_names_that_the_model_does_not_have(tmp_path):
    """A study that maps no response of the model: the model's own names, and the names to change."""
    folder = clinic.write(tmp_path)
    clinic.spoil(folder, "study.toml", '"model.toml"', '"kalman"')
    clinic.spoil(folder, "study.toml", "[responses.approach]", "[responses.reached_out]")
    with pytest.raises(InputError) as caught:
        clinic.read_study(folder)
    lacking, *renamed = caught.value.problems
    names = "[responses.availability_rating], [responses.worth_rating], [responses.approach]"
    assert f"Add one or more of {names}" in lacking
    assert ["Rename it" in problem for problem in renamed] == [True, True]
