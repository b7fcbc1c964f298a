"""Plots from tables and comparisons: what is drawn is what the tables say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pictures
import pytest
import runs

import iwm_bayes as iwm
from iwm_bayes.comparison.bms import random_effects_bms
from iwm_bayes.comparison.model_frequencies import attribution_data
from iwm_bayes.diagnostics.predictive_checks import predictive_checks_data
from iwm_bayes.estimands.person_summary import pseudonyms
from iwm_bayes.validation.uniformity import NOT_UNIFORM, sbc_ranks_data
from iwm_bayes.viz.attachment_space import MAX_PEOPLE
from iwm_bayes.viz.people import forest_plot
from iwm_bayes.viz.style import spread_apart, words
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


def test_names_are_written_in_words():
    assert words("worth_rating") == "Self-worth rating"
    assert words("approach_bias[my $mother]") == r"Approach bias, my \$mother"
