"""Whether a table seems to have both members of dyads, of which a study of single people would read one."""

import pandas as pd

from iwm_bayes.types import InputError

COLUMNS_OF_DYADS = frozenset(("dyad", "dyad_id", "couple", "couple_id"))
ROLES = (  # of two members, as names of columns of a wide table begin
    ("wife", "husband"),
    ("woman", "man"),
    ("female", "male"),
    ("patient", "therapist"),
    ("client", "therapist"),
    ("mother", "child"),
    ("father", "child"),
    ("parent", "child"),
    ("mother", "infant"),
    ("carer", "child"),
    ("partner1", "partner2"),
    ("a", "b"),
)
MIN_SHARED = 2  # pairs of columns: one alone may be a covariate, such as mother_age and child_age


def sign_of_dyads(frame: pd.DataFrame) -> str:
    """Return why a table seems to be one of dyads; empty where nothing says so."""
    names = {str(name).strip().lower(): name for name in frame.columns}
    if linking := sorted(COLUMNS_OF_DYADS & names.keys()):
        return f'the column "{names[linking[0]]}" says which people belong together'
    if "role" in names and frame[names["role"]].nunique() == 2:
        return f'the column "{names["role"]}" has two roles'
    for first, second in ROLES:
        shared = [name.removeprefix(f"{first}_") for name in names if name.startswith(f"{first}_")]
        shared = [name for name in shared if f"{second}_{name}" in names]
        if len(shared) >= MIN_SHARED:
            return f'there is "{names[f"{first}_{shared[0]}"]}", and also "{names[f"{second}_{shared[0]}"]}"'
    return ""


def check_single_people(file: str, frame: pd.DataFrame) -> None:
    """Raise InputError where a table seems to be one of dyads."""
    if sign := sign_of_dyads(frame):
        raise InputError(
            [
                f"{file}: {sign}. `iwm new` writes studies of single people. Where both members of dyads are in the "
                "table, write a study file with [dyad]: see docs/how_to/couples.md. Otherwise rename the column"
            ]
        )
