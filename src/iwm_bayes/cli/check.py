"""`iwm check`: what a study's data hold, and what they can identify, without a fit."""

from pathlib import Path
from typing import Annotated

import typer

from iwm_bayes.cli.console import out, print_table, print_warnings
from iwm_bayes.workflow.load import describe_data, load_study_and_data


def check(
    study: Annotated[Path, typer.Argument(help="study file (study.toml): it describes the data and names the models")],
    model: Annotated[
        str | None,
        typer.Option(help="built-in model or path of a model file (default: the first model of the study file)"),
    ] = None,
    prior: Annotated[bool, typer.Option("--prior", help="also make a prior predictive check")] = False,
) -> None:
    """Read a study and its table, describe the data, and list the parameters that they do not identify."""
    from iwm_bayes.diagnostics.identifiability import identifiability
    from iwm_bayes.diagnostics.predictive_checks import prior_ppc_sentence, prior_predictive_check, rounded_ratings
    from iwm_bayes.diagnostics.rating_timing import answer_count_sentence, timing_warnings
    from iwm_bayes.estimands.rating_thresholds import prior_rating_thresholds, scale_sentences

    loaded = load_study_and_data(study, model)
    spec, data = loaded.model, loaded.data
    out.print(f"{describe_data(data)}\nmodel {spec.name}: {spec.claim}", markup=False)
    for name in spec.responses:
        out.print(f"  {answer_count_sentence(spec, data, name)}", markup=False)
    for sentence in scale_sentences(prior_rating_thresholds(spec, data)):
        out.print(f"  {sentence}", markup=False)
    if loaded.study.people:
        from iwm_bayes.data.covariates import describe_covariates

        for line in describe_covariates(data):
            out.print(f"  {line}", markup=False)
    print_warnings((*identifiability(spec, data), *timing_warnings(spec, data)))
    if prior:
        checks = prior_predictive_check(spec, data)
        print_table(checks, "Prior predictive check (median and 95% interval)", "ppc")
        out.print(prior_ppc_sentence(checks, rounded_ratings(spec, data)), markup=False)
