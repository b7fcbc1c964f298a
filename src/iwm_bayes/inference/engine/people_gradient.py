"""The gradient of people, backwards through the equations of `people`.

Let G(v) be the gradient by v of the sum over people of weight * (log likelihood + log density); w is the weight.

    G(y) = S'G(x) - w y
    G(z) = L^-1 G(y),   G(b) = L'^-1 G(z)                  b = S'd
    Q[i, j] = -(total[i] G(z)[j] + G(z)[i] a[j]) for i > j, symmetric,   Q[i, i] the same less w
    G(A) = L'^-1 Q L^-1 / 2                                A = L L' = S'P S + I
    G(d) = S G(b),   G(m) = G(x) - P G(d)
    G(S) = 2 P S G(A) + d G(b)' + G(x) y'

The gradient of a Cholesky factor is L'^-1 (F + F') L^-1 / 2, where F is the lower triangle of L'G(L) with half of its
diagonal: Murray (2016), arXiv:1602.07527. Here L'G(L) is a sum of two products of vectors, because total = L'y. Where
P follows completely pooled parameters, with h = t - m,

    G(P) = S G(A) S' + (G(d) h' + h G(d)') / 2,   G(R) = 2 G(P) R
"""

import math
from typing import Any, NamedTuple

from iwm_bayes.inference.engine.addresses import reserved, zeroed
from iwm_bayes.inference.engine.group import double_array, integer_array
from iwm_bayes.inference.engine.group_transforms import inlined_part, kernel_part
from iwm_bayes.inference.engine.lanes import LANES, get_lane, lane_array, load, set_lane, splat, store, total
from iwm_bayes.inference.engine.people import local_roots, set_means


class BlockGradient(NamedTuple):
    """Gradients of one block, (..., lane), each used for every block."""

    weight: Any  # (1, lane)
    x: Any
    z: Any
    b: Any
    d: Any
    inner: Any  # Q, then L'^-1 Q
    matrix: Any  # G(A)
    mean: Any  # m, where Gaussians follow completely pooled parameters
    roots: Any  # R, likewise
    half: Any  # S G(A), likewise
    by_precision: Any  # G(P), likewise


@kernel_part
def gather_weights(t: Any, weight: Any, by_theta: Any, block: Any, g: Any) -> None:
    """Set weights and G(x) of a block, 0 for those who fill it up."""
    rows, first = integer_array(t.person_row, t.n_person_parameters), block * LANES
    last = min(LANES, t.n_people - first)
    for lane in range(LANES):
        set_lane(weight[first + lane] if lane < last else 0.0, lane, g.weight, 0)
    for i in range(t.n_person_parameters):
        for lane in range(LANES):
            by_x = weight[first + lane] * by_theta[rows[i], first + lane] if lane < last else 0.0
            set_lane(by_x, lane, g.x, i)


@kernel_part
def set_vectors(t: Any, people: Any, block: Any, g: Any) -> None:
    """Set G(z), G(b) and G(d) of a block."""
    correlated = t.n_correlations > 0
    size, factor, root, weight = t.n_person_parameters, people.factor, people.root, load(g.weight, 0)
    for i in range(size):
        entry = splat(0.0) - weight * load(people.y, block, i)
        for k in range(i, size if correlated else i + 1):
            entry += load(root, k, i) * load(g.x, k)
        for k in range(i):
            entry -= load(factor, block, i, k) * load(g.z, k)
        store(entry * load(factor, block, i, i), g.z, i)
    for reverse in range(size):
        i = size - 1 - reverse
        entry = load(g.z, i)
        for k in range(i + 1, size):
            entry -= load(factor, block, k, i) * load(g.b, k)
        store(entry * load(factor, block, i, i), g.b, i)
    for i in range(size):
        entry = splat(0.0)
        for k in range(0 if correlated else i, i + 1):
            entry += load(root, i, k) * load(g.b, k)
        store(entry, g.d, i)


