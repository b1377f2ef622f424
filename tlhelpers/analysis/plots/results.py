"""Figures of results: what runs did, and what a change did to them."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from tlhelpers.analysis import field, metrics
from tlhelpers.analysis.comparisons import HELPS, HURTS, Comparison
from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.core.errors import CourseError
from tlhelpers.measures import stability
from tlhelpers.measures.statistics import wilson
from tlhelpers.training.run import Experiment, Run

if TYPE_CHECKING:
    from tlhelpers.analysis.study import Effect

_ENOUGH = 3  # logs of which a median is drawn


def curves(
    experiments: Mapping[str, Experiment],
    column: str = "val_nll",
    title: str = "",
    log: bool = True,
    stops: int | None = None,
) -> Plot:
    """One panel a recipe, one thin line a seed, the first one drawn strongly.

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
    for axis, colour, (name, experiment) in zip(
        axes, canvas.colors(len(experiments)), experiments.items(), strict=True
    ):
        lines = lines_of[name]
        for i, (run, line) in enumerate(zip(experiment, lines, strict=True)):
            strong = i == 0
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
        notes.append("Strong line: the first seed.")
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


def history(
    trainings: Mapping[str, Mapping[str, Sequence[float]]],
    title: str,
    caption: str = "",
    metric: str | None = None,
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

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        Nothing to draw, or a history without these columns.
    """
    names = ["loss", *([metric] if metric else [])]
    figure, axes = canvas.rows(len(names), len(trainings), height=2.4 if metric else 3.2)
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
    canvas.log_axis(axes[: len(trainings)])  # equal factors look equal
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told), legend=axes[0])


def paired(experiments: Mapping[str, Experiment], metric: str, title: str) -> Plot:
    """A number of each run by recipe; lines join runs of the same seed.

    Parameters
    ----------
    experiments : mapping of a recipe's name to Experiment
        Recipes from left to right.
    metric : str
        Name of a metric, see `tlhelpers.analysis.metrics.METRICS`.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No experiments, an unknown metric, or one that a run does not have: it diverged, say.
    """
    width = min(canvas.WIDTH, max(6.5, 1.1 * len(experiments)))
    canvas.refuse_nothing(experiments)
    figure, axes = canvas.panels([metric], height=3.4, width=width)
    axis, names = axes[0], list(experiments)
    numbers = [metrics.values(e, metric) for e in experiments.values()]
    for seed in sorted(set().union(*numbers)):
        points = [(i, v[seed]) for i, v in enumerate(numbers) if seed in v]
        axis.plot(*zip(*points, strict=True), color="0.75", lw=1, zorder=1)
    for i, (values, colour) in enumerate(zip(numbers, canvas.colors(len(names)), strict=True)):
        axis.scatter([i] * len(values), list(values.values()), color=colour, s=40, zorder=2)
        axis.hlines(np.mean(list(values.values())), i - 0.18, i + 0.18, color=colour, lw=3)
    canvas.name_ticks(axis, names, width)
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.set_ylabel("\n".join(textwrap.wrap(metrics.axis_words(metric), 38)))
    alt = f"{title}. " + "; ".join(
        f"{name}: mean {np.mean(list(v.values())):.3g}"
        for name, v in zip(names, numbers, strict=True)
    )
    caption = " ".join(
        [
            *canvas.origins(experiments),
            "A dot is a run, a bar the mean, a line joins the same seed.",
        ]
    )
    return canvas.finish(figure, title, caption, alt)


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


def contact_sheet(rows: Mapping[str, np.ndarray], title: str, caption: str) -> Plot:
    """Images in rows, each row with its name.

    Parameters
    ----------
    rows : mapping of name to uint8 array, shape (n, size, size, 3 or 1)
    title, caption : str

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No images.
    """
    canvas.refuse_nothing([image for images in rows.values() for image in images])
    columns = max(map(len, rows.values()))
    side = min(2.0, (canvas.WIDTH - 1.2) / columns)  # what the names leave
    figure = canvas.new_figure(canvas.WIDTH, side * len(rows) + 1.1)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axis in line:
            axis.set_axis_off()
        for axis, image in zip(line, images, strict=False):
            axis.imshow(image, interpolation="bilinear", cmap="gray", vmin=0, vmax=255)
        label = canvas.fitted(name, 13, 3)
        line[0].text(
            -0.08, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10
        )
    alt = f"{title}. Rows of images: {', '.join(rows)}."
    return canvas.finish(figure, title, caption, alt, names=1.1)


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


def recalls(experiments: Mapping[str, Experiment], title: str) -> Plot:
    """Recall of each class, a dot a seed, a bar at their mean with Wilson's interval.

    Parameters
    ----------
    experiments : mapping of a recipe's name to Experiment
        All with the same validation images.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No experiments, more than there are colors, other classes, or a run that diverged.
    """
    canvas.refuse_nothing(experiments)
    canvas.refuse_many(experiments, len(canvas.ORDER), "recipes")
    first = next(iter(experiments.values()))[0]
    names = first.about["classes"]
    for recipe, experiment in experiments.items():
        metrics.refuse_diverged(experiment)
        if experiment[0].about["classes"] != names:
            raise CourseError(f"'{recipe}' has other classes: draw it in a figure of its own.")
    order = sorted(range(len(names)), key=lambda i: -int((first.labels == i).sum()))
    figure, axes = canvas.panels([title], height=3.6)
    axis, width = axes[0], 0.8 / len(experiments)
    means: dict[str, list[str]] = {}
    for k, ((recipe, experiment), colour) in enumerate(
        zip(experiments.items(), canvas.colors(len(experiments)), strict=True)
    ):
        found = [metrics.recalls(run) for run in experiment]
        for place, i in enumerate(order):
            x = place + (k - (len(experiments) - 1) / 2) * width
            values = [run[names[i]][0] / max(1, run[names[i]][1]) for run in found]
            axis.scatter([x] * len(values), values, color=colour, s=14, alpha=0.6, lw=0)
            mean, count = float(np.mean(values)), found[0][names[i]][1]
            axis.vlines(x, *wilson(round(mean * count), count), color=colour, lw=0.9)
            axis.hlines(
                mean,
                x - width * 0.4,
                x + width * 0.4,
                color=colour,
                lw=2.5,
                label=canvas.fitted(recipe, 45, 1) if place == 0 else None,
            )
            means.setdefault(recipe, []).append(f"{names[i]} {mean:.2f}")
    canvas.name_ticks(
        axis, [f"{names[i]}\n{int((first.labels == i).sum()):,}" for i in order], canvas.WIDTH
    )
    axis.set_xlabel("class, and its validation images")
    axis.set_ylabel("recall (share)")
    axis.set_ylim(-0.02, 1.02)
    # Above the panel: dots are everywhere in it.
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=8)
    alt = f"{title}. Mean recalls: " + "; ".join(f"{r}: {', '.join(v)}" for r, v in means.items())
    notes = [
        "A dot is a run, a bar the mean of the runs.",
        "Thin line: 95 % interval (Wilson) of one run at this mean: what so few images tell.",
    ]
    return canvas.finish(figure, title, " ".join([*canvas.origins(experiments), *notes]), alt)


def field_survey(ours: Mapping[str, Sequence[Experiment]], title: str) -> Plot:
    """Jitter of ``val_loss`` in public training logs by learning rate, with our own runs.

    One panel a family of backbones, one circle a log, one diamond a run.

    Parameters
    ----------
    ours : mapping of a family to experiments
        Our scale models of it, drawn at their recipe's learning rate; families are those of
        `tlhelpers.analysis.field.FAMILIES`. An empty mapping draws the logs alone.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        There are no logs of such a family, or a run diverged.
    """
    logs = field.by_rate()
    if unknown := [name for name in ours if name not in logs]:
        raise CourseError(f"No logs of '{unknown[0]}': choose from {', '.join(logs)}.")
    everybody = [log for rates in logs.values() for its in rates.values() for log in its]
    most, count = Counter(log.author for log in everybody).most_common(1)[0]
    figure, axes = canvas.panels(logs, height=3.4)
    model_colour, log_colour = canvas.colors(2)
    told = []
    for axis, (name, rates) in zip(axes, logs.items(), strict=True):
        its_number = sum(map(len, rates.values()))
        axis.set_title(f"{name}\n{its_number} logs", fontsize=10)
        for rate, its in rates.items():
            jitters = [field.jitter(log) for log in its]
            for log, value, beside in zip(its, jitters, canvas.fan(len(its), 0.13), strict=True):
                axis.plot(
                    rate * 10**beside, value, "o", ms=3.5, alpha=0.6, mec=log_colour, mew=0.9,
                    mfc=log_colour if log.author == most else "white", clip_on=False,
                )  # fmt: skip
            if len(its) >= _ENOUGH:
                median = np.median(jitters)
                axis.hlines(median, rate / 1.6, rate * 1.6, color="black", lw=2, zorder=3)
                told.append(f"{name} at {rate:g}: median {median:.3f} of {len(its)} logs")
        for experiment in ours.get(name, ()):
            values = list(metrics.values(experiment, "val_loss_jitter").values())
            rate = experiment.recipe.learning_rate
            axis.plot(
                rate * 10 ** (0.25 + np.array(canvas.fan(len(values), 0.08))), values, "D", ms=5.5,
                color=model_colour, mec="white", mew=0.6, zorder=4, clip_on=False,
            )  # fmt: skip
            told.append(f"our runs as {name} at {rate:g}: median {np.median(values):.3f}")
        axis.set_xscale("log")
        axis.set_xlim(4e-6, 4e-3)
        axis.set_xticks([1e-5, 1e-4, 1e-3], ["1e-5", "1e-4", "1e-3"])
        axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axis.set_xlabel("learning rate")
    for axis in axes:  # a root: most logs lie near zero, and zero itself has no logarithm
        axis.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
        axis.set_ylim(0, None)
        ticks = (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6)
        axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].set_ylabel("jitter of val_loss\n(log units an epoch)")
    authors = len({log.author for log in everybody})
    notes = [
        f"A circle is one of {len(everybody)} public Keras trainings: Adam, a pretrained backbone "
        "with BatchNorm that trains.",
        f"Filled: one author, {count} of them; open: {authors - 1} others.",
        f"Bar: median of {_ENOUGH} or more.",
        "A jitter of 0.1 is about 10 % up or down in each epoch.",
        "A convenience sample: people show their good runs, and logs at 1e-5 and at 1e-4 differ in "
        "author and images as well.",
    ]
    if ours:
        notes.insert(2, "A diamond is one of our runs, with the step length of that backbone.")
    experiments = [e for its in ours.values() for e in its]
    origins = canvas.origins({str(i): e for i, e in enumerate(experiments)})
    alt = f"{title}. Jitter of val_loss over the learning rate. " + "; ".join(told)
    return canvas.finish(figure, title, " ".join([*notes, *origins]), alt)


_READINGS = {
    "val_nll": ("as validated", "o-"),
    "val_nll_fresh": ("same weights, fresh BatchNorm statistics", "s--"),
    "val_nll_averaged": ("averaged weights, statistics of the raw ones", "^:"),
    "val_nll_averaged_fresh": ("averaged weights, fresh statistics", "D-"),
    "val_nll_recalibrated": ("as validated, confidence refitted", "v-."),
}


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


def effects(found: Sequence[Effect], title: str) -> Plot:
    """What each change did to jitter and to the score: a row a change, a panel a number.

    Parameters
    ----------
    found : sequence of Effect
        Of one case, in the order of the rows.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        Nothing to draw.
    """
    figure, axes = canvas.panels(found[:2] and ("jitter", "score"), height=0.9 + 0.42 * len(found))
    hurts, helps = canvas.colors(2)
    looks = {HELPS: (helps, "o"), HURTS: (hurts, "X")}
    told = []
    for axis, panel in zip(axes, ("jitter", "score"), strict=True):
        axis.axvline(0, color="0.3", lw=1)
        for row, effect in enumerate(found):
            c, word = getattr(effect, panel), getattr(effect, f"on_{panel}")
            color, marker = looks.get(word, ("0.45", "o"))
            if c.low is not None:
                axis.hlines(row, *_widened(c, getattr(effect, f"p_{panel}")), color=color, lw=1)
                axis.hlines(row, c.low, c.high, color=color, lw=3)
            axis.plot(
                c.effect, row, marker, color=color, ms=8, mfc=color if word in looks else "white"
            )
            told.append(f"{effect.title}, {metrics.metric(c.metric).title} {c.effect:+.3f}: {word}")
        its = metrics.metric(getattr(found[0], panel).metric)
        left, right = ("steadier", "less steady") if panel == "jitter" else ("worse", "better")
        axis.set_title(f"{its.title}\n← {left}      {right} →", fontsize=10)
        axis.set_xlabel("change (" + (its.unit or "0 to 1") + ")")
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
        axis.set_yticks(range(len(found)), [canvas.fitted(e.title, 32) for e in found])
        axis.set_ylim(len(found) - 0.5, -0.5)
    caption = (
        f"Change against the run without it: mean over {found[0].jitter.seeds} seeds. Thick bar: "
        "95 % interval of this row alone. Thin: widened for the number of changes tried, and the "
        "verdict goes by it. Blue dot: helps. Orange cross: hurts. Open gray dot: no clear effect."
    )
    return canvas.finish(figure, title, caption, f"{title}. " + "; ".join(told))


def _widened(c: Comparison, corrected: float | None) -> tuple[float, float]:
    """The interval that leaves out zero just when the corrected p lies below 0.05."""
    from scipy.stats import t

    if corrected is None or not c.p or c.low is None or c.high is None:
        return float(c.low or 0), float(c.high or 0)
    middle, half, freedom = (c.low + c.high) / 2, (c.high - c.low) / 2, c.seeds - 1
    level = 1 - (1 - c.level) * min(1.0, c.p / corrected)
    half *= float(t.ppf((1 + level) / 2, freedom) / t.ppf((1 + c.level) / 2, freedom))
    return middle - half, middle + half


def split(experiments: Mapping[str, Experiment], title: str) -> Plot:
    """How much jitter is left in each reading of the same runs, one panel a recipe.

    Parameters
    ----------
    experiments : mapping of panel title to Experiment
        Recorded with their readings.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No experiments, or runs without readings.
    """
    columns = ("val_nll", "val_nll_fresh", "val_nll_averaged", "val_nll_averaged_fresh")
    names = ("as validated", "fresh statistics", "averaged weights", "averaged, fresh statistics")
    figure, axes = canvas.panels(experiments, height=2.6)
    palette = canvas.colors(len(columns))
    told = []
    for axis, (label, experiment) in zip(axes, experiments.items(), strict=True):
        for row, (column, name) in enumerate(zip(columns, names, strict=True)):
            values = [stability.jitter(canvas.line_of(run, column)) for run in experiment]
            axis.barh(row, np.mean(values), color=palette[row], alpha=0.35)
            spread = row + np.array(canvas.fan(len(values), 0.25))
            axis.plot(values, spread, "o", color=palette[row], ms=4, clip_on=False)
            told.append(f"{label}, {name}: {np.mean(values):.3f}")
        axis.set_xlim(0, None)
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
        axis.set_xlabel("jitter (log units an epoch)")
        axis.set_yticks(range(len(names)), names)
        axis.set_ylim(len(names) - 0.5, -0.5)
        canvas.panel_title(axis, label, len(experiments))
    caption = " ".join([*canvas.origins(experiments), "A bar is the mean, a dot one run."])
    return canvas.finish(figure, title, caption, f"{title}. Mean jitter: " + "; ".join(told))
