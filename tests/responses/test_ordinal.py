"""Ordinal answers: thresholds that may lie together, and levels that nobody used."""

import numpy as np
import pytest
from scipy.special import expit, logit

from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import named_leaves, unflatten

PEOPLE, SESSIONS = 20, 12
HEAD = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\n'
PARAMETERS = ("availability_start", "availability_rate", "item_loading")


def item_model(folder, levels):
    """A model whose only response is one item."""
    path = folder / f"item_{levels}.toml"
    path.write_text(f'{HEAD}responses = {{ item = "availability_ordinal_{levels}" }}\n', encoding="utf-8")
    return load_model(path)


def answers_of_seven_levels(seed):
    """Outcomes and answers from 0 to 6, (event, person): initial beliefs around .35, learning rates around .15.

    Made without the program: levels are equally wide on the belief, with logistic noise of scale 1/17.
    """
    generator = np.random.default_rng(seed)
    belief, rate = (expit(generator.normal(logit(middle), 0.3, PEOPLE)) for middle in (0.35, 0.15))
    outcomes = (generator.random((SESSIONS, PEOPLE)) < 0.7).astype(float)
    answers = np.empty((SESSIONS, PEOPLE))
    for event, outcome in enumerate(outcomes):
        belief = belief + rate * (outcome - belief)
        answers[event] = np.clip(np.floor(7.0 * (belief + generator.logistic(0.0, 1.0 / 17.0, PEOPLE))), 0, 6)
    return outcomes, answers


def study(model, outcomes, answers):
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, SESSIONS)], PEOPLE, 1)
    return data.assign(outcome=(("event", "person"), outcomes), answer_item=(("event", "person"), answers))


class ThreeFits:
    """The same people with seven levels, with every 4 recorded as 5, and with the six levels that are then left."""

    def __init__(self, folder, method, seeds):
        self.data, self.fits = [], []
        seven, six = item_model(folder, 7), item_model(folder, 6)
        compiled = {}
        for seed in seeds:
            outcomes, answers = answers_of_seven_levels(seed)
            moved = np.where(answers == 3, 4, answers)
            cases = [(seven, answers), (seven, moved), (six, np.where(moved > 3, moved - 1, moved))]
            self.data.append([study(model, outcomes, given) for model, given in cases])
            for (model, _), data in zip(cases, self.data[-1], strict=True):
                if model.name not in compiled:
                    compiled[model.name] = METHODS[method].compile(model, data)
                fit = METHODS[method].fit(compiled[model.name], data, Settings(random_seed=seed))
                self.fits.append(fit["unconstrained_posterior"].to_dataset())
        self.seven, self.model = self.fits[::3], seven

    def moments(self, first):
        """Means and SDs of group means, (seed, parameter), of every third fit from `first` on."""
        mu = [fit["mu"].sel(parameter=list(PARAMETERS)) for fit in self.fits[first::3]]
        return tuple(np.array([getattr(one, what)(("chain", "draw")) for one in mu]) for what in ("mean", "std"))

    def insecure(self, first):
        """Median share of people whose initial belief is .4 or below, (seed,)."""
        starts = [expit(fit["theta"].sel(parameter="availability_start")) for fit in self.fits[first::3]]
        return np.array([float((start <= 0.4).mean("person").median()) for start in starts])

    def check(self):
        (whole, _), (merged, sd), (six, _) = (self.moments(first) for first in range(3))
        assert (abs(merged - six) < sd / 3.0).all()
        assert abs(expit(merged[:, 0]) - expit(whole[:, 0])).max() < 0.04
        assert (abs(self.insecure(1) - self.insecure(0)) <= 0.2).all()
        assert expit(whole[:, 0]).mean() == pytest.approx(0.35, abs=2 * (sd[:, 0] / 4).mean() / np.sqrt(len(sd)))


@pytest.fixture(scope="module")
def by_laplace(tmp_path_factory):
    return ThreeFits(tmp_path_factory.mktemp("items"), "laplace", (1, 2, 3, 4))


def test_an_unused_level_does_not_move_the_answer(by_laplace):
    """With every 4 recorded as 5, seven levels give what six give: within a third of a posterior SD for every seed.

    The start moves by less than .04, the share insecure at baseline by at most .2, and the mean start is the true one.
    """
    by_laplace.check()


@pytest.mark.slow
def test_an_unused_level_does_not_move_the_answer_of_the_sampler(tmp_path):
    ThreeFits(tmp_path, "nuts", (2, 3)).check()


def test_unused_levels_and_the_scale_are_named(by_laplace):
    """Of an item with levels 1 to 7, of which nobody used 4; and of one whose levels were all used."""
    model, (whole, merged, _) = by_laplace.model, by_laplace.data[0]
    used = [line for line in identifiability(model, merged) if "nobody used" in line]
    assert used == [line for line in used if line.startswith("item: nobody used level 4 of 7")]
    assert len(used) == 1
    assert not [line for line in identifiability(model, whole) if "level 4" in line]
    assert [line for line in identifiability(model, whole) if "scale of availability rests on the thresholds" in line]
    rated = load_model("rescorla_wagner")
    data = simulate(rated, [Phase({"friend": constant_care(0.5)}, 3)], 3, 1)
    assert not [line for line in identifiability(rated, data) if "thresholds" in line]


@pytest.mark.parametrize("levels", [3, 7, 11])
def test_levels_have_the_probabilities_of_their_shares(levels):
    """At a belief of `location`: share_k of what the levels below leave."""
    response, generator = RESPONSES[f"worth_ordinal_{levels}"], np.random.default_rng(1)
    declared = list(named_leaves(response.parameters))
    shares = generator.random(levels - 1)
    values = dict(zip((name for name, _ in declared[2:]), shares[:, None], strict=True))
    values |= {"loading": np.array([13.0]), "location": np.array([0.4])}
    p = unflatten(response.parameters, (values[name] for name, _ in declared))
    left = np.cumprod([1.0, *(1.0 - shares)])
    expected = left * [*shares, 1.0]
    np.testing.assert_allclose(response.arguments(p, np.array([0.4]))["p"][0], expected, rtol=1e-9)


@pytest.mark.parametrize("levels", [3, 7, 11])
def test_all_levels_are_about_as_probable_before_data(levels):
    """The prior of their probabilities is near Dirichlet(1, .., 1): its mean within a third, its SD within a half."""
    declared = [parameter for _, parameter in named_leaves(RESPONSES[f"worth_ordinal_{levels}"].parameters)][2:]
    link, unlink = LINKS["unit"]
    low, high = link(np.array([parameter.prior_90 for parameter in declared])).T
    z = np.random.default_rng(1).normal(size=(20_000, levels - 1))
    shares = unlink((low + high) / 2 + (high - low) / 2 / 1.6448536 * z)
    left = np.cumprod(np.column_stack([np.ones(len(z)), 1.0 - shares]), axis=1)
    probability = left * np.column_stack([shares, np.ones(len(z))])
    np.testing.assert_allclose(probability.mean(axis=0), 1.0 / levels, rtol=1 / 3)
    sd = np.sqrt((levels - 1) / levels**2 / (levels + 1))
    np.testing.assert_allclose(probability.std(axis=0), sd, rtol=1 / 2)
