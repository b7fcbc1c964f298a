"""Formulas: from a table of people to design matrices, priors, marginal effects and residual clustering."""

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
from iwm_bayes.data.study import read_study_file
from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.estimands.marginal_effects import marginal_effects
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.inference.posterior import person_centres, to_reported
from iwm_bayes.model.build import build
from iwm_bayes.model.inputs import coordinates
from iwm_bayes.model.specification import model_file
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
commensurable = true
[people]
data = "people.csv"
person = "id"
groups = ["therapist"]
[formulas]
rate = "arm + anxiety"
availability_start = "1 + (1|therapist)"
"""
MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'


@pytest.fixture
def folder(tmp_path):
    """A study of six simulated people with a table of people, in another order and with one person more."""
    (tmp_path / "own.toml").write_text(MODEL, encoding="utf-8")
    data = simulate(
        model_file.load_model(tmp_path / "own.toml"), [Phase({"therapist": constant_care(0.7)}, 5, True)], 6, 1
    )
    to_table(data).to_csv(tmp_path / "sessions.csv", index=False)
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def opened(folder):
    model = model_file.load_model(folder / "own.toml")
    return model, read_data(read_study_file(folder / "study.toml"), model)


def faults(folder):
    with pytest.raises(InputError) as error:
        opened(folder)
    return "\n".join(error.value.problems)


def test_design_of_the_people_who_are_fitted(folder):
    """The first category is the reference; numbers are standardised over six people, in the order of the sessions."""
    _, data = opened(folder)
    assert list(data["coefficient"].values) == ["availability_rate: arm[tau]", "availability_rate: anxiety"]
    np.testing.assert_array_equal(data["design"][0], [1, 1, 0, 0, 1, 0])
    anxiety = np.array([3.0, 5.0, 1.0, 2.0, 4.0, 6.0])
    np.testing.assert_allclose(data["design"][1], (anxiety - 3.5) / np.sqrt(3.5), rtol=1e-12)
    assert list(data["group_level"].values) == [f"availability_start: 1|therapist[{name}]" for name in "789"]
    np.testing.assert_array_equal(data["membership"], [[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]])


def test_slopes_may_differ_between_group_levels(folder):
    """(anxiety|therapist): each therapist has an intercept, and a slope of the standardised anxiety."""
    formula = 'availability_start = "anxiety + (anxiety|therapist)"'
    (folder / "study.toml").write_text(STUDY.replace('availability_start = "1 + (1|therapist)"', formula))
    model, data = opened(folder)
    belongs = np.array([[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]])
    anxiety = (np.array([3.0, 5.0, 1.0, 2.0, 4.0, 6.0]) - 3.5) / np.sqrt(3.5)
    by_name = data["membership"].to_pandas()
    for kind, share in (("1", belongs), ("anxiety", belongs * anxiety)):
        labels = [f"availability_start: {kind}|therapist[{name}]" for name in "789"]
        np.testing.assert_allclose(by_name.loc[labels], share, rtol=1e-12)
    assert set(coordinates(model, data)["group"]) == {f"availability_start: {x}|therapist" for x in ("1", "anxiety")}
    generator, members = np.random.default_rng(6), list(data["group_level"].values)
    deviation = generator.normal(size=6)
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), generator.normal(size=(1, 1, 3))),
            "beta": (("chain", "draw", "coefficient"), generator.normal(size=(1, 1, 3))),
            "u": (("chain", "draw", "group_level"), deviation[None, None]),
        },
        {
            name: labels
            for name, labels in coordinates(model, data).items()
            if name in ("parameter", "coefficient", "group_level")
        },
    )
    found = person_centres(posterior, model, data).squeeze().sel(parameter="availability_start")
    of = dict(zip(members, deviation, strict=True))
    start = posterior["mu"].sel(parameter="availability_start").item()
    fixed = posterior["beta"].sel(coefficient="availability_start: anxiety").item()
    expected = [
        start
        + of[f"availability_start: 1|therapist[{t}]"]
        + (fixed + of[f"availability_start: anxiety|therapist[{t}]"]) * x
        for t, x in zip("787899", anxiety, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_people_without_covariates_are_named_or_dropped(folder):
    """An error names them with the remedy; with `missing = "drop"` they are left out, which is recorded."""
    PEOPLE.assign(anxiety=PEOPLE["anxiety"].mask(PEOPLE["id"] == "p002")).iloc[:-2].to_csv(
        folder / "people.csv", index=False
    )
    said = faults(folder)
    assert "'anxiety': blank for p002." in said
    assert 'no row for "p006"' in said
    assert 'missing = "drop"' in said
    (folder / "study.toml").write_text(STUDY.replace('person = "id"', 'person = "id"\nmissing = "drop"'))
    _, data = opened(folder)
    assert list(data["person"].values) == ["p001", "p003", "p004", "p005"]
    assert (data.attrs["dropped"], data.attrs["people_left_out"]) == ("p002, p006", 2)
    assert data["design"].values[1].mean() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('rate = "arm + anxiety"', 'rate = "arm +"', "is no formula"),
        (
            'rate = "arm + anxiety"',
            'rat = "arm"',
            "the model own has no such parameter. Its free parameters are availability_",
        ),
        ('rate = "arm + anxiety"', 'rate = "0 + arm"', "with its intercept"),
        ('rate = "arm + anxiety"', 'rate = "harm"', 'Did you mean "arm"'),
        ('rate = "arm + anxiety"', 'trust = "arm"', "compare without own, or in a study without this formula"),
        ('rate = "arm + anxiety"', 'availability_rating_slope = "arm"', "only a parameter that is free"),
        ('rate = "arm + anxiety"', 'rate = "anxiety + I(2 * anxiety)"', "its terms are collinear"),
        ('data = "people.csv"\nperson = "id"\ngroups = ["therapist"]', "", "people"),
    ],
)
def test_faults_in_formulas_are_reported(folder, old, new, said):
    """Each message names the formula and the remedy."""
    (folder / "study.toml").write_text(STUDY.replace(old, new), encoding="utf-8")
    assert said in faults(folder)


def test_faults_in_the_table_of_people_are_reported(folder):
    """A person in two arms; a covariate that is the same for everyone."""
    pd.concat([PEOPLE, PEOPLE.iloc[:1].assign(arm="tau")]).to_csv(folder / "people.csv", index=False)
    assert '"arm": changes within p003' in faults(folder)
    PEOPLE.assign(arm="cbt").to_csv(folder / "people.csv", index=False)
    assert "arm is the same for everyone" in faults(folder)


def at_random(built, seed):
    """Return a random point of the sampler, the same point in the model's own variables, and the graph's inputs."""
    generator = np.random.default_rng(seed)
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):
        shapes = built.eval_rv_shapes()
    moved = [built.rvs_to_values[variable].name for variable in built.free_RVs]
    point = {name: generator.normal(0.2, 0.4, shapes[name]) for name in moved}
    return point, *in_own_terms(built, point)


def as_drawn(built, found):
    """Return a point as a posterior with one draw."""
    dims = {name: built.named_vars_to_dims[name] for name in found}
    drawn = {name: (("chain", "draw", *dims[name]), value[None, None]) for name, value in found.items()}
    return xr.Dataset(drawn, {dim: list(built.coords[dim]) for several in dims.values() for dim in several})


@pytest.mark.parametrize(("centredness", "unit"), [(0.0, 0.3), (0.4, 1.0), (0.4, 0.3), (1.0, 0.3)])
def test_people_are_normal_around_shifted_means(folder, centredness, unit):
    """People and group levels are normal in every parametrisation; closed forms by change of variables."""
    model, data = opened(folder)
    built = build(model, data)
    sampled_in = {"group_centredness": np.full(1, centredness), "group_unit": np.full(1, unit)}
    with built:
        pm.set_data(sampled_in)
    point, found, inputs = at_random(built, 3)
    variables = [built["theta"], built["u_offset"]]
    graphs = built.logp(vars=variables, sum=False, jacobian=False)
    of_people, of_levels = evaluate(inputs, graphs)(*point.values())
    groups = {"group": list(built.coords["group"])}
    sampled_as = xr.Dataset({name: ("group", x) for name, x in sampled_in.items()}, groups)
    deviation = to_reported(as_drawn(built, found), model, data, sampled_as)["u"].values[0, 0]
    start, rate, noise = found["mu"]
    own = np.array(
        [
            start + deviation @ data["membership"].values,
            rate + found["beta"] @ data["design"].values,
            np.full(6, noise),
        ]
    )
    expected = stats.norm.logpdf(found["theta"], own, found["sigma"][:, None])
    np.testing.assert_allclose(of_people, expected.sum(), rtol=1e-9)
    sigma_u = found["sigma_u"]
    expected = stats.norm.logpdf(deviation, 0.0, sigma_u)
    np.testing.assert_allclose(of_levels - (1 - centredness) * np.log(sigma_u / unit), expected, rtol=1e-9)


def test_correlated_people_are_jointly_normal(folder):
    """With `correlated`, theta has the density of a multivariate normal with LKJ correlations."""
    (folder / "own.toml").write_text(MODEL.replace("claim", "correlated = true\nclaim", 1), encoding="utf-8")
    model, data = opened(folder)
    built = build(model, data.drop_dims(["coefficient", "group_level"]))
    point, found, inputs = at_random(built, 5)
    [density] = evaluate(inputs, built.logp(vars=[built["theta"]], sum=False, jacobian=False))(*point.values())
    root = found["correlation"] * found["sigma"][:, None]
    expected = stats.multivariate_normal.logpdf(found["theta"].T, found["mu"], root @ root.T)
    np.testing.assert_allclose(density, expected.sum(), rtol=1e-9)


def as_fit(posterior, data):
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})


def test_marginal_effects_are_average_differences(folder):
    """By hand: everyone in one arm against everyone in the other, at their own anxiety; and everyone one SD higher."""
    model, data = opened(folder)
    names = coordinates(model, data)
    generator = np.random.default_rng(2)
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), generator.normal(-1, 0.1, (2, 3, 3))),
            "beta": (("chain", "draw", "coefficient"), generator.normal(0.5, 0.1, (2, 3, 2))),
        },
        {name: names[name] for name in ("parameter", "coefficient")},
    )
    found = marginal_effects(model, as_fit(posterior, data))
    assert list(found["contrast"].values) == ["availability_rate: anxiety +1 SD", "availability_rate: arm tau - cbt"]
    rate, (tau, slope) = posterior["mu"].values[0, 1, 1], posterior["beta"].values[0, 1]
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


def test_group_clustering_shows_what_a_formula_lacks(folder):
    """Exchangeable people vary as expected; a shared deviation that no formula includes is found."""
    model, data = opened(folder)
    people, draws = 60, 200
    group = np.repeat([f"t{index}" for index in range(10)], 6)
    bare = data.drop_dims(["coefficient", "group_level"]).isel(person=np.arange(people) % 6)
    bare = bare.assign(covariate_therapist=("person", group)).assign_coords(person=[f"p{i}" for i in range(people)])
    generator = np.random.default_rng(4)
    partial = coordinates(model, bare)["parameter_partial"]

    def of(shared):
        theta = generator.normal(size=(1, draws, 3, people)) + shared * np.repeat(generator.normal(size=10), 6)
        return xr.Dataset(
            {
                "mu": (("chain", "draw", "parameter"), np.zeros((1, draws, 3))),
                "sigma": (("chain", "draw", "parameter"), np.full((1, draws, 3), np.sqrt(1 + shared**2))),
                "theta": (("chain", "draw", "parameter", "person"), theta),
            },
            {"parameter": partial, "person": bare["person"]},
        )

    alone = group_clustering(model, as_fit(of(0.0), bare))
    assert (np.abs(alone["p"] - 0.5) < 4 * np.sqrt(1 / 12 / draws) + 4 * 0.5 / np.sqrt(draws)).all()
    assert (alone["note"] == "").all()
    assert (group_clustering(model, as_fit(of(1.0), bare))["note"] == "residual clustering: add (1|therapist)").all()


def test_the_table_of_sessions_can_hold_covariates(folder):
    """A column of the table of sessions that does not change within a person is as good as a table of people."""
    _, apart = opened(folder)
    sessions = pd.read_csv(folder / "sessions.csv").merge(PEOPLE, left_on="person", right_on="id")
    sessions.loc[1::2, "arm"] = None  # blank in some rows, and the same in all others
    sessions.to_csv(folder / "sessions.csv", index=False)
    (folder / "study.toml").write_text(STUDY.replace("people.csv", "sessions.csv"), encoding="utf-8")
    _, together = opened(folder)
    xr.testing.assert_identical(together, apart)
    sessions["therapist"] = sessions["session"]
    sessions.to_csv(folder / "sessions.csv", index=False)
    said = faults(folder)
    assert '"therapist": changes within p001' in said
    assert "every person has one row" in said


def test_faults_of_formulas_and_tables_are_reported_together(folder):
    """A wrong formula is reported although the table is wrong, too."""
    (folder / "study.toml").write_text(STUDY.replace('rate = "arm', 'rat = "arm'), encoding="utf-8")
    sessions = (folder / "sessions.csv").read_text(encoding="utf-8").splitlines()
    (folder / "sessions.csv").write_text("\n".join([*sessions, sessions[-1]]), encoding="utf-8")
    said = faults(folder)
    assert "more than once" in said
    assert "no such parameter" in said


def test_check_counts_people_by_arm(folder):
    """Categories with their counts and the reference, numbers with mean and SD, by hand; groups have no reference."""
    lines = iwm("check", "study.toml", cwd=folder).stdout.splitlines()
    found = [line.strip() for line in lines if line.strip().split(":")[0] in ("arm", "anxiety", "therapist")]
    assert sorted(found) == [
        "anxiety: a number, mean 3.5, SD 1.87",
        "arm: people by category: cbt 3 (reference), tau 3",
        "therapist: people by category: 7 2, 8 2, 9 2",
    ]


@pytest.mark.slow
def test_a_study_with_formulas_and_correlated_people_has_every_part_of_a_posterior(folder):
    """Every variable has chain and draw first, and correlations are correlations."""
    (folder / "own.toml").write_text(MODEL.replace("claim", "correlated = true\nclaim", 1), encoding="utf-8")
    model, data = opened(folder)
    method = METHODS["nuts"]
    posterior = method.fit(method.compile(model, data), data, Settings(draws=10, tune=50, chains=2))[
        "unconstrained_posterior"
    ].to_dataset()
    assert set(posterior) == {"mu", "sigma", "theta", "beta", "sigma_u", "u", "correlation"}
    assert all(
        values.dims[:2] == ("chain", "draw") and bool(np.isfinite(values).all()) for values in posterior.values()
    )
    diagonal = np.diagonal(posterior["correlation"].transpose(..., "parameter", "parameter_other"), axis1=-2, axis2=-1)
    np.testing.assert_array_equal(diagonal, 1.0)
    assert float(abs(posterior["correlation"]).max()) <= 1.0 + 1e-12
