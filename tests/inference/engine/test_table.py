"""The machine code serves any number of people and events, arrays of any layout, and likelihoods of any sharpness."""

import numpy as np
import pytest
from hierarchies import CASES, PEOPLE, quadratic, quadratic_arrays, random_transform, study

from iwm_bayes.inference.engine.model_table import hierarchy_parts, likelihood_parts
from iwm_bayes.inference.engine.sampler import engine_model
from iwm_bayes.inference.engine.table import FLOAT_ARRAYS, INTEGER_ARRAYS, make_table
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.types import parameters, with_parameters

MANY = 17  # two blocks of eight, and one more


def no_answers(people):
    """Return the arrays of so many people without events."""
    return {"event_array": np.zeros((0, 0, people)), "response_array": np.zeros((0, 0, people))}


def of_people(arrays, chosen):
    """Return arrays by name, those by person of some people only."""
    return {name: array[..., chosen] if array.shape[-1:] == (MANY,) else array for name, array in arrays.items()}


@pytest.fixture
def everything(tmp_path):
    """A model with every part of a hierarchy, its data and the arrays of a random transform."""
    model, data = study(*CASES["all together"], tmp_path)
    return model, data, random_transform(model, data, np.random.default_rng(5))


def test_people_are_independent_given_the_group(tmp_path):
    """The density of 17 people is that of 7, 9 and 1 of them, but has the group's once; so is the gradient."""
    model, data = study(*CASES["all together"], tmp_path, MANY)
    generator, n_free = np.random.default_rng(6), len(free_parameters(model, figure_names(data)))
    transform = random_transform(model, data, generator)
    peaks, curvatures = generator.normal(size=(n_free, MANY)), generator.uniform(0.5, 2.0, (n_free, MANY))
    size = transform["local_mode"].shape[0]
    z = generator.normal(size=(size, MANY))
    n_group = engine_model(model, data, transform, None, no_answers(MANY)).n_dim - z.size
    group = generator.normal(0.0, 0.7, n_group)

    def density(chosen):
        """Return the log density of some people, and its gradient by the group and by z (parameter, person)."""
        own, arrays = of_people(transform, chosen), quadratic_arrays(peaks[:, chosen], curvatures[:, chosen])
        compiled = engine_model(model, data.isel(person=chosen), own, quadratic, arrays)
        value, gradient = compiled.log_density(np.concatenate([group, z[:, chosen].ravel()]))
        return value, gradient[:n_group], gradient[n_group:].reshape(size, -1)

    parts = [density(chosen) for chosen in (slice(0, 7), slice(7, 16), slice(16, 17))]
    whole, nobody = density(slice(None)), density(slice(0, 0))
    assert nobody[2].size == 0
    assert whole[0] == pytest.approx(sum(part[0] for part in parts) - 2 * nobody[0], rel=1e-12)
    np.testing.assert_allclose(whole[1], sum(part[1] for part in parts) - 2 * nobody[1], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(whole[2], np.concatenate([part[2] for part in parts], axis=1), rtol=1e-10, atol=1e-12)


def test_a_sharp_likelihood_has_its_determinant(tmp_path):
    """Where nothing is pooled and z = 0 at the mode, the density is that of y = 0 times the determinant, by NumPy."""
    model, data = study("", {}, tmp_path)
    model = with_parameters(model, {name: p._replace(pooling="none") for name, p in parameters(model).items()})
    free = free_parameters(model, figure_names(data))
    transform = random_transform(model, data, np.random.default_rng(7))
    mean = np.array([one.prior_mean for one in free])
    scaled = np.geomspace(1e-3, 1e250, len(free))  # the diagonal of S'P S
    assert np.prod(1.0 / np.sqrt(1.0 + scaled)) == 0.0  # the determinant is more than a double holds
    roots = np.sqrt(scaled) / [np.hypot(one.prior_sd, one.parameter.prior_between_sd) for one in free]
    transform |= {
        "local_mode": np.repeat(mean[:, None], PEOPLE, axis=1),
        "local_gradient": np.zeros((len(free), PEOPLE)),
        "local_root": np.repeat(np.diag(roots)[:, :, None], PEOPLE, axis=2),
    }
    compiled = engine_model(model, data, transform, None, no_answers(PEOPLE))
    found, gradient = compiled.log_density(np.zeros(compiled.n_dim))
    assert found == pytest.approx(-0.5 * PEOPLE * np.sum(np.log1p(scaled) + np.log(2.0 * np.pi)), rel=1e-12)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-9)


def test_a_study_without_events_has_the_density_of_one_without_likelihood(everything):
    """The kernel of the likelihood is called, and adds nothing."""
    model, data, transform = everything
    with_kernel, without = (engine_model(model, data, transform, x, no_answers(PEOPLE)) for x in (quadratic, None))
    point = np.random.default_rng(8).normal(size=without.n_dim)
    assert with_kernel.log_density(point)[0] == without.log_density(point)[0]
    np.testing.assert_array_equal(with_kernel.log_density(point)[1], without.log_density(point)[1])


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=-1)[..., ::2], np.float32])
def test_arrays_of_any_layout_are_read_as_numpy_reads_them(everything, layout):
    """Columns first, with gaps, and of another precision; points too."""
    model, data, transform = everything
    generator, n_free = np.random.default_rng(9), len(free_parameters(model, figure_names(data)))
    arrays = quadratic_arrays(generator.normal(size=(n_free, PEOPLE)), generator.uniform(0.5, 2.0, (n_free, PEOPLE)))
    odd = [{name: layout(array) for name, array in own.items()} for own in (transform, arrays)]
    plain = [{name: np.ascontiguousarray(array, dtype=float) for name, array in own.items()} for own in odd]
    compiled, expected = (engine_model(model, data, own, quadratic, answers) for own, answers in (odd, plain))
    point = layout(generator.normal(size=compiled.n_dim))
    found, gradient = compiled.log_density(point)
    assert found == expected.log_density(np.array(point, dtype=float))[0]
    np.testing.assert_array_equal(gradient, expected.log_density(np.array(point, dtype=float))[1])


def test_a_transform_of_other_people_is_refused(everything):
    """Also where the blocks of eight people are as many: ten people and eleven have two."""
    model, data, arrays = everything
    for name in ("local_mode", "local_gradient", "local_root", "local_gradient_by_complete", "local_root_by_complete"):
        fewer = arrays | {name: arrays[name][..., : PEOPLE - 1]}
        with pytest.raises(ValueError, match=rf"{name} has the shape \(.*10\).*need \(.*11\)"):
            engine_model(model, data, fewer, None, no_answers(PEOPLE))


@pytest.mark.parametrize("name", [*INTEGER_ARRAYS, *FLOAT_ARRAYS])
def test_an_array_of_another_shape_is_refused(everything, name):
    """Each array of the table, for one entry more; the machine code would read beyond it."""
    model, data, arrays = everything
    parts = hierarchy_parts(model, data, arrays) | likelihood_parts(None, no_answers(PEOPLE))
    parts |= {"shared_row": np.zeros(parts["n_person_parameters"]), "shared_complete": np.zeros(parts["n_complete"])}
    make_table(parts)
    longer = np.zeros([size + 1 for size in parts[name].shape])
    with pytest.raises(ValueError, match=f"{name} has the shape"):
        make_table(parts | {name: longer})
