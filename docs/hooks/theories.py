"""One page per theory, from its file on the shelf and the docstring of its rule."""

import re
import tomllib
from importlib import import_module
from inspect import getdoc

from iwm_bayes.model.model_file import built_in_models, find_model, load_model
from iwm_bayes.types import ModelSpec, Parameter, parameters

COLUMNS = "| parameter | average person, 90 % before any data | pooling | meaning |\n|---|---|---|---|"


def source(reference: str) -> str:
    """A reference, with a link where it is a DOI."""
    return re.sub(r"doi:(\S+)", r"[doi:\1](https://doi.org/\1)", reference)


def line(name: str, parameter: Parameter) -> str:
    """A parameter in a table."""
    low, high = parameter.typical
    fixed = parameter.fixed is not None
    assumed = f"fixed at {parameter.fixed:g}" if fixed else f"{low:g} .. {high:g}"
    return f"| `{name}` | {assumed} | {'' if fixed else parameter.pooling} | {parameter.meaning} |"


def table(model: ModelSpec) -> str:
    """Every parameter of a theory."""
    return "\n".join([COLUMNS, *(line(name, parameter) for name, parameter in parameters(model).items())])


def page(name: str) -> str:
    """A theory's page."""
    model, text = load_model(name), find_model(name).read_text(encoding="utf-8")
    rule = import_module(f"iwm_bayes.rules.{tomllib.loads(text)['rule']}")
    return f"""# {name}

**{model.claim}**

{model.predicts}

![Availability and worth of one person along 28 sessions under {name}]({name}.svg)

*Someone who starts at .35 of availability and .2 of worth, with the middle value of every other prior: eight sessions
without response, sixteen with, of which the tenth is a rupture, then ten units of time without a session, and four
more. Made by the rule when this page was built.*

## The rule

{getdoc(rule)}

## What it needs

{model.needs}

## Parameters

{table(model)}

## The file

```toml
{text.strip()}
```

Source: {source(model.reference)}
"""


def shelf() -> str:
    """The list of theories."""
    lines = [f"| [{name}](theories/{name}.md) | {load_model(name).claim} |" for name in built_in_models()]
    return "\n".join(["# Theories", "", "| theory | claim |", "|---|---|", *lines, ""])
