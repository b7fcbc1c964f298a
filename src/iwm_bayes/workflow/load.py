"""A study file to study, model and data, in one call."""

from pathlib import Path

import xarray as xr

from iwm_bayes.data import dataset as tables
from iwm_bayes.data import study as studies
from iwm_bayes.model import model_file as theories_
from iwm_bayes.model.model_file import load_model_for
from iwm_bayes.types import InputError, ModelSpec, figure_label


def resolve_model(study_file: Path, theory: str) -> str:
    """A name, or a file: looked for where one stands, then beside the study; InputError if it is nowhere."""
    if not theory.endswith(".toml"):
        return theory
    beside = study_file.parent / theory
    found = [path for path in (Path(theory), beside) if path.is_file()]
    if not found:
        raise InputError(
            [f"--theory {theory}: there is no such file, neither in {Path.cwd()} nor beside the study ({beside})"]
        )
    return str(found[0])


def load_study_and_data(study_file: Path, theory: str | None) -> tuple[studies.Study, Path, ModelSpec, xr.Dataset]:
    """Study, theory file, theory and data; InputError lists every problem of the first that has any."""
    study = studies.load_study(study_file)
    named = study.model[0] if theory is None else resolve_model(study_file, theory)
    if theory is not None:
        study = study.model_copy(update={"model": [named, *study.model]})
    model = load_model_for(study, named)
    data = tables.read_data(study, model)
    return study, theories_.find_model(named), tables.with_stated_reliability(study, model, data), data


def describe_data(data: xr.Dataset) -> str:
    events, seen = int(data["present"].sum()), int(data["seen"].sum())
    figures = ", ".join(map(figure_label, data["figure"].values))
    left_out = data.attrs.get("rows_left_out", 0)
    return (
        f"{data.sizes['person']} people, {events} events ({seen} seen), figures: {figures}, "
        f"unit of time: {data.attrs['time_unit']}"
        + (f"; left out for lack of covariates: {dropped}" if (dropped := data.attrs.get("dropped")) else "")
        + (f"; {left_out} rows say nothing and were left out" if left_out else "")
        + (f"; not asked here: {without}" if (without := data.attrs.get("without")) else "")
    )
