"""Figures with epochs, or steps, from left to right: what runs did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.core.errors import CourseError
from tlhelpers.measures import stability
from tlhelpers.training.run import Experiment, Run

_READINGS = {
    "val_nll": ("as validated", "o-"),
    "val_nll_fresh": ("same weights, fresh BatchNorm statistics", "s--"),
    "val_nll_averaged": ("averaged weights, statistics of the raw ones", "^:"),
    "val_nll_averaged_fresh": ("averaged weights, fresh statistics", "D-"),
    "val_nll_recalibrated": ("as validated, confidence refitted", "v-."),
}


def curves(
    experiments: Mapping[str, Experiment],
    column: str = "val_nll",
    title: str = "",
    log: bool = True,
    stops: int | None = None,
) -> Plot:
    """One panel a recipe, one thin line a seed, a typical one drawn strongly.

    Typical is the seed whose line jumps as much as half of the others in the first panel. The other
    panels show the same seed strongly, if they have it.

    Parameters
    ----------
    experiments : mapping of panel title to Experiment
    column : str
        Column of the history.
    title : str
        What the figure shows.
    log : bool
        Logarithmic axis, so that equal factors look equal.
    stops : int, optional
        Patience of an EarlyStopping whose last epoch is marked on each line.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No experiments, runs without this column, or no number in it that the axis can show.
    """
    lines_of = {name: [canvas.line_of(run, column) for run in e] for name, e in experiments.items()}
    shown = [
        line[line > 0 if log else np.isfinite(line)] for ls in lines_of.values() for line in ls
    ]
    if lines_of and not any(map(len, shown)):
        raise CourseError(
            f"Nothing to draw: no {canvas.COLUMNS.get(column, column)} of these runs is a number"
            f"{' above 0, as a logarithmic axis needs' if log else ''}."
        )
    figure, axes = canvas.panels(experiments, height=3.4)
    first = next(iter(experiments))
    typical = _typical(experiments[first], lines_of[first]) if len(experiments[first]) else None
    for axis, colour, (name, experiment) in zip(
        axes, canvas.colors(len(experiments)), experiments.items(), strict=True
    ):
        lines = lines_of[name]
        shows_it = any(run.seed == typical for run in experiment)
        for i, (run, line) in enumerate(zip(experiment, lines, strict=True)):
            strong = run.seed == typical if shows_it else i == 0
            epochs = np.arange(1, len(line) + 1)
            axis.plot(
                epochs,
                line,
                color=colour,
                lw=2.4 if strong else 1.0,
                alpha=1 if strong else 0.45,
                # A single point makes no line.
                marker="o" if strong or np.isfinite(line).sum() == 1 else None,
                ms=4,
            )
            if stops is not None:
                last = stability.early_stopping(canvas.line_of(run, "val_loss"), stops)[0]
                if last is not None:
                    axis.plot(last, line[last - 1], "X", color="black", ms=7, zorder=5)
        canvas.panel_title(axis, name, len(experiments))
    canvas.epoch_axes(axes, max(len(line) for lines in lines_of.values() for line in lines))
    if log:
        canvas.log_axis(axes)
    canvas.label_rows(axes, canvas.COLUMNS.get(column, column))
    notes = []
    if stops is not None:
        notes.append(
            "Cross: where EarlyStopping, which sees Keras's val_loss, would have ended it."
        )
    if max(map(len, experiments.values())) > 1:
        notes.append("Strong line: a typical seed, by its jitter in the first panel.")
    if log:
        notes.append("The scale is logarithmic.")
    everything = np.concatenate([line for lines in lines_of.values() for line in lines])
    if log and (everything <= 0).any():
        notes.append("It has no place for values of 0 and less.")
    if np.isnan(everything).any():
        notes.append("Where a line is missing, its value is no number: the run diverged.")
    alt = f"{title}. Lines of {canvas.COLUMNS.get(column, column)} over epochs for " + "; ".join(
        f"{name}: {canvas.range_words(lines)}" for name, lines in lines_of.items()
    )
    return canvas.finish(figure, title, " ".join([*canvas.origins(experiments), *notes]), alt)


def _typical(experiment: Experiment, lines: list[np.ndarray]) -> int:
    """The seed with the median jitter, the jumpier of two middle ones."""

    def roughness(line: np.ndarray) -> float:
        measurable = len(line) > 1 and np.isfinite(line).all() and (line > 0).all()
        return stability.jitter(line) if measurable else np.inf

    order = sorted(range(len(lines)), key=lambda i: roughness(lines[i]))
    return experiment[order[len(order) // 2]].seed


def history(
    trainings: Mapping[str, Mapping[str, Sequence[float]]],
    title: str,
    caption: str = "",
    metric: str | None = None,
    one_scale: bool = True,
) -> Plot:
    """Keras's own curves, training and validation, one panel a training.

    Parameters
    ----------
    trainings : mapping of panel title to a history
        As ``fit(...).history`` is, or `Run.history`.
    title : str
        What the figure shows.
    caption : str
        What to see in it.
    metric : str, optional
        Such as "accuracy", drawn in a second row.
    one_scale : bool
        All panels of a row have the same axis.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        Nothing to draw, or a history without these columns.
    """
    names = ["loss", *([metric] if metric else [])]
    share: canvas.Share = "row" if one_scale else "none"
    height = 2.4 if metric else 3.2
    figure, axes = canvas.rows(len(names), len(trainings), height=height, share=share)
    training_color, validation_color = canvas.colors(2)[::-1]
    told = []
    for row, name in enumerate(names):
        for column, (label, past) in enumerate(trainings.items()):
            axis = axes[row * len(trainings) + column]
            for key, color, style, words in (
                (name, training_color, "--", "training"),
                (f"val_{name}", validation_color, "o-", "validation"),
            ):
                if key not in past:
                    raise CourseError(f"This history has no '{key}': train with validation data.")
                line = np.array(past[key], dtype=float)
                axis.plot(np.arange(1, len(line) + 1), line, style, color=color, ms=4, label=words)
                told.append(f"{label}, {words} {name}: {canvas.range_words([line])}")
            if row == 0:
                canvas.panel_title(axis, label, len(trainings))
        axes[row * len(trainings)].set_ylabel(name)
    canvas.epoch_axes(axes, max(len(past["loss"]) for past in trainings.values()))
    losses = axes[: len(trainings)]
    for together in [losses] if one_scale else [[axis] for axis in losses]:
        canvas.log_axis(together)  # equal factors look equal
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told), legend=axes[0])


def readings(
    trainings: Mapping[str, Run | Mapping[str, Sequence[float]]],
    title: str,
    columns: Sequence[str] = ("val_nll", "val_nll_fresh"),
    one_scale: bool = True,
    score: str | None = None,
    caption: str = "Every reading uses the same validation images.",
) -> Plot:
    """One training measured several ways after every epoch, one panel a training.

    Parameters
    ----------
    trainings : mapping of panel title to Run or history
        With these columns.
    title : str
        What the figure shows.
    columns : sequence of str
        Of `tlhelpers.training.readings.READINGS`, or "val_nll".
    one_scale : bool
        Whether all panels share one axis.
    score : str, optional
        A column for a second row, such as "val_accuracy".
    caption : str
        What to see; where runs come from is put behind it.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        Nothing to draw, or a training without one of the columns.
    """
    count, runs = len(trainings), [one for one in trainings.values() if isinstance(one, Run)]
    pasts = {name: one.history if isinstance(one, Run) else one for name, one in trainings.items()}
    share: canvas.Share = "row" if one_scale else False
    height = 2.3 if score else 3.2
    figure, axes = canvas.rows(2 if score else 1, count, height=height, share=share)
    palette = dict(zip([*_READINGS, score], canvas.colors(len(_READINGS) + 1), strict=True))
    told = []
    for i, (name, past) in enumerate(pasts.items()):
        for column in [*columns, *([score] if score else [])]:
            if column not in past:
                raise CourseError(f"'{name}' has no '{column}': choose from {', '.join(past)}.")
            words, style = _READINGS.get(column, (canvas.COLUMNS.get(column, column), "D-"))
            line = np.array(past[column], dtype=float)
            axis = axes[i + count * (column == score)]
            epochs = np.arange(1, len(line) + 1)
            axis.plot(epochs, line, style, color=palette[column], ms=4, label=words)
            told.append(f"{name}, {words}: {canvas.range_words([line])}")
        canvas.panel_title(axes[i], name, count)
        canvas.epoch_axes(axes[i::count], len(past[columns[0]]))
    for group in [axes[:count]] if one_scale else [[axis] for axis in axes[:count]]:
        canvas.log_axis(group)
    axes[0].set_ylabel(canvas.COLUMNS["val_nll"])
    if score:
        words = canvas.COLUMNS.get(score, score)
        axes[count].set_ylabel(words.split(" (")[0].replace(" ", "\n", 1))
    shown: dict[str, dict[int, Run]] = {}
    for run in runs:
        shown.setdefault(run.recipe.key(), {})[run.seed] = run
    experiments = {
        key: Experiment(next(iter(of.values())).recipe, tuple(of.values()))
        for key, of in shown.items()
    }
    caption = " ".join([caption, *canvas.origins(experiments)])
    if not one_scale:
        caption += " Each panel has its own scale."
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told), legend=axes[0])


def steps(run: Run, title: str) -> Plot:
    """The change of validation NLL from epoch to epoch, with its paired noise.

    Parameters
    ----------
    run : Run
        With the standard errors of its steps.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No two epochs in a row have numbers.
    """
    change = np.diff(canvas.line_of(run, "val_nll"))
    noise = 1.96 * canvas.line_of(run, "val_nll_se")[1:]
    known = np.isfinite(change) & np.isfinite(noise)
    if not known.any():
        why = f"it diverged in epoch {run.diverged}" if run.diverged else "it has one epoch"
        raise CourseError(f"This run has no step from one epoch to the next: {why}.")
    outside, within = known & (np.abs(change) > noise), known & (np.abs(change) <= noise)
    figure, axes = canvas.panels([run], height=3.2, width=7.5)
    axis, epochs = axes[0], np.arange(2, run.epochs + 1)
    loud, quiet = canvas.colors(2)
    axis.axhline(0, color="0.4", lw=1)
    axis.bar(epochs, 2 * noise, bottom=-noise, width=0.8, color="0.85", label="noise of the images")
    for mask, colour, marker, label in (
        (outside, loud, "o", "step larger than the noise"),
        (within, quiet, "s", "step within the noise"),
    ):
        if mask.any():
            axis.plot(epochs[mask], change[mask], marker, color=colour, ms=7, label=label)
    axis.set_xlabel("epoch")
    axis.set_ylabel("change of validation NLL\nsince the epoch before (nats)")
    axis.legend(frameon=False, fontsize=8)
    alt = f"{title}. {outside.sum()} of {known.sum()} steps lie outside the band of noise."
    caption = (
        f"{Experiment(run.recipe, (run,)).origin}; seed {run.seed}. Band: 95 %, over patients."
    )
    if not known.all():
        caption += " Where a step is missing, its loss is no number: the run diverged."
    return canvas.finish(figure, title, caption, alt)


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
