"""Formulas on parameters: what becomes of a table of people, of the prior, and of what is said of groups."""

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytest
import xarray as xr
from command import iwm
from helpers import evaluate, in_own_terms
from scipy import special, stats

from iwm_bayes.data.dataset import read_data, to_table
from iwm_bayes.data.study import load_study
from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.estimands.marginal_effects import marginal_effects
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.inference.posterior import person_centres, to_reported
from iwm_bayes.model import model_file
from iwm_bayes.model.build import build
from iwm_bayes.model.hierarchy import coordinates
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError

PEOPLE = pd.DataFrame(
    {
        "id": ["p003", "p001", "p002", "p004", "p005", "p006", "elsewhere"],
        "arm": ["cbt", "tau", "tau", "cbt", "tau", "cbt", "tau"],
        "anxiety": [1.0, 3.0, 5.0, 2.0, 4.0, 6.0, 100.0],
        "therapist": ["7", "7", "8", "8", "9", "9", "9"],
    }
)
STUDY = """
schema = 2
name = "clinic"
data = "sessions.csv"
model = "own.toml"
[columns]
person = "person"
session = "session"
figure = "figure"
outcome = { column = "outcome", missing = "unseen" }
[responses.availability_rating]
column = "availability_rating"
[people]
data = "people.csv"
person = "id"
groups = ["therapist"]
[formulas]
rate = "arm + anxiety"
availability_start = "1 + (1|therapist)"
"""
THEORY = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'


@pytest.fixture
def folder(tmp_path):
    """A study of six simulated people with a table of people, in another order and with one person more."""
    (tmp_path / "own.toml").write_text(THEORY, encoding="utf-8")
    data = simulate(
        model_file.load_model(tmp_path / "own.toml"), [Phase({"therapist": constant_care(0.7)}, 5, True)], 6, 1
    )
    to_table(data).to_csv(tmp_path / "sessions.csv", index=False)
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def opened(folder):
    model = model_file.load_model(folder / "own.toml")
    return model, read_data(load_study(folder / "study.toml"), model)


def faults(folder):
    with pytest.raises(InputError) as error:
        opened(folder)
    return "\n".join(error.value.problems)


def test_design_is_of_the_people_who_are_fitted(folder):
    """Words by their first in the alphabet, numbers standardised over six people, in the order of the sessions."""
    _, data = opened(folder)
    assert list(data["term"].values) == ["availability_rate: arm[tau]", "availability_rate: anxiety"]
    np.testing.assert_array_equal(data["design"][0], [1, 1, 0, 0, 1, 0])
    anxiety = np.array([3.0, 5.0, 1.0, 2.0, 4.0, 6.0])
    np.testing.assert_allclose(data["design"][1], (anxiety - 3.5) / np.sqrt(3.5), rtol=1e-12)
    assert list(data["member"].values) == [f"availability_start: 1|therapist[{name}]" for name in "789"]
    np.testing.assert_array_equal(data["membership"], [[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]])


