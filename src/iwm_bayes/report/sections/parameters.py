"""How fast people learn, and how much they differ: Table 1, people as a forest, and all parameters."""

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.forest import forest_data, learning_parameters
from iwm_bayes.estimands.group_summary import with_prior_intervals
from iwm_bayes.estimands.person_summary import shrinkage_data
from iwm_bayes.model.priors import LINKS, FreeParameter, figure_names, free_parameters
from iwm_bayes.report.answer.words import count_of, listed, quantity, sentence_case, singular
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Exhibit, Table, draw_picture
from iwm_bayes.report.labels import group_summary_title, parameter_words
from iwm_bayes.types import named_leaves
from iwm_bayes.viz.parameters import prior_posterior_plot
from iwm_bayes.viz.people import forest_plot, shrinkage_plot

MAX_FOREST_COLUMNS = 2
TABLE_COLUMNS = ["Parameter", "Median", "90% CrI", "Prior 90%", "SD between people", "Contraction", "R-hat", "ESS"]


def group_diagnostics(posterior: xr.Dataset, label: str) -> tuple[float, float]:
    """Return the rank-normalised R-hat of a group mean, and the smaller of its bulk and tail ESS."""
    mu = posterior[["mu"]].sel(parameter=label, drop=True)
    ess = [az.ess(mu, method="bulk"), az.ess(mu, method="tail", prob=(0.05, 0.95))]
    return float(az.rhat(mu)["mu"]), float(min(each["mu"] for each in ess))


def rule_lines(run: ReportContext) -> pd.DataFrame:
    """Return the group summary of the parameters of the learning rule, with prior intervals; empty without any."""
    groups = run.tables.get("group_summary")
    if groups is None:
        return pd.DataFrame()
    names = {name for name, _ in named_leaves(run.model.rule.parameters)}
    own = groups[groups["parameter"].str.partition("[")[0].isin(names)]
    return with_prior_intervals(run.model, own, figure_names(run.data)) if len(own) else own


def table_one(run: ReportContext) -> Table | None:
    """Return Table 1: the group parameters of the learning rule; None where every parameter is unpooled."""
    lines = rule_lines(run)
    if not len(lines):
        return None
    posterior, exact = run.fit["unconstrained_posterior"].to_dataset(), bool(run.facts["exact"])
    rows = []
    for line in lines.to_dict("records"):
        r_hat, ess = group_diagnostics(posterior, line["parameter"]) if exact else (np.nan, np.nan)
        rows.append(
            [
                parameter_words(line["parameter"]),
                f"{line['median']:.2f}",
                f"{line['ci90_low']:.2f}–{line['ci90_high']:.2f}",
                f"{line['prior_ci90_low']:.2f}–{line['prior_ci90_high']:.2f}",
                "" if np.isnan(line["sd_between"]) else f"{line['sd_between']:.2f}",
                f"{line['contraction']:.2f}",
                f"{r_hat:.3f}" if exact else "not defined",
                f"{ess:,.0f}" if exact else "not defined",
            ]
        )
    columns, numeric = list(TABLE_COLUMNS), [False, True, False, False, True, True, True, True]
    if run.mark:
        columns, numeric = [*columns, "Status"], [*numeric, False]
        rows = [[*row, run.mark] for row in rows]
    what = "Table 1. Group-level parameters of the learning rule"
    title = group_summary_title("marginal_effects" in run.tables, what)
    legend = (
        "Median: the median person, natural scale. SD between people: link scale (log-odds of a parameter in 0–1, "
        "logarithm of a parameter above 0). Contraction: 1 - posterior variance / prior variance; near 1, the data "
        "determine the parameter. ESS: the smaller of bulk and tail. Parameters of the responses are under All "
        "parameters."
    )
    return Table(title, "", legend, columns, numeric, rows)


def range_of_people(free: FreeParameter, posterior: xr.Dataset) -> tuple[float, float]:
    """Return between which values 90% of the population lie, by the posterior medians of group mean and SD."""
    mu, sigma = (float(posterior[name].sel(parameter=free.label).median()) for name in ("mu", "sigma"))
    low, high = LINKS[free.parameter.support][1](np.array([mu - 1.645 * sigma, mu + 1.645 * sigma]))
    return float(low), float(high)


