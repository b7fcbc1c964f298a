"""`iwm predictions`: what the models predict in the experiments of the repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iwm_bayes.cli.console import Overwrite, print_table, say, tell

if TYPE_CHECKING:
    from iwm_bayes.validation.prior_predictions import Prediction


def run_script(prediction: Prediction) -> None:
    """Run one experiment as a script: `python NAME.py [DRAWS] [FOLDER]` prints it, and keeps its table and plot."""
    from iwm_bayes.validation.prediction_matrix import decide_prediction
    from iwm_bayes.validation.prior_predictions import N_DRAWS
    from iwm_bayes.viz.simulated_studies.predictions import prediction_plot
    from iwm_bayes.workflow.run_folder import write_plots, write_tables

    draws = int(sys.argv[1]) if len(sys.argv) > 1 else N_DRAWS
    table, curves, verdicts = decide_prediction(prediction, draws)
    print(prediction.question, table.round(3).to_string(index=False), verdicts["verdict"].item(), sep="\n\n")
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        write_tables(folder, {prediction.name: table, f"{prediction.name}_curves": curves})
        write_plots(folder, {prediction.name: prediction_plot(table, prediction.question)}, ("svg",))


def predictions(
    experiments: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="folder `experiments` of a copy of the repository")
    ] = None,
    draws: Annotated[int, typer.Option(min=20, help="number of prior draws per model")] = 2000,
    out_dir: Annotated[Path, typer.Option(help="folder for the results")] = Path("runs/predictions"),
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress")] = False,
) -> None:
    """Compute what each model predicts in twenty experiments, under its prior (the prediction matrix).

    The experiments are in the repository. The installed package does not contain them.
    """
    from iwm_bayes.io import manifest
    from iwm_bayes.validation import prediction_matrix
    from iwm_bayes.viz.simulated_studies.predictions import prediction_matrix_plot
    from iwm_bayes.workflow.results_folder import check_kind, check_results_folder, replace_results
    from iwm_bayes.workflow.run_folder import write_plots, write_tables

    folder = prediction_matrix.experiments_folder(experiments)
    check_results_folder(out_dir)
    check_kind(out_dir, "predictions", overwrite)
    progress = (lambda _: None) if quiet else tell
    matrix, curves, verdicts = prediction_matrix.prediction_matrix(draws, progress, folder)
    matrix, curves = matrix.round(4), curves.round(4)
    print_table(
        matrix, "Share of a model's prior draws that show an effect (with Monte Carlo SE), and the median effect"
    )
    print_table(
        verdicts[["prediction", "verdict"]],
        "Decided: the share is at least 0.9 for models that predict the effect, and at most 0.6 for every other model",
    )

    def write(draft: Path) -> dict[str, Any]:
        write_tables(draft, {"matrix": matrix, "curves": curves, "verdicts": verdicts})
        write_plots(draft, {"matrix": prediction_matrix_plot(matrix)}, ("svg", "pdf"))
        text = prediction_matrix.matrix_page(matrix, verdicts, prediction_matrix.load_readings(folder), draws, folder)
        (draft / "README.md").write_text(text, encoding="utf-8")
        return manifest(kind="predictions", command=f"iwm predictions --draws {draws}")

    replace_results(out_dir, write, overwrite)
    say(f"Results saved to {out_dir}")
