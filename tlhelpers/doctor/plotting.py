"""The doctor's figure with Matplotlib; what is drawn is decided in `tlhelpers.doctor.figures`."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.doctor import figures
from tlhelpers.doctor.diagnosis import Examination

_WIDE, _HIGH = 4.6, 3.4  # inches of a panel
_BAR = 0.95  # inches of a bar with its words


def plot(examination: Examination) -> Any:
    """Draw one fit.

    Parameters
    ----------
    examination : Examination

    Returns
    -------
    matplotlib.figure.Figure
        A notebook shows it; ``plot(...).savefig("doctor.png")`` keeps it.

    Raises
    ------
    CourseError
        Without Matplotlib, or where nothing was measured that could be drawn.
    """
    try:
        from matplotlib import pyplot
    except ImportError as problem:
        raise CourseError(
            "the doctor's plot needs Matplotlib: pip install matplotlib, or save the report as HTML"
        ) from problem
    drawn = figures.picture(examination)
    if drawn is None:
        raise CourseError(f"nothing to draw: no curve was measured in fit {examination.fit}")
    count = len(drawn.panels) + bool(drawn.bars)
    high = max(_HIGH, _BAR * len(drawn.bars))
    figure, axes = pyplot.subplots(
        1, count, figsize=(_WIDE * count, high + 0.5), layout="constrained", squeeze=False
    )
    for panel, axis in zip(drawn.panels, axes[0], strict=False):
        _curves(panel, axis)
    if drawn.bars:
        _bars(drawn, axes[0, -1])
    caption = textwrap.fill(_literal(drawn.caption), 60 * count)
    figure.supxlabel(caption, fontsize=10)
    return figure


def _literal(words: str) -> str:
    return words.replace("$", r"\$")  # no formulas


def _dashes(key: str) -> Any:
    dash = figures.STYLES[key][2]
    return (0, tuple(each / 2 for each in dash)) if dash else "solid"  # in line widths


def _curves(panel: figures.Panel, axis: Any) -> None:
    for line in panel.lines:
        color = figures.STYLES[line.key][0]
        name = line.label.replace("\n", " ")
        if line.low is not None:
            if len(line.x) > 1:
                axis.fill_between(line.x, line.low, line.high, color=color, alpha=0.16, lw=0)
            else:
                axis.vlines(line.x, line.low, line.high, color=color, alpha=0.3, lw=5)
        axis.plot(line.x, line.y, color=color, lw=2, ls=_dashes(line.key), label=name)
        alone = np.array([len(piece) == 1 for piece in figures.pieces(line.y) for _ in piece])
        at = np.array([i for piece in figures.pieces(line.y) for i in piece])
        axis.plot(line.x[at[alone]], line.y[at[alone]], "o", color=color, ms=5)
    if panel.log:
        axis.set_yscale("log")
    axis.set_ylim(panel.bottom, panel.top)
    axis.set_yticks([tick for tick, _ in panel.ticks], [words for _, words in panel.ticks])
    axis.minorticks_off()
    axis.set_xticks(panel.epochs)
    axis.set_xlabel("epoch")
    axis.set_title(panel.title, loc="left", fontsize=11)
    axis.grid(axis="y", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False, handlelength=3)


def _bars(drawn: figures.Picture, axis: Any) -> None:
    for place, bar in enumerate(drawn.bars):
        axis.barh(place, bar.share, height=0.3, color="#7db6dd")
        if bar.low is not None and bar.high is not None:
            axis.plot([bar.low, bar.high], [place, place], "|-", color="#1d2733", ms=8)
        words = _literal(f"{textwrap.fill(bar.title, 56)}\n{textwrap.fill(bar.words, 56)}")
        axis.text(0, place - 0.2, words, fontsize=8, va="bottom")
    axis.set_xlim(0, 1)
    axis.set_ylim(max(len(drawn.bars), 2) - 0.6, -0.8)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axis.set_yticks([])
    axis.set_title(drawn.bars_title, loc="left", fontsize=11)
    axis.spines[["top", "right", "left"]].set_visible(False)
