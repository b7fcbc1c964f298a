"""A theory as a study asks it: without the responses that were not asked, and each at its moment."""

from iwm_bayes.core import Model
from iwm_bayes.moments import timed
from iwm_bayes.study import Study
from iwm_bayes.theory import load


def load_for(study: Study, theory: str) -> Model:
    """A theory by name or path as this study asks it; InputError lists what is wrong with its file."""
    return timed(study, load(theory, study.without))
