"""Every Matplotlib plot against a reference image that was looked at, in colour and in grey.

With the same Matplotlib, images are equal to the bit. Another processor may round differently, so the tolerance is the
change that a shift of the reference by a tenth of a pixel makes. A Matplotlib with another FreeType moves whole axes
(root mean squares of 9 to 32 were measured without hinting) and needs new references:
`PYTHONPATH=tests python tests/viz/test_figures.py` writes them. Look at each before it is committed.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pictures
import pytest
from matplotlib.testing.compare import compare_images
from PIL import Image

from iwm_bayes.viz import earned_security, palette
from iwm_bayes.viz.style import as_svg, save_plot

REFERENCES = Path(__file__).parent / "figures"
DPI = 60


def write_png(name, path):
    """Write a plot as PNG, and return its path."""
    with plt.style.context("default"):
        fig = pictures.PLOTS[name]()
        fig.savefig(path, dpi=DPI)
        plt.close(fig)
    return path


def tenth_of_a_pixel(path):
    """Compute the root mean square change, 0–255, when an image is shifted sideways by a tenth of a pixel."""
    pixels = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    return 0.1 * float(np.sqrt(((pixels - np.roll(pixels, 1, axis=1)) ** 2).mean()))


def difference(name, folder):
    """Return None if a plot equals its reference, else a description of the difference."""
    reference = REFERENCES / f"{name}.png"
    return compare_images(str(reference), str(write_png(name, folder / f"{name}.png")), tenth_of_a_pixel(reference))


@pytest.mark.parametrize("name", pictures.PLOTS)
def test_a_plot_equals_its_reference(name, tmp_path):
    assert difference(name, tmp_path) is None


def test_every_reference_has_a_plot():
    assert {path.stem for path in REFERENCES.glob("*.png")} == set(pictures.PLOTS)


def shift_curves(monkeypatch):
    """Raise the curves by two hundredths."""
    curves = pictures.curves
    monkeypatch.setattr(
        pictures, "curves", lambda arms: curves(arms).assign(probability=curves(arms)["probability"] + 0.02)
    )


def distinguish_by_color_only(monkeypatch):
    """Give all arms the same line style and marker."""
    lines = tuple(line._replace(linestyle="-", marker="o") for line in palette.LINES)
    monkeypatch.setattr(earned_security, "LINES", lines)


def omit_figure(monkeypatch):
    """Leave out the name of the figure."""
    curves = pictures.curves
    monkeypatch.setattr(pictures, "curves", lambda arms: curves(arms).assign_attrs(figure=""))


@pytest.mark.parametrize("fault", [shift_curves, distinguish_by_color_only, omit_figure])
def test_a_fault_is_detected(fault, monkeypatch, tmp_path):
    """The tolerance hides no fault that matters."""
    fault(monkeypatch)
    assert difference("time_to_security_arms", tmp_path) is not None


def test_no_two_lines_differ_by_colour_only():
    """Each line has its own style and marker."""
    for field in ("color", "linestyle", "marker"):
        assert len({getattr(line, field) for line in palette.LINES}) == len(palette.LINES)


def test_plots_are_written_as_svg_and_pdf(tmp_path):
    """The bytes are the same at every writing, and a dollar sign in a name begins no formula."""
    svg = as_svg(pictures.PLOTS["attachment_space"]())
    assert svg == as_svg(pictures.PLOTS["attachment_space"]())
    save_plot(pictures.PLOTS["attachment_space"](), tmp_path / "space.svg", tmp_path / "space.pdf")
    assert (tmp_path / "space.pdf").read_bytes().startswith(b"%PDF")
    assert b"<svg" in (tmp_path / "space.svg").read_bytes()


def test_an_empty_plot_says_why():
    """Nobody is insecure, so there is nothing to project."""
    fig = earned_security.projection_plot(pictures.projection() * np.nan, "constant")
    assert "Nobody is insecure" in fig.axes[0].texts[0].get_text()
    plt.close(fig)


if __name__ == "__main__":
    REFERENCES.mkdir(exist_ok=True)
    for plot in pictures.PLOTS:
        write_png(plot, REFERENCES / f"{plot}.png")
