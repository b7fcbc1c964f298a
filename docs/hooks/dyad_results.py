"""Tables of simulated dyads, made from the CSV files of `experiments/dyads` when the documentation is built."""

from collections.abc import Callable, Iterator

import pandas as pd
from results import percent, read

from iwm_bayes.validation.prediction_page import markdown_table as table

LAST, CELL = 60, ["one", "other"]
EFFECT_WORDS = {"actor": "actor effect of beliefs", "partner": "partner effect of beliefs"}
SLOPE_WORDS = {"own": "own act at the exchange before", "other": "the other's act at the exchange before"}
RECOVERED = {  # quantities of the recovery, in words, by design
    "couples": {
        "actor effect of the wife": "actor effect, one partner",
        "actor effect of the husband": "actor effect, the other partner",
        "partner effect of the wife": "partner effect, one partner",
        "partner effect of the husband": "partner effect, the other partner",
    },
    "therapists": {
        "therapist_pull": "pull of the therapists, mean",
        "therapist_care_containment": "containment",
        "actor effect of the patient": "actor effect of the patients",
        "partner effect of the patient": "partner effect of the patients",
        "actor effect of the therapist": "actor effect of the therapists",
        "partner effect of the therapist": "partner effect of the therapists",
        "SD of therapist_pull: 1|therapist": "SD of pull between therapists",
        "SD of therapist_care_bias: 1|therapist": "SD of the bias of care between therapists",
        "SD of therapist_availability_start: 1|therapist": "SD of initial beliefs between therapists",
    },
}


def last_exchange() -> pd.DataFrame:
    """Return the last exchange of every pair of styles, with what it is under containment in columns of its own."""
    found = read("dyads/styles.csv")
    found = found[found["exchange"] == LAST]
    as_it_is, contained = (found[found["contained"] == is_contained] for is_contained in (False, True))
    return as_it_is.merge(contained, on=CELL, suffixes=("", "_contained"))


def cells(columns: dict[str, str]) -> str:
    """Return a table with one row per pair of styles; in brackets is the share under containment."""
    rows = (
        (line["one"], line["other"], *(f"{line[name]:.2f} ({line[f'{name}_contained']:.2f})" for name in columns))
        for _, line in last_exchange().iterrows()
    )
    return table(("the first is", "the second is", *columns.values()), rows)


def styles_secure() -> str:
    """Return who is secure after the last exchange, by pair of styles."""
    return cells({"one_secure": "the first is secure", "other_secure": "the second", "both_secure": "both"})


def styles_acts() -> str:
    """Return how often members make bids and care at the last exchange, by pair of styles."""
    return cells(
        {"one_bid": "bids of the first", "other_bid": "of the second", "one_care": "care by the first"}
        | {"other_care": "by the second"}
    )


def mean_of(found: pd.DataFrame, start: str, name: str) -> str:
    """Return the mean over studies and both members, with its standard error over studies."""
    both = found[[f"{start}wife_{name}", f"{start}husband_{name}"]].mean(axis=1)
    return f"{both.mean():.3f} ({both.sem():.3f})"


def dyads_controls() -> str:
    """Return what both models say of the same couples, as they are and permuted: means over studies."""
    found, rows = read("dyads/couples.csv"), []
    for name, words in EFFECT_WORDS.items():
        estimates = (mean_of(found, f"{start}: ", name) for start in ("as it is", "permuted"))
        rows.append((f"our model: {words}", mean_of(found, "true: ", name), *estimates))
    for name, words in SLOPE_WORDS.items():
        estimates = (mean_of(found, f"{start}: ", name) for start in ("as it is", "permuted"))
        rows.append((f"linear model: slope of the {words}".replace("the the", "the"), "", *estimates))
        replicated = (mean_of(found, f"{start}: replicated_", name) for start in ("as it is", "permuted"))
        rows.append(("the same slope in data that our fit replicates", "", *replicated))
    return table(("mean over studies (SE)", "true", "couples as they are", "permuted"), rows)


def no_pull() -> str:
    """Return in how many studies without pull the interval of pull holds 0."""
    found = read("dyads/pull.csv")
    converged = found[found["converged"]]
    shares = (
        f"{int(own['holds_0'].sum())} of {len(own)} ({percent(own['holds_0'].mean())})" for own in (found, converged)
    )
    return "{} of all studies, and in {} of those that converged".format(*shares)


def permuted_converged() -> str:
    """Return how many of the permuted studies converged."""
    found = read("dyads/couples.csv")
    return f"{int(found['permuted: converged'].sum())} of {len(found)}"


def recovery_rows() -> Iterator[tuple[object, ...]]:
    """Yield one row per quantity that was recovered."""
    for design, words in RECOVERED.items():
        by_laplace, by_nuts = (
            read(f"dyads/{design}-{method}.csv").set_index("quantity") for method in ("laplace", "nuts")
        )
        for name, text in words.items():
            one, other = by_laplace.loc[name], by_nuts.loc[name]
            counts = (f"{int(own['covered'])} of {int(own['studies'])}" for own in (one, other))
            yield design, text, *counts, f"{one['r']:.2f}"


def recovery_converged() -> str:
    """Return how many of the recovery studies converged, by design and method."""
    parts = []
    for design in RECOVERED:
        for method in ("laplace", "nuts"):
            first = read(f"dyads/{design}-{method}.csv").iloc[0]
            parts.append(f"{int(first['converged'])} of {int(first['studies'])} ({design}, `{method}`)")
    return ", ".join(parts)


def dyads_recovery() -> str:
    """Return how often intervals of what is asked about dyads contain the true value."""
    head = ("design", "quantity", "90% interval holds it, `laplace`", "`nuts`", "r of true and estimated")
    return table(head, recovery_rows())


PLAN_WORDS = {
    "anxious_bid_activation": "more bids of the anxious when distressed",
    "avoidant_bid_activation": "fewer bids of the avoidant when distressed",
}
PLANS = {"plan": "with ratings of felt pull", "plan_acts": "acts, bids and beliefs alone"}


def plan_rows() -> Iterator[tuple[object, ...]]:
    """Yield the share of studies that show an effect, one row per design and effect."""
    for name, words in PLANS.items():
        found = read(f"dyads/{name}.csv")
        found = found[found["outcome"].str.endswith("excludes 0")]
        for outcome, own in found.groupby("outcome", sort=False):
            effect = outcome.removesuffix(": 90% interval excludes 0")
            yield words, PLAN_WORDS.get(effect, effect), *(f"{one.share:.2f}" for one in own.itertuples())


def dyads_plan() -> str:
    """Return the share of studies that show an effect, by number of couples."""
    sizes = read("dyads/plan.csv")["n_people"].unique()
    return table(("the study records", "effect", *(f"{count} couples" for count in sizes)), plan_rows())


DYADS: dict[str, Callable[[], str]] = {
    "styles_secure": styles_secure,
    "styles_acts": styles_acts,
    "dyads_controls": dyads_controls,
    "no_pull": no_pull,
    "permuted_converged": permuted_converged,
    "dyads_recovery": dyads_recovery,
    "dyads_recovery_converged": recovery_converged,
    "dyads_plan": dyads_plan,
}
