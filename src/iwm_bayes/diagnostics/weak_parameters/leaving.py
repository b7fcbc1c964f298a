"""What data hardly tell about leaving: few people left.

Ten people for each free parameter are a rule of thumb (Peduzzi et al., 1996, doi:10.1016/S0895-4356(96)00236-3).
"""

from collections.abc import Iterator

import xarray as xr

from iwm_bayes.types import ModelSpec, named_leaves

MIN_PER_PARAMETER = 10  # people who left, per free parameter of leaving


def leaving_problems(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield why the parameters of leaving are hardly identified: few people left."""
    for name, response in model.responses.items():
        if response.effect != "leaves":
            continue
        free = [leaf for leaf, declared in named_leaves(response.parameters) if declared.fixed is None]
        left, people = int((data[f"answer_{name}"] == 1).any("event").sum()), data.sizes["person"]
        if free and left < MIN_PER_PARAMETER * len(free):
            reasons = ". Which reason people had is then hardly distinguishable" if "good_enough" in free else ""
            yield (
                f"{name}: {left} of {people} people left. With fewer than {MIN_PER_PARAMETER} for each of "
                f"{', '.join(free)}, these follow their priors{reasons}"
            )
