"""Tables of results, made from the CSV files of `experiments/` and `benchmarks/` when the documentation is built.

A page names them as `{{ NAME }}`. No number of a result is typed by hand.
"""

import re
from collections.abc import Callable
from math import exp
from pathlib import Path

import pandas as pd

from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.simulation.design_file import read_design_file
from iwm_bayes.validation.prediction_matrix import PREDICTION_ORDER
from iwm_bayes.validation.prediction_page import markdown_table as table
from iwm_bayes.validation.prediction_results import status

REPOSITORY = Path(__file__).parents[2]
EXPERIMENTS = REPOSITORY / "experiments"
MENU_STUDIES, MENU_TARGET = 20, 0.8  # as in `experiments/menu.py`
PERMUTATION_VERDICTS = ("shown", "unclear", "not shown")


def percent(share: float) -> str:
    """Return a share in percent; small ones with a digit after the point."""
    return f"{100 * share:.0f}%" if share >= 0.02 or share == 0 else f"{100 * share:.1f}%"


def read(path: str) -> pd.DataFrame:
    """Read a table of results, by its path within `experiments`; lines that begin with # are comments."""
    return pd.read_csv(EXPERIMENTS / path, comment="#")


def sbc() -> str:
    """Return a table of simulation-based calibration: one row per model."""
    rows = []
    for one in read("sbc/studies.csv").itertuples():
        found = read(f"sbc/{one.model}.csv")
        link = f"[{one.model}](../reference/models/{one.model}.md)"
        failed, p = int(found["status"].notna().sum()), f"{found['corrected_p'].min():.2f}"
        rows.append((link, one.studies, f"{one.converged / one.studies:.1%}", len(found), failed, p))
    head = ("model", "studies", "converged", "quantities", "quantities that fail", "smallest corrected p value")
    return table(head, rows)


def not_in_sbc() -> str:
    """Return the built-in models that have no table of simulation-based calibration."""
    known = set(read("sbc/studies.csv")["model"])
    return ", ".join(f"`{name}`" for name in built_in_models() if name not in known)


def hgf_recovery() -> str:
    """Return a table of the recovery of HGF parameters, next to published correlations."""
    rows = (
        (f"`{one.parameter}`", f"{one.published:.2f}", f"{one.r:.2f} ({one.se:.2f})", "yes" if one.reproduced else "no")
        for one in read("predictions/hgf_recovery.csv").itertuples()
    )
    return table(("parameter", "published r", "r of this program (SE)", "reproduced"), rows)


def model_recovery() -> str:
    """Return the confusion matrix: rows are generating models, columns selected ones."""
    found = read("model_recovery/recover.csv").set_index("generating")
    rows = ((f"`{name}`", *(percent(share) for share in line)) for name, line in found.iterrows())
    return table(("generating model", *(f"`{name}`" for name in found.columns)), rows)


def example_coverage() -> str:
    """Return how often the intervals of the example contain the true value, over seeds."""
    found = read("security_calibration/example_coverage.csv")
    questions = {
        "share_covered": "share of people who are earned secure",
        "sessions_covered": "median of sessions until earned security",
        "corrective_covered": "median of corrective experiences until earned security",
        "arms_covered": "difference between the arms in the share, these people",
        "new_arms_covered": "difference between the arms in the share, new people",
        "availability_rate_covered": "effect of the arm on the learning rate of availability",
        "worth_rate_covered": "effect of the arm on the learning rate of self-worth",
    }
    rows = [(text, int(found[name].sum()), found[name].notna().sum()) for name, text in questions.items()]
    return table(("90% interval of", "seeds with the true value in it", "seeds"), rows)


def security_calibration() -> str:
    """Return how often the intervals of earned security contain the true value, in simulated studies."""
    splits, difference, follow_up = (
        read(f"security_calibration/{name}.csv").iloc[0] for name in ("splits", "difference", "follow_up")
    )
    return table(
        ("question", "studies", "result", "ideal"),
        [
            (
                "Two random halves of one study: one arm is called better",
                splits.fits,
                percent(splits.share_beyond),
                "10%",
            ),
            ("A true difference of arms is in the interval", difference.fits, percent(difference.coverage), "90%"),
            ("The share of new people is in the interval", follow_up.fits, percent(follow_up.coverage_new), "90%"),
            ("The share of these people is in the interval", follow_up.fits, percent(follow_up.coverage_these), "90%"),
        ],
    )


