"""The page of the predictions, with a picture of each experiment, from the tables of the last full run."""

from results import EXPERIMENTS

from iwm_bayes.model.specification.model_file import built_in_models
from iwm_bayes.validation.prediction_matrix import load_predictions
from iwm_bayes.validation.prediction_page import Place, predictions_page
from iwm_bayes.validation.prediction_results import load_results
from iwm_bayes.viz.simulated_studies.predictions import prediction_curves_plot
from iwm_bayes.viz.style import as_svg

PAGE = "explain/predictions.md"
PICTURES = "predictions"  # folder next to the page


def model_link(name: str) -> str:
    """Return a link to the page of a built-in model, or the name of another model."""
    return f"[`{name}`](../reference/models/{name}.md)" if name in built_in_models() else f"`{name}`"


def prediction_files() -> dict[str, str | bytes]:
    """Return the page and its pictures, by path within the documentation."""
    results = load_results(EXPERIMENTS / "predictions")
    axes = {prediction.name: prediction.axes for prediction in load_predictions()}
    pictures = {
        f"explain/{PICTURES}/{name}.svg": as_svg(prediction_curves_plot(own, axes[str(name)]))
        for name, own in results.now.curves.groupby("prediction")
    }
    place = Place("../", model_link, lambda name: f"{PICTURES}/{name}.svg")
    return {PAGE: predictions_page(results, place), **pictures}
