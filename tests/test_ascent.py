"""The look ahead's ascent finds the top on a ridge."""

from test_studies import STUDIES, opened

from iwm_bayes import theory
from iwm_bayes.ascent import ROUNDS, climbed, first, round_on
from iwm_bayes.climb import topped
from iwm_bayes.crowd import beginning, centres
from iwm_bayes.gaussians import evidence
from iwm_bayes.infer import compile_likelihood
from iwm_bayes.laplace import posed


def test_a_ridge_is_climbed_to_its_top():
    """Where slower learning on a wider scale is nearly as good, rounds alone creep, and their end is no top."""
    _, data = opened("reversal")
    model = theory.load(STUDIES / "reversal_valence.theory.toml")
    data = data.isel(person=slice(0, 60))
    problem = posed(compile_likelihood(model, data), data)
    group = beginning(problem.shape)
    x = centres(problem.shape, group.beta)
    near = topped(problem, *climbed(problem, group, x))
    people = first(problem, group, x)
    for _ in range(7 * ROUNDS):
        group, people = round_on(problem, group, people)
    crept = topped(problem, group, people)
    assert near.converged
    assert not crept.converged
    assert evidence(problem, near.group, near.people).sum() > evidence(problem, group, people).sum() + 2.0
