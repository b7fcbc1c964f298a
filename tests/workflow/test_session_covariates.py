"""A study with covariates of sessions from its files to its report, and back."""

import numpy as np
import pandas as pd
from command import iwm
from session_study import write_study

from iwm_bayes.inference.answers import log_likelihood
from iwm_bayes.workflow.fit_file import load_fit, model_of


def test_a_fit_has_effects_of_sessions_and_is_read_back(tmp_path):
    """Effects are variables, tables and report have contrasts, and the model that is read back is the fitted one."""
    write_study(tmp_path, "arm * within(mood) + between(mood)", more='availability_rating_noise = "homework"\n')
    iwm("fit", "study.toml", "--method", "laplace", cwd=tmp_path)
    folder = tmp_path / "runs" / "homework-own"
    fit = load_fit(folder)
    names = {f"availability_rate_{own}" for own in ("arm", "between(mood)", "within_mood", "arm_tau_within_mood")}
    names |= {f"availability_rating_noise_homework_{word}" for word in ("partly", "yes")}
    assert names <= set(fit["posterior"].data_vars)
    assert fit["posterior"]["availability_rate_within_mood"].dims == ("chain", "draw")
    model = model_of(fit)
    assert len(model.event_effects) == 4
    again = log_likelihood(model, fit)["availability_rating"].values
    np.testing.assert_allclose(fit["log_likelihood"]["availability_rating"].values, again, rtol=1e-4, atol=1e-4)
    contrasts = set(pd.read_csv(folder / "tables" / "marginal_effects.csv")["contrast"])
    assert {"availability_rate: within(mood) +1 SD", "availability_rating_noise: homework yes - no"} <= contrasts
    assert (folder / "plots" / "session_effect_1.svg").is_file()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "What changes from session to session?" in page
    assert "Learning rate of availability" in page
