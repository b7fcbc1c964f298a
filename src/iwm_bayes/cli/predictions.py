"""`iwm predictions`: what the models predict in the experiments of the repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iwm_bayes.cli.console import Overwrite, print_table, say, tell

if TYPE_CHECKING:
    from iwm_bayes.validation.prediction_matrix import Matrix
    from iwm_bayes.validation.prior_predictions import Prediction

PAGE = "README.md"


def run_script(prediction: Prediction) -> None:
    """Run one experiment as a script: `python NAME.py [DRAWS] [FOLDER]` prints it, and keeps its tables and plots."""
    from iwm_bayes.validation.prediction_matrix import decide_prediction
    from iwm_bayes.validation.prior_predictions import N_DRAWS
    from iwm_bayes.viz.simulated_studies.predictions import prediction_curves_plot, prediction_plot
    from iwm_bayes.workflow.run_folder import write_plots, write_tables

    draws = int(sys.argv[1]) if len(sys.argv) > 1 else N_DRAWS
    name = prediction.name
    table, curves, others, verdicts = decide_prediction(prediction, draws)
    print(prediction.question, table.round(3).to_string(index=False), verdicts["verdict"].item(), sep="\n\n")
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        write_tables(folder, {name: table, f"{name}_curves": curves, f"{name}_others": others})
        plots = {
            name: prediction_plot(table, prediction.question),
            f"{name}_curves": prediction_curves_plot(curves, prediction.axes),
        }
        write_plots(folder, plots, ("svg",))


def write_page(folder: Path, experiments: Path | None) -> None:
    """Write the page of results that are in a folder; InputError where an answer is missing."""
    from iwm_bayes.io import atomic_path
    from iwm_bayes.validation.prediction_page import IN_REPOSITORY, predictions_page
    from iwm_bayes.validation.prediction_results import load_results

    text = predictions_page(load_results(folder, experiments), IN_REPOSITORY, experiments)
    with atomic_path(folder / PAGE) as draft:
        draft.write_text(text, encoding="utf-8")
    say(f"Page saved to {folder / PAGE}")


def page_of_run(matrix: Matrix, command: str, experiments: Path | None, folder: Path) -> str:
    """Return the page of a run; empty, with a word on how to make it, where answers are still to be written."""
    from iwm_bayes.types import InputError
    from iwm_bayes.validation.prediction_page import IN_REPOSITORY, predictions_page
    from iwm_bayes.validation.prediction_results import results_of

    try:
        results = results_of(matrix, command, experiments)
    except InputError as missing:
        tell(f"No page was written. {missing}, and then enter: iwm predictions --page-of {folder}")
        return ""
    return predictions_page(results, IN_REPOSITORY, experiments)


def predictions(
    experiments: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="folder `experiments` of a copy of the repository")
    ] = None,
    draws: Annotated[int, typer.Option(min=20, help="number of prior draws per model")] = 2000,
    out_dir: Annotated[Path, typer.Option(help="folder for the results")] = Path("runs/predictions"),
    page_of: Annotated[
        Path | None,
        typer.Option(help="compute nothing, and write the page of the results in this folder, from `answers.toml`"),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress")] = False,
) -> None:
    """Compute what each model predicts in every experiment, under its prior (the prediction matrix).

    The experiments are in the repository. The installed package does not contain them.
    """
    from iwm_bayes.io import manifest
    from iwm_bayes.validation import prediction_matrix
    from iwm_bayes.validation.prediction_matrix import Matrix
    from iwm_bayes.viz.simulated_studies.predictions import prediction_curves_plot, prediction_matrix_plot
    from iwm_bayes.workflow.results_folder import check_kind, check_results_folder, replace_results
    from iwm_bayes.workflow.run_folder import write_plots, write_tables

    folder = prediction_matrix.experiments_folder(experiments)
    if page_of is not None:
        write_page(page_of, experiments)
        return
    check_results_folder(out_dir)
    check_kind(out_dir, "predictions", overwrite)
    progress = (lambda _: None) if quiet else tell
    found = prediction_matrix.prediction_matrix(draws, progress, folder)
    matrix = Matrix(*(table.round(4) for table in found))
    print_table(
        matrix.shares, "Share of a model's prior draws that show an effect (with Monte Carlo SE), and the median effect"
    )
    print_table(
        matrix.verdicts[["prediction", "verdict"]],
        "Decided: the share is at least 0.9 for models that predict the effect, and at most 0.6 for every other model",
    )
    command = f"iwm predictions --draws {draws}"
    page = page_of_run(matrix, command, experiments, out_dir)
    axes = {prediction.name: prediction.axes for prediction in prediction_matrix.load_predictions(folder)}

    def write(draft: Path) -> dict[str, Any]:
        tables = {"matrix": matrix.shares, "curves": matrix.curves, "others": matrix.others}
        write_tables(draft, tables | {"verdicts": matrix.verdicts})
        write_plots(draft, {"matrix": prediction_matrix_plot(matrix.shares)}, ("svg", "pdf"))
        for name, own in matrix.curves.groupby("prediction"):
            write_plots(draft, {str(name): prediction_curves_plot(own, axes[str(name)])}, ("svg",))
        if page:
            (draft / PAGE).write_text(page, encoding="utf-8")
        return manifest(kind="predictions", command=command)

    replace_results(out_dir, write, overwrite)
    say(f"Results saved to {out_dir}")
