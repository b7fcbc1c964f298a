"""Lives told further: a projection begins where the sessions ended."""

import numpy as np
import pytest

from iwm_bayes.care import steady
from iwm_bayes.core import Model, parameters
from iwm_bayes.lives import lives
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.independent import independent
from iwm_bayes.simulate import Phase, simulate


@pytest.mark.parametrize("transfer", [0.0, 0.6, 1.0])
def test_someone_new_is_met_with_what_was_learned_of_others(transfer):
    """Of someone new is expected the same by the one who remembers and by the one who goes to meet them."""
    rule = independent(RULES["rescorla_wagner"], transfer=True)
    model = Model("mine", rule, {"worth_rating": RESPONSES["worth_rating"]})
    given = {"availability_start": 0.2, "worth_start": 0.2, "availability_rate": 0.5, "worth_rate": 0.5}
    given |= {"transfer": transfer, "worth_rating_intercept": 0.0}
    people = {name: np.full(4, given.get(name, 1.0)) for name in parameters(model)}
    data = simulate(model, [Phase({"mother": steady(1.0)}, 5)], people, seed=1)
    life = lives(model, data, people, figure=None)
    remembered, projected = life.remembered(), life.projected(steady(1.0), 3, np.random.default_rng(2))
    np.testing.assert_allclose(projected.availability_before[0], remembered.availability[-1], rtol=1e-12)
    np.testing.assert_allclose(projected.worth_before[0], remembered.worth[-1], rtol=1e-12)
