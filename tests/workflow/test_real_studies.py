"""The real studies are read as their authors and `shared/data/README.md` describe them."""

import numpy as np
import pandas as pd
import pytest
from real_studies import opened

from iwm_bayes.model.priors import figure_names


def test_trust_game_has_its_people_trials_and_even_partners() -> None:
    """97 people, 15,264 trials of which 629 were missed; each partner reciprocates .499 of the time."""
    _, data = opened("trust_game")
    assert data.sizes["person"] == 97
    assert int(data["present"].sum()) == 15_264 - 629
    assert data.attrs["rows_left_out"] == 629
    for index in range(3):
        with_them = (data["figure_index"] == index) & data["observed"]
        assert float(data["outcome"].where(with_them).mean()) == pytest.approx(0.499, abs=0.0005)


def test_trust_game_effect_of_the_last_reciprocation() -> None:
    """P(high) after the same partner's last reciprocation and defection, all people, to three decimals."""
    _, data = opened("trust_game")
    choice, figure = data["answer_approach"].values, data["figure_index"].values
    people = np.arange(data.sizes["person"])
    last = np.full((3, len(people)), np.nan)
    after: dict[tuple[str, float], list[float]] = {}
    for event in range(data.sizes["event"]):
        for person in people[~np.isnan(choice[event])]:
            who = figure[event, person]
            after.setdefault((figure_names(data)[who], last[who, person]), []).append(choice[event, person])
        observed = data["observed"].values[event]
        last[figure[event][observed], people[observed]] = data["outcome"].values[event][observed]
    published = {"friend": (0.749, 0.649), "stranger": (0.644, 0.541), "computer": (0.566, 0.504)}
    for name, (reciprocated, defected) in published.items():
        assert np.mean(after[name, 1.0]) == pytest.approx(reciprocated, abs=0.0005)
        assert np.mean(after[name, 0.0]) == pytest.approx(defected, abs=0.0005)


def test_reversal_has_its_block_means_and_steady_raters() -> None:
    """Harm intent by order and block, 25 people with one answer, 19 % of ratings at an end of the scale."""
    study, data = opened("reversal")
    harm = 100 * (1 - data["answer_availability_impression"].values)
    assert harm.shape == (20, 693)
    order = pd.read_csv(study.data, dtype={"subject": str}).drop_duplicates("subject").set_index("subject")["order"]
    fair_first = (order.loc[data["person"].values] == "Fair").to_numpy()
    means = [harm[block][:, who].mean() for who in (fair_first, ~fair_first) for block in (slice(10), slice(10, 20))]
    # given to one decimal, and one of them rounded twice: 52.345 stands as 52.4
    np.testing.assert_allclose(means, [37.6, 59.9, 52.4, 43.1], atol=0.0551)
    assert int((np.ptp(harm, axis=0) == 0).sum()) == 25
    assert np.mean((harm == 0) | (harm == 100)) == pytest.approx(0.19, abs=0.005)
