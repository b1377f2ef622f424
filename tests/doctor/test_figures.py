"""The doctor's figure: what is drawn, and by whom."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings

from tests.doctor.examples import NAN, diagnosis, examination, examinations
from tlhelpers.core.errors import CourseError
from tlhelpers.doctor import figures, plotting, wording
from tlhelpers.doctor.catalogue import TROUBLES

LAG = diagnosis("bn_averages_lag", 0.65, 0.4, 0.8)


def labels(panel: figures.Panel) -> list[str]:
    return [line.label.replace("\n", " ") for line in panel.lines]


@pytest.mark.parametrize("code", TROUBLES)
def test_every_trouble_has_its_caption(code):
    assert wording.CAPTIONS[code].format(much="most")
    caption = figures.picture(examination(diagnosis(code, 0.7))).caption
    assert caption.startswith(wording.CAPTIONS[code].format(much="most"))
    assert set(wording.CAPTIONS) == set(TROUBLES)


def test_every_reading_has_a_label_and_a_style():
    assert set(figures._LABELS) == set(figures.STYLES)
    used = {reading for readings in wording.READINGS_OF.values() for reading in readings}
    assert used <= set(figures._READINGS) <= set(figures.STYLES)
    assert len({style[2] for style in figures.STYLES.values()}) == len(figures.STYLES)


def _contrast(one: str, other: str) -> float:
    def light(color: str) -> float:
        parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([light(one), light(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("key", figures.STYLES)
def test_lines_can_be_seen_on_white_and_on_dark(key):
    light, dark, _ = figures.STYLES[key]
    assert _contrast(light, "#ffffff") > 4.5 and _contrast(dark, "#1a2129") > 4.5


def test_only_what_matters_is_drawn():
    loss, accuracy = figures.picture(examination(LAG)).panels
    assert labels(loss) == ["as Keras shows it", "statistics measured"]
    assert labels(accuracy) == ["as Keras shows it", "statistics measured"]
    assert labels(figures.picture(examination()).panels[0]) == ["as Keras shows it"]
    overfit = figures.picture(examination(diagnosis("overfitting", 0.6))).panels[0]
    assert labels(overfit) == ["as Keras shows it", "recalibrated", "training"]


def test_two_lines_where_keras_shows_another_loss():
    seen = examination(LAG)
    curves = {**seen.curves, "val_loss": tuple(1.3 * each for each in seen.curves["val_loss"])}
    panel = figures.picture(examination(LAG, curves=curves)).panels[0]
    assert labels(panel)[:2] == ["as Keras shows it", "the same, on a sample"]
    curves["val_loss"] = tuple(0.01 * each for each in seen.curves["val_loss"])  # another kind
    panel = figures.picture(examination(LAG, curves=curves)).panels[0]
    assert labels(panel) == ["as validated", "statistics measured"]


def test_accuracy_counted_again():
    curves = {"val_accuracy": (0.5,) * 6, "accuracy_as_validated": (0.6, 0.7, 0.8, 0.8, 0.9, 0.9)}
    seen = examination(diagnosis("metric_threshold", 0.4), curves=curves, bands={})
    (panel,) = figures.picture(seen).panels
    assert labels(panel) == ["as Keras shows it", "counted again"]


@pytest.mark.parametrize(("highest", "log"), [(9.9, False), (10.1, True)])
def test_axis_is_logarithmic_beyond_a_factor_of_ten(highest, log):
    curves = {"val_loss": (1.0, highest, 2.0, 2.0, 2.0, 2.0)}
    (panel,) = figures.picture(examination(curves=curves, bands={})).panels
    assert panel.log == log
    assert panel.title.endswith("(log scale)") == log


def test_caption_promises_no_line_that_is_not_there():
    curves = {"val_loss": (1.0, 0.9, 4.0, 0.9, 0.8, 0.8)}
    drawn = figures.picture(examination(LAG, curves=curves, bands={}))
    assert drawn.caption == f"{LAG.title}."


def test_gaps_are_left_out():
    curves = {"val_loss": (1.0, 0.9, NAN, 0.9, NAN, np.inf)}
    drawing = figures.svg(figures.picture(examination(curves=curves, bands={})))
    assert drawing.count("<polyline") == 1 and drawing.count("<circle") == 1


def test_one_epoch_is_a_point():
    curves = {"val_loss": (1.0,), "fresh": (0.8,)}
    bands = {"fresh": ((0.7, 0.9),)}
    seen = examination(LAG, epochs=(1,), curves=curves, bands=bands)
    drawing = figures.svg(figures.picture(seen))
    assert "<polyline" not in drawing and drawing.count("<circle") == 2


def test_nothing_to_draw():
    assert figures.picture(examination(epochs=(), curves={}, bands={})) is None
    nan = {"val_loss": (NAN,) * 6}
    assert figures.picture(examination(diagnosis("leak"), curves=nan, bands={})) is None


def test_bars_without_curves():
    drawn = figures.picture(examination(LAG, epochs=(), curves={}, bands={}))
    assert not drawn.panels and drawn.bars[0].share == 0.65
    assert "explains 65 % of the jumping (40 to 80 %)" in drawn.bars_alternative


def test_counts_have_no_interval():
    drawn = figures.picture(examination(diagnosis("leak", 0.13, 0.13, 0.13)))
    assert drawn.bars[0].low is None and drawn.bars_title == "How much"


def test_alternative_tells_the_numbers():
    panel = figures.picture(examination(LAG)).panels[0]
    assert "epochs 1 to 6" in panel.alternative
    assert "as Keras shows it: first 1.2, last 0.65, lowest 0.65, highest 5.0" in panel.alternative


def boxes(drawing: str) -> list[tuple[float, float]]:
    places = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="start"[^>]*>', drawing)
    return [(float(x), float(y)) for x, y in places]


def test_labels_do_not_overlap():
    codes = ("bn_averages_lag", "step_too_long", "overconfidence")
    same = {key: (1.0, 1.0) for key in ("val_loss", "fresh", "averaged", "recalibrated")}
    curves = {**same, "as_validated": (1.3, 1.3)}
    found = tuple(diagnosis(code) for code in codes)
    drawn = figures.picture(examination(*found, epochs=(1, 2), curves=curves, bands={}))
    assert len(drawn.panels[0].lines) == 5
    at = sorted(y for x, y in boxes(figures.svg(drawn)) if x > 200)
    assert min(np.diff(at)) >= figures._ROW - 0.2 and at[0] > 0 and at[-1] < figures._HEIGHT


@settings(max_examples=30)
@given(examinations())
def test_any_figure_is_sound(seen):
    drawn = figures.picture(seen)
    if drawn is None:
        return
    tree = ElementTree.fromstring(figures.svg(drawn))
    assert len(tree.findall("svg")) == len(drawn.panels) + bool(drawn.bars) <= 3
    assert tree.find("figcaption").text
    for panel in drawn.panels:
        assert panel.bottom < panel.top and panel.ticks is not None and len(panel.ticks) <= 12
        assert all(panel.bottom <= tick <= panel.top for tick, _ in panel.ticks)
    for drawing in tree.findall("svg"):
        wide, high = (float(each) for each in drawing.get("viewBox").split()[2:])
        for shape in drawing.iter():
            for points in (shape.get("points") or "").split():
                x, y = (float(each) for each in points.split(","))
                assert 0 <= x <= wide and 0 <= y <= high
            for name, limit in (("x", wide), ("cx", wide), ("x1", wide), ("y", high)):
                assert 0 <= float(shape.get(name, 0)) <= limit


# Matplotlib ---------------------------------------------------------------------------------------


@pytest.fixture
def pyplot(monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def test_plot_says_what_the_svg_says(pyplot):
    seen = examination(LAG, diagnosis("step_too_long", 0.2, 0.1, 0.3))
    drawn, figure = figures.picture(seen), plotting.plot(seen)
    loss, accuracy, bars = figure.axes
    for panel, axis in zip(drawn.panels, (loss, accuracy), strict=True):
        assert axis.get_title(loc="left") == panel.title
        assert axis.get_ylim() == (panel.bottom, panel.top)
        assert [text.get_text() for text in axis.get_legend().get_texts()] == labels(panel)
    assert [patch.get_width() for patch in bars.patches] == [0.65, 0.2]
    assert drawn.caption in figure.get_supxlabel().replace("\n", " ")


def test_plot_of_points_and_gaps(pyplot):
    one = examination(LAG, epochs=(1,), curves={"val_loss": (1.0,)}, bands={})
    gaps = examination(model="$x", curves={"val_loss": (1.0, NAN, 2.0, 3.0, NAN, NAN)}, bands={})
    for seen in (one, gaps):
        plotting.plot(seen).canvas.draw()


def test_plot_of_nothing():
    with pytest.raises(CourseError, match="nothing to draw"):
        plotting.plot(examination(epochs=(), curves={}, bands={}))


def test_plot_without_matplotlib(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(CourseError, match="pip install matplotlib") as error:
        plotting.plot(examination(LAG))
    assert "\n" not in str(error.value)
