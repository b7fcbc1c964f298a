"""One page per built-in model, from its file and the docstring of its learning rule."""

import re
import tomllib
from importlib import import_module
from inspect import getdoc

from iwm_bayes.model.model_file import built_in_models, find_model, load_model
from iwm_bayes.types import ModelSpec, Parameter, parameters

COLUMNS = "| parameter | prior 90% range of the median person | pooling | meaning |\n|---|---|---|---|"


def source(reference: str) -> str:
    """A reference, with a link where it is a DOI."""
    return re.sub(r"doi:(\S+)", r"[doi:\1](https://doi.org/\1)", reference)


def line(name: str, parameter: Parameter) -> str:
    """A parameter in a table."""
    low, high = parameter.prior_90
    fixed = parameter.fixed is not None
    assumed = f"fixed at {parameter.fixed:g}" if fixed else f"{low:g} to {high:g}"
    return f"| `{name}` | {assumed} | {'' if fixed else parameter.pooling} | {parameter.meaning} |"


def table(model: ModelSpec) -> str:
    """Every parameter of a model."""
    return "\n".join([COLUMNS, *(line(name, parameter) for name, parameter in parameters(model).items())])


def page(name: str) -> str:
    """The page of a model."""
    model, text = load_model(name), find_model(name).read_text(encoding="utf-8")
    rule = import_module(f"iwm_bayes.rules.{tomllib.loads(text)['rule']}")
    return f"""# {name}

**{model.claim.strip()}**

{model.predicts.strip()}

![Availability and worth of one person along 28 sessions under {name}]({name}.svg)

*A person starts with an availability of 0.35 and a self-worth of 0.2. Every other parameter has its prior median.
The person has eight unresponsive sessions, then sixteen responsive sessions, of which the tenth is a rupture. After ten
units of time without a session, four more follow. The learning rule made this plot when the page was built.*

## Learning rule

{getdoc(rule)}

## Data that it needs

{model.needs.strip()}

## Parameters

{table(model)}

## Model file

```toml
{text.strip()}
```

Source: {source(model.reference)}
"""


def model_list() -> str:
    """The list of built-in models."""
    lines = [f"| [{name}](models/{name}.md) | {load_model(name).claim} |" for name in built_in_models()]
    return "\n".join(["# Built-in models", "", "| model | hypothesis |", "|---|---|", *lines, ""])
