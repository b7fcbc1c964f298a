"""The gate opens for independent draws and for nothing worse."""

from pathlib import Path

import arviz as az
import numpy as np
import pytest
import xarray as xr
from helpers import lived

from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.model.model_file import find_model, load_model
from iwm_bayes.types import ModelSpec

CHAINS, DRAWS, PEOPLE = 4, 600, 5


def drawn(**changes: np.ndarray) -> xr.DataTree:
    """A fit whose draws are independent, with parts replaced."""
    generator = np.random.default_rng(1)
    posterior = {
        "centre": (("chain", "draw", "row"), generator.normal(size=(CHAINS, DRAWS, 2))),
        "spread": (("chain", "draw", "partial"), np.exp(generator.normal(size=(CHAINS, DRAWS, 2)))),
        "level": (("chain", "draw", "personal", "person"), generator.normal(size=(CHAINS, DRAWS, 2, PEOPLE))),
    }
    stats = {
        "diverging": (("chain", "draw"), np.zeros((CHAINS, DRAWS), dtype=bool)),
        "energy": (("chain", "draw"), generator.normal(size=(CHAINS, DRAWS))),
    }
    for name, values in changes.items():
        part = posterior if name in posterior else stats
        part[name] = (part[name][0], values)
    return xr.DataTree.from_dict({"posterior": xr.Dataset(posterior), "sample_stats": xr.Dataset(stats)})


def walk(shape: tuple[int, ...]) -> np.ndarray:
    """A random walk along the draws: as far from independent as can be."""
    return np.cumsum(np.random.default_rng(2).normal(size=shape), axis=1)


def test_independent_draws_pass() -> None:
    """2,400 independent draws have R-hat near 1 and an effective size near 2,400."""
    verdict = check_convergence(drawn())
    assert verdict.passed
    assert verdict.reasons == []
    assert verdict.figures["group_ess"] > 0.7 * CHAINS * DRAWS


def test_chains_that_disagree_fail() -> None:
    """One chain shifted by one sd has an R-hat well above 1.01."""
    centre = drawn()["posterior"]["centre"].values.copy()
    centre[0] += 1.0
    verdict = check_convergence(drawn(centre=centre))
    assert not verdict.passed
    assert any("R-hat of a group parameter" in reason for reason in verdict.reasons)


def test_a_single_chain_fails() -> None:
    """Nothing says that others would agree with it."""
    verdict = check_convergence(drawn().isel(chain=[0]))
    assert any("R-hat of a group parameter is nan" in reason for reason in verdict.reasons)


def test_a_draw_that_is_no_number_fails() -> None:
    """It is not left out like what never varies."""
    centre = drawn()["posterior"]["centre"].values.copy()
    centre[1, 7, 0] = np.nan
    assert not check_convergence(drawn(centre=centre)).passed


def test_tails_are_the_last_twentieths_whatever_arviz_is_set_to() -> None:
    """Vehtari et al. (2021): ArviZ takes them from an interval that a user may set."""
    fit = drawn()
    values = fit["posterior"].to_dataset()[["centre", "spread"]]
    tail, bulk = az.ess(values, method="tail", prob=(0.05, 0.95)), az.ess(values, method="bulk")
    least = min(float(each.to_array().min()) for each in (tail, bulk))
    with az.rc_context({"stats.ci_prob": 0.5}):
        assert check_convergence(fit).figures["group_ess"] == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spread": walk((CHAINS, DRAWS, 2))}, "effective sample size of a group parameter"),
        ({"level": walk((CHAINS, DRAWS, 2, PEOPLE))}, "person's parameter"),
        ({"diverging": np.eye(CHAINS, DRAWS, dtype=bool)}, "4 divergent transitions"),
        ({"energy": walk((CHAINS, DRAWS))}, "E-BFMI"),
    ],
    ids=["slow group", "slow people", "divergences", "energy"],
)
def test_each_fault_is_named(change: dict[str, np.ndarray], words: str) -> None:
    """Every clause of the gate can close it, and says so."""
    verdict = check_convergence(drawn(**change))
    assert not verdict.passed
    assert any(words in reason for reason in verdict.reasons)


def test_derived_quantities_are_judged() -> None:
    """A fit may be good and a number derived from it not."""
    slow = xr.Dataset({"sessions": (("chain", "draw"), walk((CHAINS, DRAWS)))})
    verdict = check_convergence(drawn(), slow)
    assert not verdict.passed
    assert any("derived quantity" in reason for reason in verdict.reasons)


def test_a_constant_is_no_evidence_against_a_fit() -> None:
    """A derived quantity that never varies (everyone censored) has no R-hat, and does not fail."""
    constant = xr.Dataset({"sessions": (("chain", "draw"), np.full((CHAINS, DRAWS), 25.0))})
    assert check_convergence(drawn(), constant).passed


def with_file(folder: Path, theory: str, more: str = "") -> ModelSpec:
    """A theory of the shelf with more lines to its file."""
    path = folder / "changed.toml"
    path.write_text(find_model(theory).read_text() + more)
    return load_model(path)


