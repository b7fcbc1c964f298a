"""`iwm models`: the built-in models, or one model in full."""

from typing import Annotated

import typer

from iwm_bayes.cli.console import print_table, say
from iwm_bayes.types import ModelSpec, Parameter, parameters


def models(name: Annotated[str | None, typer.Argument(help="name of a model that is shown in full")] = None) -> None:
    """List the built-in models and their hypotheses, or show one model in full."""
    import pandas as pd

    from iwm_bayes.model.specification.model_file import built_in_models, load_model, models_of_members

    if name is not None:
        print_model(load_model(name))
        return
    shelves = {"Built-in models": built_in_models(), "Models of one member of a dyad": models_of_members()}
    for title, names in shelves.items():
        lines = [{"model": known, "hypothesis": load_model(known).claim} for known in names]
        print_table(pd.DataFrame(lines), title)


def print_model(model: ModelSpec) -> None:
    """Print a model's hypothesis, prediction, needs, source, equations, and parameters with their priors."""
    import pandas as pd

    texts = {"Hypothesis": model.claim, "Predicts": model.predicts, "Needs": model.needs, "Source": model.reference}
    say(model.name, style="bold")
    for title, text in texts.items():
        say(f"{title}: {text.strip() or 'not stated'}")
    say(f"\n{model.equation}\n")
    lines = [
        {
            "parameter": label,
            "prior 90% range": f"{declared.prior_90[0]:g} to {declared.prior_90[1]:g}"
            if declared.fixed is None
            else f"fixed at {declared.fixed:g}",
            "between-person SD": f"{declared.prior_between_sd:g}" if has_between_sd(declared) else "",
            "pooling": declared.pooling if declared.fixed is None else "",
            "meaning": declared.meaning,
        }
        for label, declared in parameters(model).items()
    ]
    title = (
        "Parameters (prior 90% range of the median person; between-person SD: scale of its half-normal prior, on the "
        "link scale)"
    )
    print_table(pd.DataFrame(lines), title)


def has_between_sd(declared: Parameter) -> bool:
    """Return whether a parameter has a between-person SD of its own."""
    return declared.fixed is None and declared.pooling == "partial"
