"""How fast people learn, and how much they differ: Table 1, people as a forest, and all parameters."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.design import common_design, standardised_covariates
from iwm_bayes.estimands.forest import forest_data, learning_parameters
from iwm_bayes.estimands.group_summary import median_ci90, with_prior_intervals
from iwm_bayes.estimands.person_summary import shrinkage_data
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.lazy import lazy_module
from iwm_bayes.model.priors import LINKS, FreeParameter, figure_names, free_parameters
from iwm_bayes.report.answer.words import Quantity, count_of, listed, sentence_case, singular
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Exhibit, Table, draw_picture
from iwm_bayes.report.formatting import two_digits
from iwm_bayes.report.labels import group_summary_title, parameter_words
from iwm_bayes.types import named_leaves
from iwm_bayes.viz.parameters import prior_posterior_plot
from iwm_bayes.viz.people import forest_plot, shrinkage_plot
from iwm_bayes.viz.reliability import reliability_plot, with_reliability

az = lazy_module("arviz")

MAX_FOREST_COLUMNS = 2
NORMAL_95 = 1.6448536  # 95% quantile of the standard normal
TABLE_COLUMNS = ["Parameter", "Median", "90% CrI", "Prior 90%", "SD between people", "Contraction", "R-hat", "ESS"]
SD_SCALES = {"unit": " on the logit scale", "positive": " on the log scale", "real": ""}


def interval(low: float, high: float) -> str:
    """Return the ends of an interval, each to two significant digits."""
    return f"{two_digits(low)}{' to ' if low < 0 else '–'}{two_digits(high)}"


def in_two_digits(draws: np.ndarray) -> Quantity:
    """Return draws as text, each number to two significant digits."""
    return Quantity(*map(two_digits, median_ci90(draws)))


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
                two_digits(line["median"]),
                interval(line["ci90_low"], line["ci90_high"]),
                interval(line["prior_ci90_low"], line["prior_ci90_high"]),
                "" if np.isnan(line["sd_between"]) else two_digits(line["sd_between"]),
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
        "Median: the median person, natural scale unless its line says otherwise. SD between people: link scale "
        "(log-odds of a parameter in 0–1, logarithm of a parameter above 0). Contraction: 1 - posterior variance / "
        "prior variance; near 1, the data determine the parameter. ESS: the smaller of bulk and tail. Parameters of "
        "the responses are under All parameters."
    )
    return Table(title, "", legend, columns, numeric, rows)


def range_of_people(free: FreeParameter, posterior: xr.Dataset) -> tuple[Quantity, Quantity]:
    """Return between which values 90% of the population lie: both ends, with what is uncertain about them."""
    mu, sigma = (posterior[name].sel(parameter=free.label).values for name in ("mu", "sigma"))
    natural = LINKS[free.parameter.support][1]
    return in_two_digits(natural(mu - NORMAL_95 * sigma)), in_two_digits(natural(mu + NORMAL_95 * sigma))


def arm_medians(free: FreeParameter, posterior: xr.Dataset, data: xr.Dataset) -> dict[str, np.ndarray]:
    """Return draws of the median person of each arm by its name, natural scale, other covariates at their mean.

    Empty where the study has no arms, or the parameter does not depend on them.
    """
    arms, frame = person_arms(data), standardised_covariates(data)
    if "beta" not in posterior:
        return {}
    formula, mu, medians = json.loads(data.attrs["formulas"])[free.name], posterior["mu"].sel(parameter=free.label), {}
    for arm in sorted(arms.unique()):
        design = common_design(formula, frame, frame.assign(**{str(arms.name): arm})).mean()
        beta = posterior["beta"].sel(coefficient=[f"{free.name}: {term}" for term in design.index])
        shift = xr.dot(beta.drop_vars("coefficient"), xr.DataArray(design.to_numpy(float), dims="coefficient"))
        medians[str(arm)] = LINKS[free.parameter.support][1]((mu + shift).transpose("chain", "draw").values)
    draws = list(medians.values())
    return medians if any(not np.allclose(each, draws[0]) for each in draws) else {}


def median_phrase(run: ReportContext, free: FreeParameter, posterior: xr.Dataset) -> str:
    """Return the median person's value of a parameter, and the range of people; of each arm where arms differ.

    Group mean and SD of a parameter with a formula hold at the reference levels, so that no range is that of everyone.
    """
    formulas, one = json.loads(run.data.attrs.get("formulas", "{}")), singular(run.noun)
    here = in_two_digits(LINKS[free.parameter.support][1](posterior["mu"].sel(parameter=free.label).values)).text
    if free.name in formulas:
        if medians := arm_medians(free, posterior, run.data):
            arms = listed([f"{in_two_digits(draws).text} in {arm}" for arm, draws in medians.items()])
            return f"{arms}, for the median {one} of each group"
        return f"{here} for the median {one} at the reference levels and mean values of the covariates"
    phrase = f"{here} for the median {one}"
    if free.parameter.pooling != "partial" or run.data.sizes["person"] == 1:
        return phrase
    low, high = range_of_people(free, posterior)
    return f"{phrase}; 90% of {run.noun} like these lie between {low.text} and {high.text}"


def learning_sentences(run: ReportContext) -> list[str]:
    """Return how fast people learn and how much they differ, one sentence per parameter of learning."""
    posterior, sentences = run.fit["unconstrained_posterior"].to_dataset(), []
    chosen = learning_parameters(run.model, run.data)
    for free in free_parameters(run.model, figure_names(run.data)):
        if free.label not in chosen or free.parameter.pooling == "none":
            continue
        sentences.append(f"{parameter_words(free.label)}: {median_phrase(run, free, posterior)}.")
    return sentences


def difference_finding(run: ReportContext, labels: list[str]) -> str:
    """Return how much people differ in some parameters: the between-person SD of each, on the scale of its link."""
    posterior, phrases = run.fit["unconstrained_posterior"].to_dataset(), []
    formulas = json.loads(run.data.attrs.get("formulas", "{}"))
    for free in free_parameters(run.model, figure_names(run.data)):
        if free.label in labels and free.parameter.pooling == "partial":
            draws, scale = posterior["sigma"].sel(parameter=free.label).values, SD_SCALES[free.parameter.support]
            phrases.append(f"{in_two_digits(draws).text}{scale} in {parameter_words(free.label).lower()}")
    if run.data.sizes["person"] == 1 or not phrases:
        return f"Parameters of {count_of(run.data.sizes['person'], run.noun)}."
    beyond = ", beyond covariates" if any(label.partition("[")[0] in formulas for label in labels) else ""
    return f"How much {run.noun} differ (between-person SD{beyond}): {listed(phrases)}."


def forest(run: ReportContext) -> Exhibit | None:
    """Return the parameters of learning of all people; None where there are no person-level parameters."""
    data = forest_data(run.model, run.fit)
    if not len(data):
        return None
    parameters = list(dict.fromkeys(data["parameter"]))
    people = count_of(run.data.sizes["person"], run.noun)
    finding = difference_finding(run, parameters)
    named = sentence_case(listed([parameter_words(name).lower() for name in parameters]))
    caption = (
        f"{named} of {people}, under pseudonyms and not ranked: posterior median, 50% and 90% CrI, with the median of "
        f"{'each arm' if data['arm'].astype(bool).any() else 'the group'} and its 90% CrI."
    )
    columns = (min(MAX_FOREST_COLUMNS, len(parameters)), 1)
    picture = draw_picture("forest", data, f"{caption} {finding}", forest_plot, columns, run.mark)
    return Exhibit(finding, caption, (picture,))


def reliability(run: ReportContext) -> Exhibit | None:
    """Return the reliability of parameters over waves, and their change; None in a study without waves."""
    found = run.results.datasets.get("reliability")
    own = None if found is None else with_reliability(found)
    if own is None or not own.sizes["parameter"]:
        return None
    medians = own["reliability"].median(("chain", "draw")).to_series()
    least, most = (parameter_words(str(name)).lower() for name in (medians.idxmin(), medians.idxmax()))
    finding = f"Most reliable: {most} ({medians.max():.2f}); least: {least} ({medians.min():.2f})."
    caption = (
        f"Test-retest reliability of the parameters over {own.sizes['interval'] + 1} waves, with the prior 50% "
        "interval (grey), and the change of the median person between waves."
    )
    picture = draw_picture("reliability", own, f"{caption} {finding}", reliability_plot, (2, 1), run.mark)
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