def test_slopes_may_differ_between_members(folder):
    """(anxiety|therapist): each therapist has a start, and a slope that counts by the standardised anxiety."""
    formula = 'availability_start = "anxiety + (anxiety|therapist)"'
    (folder / "study.toml").write_text(STUDY.replace('availability_start = "1 + (1|therapist)"', formula))
    model, data = opened(folder)
    belongs = np.array([[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]])
    anxiety = (np.array([3.0, 5.0, 1.0, 2.0, 4.0, 6.0]) - 3.5) / np.sqrt(3.5)
    by_name = data["membership"].to_pandas()
    for kind, share in (("1", belongs), ("anxiety", belongs * anxiety)):
        labels = [f"availability_start: {kind}|therapist[{name}]" for name in "789"]
        np.testing.assert_allclose(by_name.loc[labels], share, rtol=1e-12)
    assert set(coordinates(model, data)["grouping"]) == {f"availability_start: {x}|therapist" for x in ("1", "anxiety")}
    generator, members = np.random.default_rng(6), list(data["member"].values)
    deviation = generator.normal(size=6)
    posterior = xr.Dataset(
        {
            "centre": (("chain", "draw", "row"), generator.normal(size=(1, 1, 3))),
            "effect": (("chain", "draw", "term"), generator.normal(size=(1, 1, 3))),
            "deviation": (("chain", "draw", "member"), deviation[None, None]),
        },
        {
            name: labels
            for name, labels in coordinates(model, data).items()
            if name in ("row", "term", "member", "partial")
        },
    )
    found = person_centres(posterior, model, data).squeeze().sel(partial="availability_start")
    of = dict(zip(members, deviation, strict=True))
    start = posterior["centre"].sel(row="availability_start").item()
    fixed = posterior["effect"].sel(term="availability_start: anxiety").item()
    expected = [
        start
        + of[f"availability_start: 1|therapist[{t}]"]
        + (fixed + of[f"availability_start: anxiety|therapist[{t}]"]) * x
        for t, x in zip("787899", anxiety, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_people_without_covariates_are_named_or_dropped(folder):
    """An error that says who and what to do; with `missing = "drop"` they are left out, and that is on record."""
    PEOPLE.assign(anxiety=PEOPLE["anxiety"].mask(PEOPLE["id"] == "p002")).iloc[:-2].to_csv(
        folder / "people.csv", index=False
    )
    said = faults(folder)
    assert "'anxiety': nothing about p002, p006" in said
    assert 'missing = "drop"' in said
    (folder / "study.toml").write_text(STUDY.replace('person = "id"', 'person = "id"\nmissing = "drop"'))
    _, data = opened(folder)
    assert list(data["person"].values) == ["p001", "p003", "p004", "p005"]
    assert data.attrs["dropped"] == "p002, p006"
    assert data["design"].values[1].mean() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('rate = "arm + anxiety"', 'rate = "arm +"', "is no formula"),
        (
            'rate = "arm + anxiety"',
            'rat = "arm"',
            "the theory own has no such parameter. Those that are free in it are availa",
        ),
        ('rate = "arm + anxiety"', 'rate = "0 + arm"', "with its intercept"),
        ('rate = "arm + anxiety"', 'rate = "harm"', 'Did you mean "arm"'),
        ('rate = "arm + anxiety"', 'trust = "arm"', "compare without own, or in a study without this formula"),
        ('rate = "arm + anxiety"', 'availability_rating_slope = "arm"', "only a parameter that is free"),
        ('rate = "arm + anxiety"', 'rate = "anxiety + I(2 * anxiety)"', "say the same of people"),
        ('data = "people.csv"\nperson = "id"\ngroups = ["therapist"]', "", "people"),
    ],
)
def test_faults_in_formulas_are_told(folder, old, new, said):
    """Each says which formula, and what to do."""
    (folder / "study.toml").write_text(STUDY.replace(old, new), encoding="utf-8")
    assert said in faults(folder)


def test_faults_in_the_table_of_people_are_told(folder):
    """Somebody twice, in two arms; the same of everyone."""
    pd.concat([PEOPLE, PEOPLE.iloc[:1].assign(arm="tau")]).to_csv(folder / "people.csv", index=False)
    assert '"arm": changes within p003' in faults(folder)
    PEOPLE.assign(arm="cbt").to_csv(folder / "people.csv", index=False)
    assert "arm is the same for everyone" in faults(folder)


def at_random(built, seed):
    """A random point of what the sampler moves, the same in the model's own terms, and the variables moved."""
    generator = np.random.default_rng(seed)
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):
        shapes = built.eval_rv_shapes()
    moved = [built.rvs_to_values[variable].name for variable in built.free_RVs]
    point = {name: generator.normal(0.2, 0.4, shapes[name]) for name in moved}
    return point, *in_own_terms(built, point)


def as_drawn(built, found):
    """A point as the one draw of a sampler."""
    dims = {name: built.named_vars_to_dims[name] for name in found}
    drawn = {name: (("chain", "draw", *dims[name]), value[None, None]) for name, value in found.items()}
    return xr.Dataset(drawn, {dim: list(built.coords[dim]) for several in dims.values() for dim in several})


