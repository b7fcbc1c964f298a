"""Every figure against a reference that was looked at, in colour and in grey.

With the same Matplotlib pictures are equal to the bit. The tolerance is what a shift of the reference by a tenth of a
pixel makes of it, so that another processor may round otherwise; a Matplotlib with another FreeType moves whole axes (a
root mean square of 9 to 32 was seen without hinting) and needs new references, which
`PYTHONPATH=tests python tests/viz/test_figures.py` writes. Look at each before it is committed.
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


def drawn(name, path):
    """A figure as PNG."""
    with plt.style.context("default"):
        figure = pictures.FIGURES[name]()
        figure.savefig(path, dpi=DPI)
        plt.close(figure)
    return path


def a_tenth_of_a_pixel(path):
    """Root mean square of what moving a picture so far sideways changes, 0..255."""
    pixels = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    return 0.1 * float(np.sqrt(((pixels - np.roll(pixels, 1, axis=1)) ** 2).mean()))


def differs(name, folder):
    """None where a figure is its reference, else how far it is from it."""
    reference = REFERENCES / f"{name}.png"
    return compare_images(str(reference), str(drawn(name, folder / f"{name}.png")), a_tenth_of_a_pixel(reference))


@pytest.mark.parametrize("name", pictures.FIGURES)
def test_a_figure_is_its_reference(name, tmp_path):
    assert differs(name, tmp_path) is None


def shifted(monkeypatch):
    """Curves that are higher by two hundredths."""
    true = pictures.curves
    monkeypatch.setattr(
        pictures, "curves", lambda arms: true(arms).assign(probability=true(arms)["probability"] + 0.02)
    )


def alike(monkeypatch):
    """Lines of different arms that differ by colour alone."""
    same = tuple(line._replace(linestyle="-", marker="o") for line in palette.LINES)
    monkeypatch.setattr(earned_security, "LINES", same)


def renamed(monkeypatch):
    """A unit that is left out."""
    true = pictures.curves
    monkeypatch.setattr(pictures, "curves", lambda arms: true(arms).assign_attrs(figure=""))


@pytest.mark.parametrize("fault", [shifted, alike, renamed])
def test_a_fault_is_seen(fault, monkeypatch, tmp_path):
    """The tolerance leaves room for no fault that matters."""
    fault(monkeypatch)
    assert differs("earned_curve_arms", tmp_path) is not None


def test_no_two_lines_are_told_apart_by_colour_alone():
    """Each has a style and a marker of its own."""
    for field in ("color", "linestyle", "marker"):
        assert len({getattr(line, field) for line in palette.LINES}) == len(palette.LINES)


def test_figures_are_written_as_svg_and_pdf(tmp_path):
    """The same bytes whenever they are written, and no name is taken for a formula."""
    svg = as_svg(pictures.FIGURES["belief_plane"]())
    assert svg == as_svg(pictures.FIGURES["belief_plane"]())
    save_plot(pictures.FIGURES["belief_plane"](), tmp_path / "plane.svg", tmp_path / "plane.pdf")
    assert (tmp_path / "plane.pdf").read_bytes().startswith(b"%PDF")
    assert b"<svg" in (tmp_path / "plane.svg").read_bytes()


def test_nothing_to_draw_is_said():
    """Nobody is insecure, or the theory holds no worth."""
    nobody = earned_security.projection_plot(pictures.projected() * np.nan, "steady")
    assert "Nobody is insecure" in nobody.axes[0].texts[0].get_text()
    plt.close(nobody)


if __name__ == "__main__":
    REFERENCES.mkdir(exist_ok=True)
    for one in pictures.FIGURES:
        drawn(one, REFERENCES / f"{one}.png")
