"""A kernel is the loop over its equations, with the gradient of that loop, for any number of people and events."""

import subprocess
import sys
from itertools import product

import numpy as np
import pytensor.tensor as pt
import pytest

from iwm_bayes.filtering.engine import machine_code
from iwm_bayes.filtering.engine.equations import Carried, Step, Tail, person_equations, scalars
from iwm_bayes.filtering.engine.kernels import digest_of_step, event_kernel, person_kernel
from iwm_bayes.filtering.engine.source import Block, NoMachineCodeError
from iwm_bayes.model.person_step import person_step
from iwm_bayes.model.specification.model_file import load_model

FAR, LOWEST = 1.0, -0.8  # answers above the first are scored by a tail; what is left of a sum ends at the second


def example_step(share=0.5):
    """A decaying sum of inputs that an answer follows, with what is left of an earlier residual.

    rate, noise = sigmoid(a), exp(b);   sum <- rate sum + input;   answer ~ Normal(sum + share residual, noise)
    """
    (a, b), (x, y, has, earlier), (before,), (residual,), (mean,) = map(scalars, (2, 4, 1, 1, 1))
    after = pt.maximum(pt.sigmoid(a) * before, LOWEST) + x
    mu = after + share * has * residual
    inside = -(((y - mu) / pt.exp(b)) ** 2) / 2.0 - b
    tail = Tail(y > FAR, [mu], [mean], -pt.exp(-mean) + 0.0 * y)
    log_density = pt.switch(y > FAR, 0.0, inside)
    return Step(
        [a, b],
        [x, y, has, earlier],
        [before],
        [a + 0.25],
        [after],
        log_density,
        [tail],
        [Carried(y - mu, residual, earlier)],
    )


def loop(step_array, theta, share=0.5):
    """The same for one person in Python; complex numbers give exact derivatives."""
    a, b = theta
    total, residuals, by_event = a + 0.25, [], []
    for x, y, has, earlier in step_array:
        left = total / (1.0 + np.exp(-a))
        total = (left if left.real > LOWEST else LOWEST) + x
        mu = total + (share * residuals[int(earlier)] if has else 0.0)
        residuals.append(y - mu)
        by_event.append(-np.exp(-mu) if y > FAR else -(((y - mu) / np.exp(b)) ** 2) / 2.0 - b)
    return np.array(by_event)


def study(events, people, seed=1):
    """Inputs and answers (event, field, person), split as a kernel takes them, and theta."""
    generator = np.random.default_rng(seed)
    array, earlier = generator.normal(size=(events, 4, people)), np.arange(events)[:, None] - 2
    array[:, 2], array[:, 3] = earlier >= 0, np.maximum(earlier, 0)  # the residual of two events before
    return array, array[:, :2], array[:, 2:].swapaxes(0, 1), generator.normal(scale=0.4, size=(2, people))


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """Both kernels, compiled to a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("machine_code")
        patch.setattr(machine_code, "cache_folder", lambda: folder)
        made = person_kernel("example", example_step(), 2), event_kernel("example", example_step(), 2)
        assert len(list(folder.glob("*.py"))) == 2
        yield made


@pytest.mark.parametrize(("events", "people"), [(1, 1), (7, 5), (30, 8), (12, 19)])
def test_the_loop_and_its_gradient(kernels, events, people):
    """Derivatives by complex steps, which have no error of cancellation; less than one block of people, and several."""
    array, *arrays, theta = study(events, people)
    by_person, gradient = kernels[0](*arrays, theta)
    by_event = kernels[1](*arrays, theta)
    for person in range(people):
        expected = loop(array[..., person], theta[:, person])
        np.testing.assert_allclose(by_event[:, person], expected, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(by_person[person], expected.sum(), rtol=1e-12)
        for index, step in enumerate(1e-20j * np.eye(2)):
            slope = loop(array[..., person], theta[:, person] + step).sum().imag / 1e-20
            np.testing.assert_allclose(gradient[index, person], slope, rtol=1e-11, atol=1e-12)


def test_people_do_not_affect_each_other(kernels):
    """NaN of one person stays with that person, also where the next people are computed in the same memory."""
    _, *arrays, theta = study(6, 19)
    expected, slopes = kernels[0](*arrays, theta)
    theta[0, 4] = np.nan
    found, gradient = kernels[0](*arrays, theta)
    others = np.arange(19) != 4
    assert np.isnan(found[4])
    np.testing.assert_array_equal(found[others], expected[others])
    np.testing.assert_array_equal(gradient[:, others], slopes[:, others])


def test_what_follows_from_parameters_is_computed_once_for_a_person():
    """The sigmoid and the reciprocal of the noise are no part of a step; sums of parameters may be."""
    equations = person_equations(example_step())
    block = Block("x", {variable: f"in{index}" for index, variable in enumerate(equations.backward.inputs)})
    block.add(equations.backward.outputs)
    written = "\n".join(block.lines)
    assert "exp(" not in written
    assert " / " not in written
    assert len(equations.hoisted) <= 4


def test_one_file_serves_equal_equations_and_no_others():
    """Another constant, another order of parameters or another rule is another file."""
    digests = {digest_of_step(example_step()), digest_of_step(example_step(share=0.25))}
    assert digest_of_step(example_step()) in digests
    assert len(digests) == 2
    figures = (["a"], ["b"], ["a", "b"])
    first, renamed, two = (digest_of_step(person_step(load_model("rescorla_wagner"), names)) for names in figures)
    assert first == renamed
    assert first != two
    assert first != digest_of_step(person_step(load_model("kalman"), ["a"]))


SOURCE = "from iwm_bayes.filtering.engine.special import special_function\nvalue = special_function('psi').symbol\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for generated modules."""
    monkeypatch.setattr(machine_code, "cache_folder", lambda: tmp_path)
    return tmp_path


