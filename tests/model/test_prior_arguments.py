"""Priors as arguments are those of a model file: the same model, and the same errors."""

import numpy as np
import pytest

from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.prior_arguments import with_priors
from iwm_bayes.types import InputError, parameters

HEAD = """
schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = ["availability_rating", "worth_rating"]
"""


def loaded(tmp_path, more=""):
    path = tmp_path / "own.toml"
    path.write_text(HEAD + more, encoding="utf-8")
    return load_model(path)


def faults(tmp_path, priors):
    with pytest.raises(InputError) as error:
        with_priors(loaded(tmp_path), priors)
    return list(error.value.problems)


def test_priors_are_those_of_a_model_file(tmp_path):
    """A pair, a number, a dict, a short name for both beliefs, and a parameter that is freed."""
    from_file = loaded(
        tmp_path,
        """
        [parameters.rate]
        prior_90 = [0.1, 0.4]
        [parameters.availability_start]
        fixed = 0.3
        [parameters.worth_start]
        prior_90 = [0.2, 0.5]
        prior_between_sd = 0.8
        pooling = "none"
        [parameters.worth_rating_slope]
        fixed = false
        """,
    )
    found = with_priors(
        loaded(tmp_path),
        {
            "rate": (0.1, 0.4),
            "availability_start": np.float64(0.3),
            "worth_start": {"prior_90": [np.float64(0.2), 0.5], "prior_between_sd": 0.8, "pooling": "none"},
            "worth_rating_slope": {"fixed": False},
        },
    )
    assert parameters(found) == parameters(from_file)
    assert found.stated == from_file.stated == {"availability_start", "worth_rating_slope"}


def test_a_pair_is_the_90_percent_interval_of_the_median_person(tmp_path):
    """On the logit scale: its middle is the prior mean, and 1.645 prior SDs reach its ends."""
    [free] = [
        free
        for free in free_parameters(with_priors(loaded(tmp_path), {"availability_rate": (0.2, 0.8)}), ["therapist"])
        if free.name == "availability_rate"
    ]
    assert free.prior_mean == pytest.approx(0.0, abs=1e-12)
    assert free.prior_sd == pytest.approx(np.log(4) / 1.6448536, rel=1e-7)


def test_other_parameters_and_earlier_priors_stay(tmp_path):
    first = with_priors(loaded(tmp_path), {"availability_start": 0.3})
    second = with_priors(first, {"worth_rate": (0.1, 0.2)})
    changed = {name for name, own in parameters(second).items() if own != parameters(loaded(tmp_path))[name]}
    assert changed == {"availability_start", "worth_rate"}
    assert second.stated == {"availability_start"}
    assert with_priors(second, {}) == second


def test_a_typo_lists_what_is_known(tmp_path):
    """The nearest name first, then all of them."""
    [problem] = faults(tmp_path, {"availabilty_rate": (0.1, 0.4)})
    assert problem.startswith(
        "`priors.availabilty_rate`: the model has no such parameter. Did you mean `availability_rate`? It has: "
    )
    assert all(name in problem for name in parameters(loaded(tmp_path)))


def test_every_fault_is_listed_at_once(tmp_path):
    """Unknown names, unknown keys, values outside the support, and values of no form."""
    problems = faults(
        tmp_path,
        {
            "velocity": 1,
            "sped": "fast",
            "availability_rate": {"typical": (0.1, 0.4), "pooling": "some"},
            "worth_rate": (0.4, 0.1),
            "worth_start": "0.3",
            "availability_start": 1.5,
            "worth_rating_noise": (0.1, 0.2, 0.3),
            "worth_rating_slope": (0.5, 2.0),
            "availability_rating_noise": {"by": "figure", "fixed": True},
        },
    )
    text = "\n".join(problems)
    for part in (
        "`priors.velocity`: the model has no such parameter",
        "`priors.sped`: 'fast' is no prior. Give a pair of numbers",
        "`priors.sped`: the model has no such parameter",
        '`priors.availability_rate.typical`: unknown key; remove it or correct its name. Did you mean "prior_90"?',
        "`priors.availability_rate.pooling`: Input should be 'partial', 'complete' or 'none'",
        "`priors.worth_rate`: `prior_90` must be two rising numbers of support 'unit'",
        "`priors.worth_start`: '0.3' is no prior",
        "`priors.availability_start`: `fixed` must have support 'unit'",
        "`priors.worth_rating_noise.prior_90",
        "`priors.worth_rating_slope`: this parameter is fixed at 1. Add `fixed = false` to free it",
        "`priors.availability_rating_noise`: `fixed` must be a number",
    ):
        assert part in text, part
    assert len(problems) == 11


def test_a_short_name_beside_the_full_one_is_a_fault(tmp_path):
    first, second = faults(tmp_path, {"rate": (0.1, 0.4), "worth_rate": 2.0})
    assert first.startswith("`priors.worth_rate`: `fixed` must have support")
    assert "the parameter worth_rate is set from two places" in second