@kernel_part
def set_matrix(t: Any, people: Any, block: Any, g: Any) -> None:
    """Set G(A) of a block, from its last column to its first."""
    size, factor = t.n_person_parameters, people.factor
    for j in range(size):
        a, z = load(people.whitened_mean, block, j), load(g.z, j)
        for reverse in range(size - j):
            i = size - 1 - reverse
            entry = splat(0.0) - load(people.total, block, i) * z - load(g.z, i) * a
            if i == j:
                entry -= load(g.weight, 0)
            for k in range(i + 1, size):
                entry -= load(factor, block, k, i) * load(g.inner, k, j)
            store(entry * load(factor, block, i, i), g.inner, i, j)
    for reverse in range(size):
        i = size - 1 - reverse
        for back in range(i + 1):
            j = i - back
            entry = 0.5 * load(g.inner, i, j)
            for k in range(j + 1, size):
                entry -= load(g.matrix, i, k) * load(factor, block, k, j)
            entry *= load(factor, block, j, j)
            store(entry, g.matrix, i, j)
            store(entry, g.matrix, j, i)


@kernel_part
def add_root_gradient(t: Any, people: Any, block: Any, g: Any, by_root: Any) -> None:
    """Add G(S) of a block, (parameter, parameter, lane)."""
    correlated = t.n_correlations > 0
    size = t.n_person_parameters
    for i in range(size):
        d, x = load(people.distance, block, i), load(g.x, i)
        for j in range(0 if correlated else i, i + 1):
            entry = splat(0.0)
            for k in range(size):
                entry += load(people.scaled, block, i, k) * load(g.matrix, k, j)
            entry = 2.0 * entry + d * load(g.b, j) + x * load(people.y, block, j)
            store(load(by_root, i, j) + entry, by_root, i, j)


@kernel_part
def add_mean_gradient(t: Any, people: Any, block: Any, g: Any, by_mean: Any, by_effects: Any) -> None:
    """Add G(m) of a block, (parameter, lane), and the gradient by effects, (effect, lane)."""
    n_effects = t.n_coefficients + t.n_group_levels
    design = lane_array(t.effect_design, t.n_blocks, n_effects)
    starts, effects = integer_array(t.effect_start, t.n_partial + 1), integer_array(t.effect_index, t.n_effect_uses)
    for i in range(t.n_person_parameters):
        entry = load(g.x, i)
        for j in range(t.n_person_parameters):
            entry -= load(people.precision, block, i, j) * load(g.d, j)
        store(load(by_mean, i) + entry, by_mean, i)
        if i < t.n_partial:
            for use in range(starts[i], starts[i + 1]):
                effect = effects[use]
                store(load(by_effects, effect) + load(design, block, effect) * entry, by_effects, effect)


@kernel_part
def scaled_by_root(t: Any, people: Any, matrix: Any, half: Any, result: Any) -> None:
    """Set S M S' of a symmetric M (parameter, parameter, lane)."""
    correlated = t.n_correlations > 0
    size = t.n_person_parameters
    for i in range(size):
        for j in range(size):
            entry = splat(0.0)
            for k in range(0 if correlated else i, i + 1):
                entry += load(people.root, i, k) * load(matrix, k, j)
            store(entry, half, i, j)
    for i in range(size):
        for j in range(size):
            entry = splat(0.0)
            for k in range(0 if correlated else j, j + 1):
                entry += load(half, i, k) * load(people.root, j, k)
            store(entry, result, i, j)


@kernel_part
def add_following_gradient(t: Any, group: Any, people: Any, block: Any, g: Any, by_moved: Any) -> None:
    """Add the gradient of a block by how far the local Gaussians follow, (complete, lane)."""
    size, following = t.n_person_parameters, t.n_following
    mode = lane_array(t.local_mode, t.n_blocks, size)
    gradient_slopes = lane_array(t.local_gradient_by_complete, t.n_blocks, size, following)
    root_slopes = lane_array(t.local_root_by_complete, t.n_blocks, size, size, following)
    mean, roots, half, by_precision = g.mean, g.roots, g.half, g.by_precision
    set_means(t, group, block, mean)
    local_roots(t, people.moved, block, roots)
    scaled_by_root(t, people, g.matrix, half, by_precision)
    for i in range(size):
        d, h = load(g.d, i), load(mode, block, i) - load(mean, i)
        for j in range(size):
            outer = d * (load(mode, block, j) - load(mean, j)) + h * load(g.d, j)
            store(load(by_precision, i, j) + 0.5 * outer, by_precision, i, j)
    for i in range(size):
        for s in range(following):
            store(load(by_moved, s) + load(g.d, i) * load(gradient_slopes, block, i, s), by_moved, s)
        for j in range(size):
            entry = splat(0.0)
            for k in range(size):
                entry += load(by_precision, i, k) * load(roots, k, j)
            for s in range(following):
                store(load(by_moved, s) + 2.0 * entry * load(root_slopes, block, i, j, s), by_moved, s)


