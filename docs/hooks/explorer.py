"""The pages of the explorer: its presets, drawn by the explorer's own code when the documentation is built."""

from collections.abc import Mapping
from typing import Any

from iwm_bayes.explorer.dyads.presets import PRESETS as DYAD_PRESETS
from iwm_bayes.explorer.dyads.scenario import N_DYADS
from iwm_bayes.explorer.presets import PAIR, PRESETS
from iwm_bayes.explorer.presets_page import (
    dyad_contents,
    dyad_presets_html,
    preset_contents,
    presets_files,
    presets_html,
)
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
`iwm explore --dyad` shows two people who [learn from each other](explorer_of_dyads.md).
"""


DYAD_PAGE = """---
hide: [toc]
---

# Explorer of dyads

What happens where *both* members of a dyad learn? Each act of one is an experience of the other. This page shows
five dyads of seekers, carers and partners. Choose one, and press *Play* to
see it exchange by exchange.

{html}

## What the pictures show

Lines are medians of {dyads} simulated dyads with the same two members, and areas contain 90% of them. They differ at
random only: in which acts happen. A carer is drawn by many bids of the other, which is a *pull* above 0, or pushed away
by them, which is a pull below 0. What a carer *contains* is not acted on. A member is secure from an exchange on if the
beliefs are [secure](explain/earned_security.md) there and at the five that follow.

{sentences}

## All models and all parameters

The explorer itself runs on your computer: `iwm explore --dyad` opens it. It needs the [extra](install.md) `explorer`.
It shows any two models as a dyad, with every parameter of each member. Buttons set the sliders of a member to an
attachment style. `iwm explore --dyad seeker my_model.toml` begins with models of your choice.
"""


def dyad_text(key: str, sentences: list[str]) -> str:
    """Return what is seen under a preset of a dyad, in sentences."""
    preset = DYAD_PRESETS[key]
    return "\n\n".join([f"**{preset.label}.** {preset.description}", " ".join(sentences)])


def preset_text(key: str, sentences: list[str]) -> str:
    """Return what is seen under a preset, in sentences; the first of them, on initial beliefs, is the same for all."""
    preset = PRESETS[key]
    return "\n\n".join([f"**{preset.label}.** {preset.description}", *sentences[1:]])


def explorer_files() -> dict[str, str]:
    """Return the pages and what they load, by path."""
    contents: Mapping[str, Any] = preset_contents()
    of_dyads: Mapping[str, Any] = dyad_contents()
    first, second = PAIR
    page = PAGE.format(
        first=first,
        second=second,
        people=N_PEOPLE,
        html=presets_html(FOLDER),
        sentences="\n\n".join(preset_text(key, content["sentences"]) for key, content in contents.items()),
    )
    dyad_page = DYAD_PAGE.format(
        dyads=N_DYADS,
        html=dyad_presets_html(FOLDER),
        sentences="\n\n".join(dyad_text(key, content["sentences"]) for key, content in of_dyads.items()),
    )
    files = {f"{FOLDER}/{name}": text for name, text in presets_files(contents, of_dyads).items()}
    return {f"{FOLDER}.md": page, "explorer_of_dyads.md": dyad_page} | files
