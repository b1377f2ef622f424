"""Figures that tell one trouble of a validation curve from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.core.errors import CourseError

_LINES = {
    "val_nll": ("as validated", "o-", 0),
    "val_nll_fresh": ("same weights, fresh BatchNorm statistics", "s--", 1),
    "val_nll_recalibrated": ("as validated, confidence refitted", "v-.", 2),
}


def looks(
    trainings: Mapping[str, Mapping[str, Sequence[float]]],
    title: str,
    caption: str = "",
    score: str | None = None,
) -> Plot:
    """The validation loss of some trainings and what is left of it in other readings.

    Parameters
    ----------
    trainings : mapping of panel title to a history
        Such as `Run.history`. Drawn is what there is of "val_nll", "val_nll_fresh" and
        "val_nll_recalibrated"; all must have the same ones.
    title : str
        What the figure shows.
    caption : str
        What to see in it.
    score : str, optional
        A column for a second row, such as "val_accuracy".

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        Nothing to draw, or a history without a column that another one has.
    """
    canvas.refuse_nothing(trainings)
    columns = [name for name in _LINES if any(name in past for past in trainings.values())]
    for label, past in trainings.items():
        for name in [*(columns or ["val_nll"]), *([score] if score else [])]:
            if name not in past:
                raise CourseError(f"'{label}' has no '{name}': give each training the same ones.")
    figure, axes = canvas.rows(2 if score else 1, len(trainings), height=2.3 if score else 3.0)
    palette, told = canvas.colors(4), []
    for i, (label, past) in enumerate(trainings.items()):
        for name in columns:
            words, style, color = _LINES[name]
            line = np.array(past[name], dtype=float)
            epochs = np.arange(1, len(line) + 1)
            axes[i].plot(epochs, line, style, color=palette[color], ms=4, label=words)
            told.append(f"{label}, {words}: {canvas.range_words([line])}")
        if score:
            line = np.array(past[score], dtype=float)
            below = axes[len(trainings) + i]
            below.plot(np.arange(1, len(line) + 1), line, "D-", color=palette[3], ms=4)
            told.append(
                f"{label}, {canvas.COLUMNS.get(score, score)}: {canvas.range_words([line])}"
            )
        canvas.panel_title(axes[i], label, len(trainings))
        canvas.epoch_axes(axes[i :: len(trainings)], len(past[columns[0]]))
    canvas.log_axis(axes[: len(trainings)])
    axes[0].set_ylabel(canvas.COLUMNS["val_nll"])
    if score:
        words = canvas.COLUMNS.get(score, score)
        axes[len(trainings)].set_ylabel(words.split(" (")[0].replace(" ", "\n", 1))
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told), legend=axes[0])


def joined(
    columns: Mapping[str, Sequence[float]], axis_words: str, title: str, caption: str = ""
) -> Plot:
    """The same runs scored on several sets of images: a dot a run, a line joins one run's dots.

    Parameters
    ----------
    columns : mapping of a set's name to floats
        One value a run, in the same order of runs.
    axis_words : str
        What the values are.
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
        Nothing to draw, or sets with different numbers of runs.
    """
    canvas.refuse_nothing(columns)
    values = np.array([list(column) for column in columns.values()], dtype=object)
    if values.ndim != 2 or not values.shape[1]:
        raise CourseError("Each set of images needs the same number of runs, at least one.")
    values = values.astype(float)
    figure, axes = canvas.panels([title], height=3.0, width=7.0)
    axis = axes[0]
    axis.plot(values, color="0.75", lw=1, zorder=1)
    for place, (line, color) in enumerate(zip(values, canvas.colors(len(values)), strict=True)):
        axis.scatter([place] * len(line), line, color=color, s=40, zorder=2)
        axis.hlines(line.mean(), place - 0.15, place + 0.15, color=color, lw=3)
    canvas.name_ticks(axis, list(columns), 7.0)
    axis.set_xlim(-0.5, len(values) - 0.5)
    axis.set_ylabel(axis_words)
    alt = f"{title}. Mean {axis_words}: " + "; ".join(
        f"{name} {line.mean():.3g}" for name, line in zip(columns, values, strict=True)
    )
    notes = " ".join(filter(None, [caption, "A dot is a run, a bar the mean."]))
    return canvas.finish(figure, title, notes, alt)
