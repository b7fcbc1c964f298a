"""The presets as a page of the documentation: the same pictures as the explorer draws, played without a server.

Everything that the page loads is a file next to it. So it works from a folder and without a network.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from iwm_bayes.explorer.content import page_content
from iwm_bayes.explorer.page import ENVIRONMENT
from iwm_bayes.explorer.page_state import read_state
from iwm_bayes.explorer.presets import PAIR, PRESETS
from iwm_bayes.explorer.scenario import Scenario
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.viz.plotly.base import plotly_script

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


def presets_html(contents: Mapping[str, Any], folder: str) -> str:
    """Return the part of a page that has the presets; `folder` has the files of `presets_files`."""
    return ENVIRONMENT.get_template("presets.html").render(contents=contents, folder=folder)


def presets_files(contents: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that the page loads, by name."""
    own = resources.files("iwm_bayes.explorer")
    return {
        "plotly.js": plotly_script(),
        "contents.js": f"const CONTENTS = {json.dumps(contents, allow_nan=False)};\n",
        **{name: own.joinpath(name).read_text(encoding="utf-8") for name in FILES},
    }