def learning_sentences(run: ReportContext) -> list[str]:
    """Return how fast people learn and how much they differ, one sentence per parameter of learning."""
    posterior, sentences = run.fit["unconstrained_posterior"].to_dataset(), []
    chosen = learning_parameters(run.model, run.data)
    for free in free_parameters(run.model, figure_names(run.data)):
        if free.label not in chosen or free.parameter.pooling == "none":
            continue
        draws = LINKS[free.parameter.support][1](posterior["mu"].sel(parameter=free.label).values)
        sentence = (
            f"{parameter_words(free.label)}: {quantity(draws, '{:.2f}').text} for the median {singular(run.noun)}"
        )
        if free.parameter.pooling == "partial" and run.data.sizes["person"] > 1:
            low, high = range_of_people(free, posterior)
            sentence += f"; 90% of {run.noun} like these lie between {low:.2f} and {high:.2f}"
        sentences.append(f"{sentence}.")
    return sentences


def forest(run: ReportContext) -> Exhibit | None:
    """Return the parameters of learning of all people; None where there are no person-level parameters."""
    data = forest_data(run.model, run.fit)
    if not len(data):
        return None
    parameters = list(dict.fromkeys(data["parameter"]))
    people = count_of(run.data.sizes["person"], run.noun)
    width = (data["ci90_high"] - data["ci90_low"]).groupby(data["parameter"], sort=False).median()
    spread = data.groupby("parameter", sort=False)["median"].agg(np.ptp)
    words = [parameter_words(name) for name in parameters]
    clear = [word for word, name in zip(words, parameters, strict=True) if spread[name] > width[name]]
    finding = (
        f"{run.noun.capitalize()} differ by more than their own uncertainty in: {listed(clear).lower()}."
        if clear
        else f"Differences between {run.noun} are smaller than what is uncertain about each of them."
    )
    named = sentence_case(listed([word.lower() for word in words]))
    caption = (
        f"{named} of {people}, under pseudonyms and not ranked: posterior median, 50% and 90% CrI, with the median of "
        "the group and its 90% CrI."
    )
    columns = (min(MAX_FOREST_COLUMNS, len(parameters)), 1)
    picture = draw_picture("forest", data, f"{caption} {finding}", forest_plot, columns, run.mark)
    return Exhibit(finding, caption, (picture,))


def prior_and_posterior(run: ReportContext) -> Exhibit | None:
    """Return priors and posteriors of the group medians; None where every parameter is unpooled."""
    groups = run.tables.get("group_summary")
    if groups is None:
        return None
    data = with_prior_intervals(run.model, groups, figure_names(run.data))
    least = data.iloc[int(data["contraction"].argmin())]
    finding = (
        f"The data determine {parameter_words(least['parameter']).lower()} least (contraction "
        f"{least['contraction']:.2f})."
    )
    caption = "Group medians: 90% prior interval (grey) and posterior median with 90% CrI (blue)."
    picture = draw_picture("prior_posterior", data, f"{caption} {finding}", prior_posterior_plot, (), run.mark)
    return Exhibit(finding, caption, (picture,))


def shrinkage(run: ReportContext) -> Exhibit | None:
    """Return how far people are shrunk to the group; None if no parameter is partially pooled."""
    data = shrinkage_data(run.model, run.fit)
    if not len(data):
        return None
    means = data.groupby("parameter", sort=False)["shrinkage"].mean()
    most = parameter_words(str(means.idxmax())).lower()
    finding = f"The group counts most in {most}: mean shrinkage {means.max():.2f}."
    caption = "Shrinkage: the share of each person's value that comes from the group (dashed line: group median)."
    picture = draw_picture("shrinkage", data, f"{caption} {finding}", shrinkage_plot, (4,), run.mark)
    return Exhibit(finding, caption, (picture,))
