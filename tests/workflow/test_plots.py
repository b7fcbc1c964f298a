"""Plots from tables and comparisons: what is drawn is what the tables say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pictures
import pytest
import runs
import xarray as xr
from matplotlib.text import Text

import iwm_bayes as iwm
from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.model_frequencies import attribution_data
from iwm_bayes.diagnostics.predictive_checks import predictive_checks_data
from iwm_bayes.estimands.person_summary import pseudonyms
from iwm_bayes.estimands.security.curves import time_to_security_data
from iwm_bayes.validation.planning.assurance import planning_curve_data
from iwm_bayes.validation.uniformity import NOT_UNIFORM, sbc_ranks_data
from iwm_bayes.viz.attachment_space import MAX_PEOPLE
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.earned_security import time_to_security_plot
from iwm_bayes.viz.learning_curves import learning_curves_plot
from iwm_bayes.viz.parameters import group_difference_plot
from iwm_bayes.viz.people import forest_plot
from iwm_bayes.viz.predictive_checks import predictive_checks_plot
from iwm_bayes.viz.simulated_studies.planning import planning_curve_plot
from iwm_bayes.viz.simulated_studies.predictions import prediction_curves_plot, prediction_matrix_plot, prediction_plot
from iwm_bayes.viz.style import free_place, spread_apart, words
from iwm_bayes.workflow.run_folder import plots_by_file


@pytest.fixture
def closed():
    """Close all figures after a test."""
    yield
    plt.close("all")


def test_checks_are_on_a_scale_whose_interval_ends_at_1():
    """Each side has its own unit; a statistic is beyond ±1 exactly where its status says that it is outside."""
    columns = ["observed", "median", "pi95_low", "pi95_high", "status"]
    lines = [
        (0.5, 0.5, 0.4, 0.9, ""),
        (0.9, 0.5, 0.4, 0.9, ""),
        (0.4, 0.5, 0.4, 0.9, ""),
        (0.3, 0.5, 0.4, 0.9, "outside 99%"),
        (1.1, 0.5, 0.4, 0.9, "outside 95%"),
        (3.0, 2.0, 1.0, 2.0, "outside 95%"),  # no width above the median: the unit is that of the interval
        (1.0, 2.0, 2.0, 2.0, "outside 99%"),  # no width at all
    ]
    table = pd.DataFrame(lines, columns=columns).assign(response="approach", statistic="level", p_joint=0.5)
    found = predictive_checks_data({"kalman": table})
    np.testing.assert_allclose(found["standardised"], [0.0, 1.0, -1.0, -2.0, 1.5, 1.0, -2.0])
    assert (found["model"] == "kalman").all()


def test_attribution_is_that_of_random_effects_selection_under_pseudonyms():
    evidence = pictures.EVIDENCE.set_axis([f"id {number}" for number in range(30)])
    selection, data = random_effects_bms(evidence.to_numpy()), attribution_data(evidence)
    names = pseudonyms(list(evidence.index))
    for person, probabilities in zip(names, selection.attribution, strict=True):
        np.testing.assert_array_equal(data["attribution"].sel(person=person), probabilities)
    assert list(data["person"].values) == [f"person {number}" for number in range(1, 31)]
    np.testing.assert_array_equal(data["pxp"], selection.pxp)
    assert data.attrs["bor"] == selection.bor


def test_ranks_are_compared_with_a_uniform_distribution():
    """The line is the share of ranks up to a point, minus the point."""
    ranks = pd.DataFrame({"even": (np.arange(50) + 0.5) / 50, "low": (np.arange(50) + 0.5) / 100})
    table = sbc_ranks_data(ranks)
    at = {name: own.set_index(own["rank"].round(2)) for name, own in table.groupby("quantity")}
    assert at["even"]["difference"].abs().max() <= 0.5 / 50 + 1e-12
    assert at["low"].loc[0.4, "difference"] == pytest.approx(0.8 - 0.4)
    assert at["low"].loc[0.6, "difference"] == pytest.approx(1.0 - 0.6)
    assert (at["even"].loc[0.5, "status"], at["low"].loc[0.5, "status"]) == ("", NOT_UNIFORM)
    assert ((at["even"]["low"] <= 0) & (at["even"]["high"] >= 0)).all()


@pytest.mark.usefixtures("closed")
def test_recovery_states_r_and_coverage_of_each_parameter():
    people = pictures.RECOVERED_PEOPLE.assign(n_people=30, sessions=12, study=1)
    people.loc[:5, "high"] = people.loc[:5, "truth"] - 0.01  # six of the first thirty are not covered
    panel = iwm.plot_recovery(people).axes[0]
    own = people.iloc[:30]
    assert f"r = {own['truth'].corr(own['mean']):.2f}" in panel.texts[0].get_text()
    assert "coverage 80%" in panel.texts[0].get_text()
    with pytest.raises(iwm.InputError, match=r"no column study, truth.*recovery_people\.csv"):
        iwm.plot_recovery(people.drop(columns=["study", "truth"]))


@pytest.mark.usefixtures("closed")
def test_tables_are_plotted_as_they_are_read_from_their_files(tmp_path):
    """A file has the generating models in a column, and no decision gets lost."""
    pictures.CONFUSION.rename_axis("generating").to_csv(tmp_path / "confusion.csv")
    pictures.ASSURANCE.to_csv(tmp_path / "assurance.csv", index=False)
    read = pd.read_csv(tmp_path / "confusion.csv")
    for plot in (iwm.plot_confusion, iwm.plot_inversion):
        [axes] = plot(read).axes
        shares = [float(text.get_text()) for text in axes.texts]
        np.testing.assert_allclose(shares, pictures.CONFUSION.to_numpy().ravel())
    panels = iwm.plot_planning_curve(pd.read_csv(tmp_path / "assurance.csv"), 0.7).axes
    targets = [[line.get_ydata()[0] for line in panel.lines if line.get_linestyle() == "--"] for panel in panels]
    assert 0.7 in targets[0]
    assert 0.7 not in targets[1]  # its outcome has no decision
    assert iwm.plot_sbc_ranks(pictures.RANKS).axes


GROUPS = ("unconstrained_posterior", "constant_data")


def fit_texts(fig):
    """The texts that belong to a whole plot and not to a panel."""
    return [text.get_text() for text in fig.texts]


@pytest.mark.usefixtures("closed")
def test_a_plot_has_the_status_of_its_fit(made):
    """A picture that is copied says that its fit has not converged; a plot of the data is that of any fit."""
    _, found, analysis = made
    for status, count in (("not converged", 1), ("approximate (laplace)", 1), ("partial", 1), ("converged", 0)):
        fit = analysis.fit.copy()
        fit.attrs = {**fit.attrs, "status": status}
        for plot in (iwm.plot_forest, iwm.plot_prior_posterior, iwm.plot_attachment_space):
            figure = {"figure": runs.NASTY} if plot is iwm.plot_attachment_space else {}
            assert fit_texts(plot(fit, model=found.model, **figure)).count(status) == count
        assert status not in fit_texts(iwm.plot_data(fit, model=found.model))
    drawn = xr.DataTree.from_dict({name: analysis.fit[name].to_dataset() for name in GROUPS})
    assert fit_texts(iwm.plot_prior_posterior(drawn, model=found.model)) == []  # nothing is known of how it was made


@pytest.mark.usefixtures("closed")
def test_a_run_folder_has_no_plot_of_an_answer_that_is_not_to_be_used(made):
    """As in the report, the answer of an approximation is marked, and that of a fit that failed is left out."""
    analysis = made[2]
    assert {len(plot.texts) for plot in plots_by_file(analysis.results, analysis.convergence).values()} == {0}
    approximate = plots_by_file(analysis.results, analysis.convergence._replace(approximate="laplace"))
    assert [fit_texts(plot) for plot in approximate.values()] == [["approximate (laplace)"]] * len(approximate)
    assert len(approximate) > 0
    assert plots_by_file(analysis.results, analysis.convergence._replace(converged=False)) == {}


@pytest.mark.usefixtures("closed")
def test_of_very_many_people_a_hundred_are_drawn_and_the_plot_says_so():
    panel = forest_plot(pictures.forest(700)).axes[0]
    assert len(panel.get_yticks()) == 100
    assert panel.get_title(loc="left") == "100 of 700 people"
    assert MAX_PEOPLE == 100


def test_labels_keep_their_distance_and_their_order():
    placed = spread_apart([0.5, 0.52, 0.1, 0.51], 0.1, 0.05, 0.95)
    assert np.diff(np.sort(placed)).min() >= 0.1 - 1e-3
    np.testing.assert_array_equal(np.argsort(placed), [2, 0, 3, 1])
    np.testing.assert_allclose(spread_apart([0.2, 0.8], 0.1, 0.0, 1.0), [0.2, 0.8])


def test_a_free_place_is_the_middle_of_the_largest_gap():
    """Heights count: a place whose middle is far from another may still overlap."""
    assert free_place([(0.9, 1.0), (0.0, 0.1)], 0.2) == pytest.approx(0.5, abs=0.01)
    assert free_place([(0.3, 0.7), (0.9, 1.0)], 0.1) == pytest.approx(0.15, abs=0.01)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("arms", [["therapy", "waiting"], ["alliance-focused therapy", "care <as usual>"]])
def test_words_next_to_the_curves_do_not_overlap(arms):
    fig = time_to_security_plot(time_to_security_data(pictures.curves(["everyone", *arms])))
    fig.draw_without_rendering()
    boxes = [text.get_window_extent() for text in fig.axes[0].texts]
    assert any("not assessable" in text.get_text() for text in fig.axes[0].texts)
    overlaps = [one.overlaps(other) for index, one in enumerate(boxes) for other in boxes[:index]]
    assert not any(overlaps)


@pytest.mark.usefixtures("closed")
def test_lines_beyond_the_fifth_are_drawn():
    """Seven conditions of planning, and seven models in predictive checks: each is in the legend."""
    sizes = [pictures.ASSURANCE.assign(n_people=people, sessions=pictures.ASSURANCE["sessions"]) for people in range(7)]
    table = pd.concat([own.drop_duplicates(["outcome", "sessions"]) for own in sizes], ignore_index=True)
    fig = planning_curve_plot(planning_curve_data(table, 0.8), 0.8)
    assert len(fig.axes[0].containers) == 7
    models = {f"model {number}": pictures.PPC for number in range(7)}
    panel = predictive_checks_plot(predictive_checks_data(models)).axes[0]
    assert [name for name in panel.get_legend_handles_labels()[1] if name.startswith("model")] == list(models)
    points = np.concatenate([line.get_xdata() for line in panel.get_lines() if len(line.get_xdata()) < 4])
    assert len(points) >= 7 * len(pictures.PPC)


@pytest.mark.usefixtures("closed")
def test_no_data_are_beyond_the_axis_of_another_figure():
    """Figures share the axis of a row: the highest count of all is on it, whichever figure comes last."""
    many, few = pictures.session_data(6), pictures.session_data(6)
    many["answer"] = many["answer"] * 10
    for sessions in ({"mother": many, "father": few}, {"father": few, "mother": many}):
        highest = float(many["answer"].sel(response="worth_rating").max())
        for panel in data_plot(sessions).axes[-2:]:
            assert panel.get_ylim()[1] >= highest


@pytest.mark.usefixtures("closed")
def test_an_axis_of_answers_is_that_of_the_scale_and_of_the_prediction():
    """Nobody gave the highest answers of an item from 0 to 6, but the model predicts them."""
    data = pictures.learning()
    data["highest"][:] = 6.0
    data["is_proportion"][:] = False
    panel = learning_curves_plot(data).axes[0]
    assert panel.get_title(loc="left") == "Availability rating (0–6)"
    assert panel.get_ylim()[1] > 6
    data["predicted"] = data["predicted"] + 8
    assert learning_curves_plot(data).axes[0].get_ylim()[1] >= float(data["predicted"].max())


@pytest.mark.usefixtures("closed")
def test_a_probability_in_a_plot_is_in_the_words_of_the_report():
    data = pictures.difference(pictures.GROUPS)
    for shift, text in ((5.0, "P(difference > 0) >0.99"), (-5.0, "P(difference > 0) <0.01")):
        panel = group_difference_plot(data.assign(difference=data["difference"] + shift)).axes[0]
        assert text in panel.texts[0].get_text()


@pytest.mark.usefixtures("closed")
def test_a_dollar_in_the_name_of_a_model_begins_no_formula():
    table = pictures.PREDICTED.assign(model="$a$", prediction="$b$")
    for fig in (prediction_matrix_plot(table), prediction_plot(table, "Why?")):
        fig.draw_without_rendering()
        axes = fig.axes[0]
        labels = {label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())}
        assert any(r"\$a\$" in label for label in labels)
    own = pictures.ASSURANCE.assign(outcome="$found$")
    panel = planning_curve_plot(planning_curve_data(own, 0.8), 0.8).axes[0]
    assert panel.get_title(loc="left") == r"\$found\$"


@pytest.mark.usefixtures("closed")
def test_claimants_and_rivals_differ_in_colour_and_line():
    """Each line is the median of its model; claimants are solid, rivals dashed, and no two lines look alike."""
    panel = prediction_curves_plot(pictures.PREDICTED_CURVES, ("session", "availability")).axes[0]
    lines = [line for line in panel.lines if len(line.get_xdata()) == 8]
    by_model = dict(zip(pictures.CURVE_MODELS, lines, strict=True))
    for (model, claim), line in zip(pictures.CURVE_MODELS.items(), lines, strict=True):
        curves = pictures.PREDICTED_CURVES
        np.testing.assert_array_equal(line.get_ydata(), curves.loc[curves["model"] == model, "median"])
        assert line.get_linestyle() == {"shows": "-", "does not": "--"}[claim]
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines}
    assert len(looks) == len(by_model)
    colors = [
        {by_model[name].get_color() for name, its in pictures.CURVE_MODELS.items() if its == one}
        for one in ("shows", "does not")
    ]
    assert colors[0].isdisjoint(colors[1])


@pytest.mark.usefixtures("closed")
def test_names_at_the_ends_of_curves_do_not_overlap():
    """Three rivals end at nearly the same height."""
    fig = prediction_curves_plot(pictures.PREDICTED_CURVES, ("session", "availability"))
    fig.draw_without_rendering()
    boxes = [Text.get_window_extent(name) for name in fig.axes[0].texts]  # without the line that leads to it
    assert len(boxes) == len(pictures.CURVE_MODELS)
    assert not any(one.overlaps(other) for index, one in enumerate(boxes) for other in boxes[:index])


def test_names_are_written_in_words():
    assert words("worth_rating") == "Self-worth rating"
    assert words("approach_bias[my $mother]") == r"Approach bias, my \$mother"
