"""A fit is an ArviZ tree that any tool opens: its groups against closed forms and other programs, and its file."""

import json
import subprocess
import sys
from pathlib import Path

import arviz as az
import numpy as np
import pytest
import xarray as xr
from runs import known
from scipy.special import expit, logit
from scipy.stats import norm

from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.prior import lkj_correlations, prior_draws
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.types import InputError
from iwm_bayes.workflow import fit_groups
from iwm_bayes.workflow.fit_file import budget_notes, load_fit, model_of, save_fit, within_budget
from iwm_bayes.workflow.fit_groups import standard_fit

TOOLS = Path(__file__).with_name("arviz_tools.py")
COORDINATES = ("_person", "_session", "_figure", "_time")  # of answers
GROUPS = {
    "posterior",
    "unconstrained_posterior",
    "prior",
    "observed_data",
    "posterior_predictive",
    "prior_predictive",
    "log_likelihood",
    "log_prior",
    "beliefs",
    "belief_summary",
    "sample_stats",
    "constant_data",
}


@pytest.fixture(scope="module")
def found():
    return known()


@pytest.fixture(scope="module")
def whole(found):
    """The fit with all groups, around known parameters of twelve people."""
    return standard_fit(found.model, found.fit, "nuts", {"random_seed": 1})


@pytest.fixture(scope="module")
def file(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "fit.nc"
    save_fit(whole, path)
    return path


def test_arviz_without_this_program_opens_every_part(found, whole, file, tmp_path):
    """Summaries, plots, loo with its k, prior-posterior plots, power scaling and comparison, on the file alone."""
    shifted = found.fit.copy()
    draws = found.fit["unconstrained_posterior"].to_dataset()
    shifted["unconstrained_posterior"] = xr.DataTree(draws.assign(theta=draws["theta"] + 0.3))
    save_fit(standard_fit(found.model, shifted, "nuts", {"random_seed": 1}), tmp_path / "other.nc")
    command = [sys.executable, str(TOOLS), str(file), str(tmp_path / "other.nc")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    answers = {name: int(found.data[f"answer_{name}"].notnull().sum()) for name in found.model.responses}
    assert said["n"] == answers
    assert all(said["k"].values())
    assert all(np.isfinite(value) for value in said["elpd"].values())
    assert said["missing_medians"] == said["sensitivity_missing"] == 0
    assert said["likelihood"] > 0
    assert sorted(said["compared"]) == ["one", "other"]
    table = group_summary(found.model, whole).set_index("parameter")
    for name in ("availability_rate", "availability_start"):
        theirs, ours = said["summary"][f"{name}_median"], table.loc[name]
        ends = [value for key, value in theirs.items() if key.startswith("eti")]
        assert theirs["median"] == pytest.approx(ours["median"], rel=1e-6)
        assert ends == pytest.approx([ours["ci90_low"], ours["ci90_high"]], rel=1e-6)


def test_groups_and_answers(found, whole):
    assert set(whole.children) == GROUPS
    for group in ("observed_data", "posterior_predictive", "prior_predictive", "log_likelihood"):
        for name in found.model.responses:
            values = whole[group].to_dataset()[name]
            assert values.dims[-1] == f"{name}_obs"
            assert values.sizes[f"{name}_obs"] == int(found.data[f"answer_{name}"].notnull().sum())
            assert bool(np.isfinite(values).all())
    assert whole["log_likelihood"].sizes["draw"] == whole["posterior"].sizes["draw"]
    assert whole["log_prior"].sizes["draw"] == whole["posterior"].sizes["draw"]


def test_the_posterior_is_on_the_natural_scale(found, whole):
    """People are where the filter has them, and the median person is the inverse link of the group mean."""
    posterior, theirs = whole["posterior"].to_dataset(), person_parameters(found.model, whole, draws=10_000)
    for name in ("availability_rate", "worth_start", "approach_bias"):
        ours = posterior[name].transpose("chain", "draw", "person")
        np.testing.assert_allclose(ours, theirs[name].transpose("chain", "draw", "person"), rtol=1e-12)
    rate = posterior["availability_rate"]
    assert 0 < float(rate.min()) < float(rate.max()) < 1
    mu = whole["unconstrained_posterior"]["mu"].sel(parameter="availability_rate")
    np.testing.assert_allclose(posterior["availability_rate_median"], expit(mu), rtol=1e-12)
    sigma = whole["unconstrained_posterior"]["sigma"].sel(parameter="availability_rate")
    np.testing.assert_array_equal(posterior["availability_rate_sd"], sigma)
    assert posterior["approach_sensitivity"].dims == ("chain", "draw")  # one value for all people


def test_the_prior_is_that_of_the_model(found, whole):
    """Nine of ten prior medians are in the model's 90% range; people vary around them by half-normal SDs."""
    prior = whole["prior"].to_dataset()
    size = prior.sizes["draw"]
    error = 3 * np.sqrt(0.9 * 0.1 / size)
    for free in free_parameters(found.model, list(found.data["figure"].values)):
        name = free.name if free.parameter.pooling == "complete" else f"{free.name}_median"
        low, high = free.parameter.prior_90
        inside = float(((prior[name] > low) & (prior[name] < high)).mean())
        assert inside == pytest.approx(0.9, abs=error), name
    sd, median = prior["availability_rate_sd"], logit(prior["availability_rate_median"])
    between = (logit(prior["availability_rate"]) - median) / sd
    assert float(between.std()) == pytest.approx(1.0, abs=3 / np.sqrt(2 * between.size))
    scale = dict((free.label, free.parameter.prior_between_sd) for free in free_parameters(found.model, ["mother"]))[
        "availability_rate"
    ]
    assert float((sd**2).mean()) == pytest.approx(scale**2, rel=3 * np.sqrt(2 / size))


def test_prior_correlations_are_those_of_the_lkj_prior():
    """Each is 2 Beta(b, b) - 1 with b = 2 + (n - 2) / 2, whose variance is 1 / (2 b + 1)."""
    draws, size = 20_000, 4
    matrices = lkj_correlations(size, draws, np.random.default_rng(1))
    assert np.linalg.eigvalsh(matrices).min() > 0
    variance = 1 / (2 * (2 + (size - 2) / 2) + 1)
    for one, other in ((0, 1), (0, 3), (2, 3)):
        values = matrices[:, one, other]
        assert values.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / draws))
        assert values.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / draws))


