"""What an answer concludes, and how far an assumption must be wrong until it concludes something else.

A *margin* is above 0 where a conclusion holds and below 0 where it does not. Between two points of a grid it is taken
to be a straight line. The turning point is where it first has the other sign than without the shift, on either side.
"""

import numpy as np

from iwm_bayes.estimands.group_summary import median_ci90

HALF = 0.5  # of the people: the number that a share is compared with


def half_margin(share: np.ndarray) -> float:
    """Return how far the median of a share is above one half."""
    return median_ci90(share)[0] - HALF


def difference_margin(difference: np.ndarray) -> float:
    """Return how far the 90% interval of a difference is from 0, on either side; below 0 where it includes 0."""
    _, low, high = median_ci90(difference)
    return max(low, -high)


def turning_points(shifts: np.ndarray, margins: np.ndarray) -> tuple[float, float]:
    """Return the shifts nearest to 0, below and above, at which the sign of a margin changes; NaN where it does not.

    `shifts` rise and contain 0; `margins` (shift,) are those at each of them. A margin of 0 counts as above.
    """
    order = np.arange(len(shifts))
    [origin] = np.nonzero(shifts == 0)[0]

    def first_turn(path: np.ndarray) -> float:
        holds = margins[path] >= 0
        changed = holds != holds[0]
        if np.isnan(margins[path]).any() or not changed.any():
            return np.nan
        after = int(changed.argmax())
        (x0, x1), (y0, y1) = shifts[path][after - 1 : after + 1], margins[path][after - 1 : after + 1]
        return float(x0 + (x1 - x0) * y0 / (y0 - y1))

    return first_turn(order[origin::-1]), first_turn(order[origin:])
