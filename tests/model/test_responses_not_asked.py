"""What a study says of how it asked: answers before the outcome of their row, and responses that were not asked."""

import clinic
import numpy as np
import pandas as pd
import pytest
from command import iwm
from helpers import arguments, evaluate, in_own_terms, textbook_log_density

from iwm_bayes.data.binding import with_timing
from iwm_bayes.data.dataset import read_data, to_table, with_stated_reliability
from iwm_bayes.data.study import Study
from iwm_bayes.diagnostics.rating_timing import timing_warnings
from iwm_bayes.model import model_file, priors
from iwm_bayes.model.build import build
from iwm_bayes.model.model_file import load_model_for
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, named_leaves, parameters

THEORY = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = {}\n'
RATINGS = ["availability_rating", "worth_rating"]


@pytest.fixture
def own(tmp_path):
    """A theory of two ratings."""
    (tmp_path / "own.toml").write_text(THEORY.format(RATINGS))
    return str(tmp_path / "own.toml")


def asked(folder, frame, names, without=(), **more):
    """A study of a simulated table with these responses, each asked with these keys besides."""
    frame.to_csv(folder / "table.csv", index=False)
    columns = {"person": "person", "session": "session", "outcome": {"column": "outcome", "missing": "unseen"}}
    responses = {name: {"column": name} | more for name in names}
    content = {"name": "n", "data": folder / "table.csv", "model": ["own"], "columns": columns, "without": without}
    return Study.model_validate(content | {"responses": responses})


def opened(study, name):
    model = load_model_for(study, name)
    data = read_data(study, model)
    return with_stated_reliability(study, model, data), data


def simulated(name, moment, people=40, sessions=15, seed=1):
    """Sessions of people who learn from every act, and rate at a moment, as a table."""
    model = model_file.load_model(name, ["approach"])
    responses = {name: response._replace(timing=moment) for name, response in model.responses.items()}
    learners = draw_people(model, ["therapist"], people, np.random.default_rng(seed))
    learners |= {name: np.full(people, 0.3) for name in learners if name.endswith("_rate")}
    learners |= {name: np.full(people, 0.1) for name in learners if name.endswith("_noise")}
    data = simulate(
        model._replace(responses=responses), [Phase({"therapist": constant_care(0.6)}, sessions)], learners, seed
    )
    return to_table(data).drop(columns="figure")


def shifted(frame):
    """The same ratings, each in the row before, the first one in a row in which nothing has happened."""
    rows = []
    for person, own in frame.groupby("person"):
        ends = np.append(own["outcome"].to_numpy(), np.nan)
        begin = pd.DataFrame({"person": person, "session": np.arange(len(ends)), "outcome": np.roll(ends, 1)})
        rows.append(begin.assign(**{name: np.append(own[name].to_numpy(), np.nan) for name in RATINGS}))
    return pd.concat(rows)


def log_likelihood(model, data, values):
    """By the loop over arrays and textbook densities, of each response."""
    found = {}
    for name, given in arguments(model, values, data).items():
        answers = data[f"answer_{name}"].values
        density = textbook_log_density(model.responses[name].family, given, np.nan_to_num(answers))
        found[name] = density[~np.isnan(answers)].sum()
    return found


def in_graph(model, data):
    """The same by the graph at a point, with the values of people there."""
    built = build(model, data)
    point = {built.rvs_to_values[rv].name: np.full(rv.shape.eval(), 0.3) for rv in built.free_RVs}
    inside, inputs = in_own_terms(built, point)
    graphs = built.logp(vars=[built[name] for name in model.responses], sum=False)
    likelihoods = evaluate(inputs, [graph.sum() for graph in graphs])(*point.values())
    people = data.sizes["person"]
    levels = {label: np.repeat(inside["centre"][i], people) for i, label in enumerate(built.coords["row"])}
    levels |= {label: inside["level"][i] for i, label in enumerate(built.coords["personal"])}
    return dict(zip(model.responses, likelihoods, strict=True)), priors.natural_values(
        model, levels, ["figure"], people
    )


def test_ratings_before_are_ratings_after_the_row_before(own, tmp_path):
    """Where time alone changes nothing, a rating before a row reads what one after the row before it reads."""
    frame = simulated(own, "before", people=5, sessions=8)
    early_model, early_data = opened(asked(tmp_path, frame, RATINGS, timing="before"), own)
    found, values = in_graph(early_model, early_data)
    moved = opened(asked(tmp_path, shifted(frame), RATINGS), own)
    expected = log_likelihood(*moved, values)
    plain = log_likelihood(*opened(asked(tmp_path, frame, RATINGS), own), values)
    for name in RATINGS:
        assert found[name] == pytest.approx(expected[name], rel=1e-9)
        assert log_likelihood(early_model, early_data, values)[name] == pytest.approx(expected[name], rel=1e-9)
        assert abs(plain[name] - expected[name]) > 0.1


