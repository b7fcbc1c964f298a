"""Time to earned security with a reactive therapist, and bids for a frightening figure.

Does a therapist who follows a person's bids delay earned security? The same 2,000 people either turn away under need
(deactivation) or cling (hyperactivation). Their therapist follows the pull of their bids, follows half of it, or
contains it all. The plot shows the share of people who are earned secure by session. Criterion: earned security takes
more sessions without containment, for either strategy. Result: this holds for deactivation (median 26 sessions without
containment, 22 with it). It does not hold for hyperactivation (7 and 11): a therapist who follows it responds more
often.

Does fear make bids alternate? Equally responsive figures frighten more and more. The measure is how often a bid follows
a withdrawal, or the reverse. Criterion: this rises with threat. Usage: `python reactive_care.py FIGURE.svg`.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from iwm_bayes.estimands.security.time_to_security import true_security
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import Care, DistressProcess, frightening, reactive
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL = load_model(Path(__file__).parent / "models" / "strategies.toml")
N_PEOPLE, SESSIONS, DISTRESS = 2000, 80, DistressProcess(rate=0.5)
STYLES = {"deactivating": (1.5, -2.0), "hyperactivating": (1.5, 3.0)}  # readiness, activation
SHARED = {"start": 0.3, "rate": 0.1, "rating_noise": 0.1, "rating_intercept": 0.0, "rating_slope": 1.0}


def true_parameters(readiness: float, activation: float) -> dict[str, np.ndarray]:
    """Return the true parameters by name, the same for every person, (person,)."""
    shared = {f"{belief}_{name}": x for belief in ("availability", "worth") for name, x in SHARED.items()}
    shared |= {"bid_bias": readiness, "bid_activation": activation, "bid_sensitivity": 1.0}
    shared |= {"bid_fearfulness": 3.0, "bid_fear_persistence": 0.5}
    return {name: np.full(N_PEOPLE, float(value)) for name, value in shared.items()}


def sessions_and_bids(care: Care, style: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return sessions until earned security (one more than were simulated if never), and bids (session, person)."""
    truth = true_parameters(*style)
    data = simulate(MODEL, [Phase({"therapist": care}, SESSIONS, distress=DISTRESS)], truth, 1)
    return true_security(MODEL, data, truth, "therapist").sessions, data["answer_bid"].values


def main(file: Path) -> None:
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for panel, (name, style) in zip(panels, STYLES.items(), strict=True):
        for containment, line in ((1.0, "-"), (0.5, "--"), (0.0, ":")):
            sessions, bids = sessions_and_bids(reactive(0.8, pull=1.0, containment=containment), style)
            share = [(sessions <= session).mean() for session in range(1, SESSIONS + 1)]
            panel.plot(range(1, SESSIONS + 1), share, line, color="black", label=f"containment {containment:g}")
            low, median, high = np.quantile(sessions, [0.25, 0.5, 0.75])
            print(f"{name}, containment {containment:g}: {median:.0f} sessions (IQR {low:.0f}–{high:.0f})", end=", ")
            print(f"earned secure by session {SESSIONS}: {share[-1]:.0%}, bids at {bids.mean():.0%} of sessions")
        panel.set(title=name, xlabel="session with the therapist")
    panels[0].set_ylabel("share earned secure")
    panels[0].legend(frameon=False)
    figure.savefig(file)
    for threat in (0.0, 0.2, 0.4, 0.6):
        _, bids = sessions_and_bids(frightening(0.8, threat), (0.5, 2.0))
        changes = np.abs(np.diff(bids, axis=0)).mean(axis=0)
        error = changes.std(ddof=1) / np.sqrt(N_PEOPLE)
        print(f"threat {threat:g}: bids change at {changes.mean():.3f} of sessions (SE {error:.3f})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