@kernel_part
def scatter(t: Any, block: Any, g: Any, by_z: Any) -> None:
    """Write G(z) of a block, (parameter, person)."""
    for i in range(t.n_person_parameters):
        for lane in range(min(LANES, t.n_people - block * LANES)):
            by_z[i, block * LANES + lane] = get_lane(lane, g.z, i)


@kernel_part
def add_complete_gradient(t: Any, group: Any, weight: Any, by_theta: Any, by_moved: Any, by_group: Any) -> None:
    """Add the gradient by completely pooled parameters: of the likelihood, and of Gaussians that follow them."""
    rows = integer_array(t.complete_row, t.n_complete)
    mode, width = double_array(t.complete_mode, t.n_following), double_array(t.complete_width, t.n_following)
    for s in range(t.n_complete):
        for person in range(t.n_people):
            by_group.complete[s] += weight[person] * by_theta[rows[s], person]
    for s in range(t.n_following):
        slope = 1.0 - math.tanh((group.complete[s] - mode[s]) / width[s]) ** 2
        by_group.complete[s] += total(load(by_moved, s)) * slope


@kernel_part
def add_group_gradient(t: Any, group: Any, by_root: Any, by_mean: Any, by_effects: Any, by_group: Any) -> None:
    """Add the gradient by means, effects, SDs and correlations, from sums over blocks."""
    for effect in range(t.n_coefficients + t.n_group_levels):
        by_group.effects[effect] += total(load(by_effects, effect))
    for i in range(t.n_person_parameters):
        by_group.mean[i] += total(load(by_mean, i))
        if t.n_correlations > 0 and i < t.n_partial:
            for j in range(i + 1):
                entry = total(load(by_root, i, j))
                by_group.sd[i] += entry * group.correlation[i, j]
                by_group.correlation[i, j] += entry * group.sd[i]
        else:
            by_group.sd[i] += total(load(by_root, i, i))


@kernel_part
def block_gradient(size: Any, memory: Any) -> Any:
    """Return the arrays of one block, not set."""
    return BlockGradient(
        lane_array(reserved(memory, 1), 1),
        lane_array(reserved(memory, size), size),
        lane_array(reserved(memory, size), size),
        lane_array(reserved(memory, size), size),
        lane_array(reserved(memory, size), size),
        lane_array(reserved(memory, size * size), size, size),
        lane_array(reserved(memory, size * size), size, size),
        lane_array(reserved(memory, size), size),
        lane_array(reserved(memory, size * size), size, size),
        lane_array(reserved(memory, size * size), size, size),
        lane_array(reserved(memory, size * size), size, size),
    )


@inlined_part
def people_gradient(
    t: Any, group: Any, people: Any, weight: Any, by_theta: Any, by_group: Any, by_z: Any, memory: Any
) -> None:
    """Add the gradient by the group, and write that by z.

    `weight` is (person,), and `by_theta` (free parameter, person) the gradient of everyone's log likelihood.
    """
    size, n_effects, following = t.n_person_parameters, t.n_coefficients + t.n_group_levels, t.n_following
    g, by_root = block_gradient(size, memory), lane_array(zeroed(memory, size * size), size, size)
    by_mean, by_effects = lane_array(zeroed(memory, size), size), lane_array(zeroed(memory, n_effects), n_effects)
    by_moved = lane_array(zeroed(memory, following), following)
    for block in range(t.n_blocks):
        gather_weights(t, weight, by_theta, block, g)
        set_vectors(t, people, block, g)
        set_matrix(t, people, block, g)
        add_root_gradient(t, people, block, g, by_root)
        add_mean_gradient(t, people, block, g, by_mean, by_effects)
        if following > 0:
            add_following_gradient(t, group, people, block, g, by_moved)
        scatter(t, block, g, by_z)
    add_complete_gradient(t, group, weight, by_theta, by_moved, by_group)
    add_group_gradient(t, group, by_root, by_mean, by_effects, by_group)
