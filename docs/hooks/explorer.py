"""The page of the model explorer: its presets, drawn by the explorer's own code when the documentation is built."""

from collections.abc import Mapping
from typing import Any

from iwm_bayes.explorer.presets import PAIR, PRESETS
from iwm_bayes.explorer.presets_page import preset_contents, presets_files, presets_html
from iwm_bayes.explorer.scenario import N_PEOPLE

FOLDER = "explorer"
PAGE = """---
hide: [toc]
---

# Model explorer

Which experiences make a person trust, according to a model? This page shows four histories of care under two models,
[{first}](reference/models/{first}.md) and [{second}](reference/models/{second}.md). The second is the first with a
drift back to the early model. Choose a history, and press *Play* to see it session by session.

{html}

## What the pictures show

Lines are medians of {people} simulated people with the same parameters, and areas contain 90% of them. They differ at
random only: in which sessions are responsive, and in who withdraws. Both models have the same initial beliefs. The
thresholds are those of [earned security](explain/earned_security.md).

{sentences}

## All models and all parameters

The explorer itself runs on your computer: `iwm explore` opens it. It needs the [extra](install.md) `explorer`. It
shows every built-in model, and a model of your own, under any care. `iwm explore kalman my_model.toml` compares two
models of your choice. *Copy link* puts the whole state of the page into a link, for everybody who runs the explorer.
"""


def preset_text(key: str, sentences: list[str]) -> str:
    """Return what is seen under a preset, in sentences; the first of them, on initial beliefs, is the same for all."""
    preset = PRESETS[key]
    return "\n\n".join([f"**{preset.label}.** {preset.description}", *sentences[1:]])


def explorer_files() -> dict[str, str]:
    """Return the page and what it loads, by path."""
    contents: Mapping[str, Any] = preset_contents()
    first, second = PAIR
    page = PAGE.format(
        first=first,
        second=second,
        people=N_PEOPLE,
        html=presets_html(contents, FOLDER),
        sentences="\n\n".join(preset_text(key, content["sentences"]) for key, content in contents.items()),
    )
    return {f"{FOLDER}.md": page} | {f"{FOLDER}/{name}": text for name, text in presets_files(contents).items()}