def permutation_size() -> str:
    """Return the verdicts of the outcome-permutation test by way and design; of each study the first seed."""
    tests = read("permutation_size/tests.csv")
    tests = tests[tests["seed"] == 1]
    rows = []
    for (way, design), group in tests.groupby(["way", "design"], sort=False):
        counts = group["verdict"].value_counts()
        rows.append((way, f"`{design}`", len(group), *(counts.get(verdict, 0) for verdict in PERMUTATION_VERDICTS)))
    return table(("way", "design", "studies", "shown", "unclear", "not shown"), rows)


def predictions() -> str:
    """Return the verdict of every experiment with simulated people."""
    rows = ((one.question, one.verdict) for one in read("predictions/verdicts.csv").itertuples())
    return table(("question", "verdict"), rows)


def menu() -> str:
    """Return the menu of studies: the design of each decided claim, its models, and the smallest size that decides."""
    sizes, rows = read("menu/sizes.csv"), []
    verdicts = read("predictions/verdicts.csv").set_index("prediction")["verdict"]
    for name in PREDICTION_ORDER:
        path = EXPERIMENTS / "menu" / f"{name}.toml"
        if path.exists() and status(verdicts[name]) == "decided":
            design, own = read_design_file(path), sizes[sizes["design"] == name]
            claimant, rival = (f"`{load_model(model).name}`" for model in design.models)
            study = f"**{design.question}** {design.design}"
            rows.append((study, f"{claimant}<br>{rival}", smallest_size(own), converged(own), f"`{path.name}`"))
    return table(("study", "models", "people", "converged", "file"), rows)


def smallest_size(own: pd.DataFrame) -> str:
    """Return the smallest number of people at which a design decides, with the right studies of either model."""
    for people, lines in own.groupby("n_people"):
        if (lines["right"] >= MENU_TARGET * MENU_STUDIES).all():
            return f"**{people}**<br>({' and '.join(map(str, lines['right']))} of {MENU_STUDIES})"
    return "not simulated" if own.empty else f"more than {own['n_people'].max()}"


def converged(own: pd.DataFrame) -> str:
    """Return in how many of the studies of the largest size that was tried both fits converged, by generating model."""
    if own.empty:
        return "-"
    largest = own[own["n_people"] == own["n_people"].max()]
    return " and ".join(f"{one.converged} of {one.studies}" for one in largest.itertuples())


def published() -> str:
    """Return published numbers that a decision was made about, next to those of the models."""
    found = read("predictions/published.csv")
    found = found[found["decision"].notna() & ~found["decision"].str.contains(r"\d", na=False)]
    rows = (
        (one.number, f"`{one.model}`", f"{one.published:.3g}", f"{one.predicted:.3g}", one.decision)
        for one in found.itertuples()
    )
    return table(("number", "model", "published", "of the model", "decision"), rows)


def unrecorded() -> str:
    """Return the bias by lost forms, under the program's own treatment."""
    found = read("unrecorded.csv")
    found = found[found["treatment"].isin(["-", "mean"])]
    words = {"none": "none", "at random": "30% of all", "after bad sessions": "half of those after bad sessions"}
    rows = (
        (words[one.lost], f"{exp(one.rate) - 1:+.0%}", f"{exp(one.response_sd) - 1:+.0%}", f"{one.held:.2f}")
        for one in found.itertuples()
    )
    return table(("lost forms", "learning rate", "response SD", "90% intervals of people's learning rates hold"), rows)


def forecast() -> str:
    """Return how often forecasts of earned security are right, by number of sessions."""
    found = read("planning/forecast.csv")
    within, known = "forecast within 5 sessions", "forecast within 5 sessions, parameters known"
    rows = []
    for sessions, group in found.groupby("sessions"):
        shares = {one.outcome: f"{one.share:.2f} ({one.se:.2f})" for one in group.itertuples()}
        rows.append((sessions, shares[within], shares[known]))
    return table(("sessions", "within 5 sessions (SE)", "within 5, parameters known (SE)"), rows)


KINDS = {  # of simulated studies, in words
    "effects": "`laplace`",
    "none": "no effect, `laplace`",
    "two reasons": "`laplace`",
    "one reason": "nobody leaves because it was good enough, `laplace`",
    "nuts": "`nuts`",
}


def repaired_ruptures() -> str:
    """Return the share of prior draws in which a repaired rupture ends above smooth care, by model and history."""
    found = read("ruptures/shares.csv")
    return share_table(
        found[found["course"] == "repaired"], lambda own: f"{own['smooth']:.2f} ({own['repaired late']:.2f})"
    )