def test_correlated_people_are_drawn_from_the_prior_as_correlated(found):
    """Over many draws, the correlation between people of one draw is that of its matrix."""
    model = found.model._replace(correlated=True)
    draws = prior_draws(model, found.data, 2000, 1)
    names = ["availability_rate", "worth_rate"]
    theta = draws["theta"].sel(parameter=names).isel(chain=0).values
    within = np.array([np.corrcoef(one)[0, 1] for one in theta])
    stated = draws["correlation"].sel(parameter=names[0], parameter_other=names[1]).values[0]
    slope = np.polyfit(stated, within, 1)[0]
    assert slope == pytest.approx(1.0, abs=0.08)  # of 12 people: r is biased by -r (1 - r^2) / 24, and has SE .015


def test_predictive_answers_are_normal_around_the_belief(found, whole):
    """A rating in the middle of its scale is the expectation plus noise: residuals have the SD of the draw."""
    answers = whole["posterior_predictive"].to_dataset()["availability_rating"]
    observed = whole["observed_data"].to_dataset()["availability_rating"]
    assert set(answers["draw"].values) <= set(whole["posterior"]["draw"].values)
    inside = (observed > answers.quantile(0.05, ("chain", "draw"))) & (
        observed < answers.quantile(0.95, ("chain", "draw"))
    )
    share, error = float(inside.mean()), np.sqrt(0.9 * 0.1 / 12)  # twelve people, whose ratings hang together
    assert share == pytest.approx(0.9, abs=3 * error)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # of draws that are no posterior
def test_the_log_likelihood_of_people_leaves_out_people(found):
    """ArviZ's loo of it has as many points as there are people; its values are held against refits in comparison."""
    asked = standard_fit(found.model, found.fit, "nuts", {"random_seed": 1}, save_log_likelihood=True)
    by_person = asked["log_likelihood_person"].to_dataset()["log_likelihood_person"]
    assert by_person.dims == ("chain", "draw", "person")
    assert bool(np.isfinite(by_person).all())
    tree = xr.DataTree.from_dict(
        {
            "posterior": asked["posterior"].to_dataset().sel(draw=by_person["draw"].values),
            "log_likelihood": by_person.to_dataset(),
        }
    )
    left_out = az.loo(tree, var_name="log_likelihood_person", reff=1.0)
    assert left_out.n_data_points == found.data.sizes["person"]


