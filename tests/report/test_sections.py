"""What sections of a report say and draw, from small results that are written down here."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from iwm_bayes.report.sections.answer import incidence_finding
from iwm_bayes.report.sections.details import rank_figure


def answer_of(lasts, shares, median):
    """Time to earned security of everyone and of arms: sessions 1-3, and four draws that agree."""
    probability = np.repeat(np.array(shares)[:, None, None, None], 4, axis=2) * np.array([0.0, 0.5, 1.0])
    return SimpleNamespace(
        curves=xr.Dataset(
            {
                "probability": (("arm", "chain", "draw", "session"), probability),
                "last": ("arm", lasts),
                "median_sessions": (("arm", "chain", "draw"), np.full((len(lasts), 1, 4), median)),
            },
            {"arm": ["everyone", "care", "repair"][: len(lasts)], "session": [1, 2, 3]},
        )
    )


@pytest.mark.parametrize(
    ("lasts", "shares", "median", "expected"),
    [
        ([3, 0, 0], [0.4, np.nan, np.nan], np.inf, "Of the men who were insecure at baseline, 40% were earned secure"),
        ([3, 3, 2], [0.4, 0.2, 0.6], np.inf, "By session 2, of these men who were insecure at baseline, 10% in care"),
        ([3], [0.8], 2.0, "Of the men who were insecure at baseline, half were earned secure by session 2, and 80%"),
    ],
)
def test_the_finding_is_about_arms_where_they_can_be_assessed(lasts, shares, median, expected):
    """Two arms of four people are too small, when all eight together are not."""
    finding = incidence_finding(answer_of(lasts, shares, median), "men")
    assert finding.startswith(expected)


def test_a_name_with_dollar_signs_is_drawn_as_it_is():
    """A figure is called "mum $\\x$", which Matplotlib would read as a formula that does not exist."""
    draws = np.random.default_rng(1).normal(size=(2, 50))
    figure = rank_figure(xr.Dataset({r"Learning rate (mum $\x$)": (("chain", "draw"), draws)}))
    figure.canvas.draw()
    assert any(r"mum \$\x\$" in text.get_text() for text in figure.findobj(Text))
