"""Model recovery: tables and plot keep the order in which models were given."""

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.validation.confusion import confusion_table, evidence_differences, inversion_table
from iwm_bayes.viz.simulated_studies.matrices import confusion_plot

MODELS = ["zeta", "alpha", "midway"]  # as typed: not in the order of the alphabet


def evidence(generating):
    """Two studies of each generating model, in which it has the highest evidence by 5."""
    lines = [{"generating": name} | {other: 5.0 * (other == name) for other in MODELS} for name in generating * 2]
    return pd.DataFrame(lines)


def test_perfect_recovery_is_on_the_diagonal():
    """Rows and columns are in the order typed, in both tables and in the differences."""
    table = confusion_table(evidence(MODELS))
    assert list(table.index) == list(table.columns) == MODELS
    np.testing.assert_array_equal(table, np.eye(3))
    np.testing.assert_array_equal(inversion_table(table), np.eye(3))
    differences = evidence_differences(evidence(MODELS))
    assert list(differences.index) == MODELS
    np.testing.assert_array_equal(np.diag(differences), np.zeros(3))


@pytest.mark.parametrize("generating", [["midway", "zeta"], ["elsewhere", "zeta"]])
def test_rows_of_some_models_keep_the_order_of_columns(generating):
    """A generating model that is not fitted comes last."""
    table = confusion_table(evidence(generating))
    assert list(table.index) == sorted(generating, key=lambda name: [*MODELS, "elsewhere"].index(name))


def test_the_plot_has_perfect_recovery_on_the_diagonal():
    """Labels of both axes are in the order typed; so a 1.00 is written where row and column are the same."""
    fig = confusion_plot(confusion_table(evidence(MODELS)))
    [axes] = fig.axes
    rows, columns = (
        [label.get_text() for label in labels] for labels in (axes.get_yticklabels(), axes.get_xticklabels())
    )
    assert rows == columns == MODELS
    shares = {tuple(map(int, text.get_position())): text.get_text() for text in axes.texts}
    assert all((share == "1.00") == (column == row) for (column, row), share in shares.items())
    assert len(shares) == 9