def module(source=SOURCE, digest="0" * 64, label="a model/é" * 40):
    """A generated module as another process would get it: this one forgets it at once."""
    made = machine_code.compiled_module(label, digest, lambda: source)
    del sys.modules[made.__name__]
    return made


def test_a_file_is_written_once_and_serves_other_processes(folder):
    """The second time its source is not asked for; a draft that was left is no module; long names are cut."""
    (folder / "left.part").write_text("raise")
    assert module().value == "iwm_bayes_psi"
    assert module(source="raise").value == "iwm_bayes_psi"
    (file,) = folder.glob("*.py")
    run = subprocess.run(
        [sys.executable, "-c", f"import runpy; print(runpy.run_path({str(file)!r})['value'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "iwm_bayes_psi\n"


@pytest.mark.parametrize("damaged", ["", "value = ", "raise RuntimeError"])
def test_a_damaged_file_is_made_again(folder, damaged):
    """A module without its content, cut, or that fails; an error of the new one is raised."""
    module()
    (file,) = folder.glob("*.py")
    file.write_text(damaged)
    if damaged:
        assert module().value == "iwm_bayes_psi"
        assert file.read_text() == SOURCE
    with pytest.raises(SyntaxError):
        module(source="value = ", digest="1" * 64)


def test_a_cache_that_cannot_be_written_is_replaced(tmp_path):
    """By a temporary folder: here the place of the cache is below a file."""
    assert machine_code.writable_or_temporary(tmp_path / "new" / "folder") == tmp_path / "new" / "folder"
    (tmp_path / "file").write_text("")
    found = machine_code.writable_or_temporary(tmp_path / "file" / "folder")
    assert found.is_dir()
    assert tmp_path not in found.parents
    found.rmdir()


def test_arrays_that_do_not_fit_are_an_error(kernels):
    """Machine code does not look where an array ends."""
    _, events, responses, theta = study(6, 5)
    wrong = [
        (events, responses, theta[:, :4]),
        (events, responses, theta[:1]),
        (events[:5], responses, theta),
        (events, responses[:1], theta),
    ]
    for kernel, arrays in product(kernels, wrong):
        with pytest.raises(ValueError, match="do not fit"):
            kernel(*arrays)
    expected, _ = kernels[0](events, responses, theta)
    found, _ = kernels[0](np.asfortranarray(events), responses, theta.astype(object).astype(float))
    np.testing.assert_array_equal(found, expected)


def test_neither_people_nor_events_are_no_error(kernels):
    """Nothing is computed."""
    _, events, responses, theta = study(6, 5)
    assert kernels[0](events[..., :0], responses[..., :0], theta[:, :0])[1].shape == (2, 0)
    by_person, gradient = kernels[0](events[:0], responses[:, :0], theta)
    np.testing.assert_array_equal(by_person, 0.0)
    np.testing.assert_array_equal(gradient, 0.0)


def test_an_operation_without_machine_code_is_named():
    """So that the program can say why it uses the plain engine."""
    x = pt.dvector()
    with pytest.raises(NoMachineCodeError, match="Sum"):
        Block("x", {x: "x"}).add([x.sum()])
