"""What each variable of a Dataset is, and its units: the attributes that a reader of a file sees."""

from urllib.parse import unquote

import xarray as xr

VARIABLE_WORDS = {  # what a variable is, and its units
    "outcome": ("observed responsiveness; 0 where not observed", "0 to 1"),
    "observed": ("whether the person experienced the outcome", "1"),
    "unrecorded": ("experienced, but the outcome is a mean, because its form is missing", "1"),
    "rated": ("1 where the outcome is latent, and raters say what they think of it", "1"),
    "figure_index": ("position of the figure of the event along `figure`", "1"),
    "assessment": ("no outcome was possible and no action was called for", "1"),
    "present": ("the event took place", "1"),
    "session": ("number of the session", "as in the table"),
    "time": ("time of the event", "unit of time"),
    "since_figure": ("time since the last event with this figure", "unit of time"),
    "since_any": ("time since the last event", "unit of time"),
    "distress": ("need at the event", "0 to 1"),
    "threat": ("frightening or intrusive care", "0 to 1"),
    "design": ("design matrix of the formulas, standardised", "1"),
    "membership": ("membership in the levels of groups", "1"),
}
NAMED_BY_PREFIX = {  # variables with a name that the study gives, by what comes before it
    "answer_": ("answer", "0 to 1, or the number of the answer"),
    "covariate_": ("covariate", "as in the table"),
}


def variable_words(name: str) -> tuple[str, str]:
    """Return what a variable of a Dataset is, and its units."""
    for prefix, (kind, units) in NAMED_BY_PREFIX.items():
        if name.startswith(prefix):
            return f"{kind} {unquote(name.removeprefix(prefix))}", units
    return VARIABLE_WORDS.get(name, (name, "1"))


def with_variable_words(data: xr.Dataset) -> xr.Dataset:
    """Return a Dataset with the attributes `long_name` and `units` of every variable."""
    unit = str(data.attrs.get("time_unit", "session"))
    words = {str(name): variable_words(str(name)) for name in data}
    return data.assign(
        {
            name: data[name].assign_attrs(long_name=long_name, units=units.replace("unit of time", unit))
            for name, (long_name, units) in words.items()
        }
    )