@pytest.mark.parametrize(("centredness", "unit"), [(0.0, 0.3), (0.4, 1.0), (0.4, 0.3), (1.0, 0.3)])
def test_people_are_normal_around_moved_centres(folder, centredness, unit):
    """Levels and members are normal however members are sampled; closed forms by change of variables."""
    model, data = opened(folder)
    built = build(model, data)
    how = {"group_centredness": np.full(1, centredness), "group_unit": np.full(1, unit)}
    with built:
        pm.set_data(how)
    point, found, inputs = at_random(built, 3)
    variables = [built["level"], built["member_offset"]]
    graphs = built.logp(vars=variables, sum=False, jacobian=False)
    of_people, of_members = evaluate(inputs, graphs)(*point.values())
    grouping = {"grouping": list(built.coords["grouping"])}
    sampled_as = xr.Dataset({name: ("grouping", x) for name, x in how.items()}, grouping)
    deviation = to_reported(as_drawn(built, found), model, data, sampled_as)["deviation"].values[0, 0]
    start, rate, noise = found["centre"]
    own = np.array(
        [
            start + deviation @ data["membership"].values,
            rate + found["effect"] @ data["design"].values,
            np.full(6, noise),
        ]
    )
    expected = stats.norm.logpdf(found["level"], own, found["spread"][:, None])
    np.testing.assert_allclose(of_people, expected.sum(), rtol=1e-9)
    between = found["group_spread"]
    expected = stats.norm.logpdf(deviation, 0.0, between)
    np.testing.assert_allclose(of_members - (1 - centredness) * np.log(between / unit), expected, rtol=1e-9)


def test_correlated_people_are_jointly_normal(folder):
    """With `correlated`, people's levels have the density of a multivariate normal with LKJ correlations."""
    (folder / "own.toml").write_text(THEORY.replace("claim", "correlated = true\nclaim", 1), encoding="utf-8")
    model, data = opened(folder)
    built = build(model, data.drop_dims(["term", "member"]))
    point, found, inputs = at_random(built, 5)
    [density] = evaluate(inputs, built.logp(vars=[built["level"]], sum=False, jacobian=False))(*point.values())
    root = found["correlation"] * found["spread"][:, None]
    expected = stats.multivariate_normal.logpdf(found["level"].T, found["centre"], root @ root.T)
    np.testing.assert_allclose(density, expected.sum(), rtol=1e-9)


def as_fit(posterior, data):
    return xr.DataTree.from_dict({"posterior": posterior, "data": data})


def test_contrasts_are_average_differences(folder):
    """By hand: everyone in one arm against everyone in the other, at their own anxiety; and everyone one sd higher."""
    model, data = opened(folder)
    names = coordinates(model, data)
    generator = np.random.default_rng(2)
    posterior = xr.Dataset(
        {
            "centre": (("chain", "draw", "row"), generator.normal(-1, 0.1, (2, 3, 3))),
            "effect": (("chain", "draw", "term"), generator.normal(0.5, 0.1, (2, 3, 2))),
        },
        {"row": names["row"], "term": names["term"]},
    )
    found = marginal_effects(model, as_fit(posterior, data))
    assert list(found["contrast"].values) == ["availability_rate: anxiety +1 sd", "availability_rate: arm tau - cbt"]
    rate, (tau, slope) = posterior["centre"].values[0, 1, 1], posterior["effect"].values[0, 1]
    anxiety, arm = data["design"].values[1], data["design"].values[0]
    high, low = special.expit(rate + tau + slope * anxiety).mean(), special.expit(rate + slope * anxiety).mean()
    by_arm = found.isel(contrast=1, chain=0, draw=1)
    np.testing.assert_allclose([by_arm["difference"], by_arm["ratio"]], [high - low, high / low], rtol=1e-12)
    now = special.expit(rate + tau * arm + slope * anxiety).mean()
    then = special.expit(rate + tau * arm + slope * (anxiety + 1)).mean()
    np.testing.assert_allclose(found["difference"].values[0, 0, 1], then - now, rtol=1e-12)
    assert found["direction"].values[1] == (found["difference"].values[1] > 0).mean()
    low, high = found["prior"].transpose("contrast", "end").values[1]
    assert low < 0 < high


