"""Direct and indirect effect of an arm on a symptom: how much of it goes through the beliefs?

    Y(a, M(b))   symptom after the last session, if the arm a acts on the symptom itself, and beliefs are those of arm b
    E(Y)         = E(min(max(X, 0), 1)),   X ~ Normal(expected symptom, sd / sqrt(1 - persistence^(2 gap)))
    total    = Y(b, M(b)) - Y(a, M(a))
    indirect = Y(b, M(b)) - Y(b, M(a))       through the beliefs
    direct   = Y(b, M(a)) - Y(a, M(a))       past them;    total = direct + indirect

Expected symptoms are averaged over the people of the study, in every draw (g-computation; Robins, 1986,
doi:10.1016/0270-0255(86)90088-6). Beliefs of an arm follow from what the arm changes in how people learn, by the
formulas of the study, and from the care of this arm. The indirect effect is causal where arms are randomised, and where
nothing else that an arm changes acts on both beliefs and symptoms. The split is that of Pearl (2001), "Direct and
indirect effects". Its other version, with Y(a, M(b)) in the middle, is the same where symptoms stay clear of the ends
of their scale, and where arms do not differ in slopes. Imai, Keele & Tingley (2010), doi:10.1037/a0020761.

Nobody can lose points below the end of a questionnaire, so that an effect is smaller there: E(Y) is the mean of the
recorded symptom. Its SD counts what is left of earlier residuals, `gap` apart, as if none had been at an end.
What acts on a symptom at a session, such as a covariate of it, belongs to the arm that acts.
"""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import ndtr

from iwm_bayes.estimands.counterfactual.arms import arm_names, paths_in_arm, people_in_arm
from iwm_bayes.estimands.estimand import CI90, Estimand, Shared
from iwm_bayes.estimands.security.belief_paths import BeliefPaths
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.filtering.arrays import met_fields
from iwm_bayes.filtering.filter import filter_readouts, lagged_readouts
from iwm_bayes.filtering.readouts import TERM, Readout, readout_arguments, required_readouts
from iwm_bayes.model.priors import figure_names
from iwm_bayes.rules.modifiers.waves import RESTART
from iwm_bayes.simulation.draws import posterior_batches, thin_draws
from iwm_bayes.types import GENERALISED, Family, ModelSpec, Response, map_tree, response_values

N_DRAWS = 400
PATHS = ("total", "indirect", "direct")
SQRT_TWO_PI = np.sqrt(2.0 * np.pi)


def symptoms(model: ModelSpec) -> dict[str, Response]:
    """Return the responses that follow the beliefs of a session before, or of this one: see `responses.symptom`."""
    return {name: response for name, response in model.responses.items() if response.lagged}


def figure_of_symptom(data: xr.Dataset, name: str) -> str | None:
    """Return the figure at whose events most answers of a symptom were given; None if no figure is met at any."""
    asked = data[f"answer_{name}"].notnull().values
    counts = {
        figure: int((asked & (data["figure_index"].values == index)).sum())
        for index, figure in enumerate(figure_names(data))
        if figure != GENERALISED
    }
    figure = max(counts, key=counts.__getitem__, default=None)
    return figure if figure is not None and counts[figure] else None


def last_rows(is_session: np.ndarray, back: int) -> np.ndarray:
    """Return the event of each place's last session, or of one so many sessions `back`, (place,); -1 if there is none.

    `is_session` is (event, place).
    """
    number = np.cumsum(is_session, axis=0)
    wanted = number[-1] - back
    return np.where(wanted > 0, (number >= wanted).argmax(axis=0), -1)


def in_last_course(paths: BeliefPaths) -> np.ndarray:
    """Return which events follow the last restart of beliefs, (event, place): all where beliefs never restart."""
    terms = paths.model.rule.terms
    if RESTART not in terms:
        return np.ones(paths.is_session.shape, dtype=bool)
    course = np.cumsum(paths.event_array[:, met_fields(paths.figures).stop + terms.index(RESTART)] > 0, axis=0)
    return np.asarray(course == course[-1])


def last_readouts(paths: BeliefPaths, response: Response) -> dict[Readout, np.ndarray]:
    """Return what a symptom after the last session depends on, (place,) each: beliefs, and what else it reads."""
    required = required_readouts(response, paths.figures)
    read = filter_readouts(paths.model.rule, paths.p, paths.event_array, paths.figures, required)
    last = np.maximum(last_rows(paths.is_session, 0), 0)[None]
    found = last_rows(paths.is_session & in_last_course(paths), response.lag)[None]
    earlier, has_earlier = np.maximum(found, 0), found >= 0
    by_event = dict(zip(required, read, strict=True))
    fields = {"earlier": np.broadcast_to(earlier, read[0].shape), "has_earlier": has_earlier.astype(float)}
    lagged = lagged_readouts(response, by_event, fields)
    return {readout: np.take_along_axis(values, last, axis=0)[0] for readout, values in lagged.items()}


def expected_symptom(
    model: ModelSpec, name: str, values: dict[str, np.ndarray], readouts: dict[Readout, np.ndarray], paths: BeliefPaths
) -> np.ndarray:
    """Return the mean of the recorded symptom, (place,): parameters of the symptom from `values`, and these beliefs."""
    response = model.responses[name]
    p = map_tree(lambda leaf: leaf[paths.figure] if leaf.ndim == 2 else leaf, response_values(model, name, values))
    given = response.arguments(p, *readout_arguments(response, readouts, paths.figures))
    left = 0.0 if response.carry is None else response.carry(p, np.float64(paths.gap))
    return mean_answer(response.family, given["mu"], given["sigma"] / np.sqrt(1.0 - left**2))


