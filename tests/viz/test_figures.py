"""Every Matplotlib plot against a reference image that was looked at, in colour and in grey.

With the same Matplotlib, images are equal to the bit. Another processor may round differently, so the tolerance is the
change that a shift of the reference by a tenth of a pixel makes. A Matplotlib with another FreeType moves whole axes
(root mean squares of 9 to 32 were measured without hinting) and needs new references:
`PYTHONPATH=tests python tests/viz/test_figures.py` writes them. Look at each before it is committed.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pictures
import pytest
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from PIL import Image

from iwm_bayes.viz import earned_security, palette
from iwm_bayes.viz.style import as_bytes, as_svg, save_plot

REFERENCES = Path(__file__).parent / "figures"
DPI = 60


@cache
def figure(name):
    """Draw a plot once for all tests of it."""
    fig = pictures.PLOTS[name]()
    plt.close(fig)
    return fig


def png(fig):
    """Return a plot as PNG."""
    buffer = BytesIO()
    with plt.style.context("default"):
        fig.savefig(buffer, dpi=DPI)
    return buffer.getvalue()


def tenth_of_a_pixel(path):
    """Compute the root mean square change, 0–255, when an image is shifted sideways by a tenth of a pixel."""
    pixels = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    return 0.1 * float(np.sqrt(((pixels - np.roll(pixels, 1, axis=1)) ** 2).mean()))


def difference(name, fig, folder):
    """Return None if a plot equals its reference, else a description of the difference."""
    reference, found = REFERENCES / f"{name}.png", folder / f"{name}.png"
    found.write_bytes(png(fig))
    return compare_images(str(reference), str(found), tenth_of_a_pixel(reference))


@pytest.mark.parametrize("name", pictures.PLOTS)
def test_a_plot_equals_its_reference(name, tmp_path):
    assert difference(name, figure(name), tmp_path) is None


def is_number(text):
    """Whether a text is a number: ticks beyond the limits of an axis have labels that are not drawn."""
    return text.replace("−", "").replace(".", "").replace("%", "").isdigit()


def words_cut_off(fig):
    """Return the texts of a plot that reach over its edge by half a point or more."""
    fig.draw_without_rendering()  # places legends
    shown = [text for text in fig.findobj(Text) if text.get_visible() and text.get_text().strip()]
    words = [text for text in shown if not is_number(text.get_text()) and (text.axes is None or text.axes.axison)]
    edge = fig.bbox.padded(0.5 * fig.dpi / 72)
    extents = [(text.get_text(), text.get_window_extent()) for text in words]
    return [word for word, box in extents if not (edge.contains(*box.min) and edge.contains(*box.max))]


@pytest.mark.parametrize("name", pictures.PLOTS)
def test_no_word_of_a_plot_is_cut_off(name):
    """Captions, labels and legends are whole with a plain `fig.savefig`."""
    assert words_cut_off(figure(name)) == []


def test_a_word_that_is_cut_off_is_detected():
    fig = pictures.PLOTS["prior_posterior"]()
    fig.axes[0].set_xlabel("a label that is much wider than its own plot " * 2)
    plt.close(fig)
    assert len(words_cut_off(fig)) == 1


def test_each_of_equal_words_is_looked_at():
    """The first is outside, the last is not."""
    fig = plt.figure()
    fig.text(-0.2, 0.5, "same")
    fig.text(0.5, 0.5, "same")
    plt.close(fig)
    assert words_cut_off(fig) == ["same"]


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
    monkeypatch.setattr(palette, "LINES", lines)


def omit_figure(monkeypatch):
    """Leave out the name of the figure."""
    curves = pictures.curves
    monkeypatch.setattr(pictures, "curves", lambda arms: curves(arms).assign_attrs(figure=""))


@pytest.mark.parametrize("fault", [shift_curves, distinguish_by_color_only, omit_figure])
def test_a_fault_is_detected(fault, monkeypatch, tmp_path):
    """The tolerance hides no fault that matters."""
    fault(monkeypatch)
    name = "time_to_security_arms"
    fig = pictures.PLOTS[name]()
    plt.close(fig)
    assert difference(name, fig, tmp_path) is not None


def test_no_two_lines_differ_by_colour_only():
    """Each line has its own style and marker."""
    for field in ("color", "linestyle", "marker"):
        assert len({getattr(line, field) for line in palette.LINES}) == len(palette.LINES)


def test_plots_are_written_as_svg_and_pdf(tmp_path):
    """The bytes are the same at every writing, and a dollar sign in a name begins no formula."""
    fig = figure("attachment_space_arms")
    assert as_svg(fig) == as_svg(pictures.PLOTS["attachment_space_arms"]())
    save_plot(fig, tmp_path / "space.svg", tmp_path / "space.pdf")
    assert (tmp_path / "space.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "space.svg").read_bytes() == as_svg(fig)
    assert (tmp_path / "space.pdf").read_bytes() == as_bytes(fig, "pdf")


def test_a_plot_is_the_same_whatever_style_its_reader_has_set(tmp_path):
    """The style of the house is whole: nothing of the reader's is left."""
    with plt.style.context("dark_background"), plt.rc_context({"font.size": 20, "axes.grid": True}):
        fig = pictures.PLOTS["prior_posterior"]()
    plt.close(fig)
    assert difference("prior_posterior", fig, tmp_path) is None


def test_an_empty_plot_says_why():
    """Nobody is insecure, so there is nothing to project."""
    fig = earned_security.projection_plot(pictures.projection() * np.nan, "constant")
    assert "Nobody is insecure" in fig.axes[0].texts[0].get_text()
    plt.close(fig)


if __name__ == "__main__":
    REFERENCES.mkdir(exist_ok=True)
    for plot in pictures.PLOTS:
        (REFERENCES / f"{plot}.png").write_bytes(png(figure(plot)))