def test_people_of_the_study_rate_before(own, tmp_path):
    """In simulation too: without noise, the first rating is the start, whatever the first outcome is."""
    study = asked(tmp_path, simulated(own, "before", 2, 2), RATINGS, timing="before")
    model = load_model_for(study, own)
    known = {name: np.full(50, 0.3) for name in parameters(model)}
    known |= {f"{name}_{leaf}": np.full(50, x) for name in RATINGS for leaf, x in (("intercept", 0.0), ("slope", 1.0))}
    known |= {f"{name}_noise": np.zeros(50) for name in RATINGS}
    phases = [Phase({"therapist": constant_care(0.5)}, 3)]
    ratings = simulate(model, phases, known, 1)["answer_worth_rating"].values
    after = simulate(model_file.load_model(own), phases, known, 1)["answer_worth_rating"].values
    floor = 5 * 0.02 / np.sqrt(50)  # five errors of a mean: ratings have a floor of noise
    assert abs(ratings[0].mean() - 0.3) < floor
    assert ratings[0].std() < 0.03
    assert after[0].std() > 0.1


@pytest.mark.parametrize(("moment", "told"), [("before", RATINGS), ("after", [])])
def test_ratings_that_follow_the_row_before_are_told(own, tmp_path, moment, told):
    """Forty people who learn: what is told is when they rated, and nothing once the study says so."""
    frame = simulated(own, moment)
    model, data = opened(asked(tmp_path, frame, RATINGS), own)
    sentences = list(timing_warnings(model, data))
    assert [sentence.split()[0] for sentence in sentences] == told
    assert all(f'timing = "before" in [responses.{name}]' in s for name, s in zip(told, sentences, strict=True))
    assert list(timing_warnings(*opened(asked(tmp_path, frame, RATINGS, timing="before"), own))) == []


@pytest.mark.parametrize(("own_act", "act_before", "told"), [(0, 1, 1), (1, 0, 0), (1, 1, 0), (0, 0, 0)])
def test_steps_are_held_against_both_acts(own, tmp_path, own_act, act_before, told):
    """Ratings made by hand, which move with their own act, with the one before, with both, or with none."""
    generator = np.random.default_rng(4)
    acts = generator.binomial(1, 0.5, (60, 13))
    steps = own_act * (acts[:, 1:] - 0.5) + act_before * (acts[:, :-1] - 0.5)
    ratings = 0.5 + 0.05 * steps.cumsum(axis=1) + generator.normal(0.0, 0.03, steps.shape)
    frame = pd.DataFrame({"person": np.repeat(np.arange(60), 12), "session": np.tile(np.arange(12), 60)})
    frame = frame.assign(outcome=acts[:, 1:].ravel(), availability_rating=ratings.clip(0, 1).ravel())
    study = asked(tmp_path, frame.assign(worth_rating=0.5), RATINGS)
    assert len(list(timing_warnings(*opened(study, own)))) == told


def test_little_or_nothing_to_tell_from(own, tmp_path):
    """Ten people, and outcomes that never differ, say nothing of when ratings were made."""
    for frame in (simulated(own, "before", people=10), simulated(own, "before").assign(outcome=1)):
        assert list(timing_warnings(*opened(asked(tmp_path, frame, RATINGS), own))) == []


def test_check_says_when_ratings_seem_early(tmp_path):
    """On the command line, with the key to write; and when answers count as given."""
    (tmp_path / "theory.toml").write_text(THEORY.format(["availability_rating"]))
    simulated(str(tmp_path / "theory.toml"), "before").to_csv(tmp_path / "sessions.csv", index=False)
    study = 'schema = 2\nname = "n"\ndata = "sessions.csv"\nmodel = "theory.toml"\n[columns]\nperson = "person"\n'
    study += 'session = "session"\noutcome = { column = "outcome" }\n[responses.availability_rating]\n'
    (tmp_path / "study.toml").write_text(study + 'column = "availability_rating"\n')
    said = " ".join(iwm("check", "study.toml", cwd=tmp_path).stdout.split())
    assert "it seems to have been given before the act of its row" in said
    assert 'timing = "before" in [responses.availability_rating]' in said
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
        ("approach", {"moment": "after"}, "is part of the theory"),
        ("dropout", {"moment": "before"}, "is part of the theory"),
        ("availability_rating", {"moment": "before", "scope": "session"}, "when it is over"),
        ("availability_impression", {"moment": "before"}, "about the outcome of its row"),
    ],
)
def test_moments_that_cannot_be(tmp_path, kind, more, said):
    """What is done, what is about a session, and what is about the outcome have their place."""
    (tmp_path / "own.toml").write_text(THEORY.format([kind]))
    frame = pd.DataFrame({"person": ["a", "b"], "session": 1, "outcome": 1, kind: 1})
    with pytest.raises(InputError) as caught:
        opened(asked(tmp_path, frame, [kind], **more), str(tmp_path / "own.toml"))
    assert f"[responses.{kind}]" in str(caught.value)
    assert said in str(caught.value)


