"""Convergence checks hold for independent draws and for nothing worse; suggestions name the fault."""

import arviz as az
import numpy as np
import nutpie
import pymc as pm
import pytest
import xarray as xr
from dyad_runs import known_dyads

from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import MAX_SHARE_SATURATED, check_convergence

CHAINS, DRAWS, PEOPLE = 4, 600, 5


def drawn(**changes: np.ndarray) -> xr.DataTree:
    """Make a fit with independent draws, some parts of which are replaced."""
    generator = np.random.default_rng(1)
    posterior = {
        "mu": (("chain", "draw", "parameter"), generator.normal(size=(CHAINS, DRAWS, 2))),
        "sigma": (("chain", "draw", "parameter"), np.exp(generator.normal(size=(CHAINS, DRAWS, 2)))),
        "theta": (("chain", "draw", "parameter", "person"), generator.normal(size=(CHAINS, DRAWS, 2, PEOPLE))),
    }
    stats = {
        "diverging": (("chain", "draw"), np.zeros((CHAINS, DRAWS), dtype=bool)),
        "energy": (("chain", "draw"), generator.normal(size=(CHAINS, DRAWS))),
        "maxdepth_reached": (("chain", "draw"), np.zeros((CHAINS, DRAWS), dtype=bool)),
    }
    for name, values in changes.items():
        part = posterior if name in posterior else stats
        part[name] = (part[name][0], values)
    return xr.DataTree.from_dict({"unconstrained_posterior": xr.Dataset(posterior), "sample_stats": xr.Dataset(stats)})


def walk(shape: tuple[int, ...]) -> np.ndarray:
    """Return a random walk along the draws, which is far from independent."""
    return np.cumsum(np.random.default_rng(2).normal(size=shape), axis=1)


def test_independent_draws_converge() -> None:
    """2,400 independent draws have R-hat near 1 and an effective size near 2,400."""
    checks = check_convergence(drawn())
    assert checks.converged
    assert checks.reasons == []
    assert checks.values["group_ess"] > 0.7 * CHAINS * DRAWS


def test_chains_that_disagree_do_not_converge() -> None:
    """One chain shifted by one sd has an R-hat well above 1.01."""
    mu = drawn()["unconstrained_posterior"]["mu"].values.copy()
    mu[0] += 1.0
    checks = check_convergence(drawn(mu=mu))
    assert not checks.converged
    assert any("R-hat of a group parameter" in reason for reason in checks.reasons)


def test_a_single_chain_does_not_converge() -> None:
    """R-hat of a single chain is undefined."""
    checks = check_convergence(drawn().isel(chain=[0]))
    assert any("R-hat of a group parameter is nan" in reason for reason in checks.reasons)


def test_a_nan_draw_does_not_converge() -> None:
    """It is not left out, as quantities that never vary are."""
    mu = drawn()["unconstrained_posterior"]["mu"].values.copy()
    mu[1, 7, 0] = np.nan
    assert not check_convergence(drawn(mu=mu)).converged


def test_what_does_not_apply_to_a_parameter_is_left_out() -> None:
    """sigma and theta of a completely pooled parameter are NaN in every draw."""
    posterior, applies = drawn()["unconstrained_posterior"], np.array([1.0, np.nan])
    sigma, theta = posterior["sigma"].values * applies, posterior["theta"].values * applies[:, None]
    checks = check_convergence(drawn(sigma=sigma, theta=theta))
    assert checks.converged
    assert not np.isnan(list(checks.values.values())).any()  # ESS is infinite where nothing is derived


def test_tails_are_the_last_twentieths_whatever_arviz_is_set_to() -> None:
    """They are those of Vehtari et al. (2021); a user may set another interval in ArviZ."""
    fit = drawn()
    values = fit["unconstrained_posterior"].to_dataset()[["mu", "sigma"]]
    tail, bulk = az.ess(values, method="tail", prob=(0.05, 0.95)), az.ess(values, method="bulk")
    least = min(float(each.to_array().min()) for each in (tail, bulk))
    with az.rc_context({"stats.ci_prob": 0.5}):
        assert check_convergence(fit).values["group_ess"] == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sigma": walk((CHAINS, DRAWS, 2))}, "ESS of a group parameter"),
        ({"theta": walk((CHAINS, DRAWS, 2, PEOPLE))}, "ESS of a person-level parameter"),
        ({"diverging": np.eye(CHAINS, DRAWS, dtype=bool)}, "4 divergent transitions"),
        ({"energy": walk((CHAINS, DRAWS))}, "E-BFMI"),
        ({"maxdepth_reached": np.ones((CHAINS, DRAWS), dtype=bool)}, "100% of trajectories stop at the maximum tree"),
    ],
    ids=["slow group", "slow people", "divergences", "energy", "tree depth"],
)
def test_each_fault_is_named(change: dict[str, np.ndarray], words: str) -> None:
    """Every check can fail, and its reason says so."""
    checks = check_convergence(drawn(**change))
    assert not checks.converged
    assert any(words in reason for reason in checks.reasons)


def test_derived_quantities_are_checked() -> None:
    """A fit may converge when a quantity derived from it has not."""
    slow = xr.Dataset({"sessions": (("chain", "draw"), walk((CHAINS, DRAWS)))})
    checks = check_convergence(drawn(), slow)
    assert not checks.converged
    assert any("derived quantity" in reason for reason in checks.reasons)