def late_repairs() -> str:
    """Return the share of prior draws in which a rupture that is repaired late ends above smooth care."""
    found = read("ruptures/shares.csv")
    return share_table(found[found["course"] == "repaired late"], lambda own: f"{own['smooth']:.2f}")


def share_table(found: pd.DataFrame, cell: Callable[[pd.Series], str]) -> str:
    """Return a table of shares by model and history; `cell` writes those of one course, by what it is against."""
    shares = found[found["quantity"] == "share"].pivot_table("found", ["model", "history"], "against", sort=False)
    models, histories = (shares.index.unique(level) for level in ("model", "history"))
    rows = ((f"`{model}`", *(cell(shares.loc[(model, each)]) for each in histories)) for model in models)
    return table(("model", *histories), rows)


def ruptures_recovery() -> str:
    """Return the recovery of the group means of two rules, by the number of sessions under strain."""
    found, rows = read("ruptures/recovery.csv"), []
    found = found[found["parameter"].str.startswith("availability_") & ~found["parameter"].str.contains("rating")]
    for (model, design, method), group in found.groupby(["model", "design", "method"], sort=False):
        first, names = group.iloc[0], group["parameter"].str.removeprefix("availability_")
        shares = zip(names, group["contraction_group"], strict=True)
        contraction = ", ".join(f"`{name}` {share:.2f}" for name, share in shares)
        counts = f"{first['repaired']:.0f}, {first['unrepaired']:.0f}"
        converged = f"{first['converged']} of {first['studies']}"
        rows.append((f"`{model}`", design, f"`{method}`", counts, contraction, converged))
    head = (
        "model",
        "design",
        "method",
        "sessions that repair, that do not",
        "contraction of the group mean",
        "converged",
    )
    return table(head, rows)


def symptom() -> str:
    """Return how often intervals of a symptom's parameters, and of effects of an arm on it, contain the true value."""
    rows = (
        (f"`{one.quantity}`", KINDS[one.kind], one.studies, percent(one.coverage), percent(one.direction_found))
        for one in read("outcomes/symptom.csv").itertuples()
    )
    return table(("quantity", "studies", "number", "true value in the 90% interval", "direction found"), rows)


def leaving() -> str:
    """Return how often intervals of the parameters of leaving contain the true value, or where they end if it is 0."""
    rows = []
    for one in read("outcomes/leaving.csv").itertuples():
        covered = percent(one.coverage) if one.true > 0 else f"ends at {one.high:.2f} on average"
        numbers = f"{one.true:.2f}", f"{one.median:.2f}", covered
        rows.append((f"`{one.parameter}`", KINDS[one.kind], one.studies, *numbers))
    return table(("parameter", "studies", "number", "true", "estimate", "true value in the 90% interval"), rows)


def speed(heading: str) -> Callable[[], str]:
    """Return a function that takes a table from the page of `benchmarks/`, where `peers.py` wrote it."""

    def of_page() -> str:
        page = (REPOSITORY / "benchmarks" / "README.md").read_text(encoding="utf-8")
        section = page.partition(f"\n## {heading}")[2].partition("\n## ")[0]
        return "\n".join(line for line in section.splitlines() if line.startswith("|"))

    return of_page


def sbc_time() -> str:
    """Return the time of one simulation of SBC."""
    found = pd.read_csv(REPOSITORY / "benchmarks" / "calibrating.csv")
    return table(found.columns, found.itertuples(index=False))


RESULTS: dict[str, Callable[[], str]] = {
    "sbc": sbc,
    "not_in_sbc": not_in_sbc,
    "hgf_recovery": hgf_recovery,
    "model_recovery": model_recovery,
    "example_coverage": example_coverage,
    "security_calibration": security_calibration,
    "permutation_size": permutation_size,
    "predictions": predictions,
    "menu": menu,
    "published": published,
    "unrecorded": unrecorded,
    "forecast": forecast,
    "repaired_ruptures": repaired_ruptures,
    "late_repairs": late_repairs,
    "ruptures_recovery": ruptures_recovery,
    "symptom": symptom,
    "leaving": leaving,
    "speed_hgf": speed("two_level_hgf"),
    "speed_rescorla_wagner": speed("rescorla_wagner"),
    "sbc_time": sbc_time,
}


def filled(text: str, known: dict[str, Callable[[], str]]) -> str:
    """Replace every `{{ NAME }}` of a page; a name that is not known is an error."""
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: known[found[1]](), text)
