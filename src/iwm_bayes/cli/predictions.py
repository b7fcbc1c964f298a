"""`iwm predictions`: the prediction matrix."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iwm_bayes.cli.console import err, out, print_table
from iwm_bayes.validation.prediction_matrix import decide_prediction
from iwm_bayes.validation.prior_predictions import N_DRAWS, Prediction
from iwm_bayes.viz.predictions import prediction_plot
from iwm_bayes.viz.style import save_plot


def run_script(prediction: Prediction) -> None:
    """One experiment as a script: `python NAME.py [DRAWS] [FOLDER]` prints it; a folder keeps its table and figure."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else N_DRAWS
    table, words = decide_prediction(prediction, draws)
    print(prediction.question, table.round(3).to_string(index=False), words, sep="\n\n")
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        folder.mkdir(parents=True, exist_ok=True)
        table.to_csv(folder / f"{prediction.name}.csv", index=False)
        save_plot(prediction_plot(table, prediction.question), folder / f"{prediction.name}.svg")


def predictions(
    draws: Annotated[int, typer.Option(min=20, help="prior draws per theory")] = 2000,
    out_folder: Annotated[Path, typer.Option("--out", help="folder of the tables")] = Path("runs/predictions"),
    quiet: Annotated[bool, typer.Option(help="no progress")] = False,
) -> None:
    """What the theories predict in fifteen experiments on people drawn from their priors: the prediction matrix."""
    from iwm_bayes.io import manifest, write_json
    from iwm_bayes.validation import prediction_matrix
    from iwm_bayes.viz.predictions import prediction_matrix_plot
    from iwm_bayes.viz.style import save_plot
    from iwm_bayes.workflow.run_folder import replace_folder

    cells, verdicts = prediction_matrix.prediction_matrix(draws, (lambda _: None) if quiet else err.print)
    cells = cells.round(4)
    print_table(cells, "Share of a theory's prior that shows an effect (its Monte-Carlo error), and the median effect")
    print_table(
        verdicts[["prediction", "verdict"]], "Decided: at least .9 of those who claim it, at most .6 of each rival"
    )

    def fill(place: Path) -> None:
        cells.to_csv(place / "matrix.csv", index=False)
        verdicts.to_csv(place / "verdicts.csv", index=False)
        save_plot(prediction_matrix_plot(cells), *(place / f"matrix.{kind}" for kind in ("svg", "pdf")))
        text = prediction_matrix.matrix_page(cells, verdicts, prediction_matrix.load_readings(), draws)
        (place / "README.md").write_text(text, encoding="utf-8")
        write_json(place / "manifest.json", manifest(command=f"iwm predict --draws {draws}"))

    replace_folder(out_folder, fill)
    out.print(f"Everything is in {out_folder}")
