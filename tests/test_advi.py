"""Variational inference has the form of any other fit, and says that it is none."""

import numpy as np
import pytest
from helpers import interpreted

from iwm_bayes import advi as module
from iwm_bayes import theory
from iwm_bayes.advi import advi, settled
from iwm_bayes.care import steady
from iwm_bayes.diagnose import gate
from iwm_bayes.infer import Settings
from iwm_bayes.method import uncompiled
from iwm_bayes.simulate import Phase, simulate


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_loss_that_falls_is_not_settled(seed):
    """Noise around a level has settled; a slope of a tenth of the noise over a tenth of the steps has not."""
    noise = np.random.default_rng(seed).normal(size=20_000)
    assert settled(100.0 + noise)
    assert not settled(100.0 + noise - np.linspace(0.0, 2.0, 20_000))


def test_fit_has_the_form_of_any_other_and_says_what_it_is(tmp_path, monkeypatch):
    """Levels and centres under their names; the gate calls it approximate."""
    head = 'claim = "c"\nreference = "r"\nrule = "static"\nresponses = ["availability_rating"]\n'
    (tmp_path / "own.toml").write_text(head, encoding="utf-8")
    model = theory.load(tmp_path / "own.toml")
    data = simulate(model, [Phase({"therapist": steady(0.8)}, 6, True)], 8, 1)
    monkeypatch.setattr(module, "STEPS", 300)
    with interpreted():  # 300 steps
        fit = advi(uncompiled(model, data), data, Settings(draws=20, chains=2))
    posterior = fit["posterior"].to_dataset()
    assert set(posterior) == {"centre", "spread", "level"}
    assert posterior["level"].sizes == {"chain": 1, "draw": 40, "personal": 2, "person": 8}
    assert (posterior["spread"] > 0).all()
    assert gate(fit).approximate == "advi"
