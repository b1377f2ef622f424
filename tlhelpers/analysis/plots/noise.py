"""Figures of noise: which steps of a curve go the wrong way, and which are larger than chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.training.run import Run

_ALIKE = 2  # standard errors within which two epochs could be equal


def wrong_way(runs: Mapping[str, Run], title: str) -> Plot:
    """Each curve with its steps the wrong way, and how far chance alone could move a point.

    A step the wrong way is a rise before the lowest epoch, or a fall after it: what jitter adds up.
    The bar on a point is two standard errors of the step that leads to it, each way, over the same
    validation images.

    Parameters
    ----------
    runs : mapping of panel title to Run
        With the standard errors of their steps.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No runs.
    """
    canvas.refuse_nothing(runs)
    columns = min(len(runs), 3)
    figure, axes = canvas.rows(-(-len(runs) // 3), columns, height=2.5 if len(runs) > 3 else 3.2)
    for axis in axes[len(runs) :]:
        axis.remove()
    axes = axes[: len(runs)]
    wrong, calm = canvas.colors(2)
    told = []
    for axis, (name, run) in zip(axes, runs.items(), strict=True):
        line, error = canvas.line_of(run, "val_nll"), canvas.line_of(run, "val_nll_se")
        epochs = np.arange(1, run.epochs + 1)
        lowest = int(np.nanargmin(line)) if np.isfinite(line).any() else 0
        axis.errorbar(
            epochs, line, yerr=np.nan_to_num(_ALIKE * error), fmt="o", color="0.35", ms=3.5,
            ecolor="0.6", elinewidth=1, capsize=2, zorder=3, label="chance: ±2 standard errors",
        )  # fmt: skip
        count = 0
        for i, step in enumerate(np.diff(line)):
            bad = step > 0 if i < lowest else step < 0
            count += int(bad)
            axis.plot(
                epochs[i : i + 2],
                line[i : i + 2],
                color=wrong if bad else calm,
                lw=2.6 if bad else 1.4,
            )
        told.append(
            f"{name}: {canvas.range_words([line])}, {count} of {run.epochs - 1} steps the wrong way"
        )
        canvas.panel_title(axis, name, columns)
        axis.set_yscale("log")
    axes[0].plot([], [], color=wrong, lw=2.6, label="step the wrong way")
    canvas.epoch_axes(axes, max(run.epochs for run in runs.values()))
    for row in range(0, len(axes), 3):
        canvas.log_axis(axes[row : row + 3])
        axes[row].set_ylabel(canvas.COLUMNS["val_nll"])
    caption = (
        "The lowest epoch splits the curve: before it a rise, after it a fall goes the wrong way. "
        "Bars: how far other validation images of the same kind could move a step. The scale is "
        "logarithmic."
    )
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told), legend=axes[0])


def moving_means(lines: Mapping[str, np.ndarray], title: str, caption: str = "") -> Plot:
    """A BatchNorm layer's running mean, step by step, one panel a way to build the network.

    Parameters
    ----------
    lines : mapping of panel title to array, one value a step
    title : str
        What the figure shows.
    caption : str
        What to see in it.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        Nothing to draw.
    """
    figure, axes = canvas.panels(lines, height=2.6)
    told = []
    colors = (*canvas.colors(1) * (len(lines) - 1), canvas.colors(2)[1])
    for axis, color, (name, values) in zip(axes, colors, lines.items(), strict=True):
        values = np.asarray(values, dtype=float)
        axis.plot(np.arange(1, len(values) + 1), values, color=color, lw=2)
        axis.set_xlabel("training step")
        canvas.panel_title(axis, name, len(lines))
        told.append(f"{name}: from {values[0]:.2g} to {values[-1]:.2g}")
    axes[0].set_ylabel("running mean of one channel")
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told))