def mean_answer(family: Family, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return the mean of normal answers, where those beyond the bounds of a family are recorded as the bound."""
    if family.bounds is None:
        return mu
    low, high = ((bound - mu) / sigma for bound in family.bounds)
    inside = mu * (ndtr(high) - ndtr(low)) + sigma * (np.exp(-(low**2) / 2) - np.exp(-(high**2) / 2)) / SQRT_TWO_PI
    return np.asarray(inside + family.bounds[0] * ndtr(low) + family.bounds[1] * ndtr(-high))


def batch_effects(
    model: ModelSpec, batch: xr.Dataset, data: xr.Dataset, name: str, figure: str, generator: np.random.Generator
) -> np.ndarray:
    """Return the effects of every arm but the first, compared with the first: (path, arm, sample)."""
    people = data.sizes["person"]
    values = {arm: people_in_arm(model, batch, data, arm) for arm in arm_names(data)}
    paths = {arm: paths_in_arm(model, batch, own, data, arm, figure, generator) for arm, own in values.items()}
    beliefs = {arm: last_readouts(own, model.responses[name]) for arm, own in paths.items()}

    def mean(acts: str, believes: str) -> np.ndarray:
        readouts = beliefs[believes] | {own: x for own, x in beliefs[acts].items() if own.about.startswith(TERM)}
        expected = expected_symptom(model, name, values[acts], readouts, paths[acts])
        return np.asarray(expected.reshape(-1, people).mean(axis=1))

    first, *others = values
    by_arm = []
    for arm in others:
        without, cross, with_all = mean(first, first), mean(arm, first), mean(arm, arm)
        by_arm.append([with_all - without, with_all - cross, cross - without])
    return np.array(by_arm).swapaxes(0, 1)


def symptom_effects(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS, seed: int = 1) -> xr.Dataset | None:
    """Compute the total, indirect and direct effect of arms on symptoms after the last session.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    draws
        About how many draws are used.
    seed
        Of the donors of sessions.

    Returns
    -------
    xr.Dataset
        `effect` (symptom, path, arm, chain, draw), in the numbers of the study's table. The arm with which others are
        compared is an attribute. `figure` (symptom) is the figure that the beliefs are about. None in a study without
        arms, or without a symptom that is asked when a figure is met.
    """
    data = fit["constant_data"].to_dataset()
    figure_of = {name: figure_of_symptom(data, name) for name in symptoms(model)}
    found = {name: figure for name, figure in figure_of.items() if figure is not None}
    if not found or not arm_names(data):
        return None
    posterior, generator = fit["unconstrained_posterior"].to_dataset(), np.random.default_rng(seed)
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))["sample"]
    effects = []
    for name, figure in found.items():
        low, high = data.attrs.get(f"scale of {name}", (0.0, 1.0))
        batches = posterior_batches(posterior, draws, 2 * data.sizes["person"])
        parts = [batch_effects(model, batch, data, name, figure, generator) for batch in batches]
        effects.append((high - low) * np.concatenate(parts, axis=-1))
    first, *others = arm_names(data)
    result = xr.Dataset(
        {
            "effect": (("symptom", "path", "arm", "sample"), np.array(effects)),
            "figure": ("symptom", list(found.values())),
        },
        {"symptom": list(found), "path": list(PATHS), "arm": others},
        {"reference_arm": first},
    )
    return result.assign_coords(sample.coords).unstack("sample").transpose("symptom", "path", "arm", "chain", "draw")


def effect_answers(effects: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every effect at each draw, by its words."""
    reference = effects.attrs["reference_arm"]
    return {
        f"{name}, {path} effect of {arm} - {reference}": effects["effect"].sel(
            symptom=name, path=path, arm=arm, drop=True
        )
        for name in map(str, effects["symptom"].values)
        for arm in map(str, effects["arm"].values)
        for path in PATHS
    }


def symptom_effect_table(effects: xr.Dataset) -> pd.DataFrame:
    """Make one line per symptom, pair of arms, and path of the effect."""
    lines = []
    for name in map(str, effects["symptom"].values):
        for arm in map(str, effects["arm"].values):
            for path in PATHS:
                draws = effects["effect"].sel(symptom=name, arm=arm, path=path).values
                line: dict[str, object] = {
                    "symptom": name,
                    "arms": f"{arm} - {effects.attrs['reference_arm']}",
                    "effect": path,
                }
                line |= interval_columns("difference", draws)
                lines.append(line | {"p_above_0": float((draws > 0).mean() + (draws == 0).mean() / 2)})
    return pd.DataFrame(lines)


def effects_of_arms(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Compute `symptom_effects`."""
    return symptom_effects(model, fit)


SYMPTOM_EFFECTS = Estimand(
    "symptom_effects",
    "Effects of the arm on the symptom after the last session",
    effects_of_arms,
    symptom_effect_table,
    "How much the symptom differs between arms after the last session, and how much of this goes through the beliefs: "
    "had all people of the study been in the one arm, and had all been in the other.",
    {
        "arms": "first arm minus second arm",
        "effect": "total; indirect: through what people come to believe; direct: past the beliefs, which is 0 unless a "
        "formula lets the arm act on the symptom",
        "difference": f"difference of the mean recorded symptom, in the numbers of the study's table, with its {CI90}",
        "p_above_0": "posterior probability that the difference is positive",
    },
    answers=effect_answers,
)
