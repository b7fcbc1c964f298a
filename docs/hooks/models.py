"""One page per built-in model, from its file and the docstring of its learning rule."""

import re
import tomllib
from importlib import import_module
from inspect import getdoc

from iwm_bayes.model.specification.model_file import built_in_models, find_model, load_model
from iwm_bayes.types import ModelSpec, Parameter, parameters

COLUMNS = (
    "| parameter | prior 90% range of the median person | between-person SD: scale of its half-normal prior, link "
    "scale | pooling | meaning |\n|---|---|---|---|---|"
)
PAGE = """# {name}

**{claim}**

{predicts}

![Availability and self-worth of one person along 28 sessions under {name}]({name}.svg)

*A person starts with an availability of 0.35 and a self-worth of 0.2. Every other parameter has its prior median.
The person has eight unresponsive sessions, then sixteen sessions, of which the tenth is a rupture and the others are
responsive. After ten units of time without a session, four responsive sessions follow. The learning rule made this plot
when the page was built.*

## Learning rule

{equations}

## Data that it needs

{needs}

## Parameters

{parameters}

## Model file

```toml
{file}
```

Source: {source}
"""


def source_text(reference: str) -> str:
    """Return a reference, with a link where it is a DOI."""
    return re.sub(r"doi:(\S+)", r"[doi:\1](https://doi.org/\1)", reference)


def line(name: str, parameter: Parameter) -> str:
    """Return the line of a parameter."""
    low, high = parameter.prior_90
    fixed = parameter.fixed is not None
    prior = f"fixed at {parameter.fixed:g}" if fixed else f"{low:g} to {high:g}"
    between = f"{parameter.prior_between_sd:g}" if not fixed and parameter.pooling == "partial" else ""
    return f"| `{name}` | {prior} | {between} | {'' if fixed else parameter.pooling} | {parameter.meaning} |"


def parameter_table(model: ModelSpec) -> str:
    """Return the table of all parameters of a model."""
    return "\n".join([COLUMNS, *(line(name, parameter) for name, parameter in parameters(model).items())])


def model_page(name: str) -> str:
    """Return the page of a built-in model."""
    model, file = load_model(name), find_model(name).read_text(encoding="utf-8").strip()
    return PAGE.format(
        name=name,
        claim=model.claim.strip(),
        predicts=model.predicts.strip(),
        equations=getdoc(import_module(f"iwm_bayes.rules.{tomllib.loads(file)['rule']}")),
        needs=model.needs.strip(),
        parameters=parameter_table(model),
        file=file,
        source=source_text(model.reference),
    )


def model_list_page() -> str:
    """Return the page that lists the built-in models."""
    lines = [f"| [{name}](models/{name}.md) | {load_model(name).claim} |" for name in built_in_models()]
    return "\n".join(["# Built-in models", "", "| model | hypothesis |", "|---|---|", *lines, ""])