def test_what_one_figure_without_a_rating_of_worth_cannot_tell() -> None:
    """The sum of availability and worth; a second figure helps weakly, a rating of worth altogether."""
    whole = load_model("compensatory")
    blind = whole._replace(responses={n: r for n, r in whole.responses.items() if r.about != "worth"})
    assert "only the sum" in identifiability(blind, lived(figures=1))[0]
    assert "weakly" in identifiability(blind, lived(figures=2))[0]
    assert not any("worth" in warning for warning in identifiability(whole, lived(figures=1)))


def test_graded_outcomes_of_a_binary_rule_are_said() -> None:
    """They enter as a tempered likelihood; outcomes of 0 and 1 need no word."""
    graded = lived()
    assert "tempered" in identifiability(load_model("compensatory"), graded)[0]
    assert identifiability(load_model("compensatory"), graded.assign(outcome=graded["outcome"].round())) == []


def test_a_scale_set_free_needs_a_start_that_is_shared(tmp_path: Path) -> None:
    """Where everyone starts elsewhere and rates on a scale of their own, the two are hardly told apart."""
    free = "\n[parameters.worth_rating_slope]\nfixed = false"
    shared = '\n[parameters.worth_start]\npooling = "complete"'
    [warning] = identifiability(with_file(tmp_path, "rescorla_wagner", free), lived())
    assert "no rating of worth" in warning
    assert identifiability(with_file(tmp_path, "rescorla_wagner", free + shared), lived()) == []


def test_what_acts_on_a_column_that_is_not_there(tmp_path: Path) -> None:
    """Strategies need distress and fear needs threat; with both on record nothing is said."""
    path = tmp_path / "own.toml"
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = ["availability_rating", "bid"]\n'
    path.write_text(head + "[parameters.bid_fearfulness]\nfixed = false\n")
    calm = lived(figures=2)
    nothing = calm.assign(distress=calm["distress"] * 0.0, threat=calm["threat"] * 0.0)
    strategies, afraid = identifiability(load_model(path), nothing)
    assert "no distress is on record, which bid_activation acts on" in strategies
    assert "no threat is on record, which bid_fearfulness acts on" in afraid
    assert identifiability(load_model(path), lived(figures=2)) == []


def test_a_scale_fixed_by_someone_else_is_said() -> None:
    """A therapist's rating may fix the scale of what a patient believes, but not in silence."""
    data = lived().assign_attrs({"rater of availability_rating": "therapist"})
    model = load_model("rescorla_wagner")
    [warning] = identifiability(model, data)
    assert "availability_rating is the therapist's" in warning


def test_own_reports_are_said_unless_the_theory_takes_them_so() -> None:
    """A report is partly what was expected."""
    data = lived()
    own = data.assign(reported=data["seen"] * 1.0)
    [warning] = identifiability(load_model("rescorla_wagner"), own)
    assert "see rates at other assimilations" in warning
    [warning] = identifiability(load_model("rescorla_wagner"), own.assign(outcome=own["outcome"].round()))
    assert "yes or no" in warning


def named(**changes: np.ndarray) -> xr.DataTree:
    """Such a fit with names of its parameters."""
    fit, rows = drawn(**changes), ["availability_start", "availability_rate"]
    posterior = fit["posterior"].to_dataset().assign_coords(row=rows, partial=rows, personal=rows)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": fit["sample_stats"].to_dataset()})


def test_advice_names_what_the_chains_disagree_about() -> None:
    """One chain of the second centre stands elsewhere: that is the parameter named, and no longer run is advised."""
    centre = named()["posterior"]["centre"].values.copy()
    centre[0, :, 1] += 3.0
    fit = named(centre=centre)
    [first, *others] = advice(fit, check_convergence(fit))
    assert "most of all centre[availability_rate]" in first
    assert not any("--draws" in sentence for sentence in others)


def test_advice_for_slow_chains_is_a_longer_run() -> None:
    """Draws that are worth a tenth of independent ones: as many more as 400 of the worst need."""
    slow = np.random.default_rng(5).normal(size=(CHAINS, DRAWS, 2))
    for draw in range(1, DRAWS):
        slow[:, draw] = 0.88 * slow[:, draw - 1] + np.sqrt(1 - 0.88**2) * slow[:, draw]
    fit = named(centre=slow)
    verdict = check_convergence(fit)
    [longer] = [sentence for sentence in advice(fit, verdict) if "--draws" in sentence]
    wanted = DRAWS * 400 / verdict.figures["group_ess"]
    assert wanted < int(longer.split("--draws ")[1].split()[0]) < 1.2 * wanted + 100


def test_advice_for_a_search_that_did_not_end_is_another_method_or_a_simpler_theory() -> None:
    """`laplace` has `quadrature`, which has nothing behind it but the theory."""
    posterior = named()["posterior"].to_dataset()
    for method, wanted in (("laplace", "--method quadrature"), ("quadrature", "fix or share one of them")):
        fit = xr.DataTree.from_dict({"posterior": posterior.assign_attrs(approximate=method, converged=0)})
        [sentence] = advice(fit, check_convergence(fit))
        assert wanted in sentence


def test_advice_is_silent_where_nothing_is_wrong() -> None:
    """A fit that passed needs none."""
    assert advice(named(), check_convergence(named())) == []
