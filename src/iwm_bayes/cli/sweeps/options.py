"""The options of commands of many simulated studies."""

from pathlib import Path
from typing import Annotated

import typer

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="built-in model, or path of a model file, a study file or a design file")
]
Workers = Annotated[int, typer.Option(min=1, help="number of parallel processes on this computer")]
Scheduler = Annotated[str | None, typer.Option(help="address of a Dask scheduler; use it instead of --workers")]
OutDir = Annotated[Path | None, typer.Option(help="folder for the simulated studies and the result tables")]
Quiet = Annotated[bool, typer.Option(help="do not show a progress bar")]
NPeople = Annotated[
    list[int] | None,
    typer.Option(
        min=4, help="number of people in a study; may be given several times (default: as in the study file, or 40)"
    ),
]
Sessions = Annotated[
    list[int] | None,
    typer.Option(
        min=1,
        help="sessions with each attachment figure; of a study file, everyone's first sessions; may be given several "
        "times (default: those of the study file, or 4, 8, 12, 16, 24)",
    ),
]
Figures = Annotated[
    list[int] | None,
    typer.Option(
        min=1, help="number of attachment figures, without a study file; may be given several times (default: 1)"
    ),
]
RatedEvery = Annotated[
    list[int] | None,
    typer.Option(
        min=1,
        help="number of sessions from one rating to the next, without a study file; may be given several times "
        "(default: 1)",
    ),
]
DEFAULT_CARE = "constant:rate=0.8"
CareOption = Annotated[
    str,
    typer.Option(
        "--care",
        help="care by every attachment figure, written as NAME:parameter=value,... (names: see `iwm simulate --help`)",
    ),
]
Studies = Annotated[int, typer.Option(min=2, help="number of simulated studies of each size")]
Target = Annotated[
    float, typer.Option(min=0, max=1, help="required assurance: the probability that a study is decisive")
]
Method = Annotated[
    str, typer.Option(help="inference method: nuts (sampling), or laplace or quadrature (approximations)")
]
