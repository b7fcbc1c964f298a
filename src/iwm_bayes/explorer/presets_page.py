"""The presets as pages of the documentation: the same pictures as the explorer draws, played without a server.

Everything that a page loads is a file next to it. So it works from a folder and without a network.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from iwm_bayes.explorer.content import page_content
from iwm_bayes.explorer.dyads.content import dyad_content
from iwm_bayes.explorer.dyads.page import EXCHANGE
from iwm_bayes.explorer.dyads.page import PICTURES as DYAD_PICTURES
from iwm_bayes.explorer.dyads.presets import FIRST_PRESET, preset_values
from iwm_bayes.explorer.dyads.presets import PRESETS as DYAD_PRESETS
from iwm_bayes.explorer.dyads.state import FIRST, read_dyad_state
from iwm_bayes.explorer.page import ENVIRONMENT, PICTURES, STEP
from iwm_bayes.explorer.page_state import read_state
from iwm_bayes.explorer.presets import PAIR, PRESETS
from iwm_bayes.explorer.scenario import Scenario
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.viz.plotly.base import plotly_script

CONTENTS, DYAD_CONTENTS = "contents.js", "dyad_contents.js"
FILES = ("pictures.js", "pictures.css", "presets.js")


def preset_query(scenario: Scenario) -> dict[str, str]:
    """Return a scenario as the values of a link."""
    return {name: str(value) for name, value in scenario._asdict().items()}


def preset_contents(models: tuple[str, str] = PAIR) -> dict[str, dict[str, Any]]:
    """Return the content of every preset by its key, under two built-in models."""
    specs = {name: load_model(name) for name in models}
    first = dict(zip("AB", models, strict=True))
    return {
        key: page_content(read_state(preset_query(preset.scenario), specs, first), specs)
        for key, preset in PRESETS.items()
    }


def dyad_contents() -> dict[str, dict[str, Any]]:
    """Return the content of every preset of a dyad by its key."""
    names = {name for preset in DYAD_PRESETS.values() for name in preset.models.values()}
    specs = {name: load_model(name) for name in names}
    queries = {
        key: {name: str(value) for name, value in preset_values(preset, specs).items()}
        for key, preset in DYAD_PRESETS.items()
    }
    return {key: dyad_content(read_dyad_state(query, specs, FIRST), specs) for key, query in queries.items()}


def presets_html(folder: str) -> str:
    """Return the part of a page that has the presets; `folder` has the files of `presets_files`."""
    return ENVIRONMENT.get_template("presets.html").render(
        folder=folder, contents_file=CONTENTS, presets=PRESETS, chosen="neglect", pictures=PICTURES, step=STEP
    )


def dyad_presets_html(folder: str) -> str:
    """Return the part of a page that has the presets of dyads; `folder` has the files of `presets_files`."""
    return ENVIRONMENT.get_template("presets.html").render(
        folder=folder,
        contents_file=DYAD_CONTENTS,
        presets=DYAD_PRESETS,
        chosen=FIRST_PRESET,
        pictures=DYAD_PICTURES,
        step=EXCHANGE,
    )


def contents_script(contents: Mapping[str, Any]) -> str:
    """Return the script that has the contents of presets."""
    return f"const CONTENTS = {json.dumps(contents, allow_nan=False)};\n"


def presets_files(contents: Mapping[str, Any], of_dyads: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that the pages load, by name, from the contents of both kinds of presets."""
    own = resources.files("iwm_bayes.explorer")
    return {
        "plotly.js": plotly_script(),
        CONTENTS: contents_script(contents),
        DYAD_CONTENTS: contents_script(of_dyads),
        **{name: own.joinpath(name).read_text(encoding="utf-8") for name in FILES},
    }
