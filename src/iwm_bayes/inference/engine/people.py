"""People of one model: from standard normal z to link-scale values x, with their log density.

`model.noncentering` explains the form, and `model.local_gaussian` the Gaussian approximation of a person's likelihood:
its precision P = R R', and its gradient g at the mode t. With group mean m and root S of the group's covariance,

    d = g + P (t - m)             gradient of the approximation at the group mean
    L L' = S'P S + I              Cholesky factor
    a = L^-1 S'd                  whitened mean
    y = L'^-1 (a + z),   x = m + S y

    log N(x | m, S S') + log |dx / dz| = -y'y / 2 - log |L| - D / 2 log(2 pi)

for D person-level parameters. S is a diagonal of SDs, or SDs times the Cholesky factor of the correlations. Effects e
of covariates and group levels add to m. R and g are linear in w tanh((s - s0) / w), s completely pooled parameters.

Arrays are (block, ...) of lanes: a block is eight people, see `lanes`. People who fill up the last block have no
answers and weight 0. The diagonal of L is kept as its inverse.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.inference.engine.addresses import reserved, zeroed
from iwm_bayes.inference.engine.group import HALF_LOG_TWO_PI, double_array, integer_array
from iwm_bayes.inference.engine.group_transforms import inlined_part, kernel_part
from iwm_bayes.inference.engine.lanes import (
    LANES,
    get_lane,
    lane_array,
    load,
    set_lane,
    splat,
    square_root,
    store,
)

SMALL_PRODUCT = 1e-150  # times one more entry, which is the inverse of a double's root, a double still holds it


class People(NamedTuple):
    """What the gradient needs of the forward pass, (block, ..., lane)."""

    root: Any  # S, (parameter, parameter, lane), the same in every lane
    moved: Any  # w tanh((s - s0) / w), (complete,)
    precision: Any  # P
    distance: Any  # d
    scaled: Any  # P S
    factor: Any  # L
    whitened_mean: Any  # a
    total: Any  # a + z
    y: Any


@kernel_part
def people_memory(t: Any) -> Any:
    """Return how many lanes `set_people` and `people_gradient` need."""
    size, n_effects = t.n_person_parameters, t.n_coefficients + t.n_group_levels
    return t.n_blocks * size * (3 * size + 5) + 9 * size * size + 9 * size + n_effects + t.n_following + 2


@kernel_part
def group_root(t: Any, group: Any, memory: Any) -> Any:
    """Return S."""
    size = t.n_person_parameters
    root = lane_array(zeroed(memory, size * size), size, size)
    for i in range(t.n_person_parameters):
        store(group.sd[i], root, i, i)
    if t.n_correlations > 0:
        for i in range(t.n_partial):
            for j in range(i + 1):
                store(group.sd[i] * group.correlation[i, j], root, i, j)
    return root


@kernel_part
def moved_complete(t: Any, group: Any) -> Any:
    """Return how far the local Gaussians follow the completely pooled parameters."""
    mode, width = double_array(t.complete_mode, t.n_following), double_array(t.complete_width, t.n_following)
    moved = np.empty(t.n_following)
    for s in range(t.n_following):
        moved[s] = width[s] * math.tanh((group.complete[s] - mode[s]) / width[s])
    return moved


@kernel_part
def gather_z(t: Any, z: Any, memory: Any) -> Any:
    """Return z in blocks."""
    size = t.n_person_parameters
    blocks = lane_array(zeroed(memory, t.n_blocks * size), t.n_blocks, size)
    for block in range(t.n_blocks):
        for i in range(size):
            for lane in range(min(LANES, t.n_people - block * LANES)):
                set_lane(z[i, block * LANES + lane], lane, blocks, block, i)
    return blocks


@kernel_part
def local_roots(t: Any, moved: Any, block: Any, roots: Any) -> None:
    """Set R of a block, (parameter, parameter, lane), where it follows completely pooled parameters."""
    size, following = t.n_person_parameters, t.n_following
    root = lane_array(t.local_root, t.n_blocks, size, size)
    slopes = lane_array(t.local_root_by_complete, t.n_blocks, size, size, following)
    for i in range(size):
        for j in range(size):
            entry = load(root, block, i, j)
            for s in range(following):
                entry += load(slopes, block, i, j, s) * moved[s]
            store(entry, roots, i, j)


@kernel_part
def local_precisions(t: Any, moved: Any, memory: Any) -> Any:
    """Return P of all people."""
    size = t.n_person_parameters
    if t.n_following == 0:
        return lane_array(t.local_precision, t.n_blocks, size, size)
    precision = lane_array(reserved(memory, t.n_blocks * size * size), t.n_blocks, size, size)
    roots = lane_array(reserved(memory, size * size), size, size)
    for block in range(t.n_blocks):
        local_roots(t, moved, block, roots)
        for i in range(size):
            for j in range(i + 1):
                entry = splat(0.0)
                for k in range(size):
                    entry += load(roots, i, k) * load(roots, j, k)
                store(entry, precision, block, i, j)
                store(entry, precision, block, j, i)
    return precision


@kernel_part
def set_means(t: Any, group: Any, block: Any, mean: Any) -> None:
    """Set m of a block, (parameter, lane), with all effects."""
    n_effects = t.n_coefficients + t.n_group_levels
    design = lane_array(t.effect_design, t.n_blocks, n_effects)
    starts, effects = integer_array(t.effect_start, t.n_partial + 1), integer_array(t.effect_index, t.n_effect_uses)
    for i in range(t.n_person_parameters):
        entry = splat(group.mean[i])
        if i < t.n_partial:
            for use in range(starts[i], starts[i + 1]):
                entry += load(design, block, effects[use]) * group.effects[effects[use]]
        store(entry, mean, i)


@kernel_part
def set_distance(t: Any, moved: Any, precision: Any, mean: Any, block: Any, distance: Any) -> None:
    """Set d of a block."""
    size, following = t.n_person_parameters, t.n_following
    mode = lane_array(t.local_mode, t.n_blocks, size)
    gradient = lane_array(t.local_gradient, t.n_blocks, size)
    slopes = lane_array(t.local_gradient_by_complete, t.n_blocks, size, following)
    for i in range(size):
        entry = load(gradient, block, i)
        for s in range(following):
            entry += load(slopes, block, i, s) * moved[s]
        for j in range(size):
            entry += load(precision, block, i, j) * (load(mode, block, j) - load(mean, j))
        store(entry, distance, block, i)


@kernel_part
def set_factor(t: Any, people: Any, block: Any) -> None:
    """Set P S and L of a block."""
    correlated = t.n_correlations > 0
    size, root, precision, scaled, factor = (
        t.n_person_parameters,
        people.root,
        people.precision,
        people.scaled,
        people.factor,
    )
    for i in range(size):
        for j in range(size):
            entry = splat(0.0)
            for k in range(j, size if correlated else j + 1):
                entry += load(precision, block, i, k) * load(root, k, j)
            store(entry, scaled, block, i, j)
    for i in range(size):
        for j in range(i + 1):
            entry = splat(1.0 if i == j else 0.0)
            for k in range(i, size if correlated else i + 1):
                entry += load(root, k, i) * load(scaled, block, k, j)
            for k in range(j):
                entry -= load(factor, block, i, k) * load(factor, block, j, k)
            if i == j:
                store(1.0 / square_root(entry), factor, block, i, i)
            else:
                store(entry * load(factor, block, j, j), factor, block, i, j)


@kernel_part
def set_y(t: Any, z: Any, people: Any, block: Any) -> None:
    """Set a, a + z and y of a block."""
    correlated = t.n_correlations > 0
    size, factor = t.n_person_parameters, people.factor
    for i in range(size):
        entry = splat(0.0)
        for k in range(i, size if correlated else i + 1):
            entry += load(people.root, k, i) * load(people.distance, block, k)
        for k in range(i):
            entry -= load(factor, block, i, k) * load(people.whitened_mean, block, k)
        entry *= load(factor, block, i, i)
        store(entry, people.whitened_mean, block, i)
        store(entry + load(z, block, i), people.total, block, i)
    for reverse in range(size):
        i = size - 1 - reverse
        entry = load(people.total, block, i)
        for k in range(i + 1, size):
            entry -= load(factor, block, k, i) * load(people.y, block, k)
        store(entry * load(factor, block, i, i), people.y, block, i)


@kernel_part
def set_values(t: Any, people: Any, mean: Any, block: Any, x: Any, theta: Any) -> None:
    """Set x of a block, in `theta` (free parameter, person); `x` (lane,) is working space."""
    correlated = t.n_correlations > 0
    rows = integer_array(t.person_row, t.n_person_parameters)
    for i in range(t.n_person_parameters):
        entry = load(mean, i)
        for k in range(0 if correlated else i, i + 1):
            entry += load(people.root, i, k) * load(people.y, block, k)
        store(entry, x, 0)
        for lane in range(min(LANES, t.n_people - block * LANES)):
            theta[rows[i], block * LANES + lane] = get_lane(lane, x, 0)


@kernel_part
def log_inverse_determinant(t: Any, people: Any, block: Any, lane: Any) -> Any:
    """Return -log |L| of one person, with few logarithms."""
    total, product = 0.0, 1.0
    for i in range(t.n_person_parameters):
        product *= get_lane(lane, people.factor, block, i, i)
        if product < SMALL_PRODUCT:
            total += math.log(product)
            product = 1.0
    return total + math.log(product)


@kernel_part
def set_log_density(t: Any, people: Any, block: Any, work: Any, log_density: Any) -> None:
    """Set log N(x | m, S S') + log |dx / dz| of the people of a block; `work` (lane,) is working space."""
    squares = splat(0.0)
    for i in range(t.n_person_parameters):
        y = load(people.y, block, i)
        squares += y * y
    store(squares, work, 0)
    constant = t.n_person_parameters * HALF_LOG_TWO_PI
    for lane in range(min(LANES, t.n_people - block * LANES)):
        log_determinant = log_inverse_determinant(t, people, block, lane)
        log_density[block * LANES + lane] = log_determinant - 0.5 * get_lane(lane, work, 0) - constant


@inlined_part
def set_people(t: Any, group: Any, z: Any, theta: Any, log_density: Any, memory: Any) -> Any:
    """Set `theta` (free parameter, person) and the log density (person,) of people of z (parameter, person).

    `memory` is that of `reserved`, with as much as `people_memory` says.
    """
    size, blocks = t.n_person_parameters, t.n_blocks
    moved, by_block, n_vectors = moved_complete(t, group), gather_z(t, z, memory), blocks * size
    people = People(
        group_root(t, group, memory),
        moved,
        local_precisions(t, moved, memory),
        lane_array(reserved(memory, n_vectors), blocks, size),
        lane_array(reserved(memory, n_vectors * size), blocks, size, size),
        lane_array(reserved(memory, n_vectors * size), blocks, size, size),
        lane_array(reserved(memory, n_vectors), blocks, size),
        lane_array(reserved(memory, n_vectors), blocks, size),
        lane_array(reserved(memory, n_vectors), blocks, size),
    )
    mean, work = lane_array(reserved(memory, size), size), lane_array(reserved(memory, 1), 1)
    for block in range(blocks):
        set_means(t, group, block, mean)
        set_distance(t, moved, people.precision, mean, block, people.distance)
        set_factor(t, people, block)
        set_y(t, by_block, people, block)
        set_values(t, people, mean, block, work, theta)
        set_log_density(t, people, block, work, log_density)
    rows = integer_array(t.complete_row, t.n_complete)
    for s in range(t.n_complete):
        for person in range(t.n_people):
            theta[rows[s], person] = group.complete[s]
    return people
