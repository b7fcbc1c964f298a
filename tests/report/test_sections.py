"""What sections of a report say and draw, from small results that are written down here."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.text import Text
from runs import without_drawing
from scipy.special import expit

from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.io import read_json
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import make_table, slim_svg
from iwm_bayes.report.formatting import two_digits
from iwm_bayes.report.methods import methods_paragraph
from iwm_bayes.report.page import DEFAULT_OPTIONS
from iwm_bayes.report.sections.answer import incidence_finding
from iwm_bayes.report.sections.details import data_details, rank_figure
from iwm_bayes.report.sections.groups import quantiles_of_draws
from iwm_bayes.report.sections.model_fit import coverage, mean_error
from iwm_bayes.report.sections.parameters import difference_finding, forest, learning_sentences
from iwm_bayes.responses.families import CATEGORICAL


def answer_of(lasts, shares, median):
    """Time to earned security of everyone and of arms: sessions 1-3, and four draws that agree."""
    probability = np.repeat(np.array(shares)[:, None, None, None], 4, axis=2) * np.array([0.0, 0.5, 1.0])
    return SimpleNamespace(
        curves=xr.Dataset(
            {
                "probability": (("arm", "chain", "draw", "session"), probability),
                "last": ("arm", lasts),
                "median_sessions": (("arm", "chain", "draw"), np.full((len(lasts), 1, 4), median)),
            },
            {"arm": ["everyone", "care", "repair"][: len(lasts)], "session": [1, 2, 3]},
        )
    )


@pytest.mark.parametrize(
    ("lasts", "shares", "median", "expected"),
    [
        ([3, 0, 0], [0.4, np.nan, np.nan], np.inf, "Of the men who were insecure at baseline, 40% were earned secure"),
        ([3, 3, 2], [0.4, 0.2, 0.6], np.inf, "By session 2, of these men who were insecure at baseline, 10% in care"),
        ([3], [0.8], 2.0, "Of the men who were insecure at baseline, half were earned secure by session 2, and 80%"),
    ],
)
def test_the_finding_is_about_arms_where_they_can_be_assessed(lasts, shares, median, expected):
    """Two arms of four people are too small, when all eight together are not."""
    finding = incidence_finding(answer_of(lasts, shares, median), "men")
    assert finding.startswith(expected)


def test_a_name_with_dollar_signs_is_drawn_as_it_is():
    """A figure is called "mum $\\x$", which Matplotlib would read as a formula that does not exist."""
    draws = np.random.default_rng(1).normal(size=(2, 50))
    figure = rank_figure(xr.Dataset({r"Learning rate (mum $\x$)": (("chain", "draw"), draws)}))
    figure.canvas.draw()
    assert any(r"mum \$\x\$" in text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.0010"),
        (0.05, "0.050"),
        (0.0996, "0.10"),
        (0.234, "0.23"),
        (1.26, "1.3"),
        (9.96, "10"),
        (123.4, "123"),
        (1234.5, "1,234"),
        (0.0, "0"),
        (-0.256, "−0.26"),
    ],
)
def test_numbers_have_two_significant_digits(value, text):
    """A prior range of 0.001-0.05 is no "0.00-0.05"."""
    assert two_digits(value) == text


def run_of(made):
    """The shared run as a section takes it."""
    folder, found, analysis = made
    facts = read_json(folder / "run" / "manifest.json", "")
    return ReportContext(folder, "clinic", found.model, found.fit, facts, analysis.results, DEFAULT_OPTIONS)


def with_formula(found, beta):
    """The shared fit, as if one learning rate depended on the arm, with draws (chain, draw) of the coefficient."""
    from iwm_bayes.data.formulas.design import common_design, standardised_covariates

    data = found.data.assign_attrs(formulas='{"worth_rate": "arm"}')
    frame = standardised_covariates(data)
    [term] = common_design("arm", frame, frame)
    posterior = found.fit["unconstrained_posterior"].to_dataset()
    posterior = posterior.assign(beta=(("chain", "draw", "coefficient"), beta[..., None]))
    posterior = posterior.assign_coords(coefficient=[f"worth_rate: {term}"])
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})


def three(draws):
    """Median and 90% interval to two digits, by NumPy."""
    low, median, high = (f"{value:#.2g}" for value in np.quantile(draws, [0.05, 0.5, 0.95]))
    return f"{median} (90% CrI {low}–{high})"


def test_where_a_rate_depends_on_the_arm_each_arm_has_its_median(made):
    """The reference arm has mu, the other mu + beta; no range is that of everyone. Without a formula, the range is."""
    folder, found, analysis = made
    posterior = found.fit["unconstrained_posterior"].to_dataset()
    beta = np.random.default_rng(3).normal(1.0, 0.2, posterior["mu"].shape[:2])
    run = ReportContext(folder, "c", found.model, with_formula(found, beta), {}, analysis.results, DEFAULT_OPTIONS)
    availability, worth = learning_sentences(run)
    mu = posterior["mu"].sel(parameter="worth_rate").values
    reference, other = sorted(set(found.data["covariate_arm"].values))
    assert f"{three(expit(mu))} in {reference} and {three(expit(mu + beta))} in {other}" in worth
    assert "90% of" not in worth
    assert difference_finding(run, ["worth_rate"]).startswith("How much participants differ (between-person SD, beyond")
    mu, sigma = (posterior[name].sel(parameter="availability_rate").values for name in ("mu", "sigma"))
    ends = [three(expit(mu + sign * 1.6448536 * sigma)) for sign in (-1, 1)]
    assert f"90% of participants like these lie between {ends[0]} and {ends[1]}." in availability


def test_how_much_people_differ_is_their_sd(made):
    """The between-person SD with its interval, not a range of medians; one person differs from nobody."""
    run = run_of(made)
    sigma = made[1].fit["unconstrained_posterior"]["sigma"].sel(parameter="worth_rate").values
    found = difference_finding(run, ["worth_rate"])
    assert found == (
        f"How much participants differ (between-person SD): {three(sigma)} on the logit scale in learning rate of "
        "self-worth."
    )
    alone = SimpleNamespace(model=run.model, fit=run.fit, noun="patients", data=run.data.isel(person=[0]))
    assert difference_finding(alone, ["worth_rate"]) == "Parameters of 1 patient."


def test_coverage_is_that_of_each_persons_own_interval(made):
    """Counted here over all ratings toward the figure, from the stored predictions."""
    from iwm_bayes.estimands.learning_curves import stored_predictions

    run, inside = run_of(made), []
    figure = str(run.data["figure"].values[1])
    predictions = stored_predictions(run.model, run.fit)
    for name in ("availability_rating", "worth_rating"):
        event, person = np.nonzero(run.data[f"answer_{name}"].notnull().values)
        own = session_mask(run.data, figure)[event, person]
        answers = run.data[f"answer_{name}"].values[event, person][own]
        low, high = np.quantile(predictions[name].transpose("sample", ...).values[:, own], [0.05, 0.95], axis=0)
        inside += [*((low <= answers) & (answers <= high))]
    assert coverage(run, figure) == pytest.approx(np.mean(inside))
    assert 0.7 < np.mean(inside) < 1


def test_errors_of_means_are_of_answers_between_0_and_1(made):
    """An answer of five levels is left out, also where its mean is below 1."""
    run = run_of(made)
    levels = SimpleNamespace(family=CATEGORICAL._replace(levels=5))
    model = run.model._replace(responses={"approach": run.model.responses["approach"], "impression": levels})
    curves = xr.Dataset(
        {
            "observed_mean": (("response", "session"), [[0.5, 0.6], [0.2, 0.2]]),
            "predicted_mean": (("response", "session"), [[0.4, 0.6], [0.9, 0.9]]),
        },
        {"response": ["approach", "impression"]},
    )
    assert mean_error(SimpleNamespace(model=model), curves) == pytest.approx(0.05)
    assert np.isnan(mean_error(SimpleNamespace(model=model), curves.isel(response=[1])))


def test_how_many_people_were_left_out_is_said(made, monkeypatch):
    """Their number, and not who they are, among the data and in the methods; nothing where everyone stayed."""
    without_drawing(monkeypatch)
    folder, found, analysis = made
    facts = read_json(folder / "run" / "manifest.json", "")
    for number, sentence in ((3, "3 participants left out: covariates missing"), (0, "")):
        data = found.data.assign_attrs(dropped="ann, bob, cid" if number else "", people_left_out=number)
        parts = {name: part.to_dataset() for name, part in found.fit.children.items()} | {"constant_data": data}
        fit = xr.DataTree.from_dict(parts)
        run = ReportContext(folder, "c", found.model, fit, facts, analysis.results, DEFAULT_OPTIONS)
        paragraph, items = methods_paragraph(run), data_details(run)["items"]
        assert (sentence in items) == bool(number)
        assert (f" {sentence}." in paragraph) == bool(number)
        assert "ann" not in f"{paragraph} {items}".split()


def test_columns_of_tables_have_words():
    """Intervals are one column, differences of shares are in percentage points, and the legend uses the same words."""
    arms = pd.DataFrame(
        {
            "by_session": [12],
            "risk_difference": [0.256],
            "risk_difference_ci90_low": [-0.1],
            "risk_difference_ci90_high": [0.52],
            "p_above_0": [0.93],
        }
    )
    table = make_table(arms, "Risk differences between arms", "arms")
    assert table.columns == ["by session", "difference of shares", "P(> 0)"]
    assert table.rows == [["12", "+26 points (−10 to +52)", "0.93"]]
    assert "P(> 0): " in table.legend
    assert "_" not in table.legend
    effects = pd.DataFrame({"contrast": ["a"], "difference": [0.1], "ci90_low": [0.05], "ci90_high": [0.2]})
    table = make_table(effects, "Marginal effects", "marginal_effects")
    assert (table.columns, table.rows) == (["contrast", "difference", "90% CrI"], [["a", "0.1", "0.05–0.2"]])


def test_a_slim_picture_has_the_same_lines():
    """Paths lose decimals that nobody sees; whatever else has numbers keeps them."""
    svg = b'<path d="M 12.345678 4 L 0.04 123.96" transform="scale(0.015625)"/><use x="1.2345"/>'
    assert slim_svg(svg) == b'<path d="M 12.3 4 L 0.0 123.9" transform="scale(0.015625)"/><use x="1.2345"/>'


def test_the_numbers_of_a_difference_are_its_percentiles():
    """Not each of its draws: the page would be twice as large. Median and interval are among them."""
    generator = np.random.default_rng(1)
    data = xr.Dataset(
        {
            "difference": (("chain", "draw"), generator.normal(size=(2, 300))),
            "prior_difference": ("prior_draw", generator.normal(size=500)),
            "median": ("person", [0.1, 0.2]),
        },
        {"person": ["person 1", "person 2"]},
    )
    found = quantiles_of_draws(data)
    assert found.sizes["quantile"] == 99
    expected = np.quantile(data["difference"], [0.05, 0.5, 0.95])
    np.testing.assert_allclose(found["difference"].sel(quantile=[0.05, 0.5, 0.95]), expected)
    assert found["median"].equals(data["median"])
    assert "prior_draw" not in found.dims


def test_the_caption_of_the_forest_names_what_its_medians_are_of(made, monkeypatch):
    """Lines are medians of each arm, where the study has arms."""
    without_drawing(monkeypatch)
    exhibit = forest(run_of(made))
    assert "with the median of each arm and its 90% CrI." in exhibit.caption