def test_likeness_shows_what_a_formula_lacks(folder):
    """Levels of exchangeable people are as unlike as expected; a shared deviation that no formula knows shows."""
    model, data = opened(folder)
    people, draws = 60, 200
    group = np.repeat([f"t{index}" for index in range(10)], 6)
    bare = data.drop_dims(["term", "member"]).isel(person=np.arange(people) % 6)
    bare = bare.assign(covariate_therapist=("person", group)).assign_coords(person=[f"p{i}" for i in range(people)])
    generator = np.random.default_rng(4)
    partial = coordinates(model, bare)["partial"]

    def of(shared):
        level = generator.normal(size=(1, draws, 3, people)) + shared * np.repeat(generator.normal(size=10), 6)
        return xr.Dataset(
            {
                "centre": (("chain", "draw", "row"), np.zeros((1, draws, 3))),
                "spread": (("chain", "draw", "partial"), np.full((1, draws, 3), np.sqrt(1 + shared**2))),
                "level": (("chain", "draw", "personal", "person"), level),
            },
            {"row": partial, "partial": partial, "personal": partial, "person": bare["person"]},
        )

    alone = group_clustering(model, as_fit(of(0.0), bare))
    assert (np.abs(alone["p"] - 0.5) < 4 * np.sqrt(1 / 12 / draws) + 4 * 0.5 / np.sqrt(draws)).all()
    assert (alone["note"] == "").all()
    assert (group_clustering(model, as_fit(of(1.0), bare))["note"] == "alike: add (1|therapist)").all()


def test_sessions_themselves_say_what_holds_throughout(folder):
    """A column of the table of sessions that does not change within a person does as well as a table of people."""
    _, apart = opened(folder)
    sessions = pd.read_csv(folder / "sessions.csv").merge(PEOPLE, left_on="person", right_on="id")
    sessions.loc[1::2, "arm"] = None  # blank in some rows, and the same in all others
    sessions.to_csv(folder / "sessions.csv", index=False)
    (folder / "study.toml").write_text(STUDY.replace("people.csv", "sessions.csv"), encoding="utf-8")
    _, together = opened(folder)
    xr.testing.assert_identical(together, apart)
    (folder / "study.toml").write_text(STUDY.replace("people.csv", "sessions.csv").replace("anxiety", "outcome"))
    said = faults(folder)
    assert '"outcome": changes within p001' in said
    assert "every person has one row" in said


def test_formulas_and_tables_are_told_of_together(folder):
    """A formula that nobody can read does not wait until the table is in order."""
    (folder / "study.toml").write_text(STUDY.replace('rate = "arm', 'rat = "arm'), encoding="utf-8")
    sessions = (folder / "sessions.csv").read_text(encoding="utf-8").splitlines()
    (folder / "sessions.csv").write_text("\n".join([*sessions, sessions[-1]]), encoding="utf-8")
    said = faults(folder)
    assert "more than once" in said
    assert "no such parameter" in said


def test_check_counts_people_by_arm(folder):
    """Words with their counts and the reference, numbers with mean and sd, by hand; groups have no reference."""
    lines = iwm("check", "study.toml", cwd=folder).stdout.splitlines()
    found = [line.strip() for line in lines if line.strip().split(":")[0] in ("arm", "anxiety", "therapist")]
    assert sorted(found) == [
        "anxiety: a number, mean 3.5, sd 1.87",
        "arm: people by word: cbt 3 (the reference), tau 3",
        "therapist: people by word: 7 2, 8 2, 9 2",
    ]


@pytest.mark.slow
def test_a_study_with_formulas_and_correlated_people_has_every_part_of_a_posterior(folder):
    """Each with chain and draw first, and correlations that are correlations."""
    (folder / "own.toml").write_text(THEORY.replace("claim", "correlated = true\nclaim", 1), encoding="utf-8")
    model, data = opened(folder)
    method = METHODS["nuts"]
    posterior = method.fit(method.compile(model, data), data, Settings(draws=10, tune=50, chains=2))[
        "posterior"
    ].to_dataset()
    assert set(posterior) == {"centre", "spread", "level", "effect", "group_spread", "deviation", "correlation"}
    assert all(
        values.dims[:2] == ("chain", "draw") and bool(np.isfinite(values).all()) for values in posterior.values()
    )
    diagonal = np.diagonal(posterior["correlation"].transpose(..., "partial", "other"), axis1=-2, axis2=-1)
    np.testing.assert_array_equal(diagonal, 1.0)
    assert float(abs(posterior["correlation"]).max()) <= 1.0 + 1e-12