def test_a_constant_is_no_evidence_against_a_fit() -> None:
    """A derived quantity that never varies (everyone censored) has no R-hat, and does not fail."""
    constant = xr.Dataset({"sessions": (("chain", "draw"), np.full((CHAINS, DRAWS), 25.0))})
    assert check_convergence(drawn(), constant).converged


def named(**changes: np.ndarray) -> xr.DataTree:
    """Make such a fit with names of its parameters."""
    fit, rows = drawn(**changes), ["availability_start", "availability_rate"]
    posterior = fit["unconstrained_posterior"].to_dataset().assign_coords(parameter=rows)
    return xr.DataTree.from_dict(
        {"unconstrained_posterior": posterior, "sample_stats": fit["sample_stats"].to_dataset()}
    )


def test_advice_names_what_the_chains_disagree_about() -> None:
    """One chain of the second parameter differs: this parameter is named, and no longer run is suggested."""
    mu = named()["unconstrained_posterior"]["mu"].values.copy()
    mu[0, :, 1] += 3.0
    fit = named(mu=mu)
    [first, *others] = advice(fit, check_convergence(fit))
    assert "most of all on mu[availability_rate]" in first
    assert not any("--draws" in sentence for sentence in others)


def slow_chains() -> np.ndarray:
    """Draw chains that agree, but have an ESS of about a tenth of the draws: autoregression of .88."""
    slow = np.random.default_rng(5).normal(size=(CHAINS, DRAWS, 2))
    for draw in range(1, DRAWS):
        slow[:, draw] = 0.88 * slow[:, draw - 1] + np.sqrt(1 - 0.88**2) * slow[:, draw]
    return slow


def test_advice_for_slow_chains_is_a_longer_run() -> None:
    """The ESS is a tenth of the draws: the suggestion has as many draws as an ESS of 400 needs."""
    fit = named(mu=slow_chains())
    checks = check_convergence(fit)
    [longer] = [sentence for sentence in advice(fit, checks) if "--draws" in sentence]
    assert "try --extend --draws" in longer
    assert "enough" not in longer
    wanted = DRAWS * 400 / checks.values["group_ess"]
    assert wanted < int(longer.split("--draws ")[1].split()[0]) < 1.2 * wanted + 100


def test_advice_after_a_short_run_is_the_default_length_and_no_change_of_the_model() -> None:
    """Sixty draws that disagree say nothing about the model."""
    fit = named(mu=walk((CHAINS, DRAWS, 2)))
    short = xr.DataTree.from_dict(
        {name: group.to_dataset().isel(draw=slice(60)) for name, group in fit.children.items()}
    )
    [sentence] = advice(short, check_convergence(short))
    assert "only 60 draws in each chain" in sentence
    assert "--draws 750 --tune 500" in sentence


def test_advice_does_not_contradict_itself() -> None:
    """Where people's chains disagree, no sentence says that the chains agree."""
    theta = named()["unconstrained_posterior"]["theta"].values.copy()
    theta[0] += 3.0
    fit = named(mu=slow_chains(), theta=theta)
    sentences = advice(fit, check_convergence(fit))
    assert "Chains disagree" in sentences[0]
    assert not any("chains agree" in sentence for sentence in sentences)


def test_a_sampler_that_stops_at_its_maximum_depth_says_so() -> None:
    """NUTS that may double once stops there at almost every draw of an elongated normal; the advice names the cause."""
    with pm.Model() as model:
        pm.MvNormal("x", np.zeros(2), np.array([[1.0, 0.999], [0.999, 1.0]]))
    sampler = nutpie.compile_pymc_model(model)
    stats = [
        nutpie.sample(sampler, draws=200, tune=50, chains=2, seed=1, maxdepth=depth, progress_bar=False)
        .sample_stats["maxdepth_reached"]
        .values
        for depth in (1, 10)
    ]
    assert stats[0].mean() > MAX_SHARE_SATURATED
    assert stats[1].mean() == 0.0
    fit = named(maxdepth_reached=np.resize(stats[0], (CHAINS, DRAWS)))
    [sentence] = advice(fit, check_convergence(fit))
    assert sentence.startswith("Trajectories stop at the maximum tree depth")


def test_advice_for_a_search_that_did_not_end_is_another_method_or_a_simpler_model() -> None:
    """After `laplace` it is `quadrature`, and after that a change of the model."""
    posterior = named()["unconstrained_posterior"].to_dataset()
    for method, wanted in (
        ("laplace", "--method quadrature"),
        ("quadrature", "fix one of them, or pool it completely"),
    ):
        fit = xr.DataTree.from_dict(
            {"unconstrained_posterior": posterior.assign_attrs(approximate=method, converged=0)}
        )
        [sentence] = advice(fit, check_convergence(fit))
        assert wanted in sentence


def test_advice_for_dyads_whose_mode_is_not_found_is_the_sampler() -> None:
    """Both approximations look for the same mode, which 16 therapies of 8 sessions may not have."""
    known = known_dyads()
    posterior = known.fit["unconstrained_posterior"].to_dataset()
    for method in ("laplace", "quadrature"):
        lost = posterior.assign_attrs(approximate=method, converged=0)
        fit = xr.DataTree.from_dict({"unconstrained_posterior": lost, "constant_data": known.data})
        [sentence] = advice(fit, check_convergence(fit))
        assert "--method nuts" in sentence
        assert advice(fit.drop_nodes("constant_data"), check_convergence(fit), of_dyads=True) == [sentence]


def test_advice_is_silent_where_nothing_is_wrong() -> None:
    """A fit that has converged needs none."""
    assert advice(named(), check_convergence(named())) == []
