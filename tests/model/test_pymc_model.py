"""The model for researchers is the sampler's model: one density, one posterior; and it can be extended."""

import json

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from helpers import arguments, evaluate, interpreted
from pymc.model.transform.conditioning import remove_value_transforms
from uncompiled import kernels_in_python

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.security.time_to_security import earned_security, true_security
from iwm_bayes.inference.fit import fit
from iwm_bayes.inference.from_pymc import as_unconstrained
from iwm_bayes.model.build import build
from iwm_bayes.model.natural_names import SOURCE_DIMS, natural_variables
from iwm_bayes.model.priors import LINKS, group_of_level
from iwm_bayes.model.pymc_model import pymc_model
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, parameters, with_parameters

PEOPLE, FIGURES = 12, ["mother", "therapist"]
PHASES = [
    Phase({"mother": constant_care(0.4)}, 4, assessed=True),
    Phase({"mother": constant_care(0.4), "therapist": constant_care(0.9)}, 3),
]
FORMULAS = {"availability_rate": "arm * anxiety + (arm|therapist)", "worth_start": "(1|site/therapist)"}


def with_covariates(model, data):
    """Return data with covariates of people, groups and nested groups."""
    generator, people = np.random.default_rng(4), data.sizes["person"]
    frame = pd.DataFrame(
        {
            "arm": np.tile(["active", "other", "wait"], people)[:people],
            "anxiety": generator.normal(size=people),
            "therapist": np.repeat(["t1", "t2", "t3", "t4"], -(-people // 4))[:people],
            "site": np.repeat(["north", "south"], -(-people // 2))[:people],
        }
    )
    return join_covariates(data, frame, model, FORMULAS)


def changed(model, **changes):
    """Return the model with these fields for every free parameter that may have them."""
    own = parameters(model)
    of_person = set(parameters(model._replace(responses={}))) - model.rule.by_figure if "by" in changes else set()
    free = {name: p for name, p in own.items() if p.fixed is None and name not in of_person}
    return with_parameters(model, own | {name: p._replace(**changes) for name, p in free.items()})


def model_and_data(name, change, correlated=False, formulas=False):
    """Return a model with `change` on its parameters, and simulated data, with covariates where it has formulas."""
    plain = load_model(name)
    model = changed(plain, **change)._replace(correlated=correlated)
    data = simulate(plain, PHASES, people=PEOPLE, seed=1)
    return model, with_covariates(model, data) if formulas else data


BY_FIGURE, COMPLETE, NONE = {"by": "figure"}, {"pooling": "complete"}, {"pooling": "none"}
KINDS = [
    "availability_rating",
    "autoregressive_worth_rating",
    "expected_impression",
    "availability_contrast",
    "worth_beta_rating",
    "availability_ordinal_5",
    "invest_4",
    "seek",
    "dropout",
    "worth_trend",
]
MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = {kinds}\n'
VARIANTS = {
    "plain": ("rescorla_wagner", {}),
    "figures": ("kalman", BY_FIGURE),
    "complete": ("kalman", COMPLETE),
    "none": ("kalman", NONE),
    "formulas": ("rescorla_wagner", {}, False, True),
    "correlated": ("rescorla_wagner", {}, True, True),
}


def random_point(graph, seed):
    """Return random values of a graph's variables without transforms, by name: SDs above 0, a Cholesky factor."""
    generator, point = np.random.default_rng(seed), {}
    for variable in graph.free_RVs:
        shape = [len(graph.coords[dim]) for dim in graph.named_vars_to_dims[variable.name]]
        if variable.name == "correlation_cholesky":
            root = np.tril(generator.normal(size=shape)) + 2 * np.eye(len(shape) and shape[0])
            point[variable.name] = root / np.linalg.norm(root, axis=1, keepdims=True)
        else:
            values = generator.normal(0.1, 0.5, shape)
            point[variable.name] = abs(values) + 0.1 if variable.name.startswith("sigma") else values
    return point


def at(graph, point, outputs):
    """Compute quantities of a graph without transforms at a point by name."""
    values = [graph.rvs_to_values[graph[name]] for name in point]
    with kernels_in_python():
        return evaluate(values, outputs)(*point.values())


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    """Return a model with every kind of response, and simulated data in which a fifth of the answers are blank."""
    path = tmp_path_factory.mktemp("model") / "own.toml"
    path.write_text(MODEL.format(kinds=json.dumps(KINDS)), encoding="utf-8")
    model, generator = load_model(path), np.random.default_rng(5)
    data = simulate(model, PHASES, people=PEOPLE, seed=1)
    recorded = {name: generator.random(data["observed"].shape) > 0.2 for name in KINDS}
    return model, data.assign({f"answer_{name}": data[f"answer_{name}"].where(recorded[name]) for name in KINDS})


@pytest.mark.parametrize("variant", [*VARIANTS, "every kind of response"])
def test_the_density_is_that_of_the_samplers_graph(variant, every_kind):
    """At random points, up to the change from people's deviations to their values, whose log determinant is known.

    d theta / d theta_offset is sigma times the Cholesky factor of correlations, or the prior's SD without pooling.
    """
    model, data = model_and_data(*VARIANTS[variant]) if variant in VARIANTS else every_kind
    fast = build(model, data)
    for variable in fast.free_RVs:  # PyMC refuses to change a model with initial values of its own
        fast.set_initval(variable, None)
    plain, fast = remove_value_transforms(pymc_model(model, data)), remove_value_transforms(fast)
    for seed in (2, 3):
        point = random_point(plain, seed)
        names = [name for name in ("theta", "correlation") if name in plain.named_vars]
        found = at(plain, point, [plain.logp(), *plain.replace_rvs_by_values([plain[name] for name in names])])
        density, derived = float(found[0]), dict(zip(names, found[1:], strict=True))
        same = {name: point[name] for name in ("mu", "sigma", "beta", "sigma_u", "u_offset") if name in point}
        moved = same | {name: derived[name] for name in ("theta",) if name in derived}
        if "correlation" in derived:
            factor = point["correlation_cholesky"]
            np.testing.assert_allclose(derived["correlation"], factor @ factor.T, rtol=1e-12)
            moved["correlation"] = factor
        n_unpooled = len(plain.coords["parameter_person"]) - len(plain.coords["parameter_partial"])
        log_sd = np.log(point["sigma"]).sum() if "sigma" in point else 0.0
        if "correlation" in derived:
            log_sd += np.log(np.diag(point["correlation_cholesky"])).sum()
        if n_unpooled:
            free = [p for p in parameters(model).values() if p.fixed is None]
            ends = [LINKS[p.support][0](np.array(p.prior_90)) for p in free]
            sd = [
                np.hypot(np.ptp(end) / 2 / 1.6448536269514722, p.prior_between_sd)
                for end, p in zip(ends, free, strict=True)
            ]
            assert len(sd) == n_unpooled
            log_sd += np.log(sd).sum()
        expected = float(at(fast, {variable.name: moved[variable.name] for variable in fast.free_RVs}, fast.logp()))
        assert np.isfinite(expected)
        assert density - PEOPLE * log_sd == pytest.approx(expected, rel=1e-10)


def test_answers_are_drawn_as_in_a_simulation(every_kind):
    """At one point of the prior, each answer's mean and mean square over 400 draws; the simulator draws by NumPy."""
    model, data = every_kind
    with interpreted(), pymc_model(model, data):
        trace = xr.DataTree.from_dict({"posterior": pm.sample_prior_predictive(1, random_seed=3)["prior"].to_dataset()})
        repeated = trace["posterior"].to_dataset().isel(draw=np.zeros(400, int)).assign_coords(draw=np.arange(400))
        drawn = pm.sample_posterior_predictive(
            xr.DataTree.from_dict({"posterior": repeated}), random_seed=4, progressbar=False
        )["posterior_predictive"]
    people = {
        name: values.values[0, 0]
        for name, values in person_parameters(model, as_unconstrained(model, data, trace)).items()
    }
    fixed = {name: np.full(PEOPLE, p.fixed) for name, p in parameters(model).items() if p.fixed is not None}
    generator = np.random.default_rng(6)
    for name, given in arguments(model, people | fixed, data).items():
        recorded = data[f"answer_{name}"].notnull().values
        shape = recorded.shape
        full = {key: np.broadcast_to(x, shape + x.shape[2:]) for key, x in given.items()}
        simulated = np.array([model.responses[name].family.draw(generator, **full)[recorded] for _ in range(400)])
        values = drawn[name].values[0]
        assert values.shape == simulated.shape
        for power in (1, 2):
            error = np.sqrt(((values**power).var(axis=0) + (simulated**power).var(axis=0)) / 400)
            distance = abs((values**power).mean(axis=0) - (simulated**power).mean(axis=0))
            assert (distance <= 5.0 * error + 1e-12).all(), name


@pytest.fixture(scope="module")
def prior():
    """Draws from the prior of a model with figures, effects and groups: model, data, graph, trace, predictions."""
    model, data = model_and_data("kalman", BY_FIGURE)
    model = with_parameters(
        model,
        parameters(model)
        | {"availability_noise": parameters(model)["availability_noise"]._replace(pooling="complete", by="person")},
    )
    own = {"availability_start": "arm * anxiety + (arm|therapist)", "worth_start": "(1|site/therapist)"}
    data = with_covariates(load_model("rescorla_wagner"), data).drop_dims(["coefficient", "group_level"])
    frame = pd.DataFrame({name: data[f"covariate_{name}"].values for name in ("arm", "anxiety", "therapist", "site")})
    data = join_covariates(data, frame, model, own)
    with interpreted():
        graph = pymc_model(model, data)
        with graph:
            drawn = pm.sample_prior_predictive(6, random_seed=1)
    return model, data, graph, xr.DataTree.from_dict({"posterior": drawn["prior"].to_dataset()}), drawn


def test_values_on_the_natural_scale_are_those_of_people(prior):
    """Of every person and figure, as `person_parameters` computes them from the link scale."""
    model, data, _, trace, _ = prior
    expected = person_parameters(model, as_unconstrained(model, data, trace))
    for name, values in expected.items():
        found = trace["posterior"][name]
        if parameters(model)[name].pooling == "complete":
            assert "person" not in found.dims
            found = found.expand_dims(person=data["person"].values)
        np.testing.assert_allclose(found.transpose(*values.dims), values, rtol=1e-12)


def test_natural_variables_follow_from_the_link_scale(prior):
    """By the formula of `NaturalVariable`, with dims and coordinates as it says; medians by the inverse link."""
    model, data, graph, trace, _ = prior
    draws, natural = as_unconstrained(model, data, trace)["unconstrained_posterior"], natural_variables(model, data)
    for variable in natural:
        found = trace["posterior"][variable.name]
        assert found.dims == ("chain", "draw", *variable.dims)
        for dim, labels in variable.coords.items():
            assert list(found[dim].values) == list(labels)
        chosen = draws[variable.source].sel({SOURCE_DIMS[variable.source]: variable.labels})
        values = LINKS[variable.support][1](chosen)
        np.testing.assert_allclose(found.values, values.transpose("chain", "draw", *variable.dims).values, rtol=1e-12)
    assert {variable.name for variable in natural} == {x.name for x in graph.deterministics} - {"theta", "u"}


def test_names_of_variables_are_those_of_the_design():
    """Names, dims and coordinates in full, for figures, complete pooling, effects, groups and nested groups."""
    model, data = model_and_data("rescorla_wagner", {}, formulas=True)
    bias = parameters(model)["approach_bias"]
    model = with_parameters(model, parameters(model) | {"approach_bias": bias._replace(by="figure")})
    found = {variable.name: variable for variable in natural_variables(model, data)}
    assert {name: variable.dims for name, variable in found.items() if name.startswith("availability_rate")} == {
        "availability_rate": ("person",),
        "availability_rate_median": (),
        "availability_rate_sd": (),
        "availability_rate_arm": ("arm",),
        "availability_rate_anxiety": (),
        "availability_rate_arm:anxiety": ("arm:anxiety",),
        "availability_rate_1|therapist": ("therapist",),
        "availability_rate_1|therapist_sigma": (),
        "availability_rate_arm|therapist": ("arm|therapist", "therapist"),
        "availability_rate_arm|therapist_sigma": ("arm|therapist",),
    }
    assert found["availability_rate_arm"].coords["arm"].tolist() == ["other", "wait"]
    assert found["availability_rate_arm"].labels.sel(arm="wait").item() == "availability_rate: arm[wait]"
    assert found["availability_rate_1|therapist"].coords["therapist"].tolist() == ["t1", "t2", "t3", "t4"]
    assert found["availability_rate_arm|therapist"].labels.sel({"arm|therapist": "wait", "therapist": "t2"}).item() == (
        "availability_rate: arm[wait]|therapist[t2]"
    )
    assert found["worth_start_1|site:therapist_sigma"].labels.item() == "worth_start: 1|site:therapist"
    assert found["approach_bias"].dims == ("figure", "person")
    assert found["approach_bias_median"].coords["figure"].tolist() == FIGURES
    assert found["approach_sensitivity"].dims == ()
    assert "approach_sensitivity_sd" not in found
    assert [found["availability_rate"].unit, found["availability_rate_sd"].unit] == ["0 to 1", "log-odds"]
    assert "availability_rating_slope" not in found  # fixed


def test_names_that_clash_are_told_apart():
    """A covariate `sd`, a covariate named like a dim of fits, and interactions that have other categories."""
    model = load_model("rescorla_wagner")
    data = simulate(model, PHASES, people=PEOPLE, seed=1)
    frame = pd.DataFrame(
        {
            "sd": np.arange(PEOPLE) ** 2.0,
            "person": np.tile(["x", "y"], PEOPLE // 2),
            "arm": np.tile(["a", "b", "c"], PEOPLE // 3),
            "age/years": np.arange(PEOPLE) * 1.0,
        }
    )
    formulas = {
        "availability_rate": "sd + person",
        "worth_rate": "arm * person",
        "worth_start": "`age/years` + person:arm",
    }
    natural = natural_variables(model, join_covariates(data, frame, model, formulas))
    names = [variable.name for variable in natural]
    assert len(set(names)) == len(names)
    found = {variable.name: variable for variable in natural}
    assert found["availability_rate: sd"].source == "beta"
    assert found["availability_rate_sd"].source == "sigma"
    assert found["availability_rate_person"].dims == ("availability_rate_person_dim",)
    assert found["worth_start_age%2Fyears"].labels.item() == "worth_start: age/years"
    coords = {}
    for variable in natural:
        for dim, labels in variable.coords.items():
            assert list(coords.setdefault(dim, labels)) == list(labels)


def test_groups_that_are_nested_have_one_sd():
    """As in lme4: therapists of all sites have one SD, whatever signs names of levels have."""
    model = load_model("rescorla_wagner")
    data = with_covariates(model, simulate(model, PHASES, people=PEOPLE, seed=1))
    groups = list(pymc_model(model, data).coords["group"])
    assert groups == [
        "availability_rate: 1|therapist",
        "availability_rate: arm[other]|therapist",
        "availability_rate: arm[wait]|therapist",
        "worth_start: 1|site",
        "worth_start: 1|site:therapist",
    ]
    assert group_of_level(["rate: 1|therapist[t[1]]", "rate: arm[a]|site[x: y]:therapist[b]"]) == [
        "rate: 1|therapist",
        "rate: arm[a]|site:therapist",
    ]


def test_answers_are_along_a_dim_of_their_own(prior):
    """Predictions have the dim `NAME_obs`; the data `NAME_person` and so on say whose answer each is."""
    model, data, graph, _, drawn = prior
    constants = drawn["constant_data"]
    for name in model.responses:
        answers = data[f"answer_{name}"]
        assert drawn["prior_predictive"][name].dims == ("chain", "draw", f"{name}_obs")
        assert graph.named_vars_to_dims[name] == (f"{name}_obs",)
        for number in (0, 5, -1):
            one = {
                field: constants[f"{name}_{field}"].values[number] for field in ("person", "session", "figure", "time")
            }
            at_person = data.isel(person=int(one["person"]))
            at_session = (at_person["session"] == one["session"]) & (at_person["time"] == one["time"])
            is_event = at_session & (at_person["figure_index"] == one["figure"])
            recorded = answers.isel(person=int(one["person"])).where(is_event)
            assert float(recorded.max()) == float(drawn["observed_data"][name].values[number])


def test_a_trace_of_something_else_is_refused(prior):
    """Every fault at once: missing variables, and other people."""
    model, data, _, trace, _ = prior
    posterior = trace["posterior"].to_dataset()
    with pytest.raises(InputError, match="no group `posterior`"):
        as_unconstrained(model, data, xr.DataTree())
    others = posterior.drop_vars(["mu", "u"]).assign_coords(person=[f"q{i}" for i in range(PEOPLE)])
    with pytest.raises(InputError) as error:
        as_unconstrained(model, data, xr.DataTree.from_dict({"posterior": others}))
    assert [problem.partition(".")[0] for problem in error.value.problems] == [
        "the trace has no mu, u",
        "the trace has other labels of the dim person, such as q0",
    ]


THERAPY = [Phase({"therapist": constant_care(0.8)}, 20, assessed=True)]


def therapy(people, seed, sigma):
    """Return a model of one belief, people of its prior, and their sessions."""
    model = load_model("rescorla_wagner", without=["approach", "worth_rating"])
    truth = draw_people(model, ["therapist"], people, np.random.default_rng(seed), sigma=sigma)
    return model, truth, simulate(model, THERAPY, truth, seed)


@pytest.mark.slow
def test_nutpie_agrees_with_the_fit():
    """Posterior means and SDs of every variable on the link scale, within Monte Carlo error."""
    nutpie = pytest.importorskip("nutpie")
    model, _, data = therapy(20, 5, 0.6)
    trace = nutpie.sample(
        nutpie.compile_pymc_model(pymc_model(model, data)), draws=2000, tune=1000, chains=4, seed=3, progress_bar=False
    )
    ours = fit(model, data, draws=2000, tune=500, chains=4, random_seed=4)["unconstrained_posterior"].to_dataset()
    plain = as_unconstrained(model, data, trace)
    assert check_convergence(plain).values["divergences"] <= 4
    theirs = plain["unconstrained_posterior"].to_dataset()
    assert set(theirs) == set(ours)
    for name in theirs:
        for moment, of in (("mean", lambda x: x), ("sd", lambda x: (x - x.mean(("chain", "draw"))) ** 2)):
            a, b = of(theirs[name]).to_dataset(name="x"), of(ours[name]).to_dataset(name="x")
            error = np.hypot(az.mcse(a)["x"], az.mcse(b)["x"])
            z = ((a["x"] - b["x"]).mean(("chain", "draw")) / error).values.ravel()
            z = z[np.isfinite(z)]
            assert abs(z).max() < 4.5, (name, moment)
            assert (z**2).mean() < 2.0, (name, moment)


def test_a_regression_on_a_parameter_recovers_its_slope():
    """A questionnaire at the end depends on people's learning rate; both are estimated together, by PyMC's sampler.

    The trace then is a fit, whose earned security can be computed.
    """
    model, truth, data = therapy(40, 6, 1.0)
    generator = np.random.default_rng(7)
    rate = truth["availability_rate"]
    dass = generator.normal(25.0 - 20.0 * (rate - rate.mean()) / rate.std(), 5.0)
    with pymc_model(model, data) as extended:
        level, slope = pm.Normal("level", 25.0, 10.0), pm.Normal("slope", 0.0, 30.0)
        noise = pm.HalfNormal("noise", 10.0)
        standardised = (extended["availability_rate"] - rate.mean()) / rate.std()
        pm.Normal("dass", level + slope * standardised, noise, observed=dass, dims="person")
        trace = pm.sample(draws=300, tune=400, chains=2, cores=1, random_seed=8, progressbar=False)
    found = trace["posterior"]["slope"]
    assert float(found.std()) < 5.0
    assert abs(float(found.mean()) + 20.0) < 3.0 * float(found.std())
    home = as_unconstrained(model, data, trace)
    assert check_convergence(home).values["divergences"] == float(trace["sample_stats"]["diverging"].sum())
    security, true = (
        earned_security(model, home, "therapist", draws=200),
        true_security(model, data, truth, "therapist"),
    )
    assert float(security["insecure"].mean()) == pytest.approx(true.insecure.mean(), abs=0.1)
    assert float(security["earned"].mean()) == pytest.approx(true.earned.mean(), abs=0.1)


def test_tools_of_pymc_see_recorded_answers_and_the_prior():
    """The log likelihood has an entry per answer, the log prior one per variable; both sum to the log density."""
    model, _, data = therapy(6, 5, 0.6)
    with interpreted(), pymc_model(model, data) as graph:
        drawn = pm.sample_prior_predictive(2, random_seed=1)["prior"].to_dataset()
        trace = xr.DataTree.from_dict({"posterior": drawn})
        likelihood = pm.stats.compute_log_likelihood(trace, extend_inferencedata=False, progressbar=False)
        prior = pm.stats.compute_log_prior(trace, extend_inferencedata=False, progressbar=False)
        predicted = pm.sample_posterior_predictive(trace, random_seed=2, progressbar=False)["posterior_predictive"]
    plain = remove_value_transforms(graph)
    assert likelihood["availability_rating"].shape == (1, 2, int(data["answer_availability_rating"].notnull().sum()))
    assert predicted["availability_rating"].shape == likelihood["availability_rating"].shape
    assert bool(((predicted["availability_rating"] >= 0) & (predicted["availability_rating"] <= 1)).all())
    for draw in range(2):
        point = {x.name: drawn[x.name].values[0, draw] for x in plain.free_RVs}
        total = sum(
            float(group.isel(chain=0, draw=draw)[name].sum()) for group in (likelihood, prior) for name in group
        )
        assert total == pytest.approx(float(at(plain, point, plain.logp())), rel=1e-10)


def test_the_formulas_of_data_are_their_own(prior):
    """The data carry the formulas from which names follow, in the file of a fit, too."""
    model, data, _, _, _ = prior
    assert json.loads(data.attrs["formulas"])["availability_start"] == "arm * anxiety + (arm|therapist)"
    names = [variable.name for variable in natural_variables(model, data)]
    assert "availability_start_arm|therapist" in names