def test_a_theory_without_a_response_is_one_that_never_had_it(tmp_path):
    """The same parameters and priors as of a file that does not name it; a belief that nothing reads goes with it."""
    prior = "[parameters.{}]\ntypical = [0.02, 0.04]\n"
    for kept in (RATINGS, ["availability_rating"], ["approach"]):
        left_out = [name for name in (*RATINGS, "approach") if name not in kept]
        priors = [prior.format(name) for name in ("rate", "approach_sensitivity", "worth_rating_noise")]
        (tmp_path / "whole.toml").write_text(THEORY.format([*RATINGS, "approach"]) + "".join(priors))
        mine = [
            text for text, of in zip(priors, ("rate", "approach", "worth_rating"), strict=True) if of in ("rate", *kept)
        ]
        (tmp_path / "part.toml").write_text(THEORY.format(kept) + "".join(mine))
        part, whole = (
            model_file.load_model(tmp_path / "part.toml"),
            model_file.load_model(tmp_path / "whole.toml", left_out),
        )
        assert whole.without == tuple(left_out)
        assert parameters(whole) == parameters(part)
    assert "worth_rate" not in parameters(whole)


def test_the_next_rating_fixes_the_scale(tmp_path):
    """Where the first rating of a belief is left out, the second takes its place."""
    (tmp_path / "own.toml").write_text(THEORY.format(["availability_rating", "availability_beta_rating"]))
    (_, kept), *_ = model_file.load_model(tmp_path / "own.toml", ["availability_rating"]).responses.items()
    assert {name: p.fixed for name, p in named_leaves(kept.parameters)}["slope"] == 1.0


def test_what_was_not_asked_is_said(tmp_path):
    """In the data, which then need no column for it; for a rival that never had it, too."""
    frame = simulated("rescorla_wagner", "after", 3, 3)
    study = asked(tmp_path, frame, RATINGS, without=["approach"])
    model, data = opened(study, "rescorla_wagner")
    assert list(model.responses) == RATINGS
    assert data.attrs["without"] == "approach"
    (tmp_path / "own.toml").write_text(THEORY.format(RATINGS))
    _, rival = opened(study, str(tmp_path / "own.toml"))
    assert rival.attrs["without"] == ""


def test_moments_stand_in_a_theory_that_python_loaded(own, tmp_path):
    """`load` knows no study: `measured` gives answers their moments, and what `without` leaves out is told."""
    frame = simulated("rescorla_wagner", "after", 3, 3)
    study, model = asked(tmp_path, frame, RATINGS, timing="before"), model_file.load_model(own)
    assert {r.timing for r in with_stated_reliability(study, model, read_data(study, model)).responses.values()} == {
        "before"
    }
    assert with_timing(study, model).responses == load_model_for(study, own).responses
    whole = model_file.load_model("rescorla_wagner")
    with pytest.raises(InputError, match="From Python: load"):
        read_data(asked(tmp_path, frame, RATINGS, without=["approach"]), whole)


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("bidd", ['no response "bidd"', 'Did you mean "bid"?']),
        ("closeness", ["closeness: in `without`, and in [responses] too"]),
    ],
)
def test_without_that_cannot_be(tmp_path, without, said):
    """Names that nobody knows, and names that are in two places."""
    folder = clinic.write(tmp_path)
    clinic.spoil(folder, "study.toml", "[columns]", f'without = ["{without}"]\n[columns]')
    done = iwm("check", "study.toml", cwd=folder)
    assert done.returncode == 1
    assert [part for part in said if part not in done.stderr] == []


def test_nothing_is_left(tmp_path):
    """A theory of which nothing was asked cannot be fitted."""
    (tmp_path / "own.toml").write_text(THEORY.format(RATINGS))
    with pytest.raises(InputError, match="leaves nothing of the theory own"):
        model_file.load_model(tmp_path / "own.toml", RATINGS)


def test_an_unsupplied_response_hides_no_other_fault(tmp_path):
    """The key to write is named literally, and what is wrong with the table is told beside it."""
    folder = clinic.write(tmp_path)
    study = clinic.FILES["study.toml"]
    (folder / "study.toml").write_text(study[: study.index("[responses.approach]")])
    clinic.spoil(folder, "sessions.csv", "2026-01-15,7,1,", "2026-01-15,7,8,")
    clinic.spoil(folder, "sessions.csv", "ann,2,dad", "ann,2, ")
    with pytest.raises(InputError) as caught:
        clinic.read_study(folder)
    lacking, *others = caught.value.problems
    assert 'write without = ["approach"] at the top of the study, above [columns]' in lacking
    assert len(others) == 2
    assert any("off the scale 1..7" in other for other in others)


def test_names_that_are_not_the_theory_s(tmp_path):
    """Where the study calls everything otherwise: what the theory calls it, what to rename, and where the rest goes."""
    folder = clinic.write(tmp_path)
    clinic.spoil(folder, "study.toml", '"theory.toml"', '"kalman"')
    clinic.spoil(folder, "study.toml", "[responses.approach]", "[responses.reached_out]")
    with pytest.raises(InputError) as caught:
        clinic.read_study(folder)
    lacking, *renamed = caught.value.problems
    assert "Add [responses.availability_rating], [responses.worth_rating], [responses.approach]" in lacking
    assert "What nobody was asked goes into `without`" in lacking
    assert ["Rename it" in problem for problem in renamed] == [True, True]