def test_a_fit_read_back_is_the_fit(found, whole, file):
    """Every number that answers rest on, to the last digit; the model too."""
    again = load_fit(file)
    for group in ("unconstrained_posterior", "constant_data", "observed_data"):
        xr.testing.assert_identical(again[group].to_dataset(), whole[group].to_dataset())
    for group in ("posterior", "prior", "log_likelihood", "log_prior", "beliefs", "posterior_predictive"):
        xr.testing.assert_allclose(again[group].to_dataset(), whole[group].to_dataset(), rtol=1e-6, atol=1e-6)
    assert model_of(again).name == found.model.name
    assert again.attrs["inference_method"] == "nuts"
    with xr.open_datatree(file, engine="h5netcdf") as raw:
        assert "/" not in json.loads(raw.attrs["model"])["source"]["path"]  # the file may be given to others


def test_every_variable_says_what_it_is(file):
    """By a library of another kind: netCDF4, whose C library is the one that R uses."""
    netcdf = pytest.importorskip("netCDF4")
    with netcdf.Dataset(file) as tree:
        for name, group in tree.groups.items():
            variables = {key: own for key, own in group.variables.items() if key not in group.dimensions}
            plain = {
                key: own
                for key, own in variables.items()
                if not key.endswith(("_person", "_session", "_figure", "_time"))
            }
            assert plain, name
            for key, own in plain.items():
                assert getattr(own, "long_name", ""), (name, key)
                assert getattr(own, "units", ""), (name, key)
        rate = tree.groups["posterior"].variables["availability_rate"]
        assert (rate.link, rate.units) == ("logit", "0 to 1")
        assert rate.dimensions == ("chain", "draw", "person")


def test_a_large_fit_is_thinned_and_says_so(whole, tmp_path, monkeypatch):
    """Within a budget every group has the same draws, evenly spaced, and the file is as large as it may be."""
    budget = 4_000_000
    thinned = within_budget(whole, budget)
    kept = {name: thinned[name].sizes["draw"] for name in ("posterior", "log_likelihood", "log_prior", "sample_stats")}
    assert len(set(kept.values())) == 1
    assert thinned["posterior"]["draw"].values[1] > 1
    save_fit(whole, tmp_path / "small.nc", budget)
    assert (tmp_path / "small.nc").stat().st_size < 1.6 * budget  # names and coordinates come on top
    assert "draws is kept" in load_fit(tmp_path / "small.nc").attrs["thinned"]
    assert budget_notes(whole) == []


def test_a_large_log_likelihood_is_left_out_unless_asked_for(found, monkeypatch):
    monkeypatch.setattr(fit_groups, "MAX_LOG_LIKELIHOOD", 1_000)
    left_out = standard_fit(found.model, found.fit, "nuts", {})
    assert "log_likelihood" not in left_out.children
    [note] = budget_notes(left_out)
    assert "--save-log-likelihood" in note
    asked = standard_fit(found.model, found.fit, "nuts", {}, save_log_likelihood=True)
    assert "log_likelihood" in asked.children
    assert budget_notes(asked) == []


def test_what_is_no_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="is missing"):
        load_fit(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("no fit")
    with pytest.raises(InputError, match="cannot be read as a fit"):
        load_fit(tmp_path / "text.nc")
    xr.Dataset({"x": 1.0}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="is no fit of this version"):
        load_fit(tmp_path / "other.nc")


def test_log_prior_is_the_density_of_each_parameter(found, whole):
    """Of the group mean of the learning rate: normal on the link scale, with the 90% range of the model file."""
    free = {own.label: own for own in free_parameters(found.model, list(found.data["figure"].values))}
    own = free["availability_rate"]
    mu = whole["unconstrained_posterior"]["mu"].sel(parameter=own.label)
    density = whole["log_prior"]["mu"].sel(parameter=own.label)
    np.testing.assert_allclose(density, norm(own.prior_mean, own.prior_sd).logpdf(mu), rtol=1e-10)
