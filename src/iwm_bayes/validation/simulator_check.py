"""Do a simulator and a density agree? Two tests of simulated data under the parameters that made them.

    ranks     Every answer is ranked among draws from the distribution by which the density scores it, given everything
              before it. The ranks are independent and uniform: the randomised probability integral transform.
    scores    The derivative of the log likelihood by each parameter has mean 0 at the true parameters.

The ranks of a study are tested by their level and their spread. The score of a study is ranked among those of studies
whose answers are such draws, too: a wrong timing of what is experienced shows there, and hardly in single answers. Its
rank is uniform in the limit of many answers, because the draws of one answer do not change what comes after it.
Nothing is fitted, and no prior matters: all of it holds for any parameters. Rosenblatt (1952),
doi:10.1214/aoms/1177729394; Dawid (1984), doi:10.2307/2981683. `uniformity` tests the ranks.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.filtering.arrays import true_innovations, with_innovations
from iwm_bayes.lazy import lazy_module
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.likelihood_terms import LikelihoodTerm, likelihood_terms
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.uniformity import holm_correction

stats = lazy_module("scipy.stats")

N_DRAWS = 19  # of every answer; ranks are uniform for any number
SMALLEST_P = 1e-12  # at which normal scores are still finite
STEP = 1e-4  # of a parameter on the link scale, to either side

type Theta = Mapping[str, np.ndarray]  # link-scale values by label of the free parameter, (person,)


class SimulatorCheck(NamedTuple):
    """What the answers of simulated studies say about their simulator."""

    ranks: pd.DataFrame  # one row per study, one column per quantity, 0..1
    scores: pd.DataFrame  # one row per person, one column per free parameter


def draw_studies(
    model: ModelSpec, figures: list[str], people: int, studies: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw the people of several studies, each of a population of its own; those of one study are next to each other.

    Returns their link-scale values by label of the free parameter, (study * person,).
    """
    drawn = [draw_population(model, figures, people, generator).theta for _ in range(studies)]
    return {label: np.concatenate([one[label] for one in drawn]) for label in drawn[0]}


def terms_of(model: ModelSpec, data: xr.Dataset, theta: Theta) -> dict[str, LikelihoodTerm]:
    """Return what every answer of simulated data is scored by, by response."""
    values = natural_values(model, theta, figure_names(data), data.sizes["person"])
    arrays = model_data(model, data)
    events = with_innovations(arrays["event_array"], true_innovations(model.rule, data))
    return {
        term.name: term
        for term in likelihood_terms(model, figure_names(data), values, events, arrays["response_array"])
    }


def log_likelihood(
    model: ModelSpec, terms: Mapping[str, LikelihoodTerm], answers: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return the log likelihood of answers (event, person) by response, (person,)."""
    densities = [
        response_log_density(model.responses[name].family, term.arguments, answers[name], term.recorded)
        for name, term in terms.items()
    ]
    return np.sum(densities, axis=(0, 1))


def draw_answers(
    model: ModelSpec, terms: Mapping[str, LikelihoodTerm], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw every answer anew, given everything that in truth was before it, (draw, event, person) by response."""
    drawn = {}
    for name, term in terms.items():
        family, shape = model.responses[name].family, term.value.shape
        given = {
            key: value + np.zeros(shape + (1,) * (np.ndim(value) > len(shape))) for key, value in term.arguments.items()
        }
        answers = np.stack([family.draw(generator, **given) for _ in range(N_DRAWS)])
        drawn[name] = answers if family.clip_range is None else np.clip(answers, *family.clip_range)
    return drawn


def rank_among(true: np.ndarray, drawn: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return ranks of values among draws (draw, ...), 0..1; ties are broken at random."""
    below, equal = (drawn < true).sum(axis=0), (drawn == true).sum(axis=0)
    return (below + generator.random(np.shape(true)) * (equal + 1)) / (len(drawn) + 1)


def by_study(values: np.ndarray, studies: int) -> np.ndarray:
    """Sum over the people of each study: (..., person) becomes (..., study)."""
    return values.reshape(*values.shape[:-1], studies, -1).sum(axis=-1)


def level_and_spread(ranks: np.ndarray, recorded: np.ndarray, studies: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the probabilities, of every study, of a mean and a variance of normal scores as small as those of ranks."""
    scores = np.where(recorded > 0, stats.norm.ppf(ranks), 0.0)
    total, squares, count = (
        by_study(each.sum(axis=0), studies) for each in (scores, scores**2, (recorded > 0).astype(float))
    )
    yield "level", stats.norm.cdf(total / np.sqrt(count)).clip(SMALLEST_P, 1.0 - SMALLEST_P)
    yield "spread", stats.chi2.cdf(squares, count).clip(SMALLEST_P, 1.0 - SMALLEST_P)


def check_simulator(
    model: ModelSpec, data: xr.Dataset, theta: Theta, studies: int, generator: np.random.Generator
) -> SimulatorCheck:
    """Rank simulated answers, and compute scores, under the parameters that made them.

    Parameters
    ----------
    model
        The model.
    data
        The data of all studies together; people of one study are next to each other, and studies have one size.
    theta
        True values on the link scale by label of the free parameter, (person,).
    studies
        How many studies these are.
    generator
        The source of random numbers.

    Returns
    -------
    SimulatorCheck
        Ranks by study, and scores by person.
    """
    terms = terms_of(model, data, theta)
    true = {name: term.value for name, term in terms.items()}
    drawn = draw_answers(model, terms, generator)
    ranks: dict[str, np.ndarray] = {}
    for name, term in terms.items():
        own = rank_among(true[name], drawn[name], generator)
        ranks |= {f"{name}: {what}": p for what, p in level_and_spread(own, term.recorded, studies)}
    scores = {}
    for free in free_parameters(model, figure_names(data)):
        ends = [terms_of(model, data, {**theta, free.label: theta[free.label] + side * STEP}) for side in (1.0, -1.0)]
        of_truth, *of_draws = (
            (log_likelihood(model, ends[0], answers) - log_likelihood(model, ends[1], answers)) / (2.0 * STEP)
            for answers in (true, *({name: own[draw] for name, own in drawn.items()} for draw in range(N_DRAWS)))
        )
        scores[free.label] = of_truth
        sums = (by_study(of_truth, studies), by_study(np.stack(of_draws), studies))
        ranks[f"score of {free.label}"] = rank_among(*sums, generator)
    return SimulatorCheck(pd.DataFrame(ranks), pd.DataFrame(scores))


def score_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a test of each parameter whether its scores have mean 0: mean, standard error, z, p and corrected p."""
    mean, error = scores.mean(), scores.sem()
    z = mean / error
    p = 2.0 * stats.norm.sf(np.abs(z))
    table = pd.DataFrame({"mean": mean, "se": error, "z": z, "p": p, "corrected_p": holm_correction(p)})
    return table.rename_axis("parameter").reset_index()
