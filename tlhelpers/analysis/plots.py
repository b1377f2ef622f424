"""Every figure of the course. Loads without Keras.

Each function takes results and returns a `Plot`: a drawn figure with its text alternative.
"""

from __future__ import annotations

import base64
import io
import math
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from tlhelpers.analysis import field, metrics
from tlhelpers.analysis.comparisons import HELPS, HURTS, Comparison
from tlhelpers.analysis.ticks import log_ticks, tick_words
from tlhelpers.core import files
from tlhelpers.core.errors import CourseError
from tlhelpers.measures import stability
from tlhelpers.measures.statistics import wilson
from tlhelpers.training.run import Experiment, Run

_DPI = 110
_WIDTH = 9.0  # inches, as wide as a page's text
_LARGEST = 200.0  # inches of a figure; a PNG file of Matplotlib's ends at three times that
_ACROSS = 5  # panels side by side that can still be read
_LETTER = 0.08  # inches of a letter, about, at 10 points
_STILL = 1.02  # ratio of an axis' ends below which rounding would look like jumps
_TEXT = 0.8  # inches for a title and a caption of one or two lines each
_MARKERS = "osD^"
_ORDER = (3, 0, 2, 4, 7, 1, 5, 8, 9, 6)  # of the palette's colors

_ENOUGH = 3  # logs of which a median is drawn

_COLUMNS = {
    "val_nll": "validation NLL (nats)",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy (share)",
    "val_auc": "validation AUC",
    "val_macro_f1": "validation macro-F1",
    "loss": "training loss",
    "learning_rate": "learning rate",
}


@dataclass(frozen=True, eq=False)
class Plot:
    """A drawn figure.

    Attributes
    ----------
    png : bytes
    alt : str
        What the figure shows, for a reader who cannot see it.
    """

    png: bytes
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict, dict]:
        image = base64.b64encode(self.png).decode()
        return {"image/png": image, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}

    def _write(self, file: BinaryIO) -> None:
        file.write(self.png)

    def save(self, path: str | Path) -> None:
        """Write the PNG file, and its folder if need be.

        Parameters
        ----------
        path : path or str

        Raises
        ------
        CourseError
            The disk is full or the folder cannot be written.
        """
        files.save(Path(path), self._write)


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
    lines_of = {name: [_line(run, column) for run in e] for name, e in experiments.items()}
    shown = [
        line[line > 0 if log else np.isfinite(line)] for ls in lines_of.values() for line in ls
    ]
    if lines_of and not any(map(len, shown)):
        raise CourseError(
            f"Nothing to draw: no {_COLUMNS.get(column, column)} of these runs is a number"
            f"{' above 0, as a logarithmic axis needs' if log else ''}."
        )
    figure, axes = _panels(experiments, height=3.4)
    for axis, colour, (name, experiment) in zip(
        axes, _colours(len(experiments)), experiments.items(), strict=True
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
                last = stability.early_stopping(_line(run, "val_loss"), stops)[0]
                if last is not None:
                    axis.plot(last, line[last - 1], "X", color="black", ms=7, zorder=5)
        _panel_title(axis, name, len(experiments))
    _epoch_axes(axes, max(len(line) for lines in lines_of.values() for line in lines))
    if log:
        _log_axis(axes)
    _label_rows(axes, _COLUMNS.get(column, column))
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
    alt = f"{title}. Lines of {_COLUMNS.get(column, column)} over epochs for " + "; ".join(
        f"{name}: {_range(lines)}" for name, lines in lines_of.items()
    )
    return _finish(figure, title, " ".join([*_origins(experiments), *notes]), alt)


def same_weights(before: Experiment, after: Experiment, title: str) -> Plot:
    """For each seed the validation NLL of the same weights with two sets of statistics.

    Parameters
    ----------
    before, after : Experiment
        The moving statistics and the re-estimated ones. Only pairs whose training losses agree to
        the last digit are drawn: their weights are the same.
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        There is no such pair.
    """
    pairs = [
        (a, b)
        for a in before
        for b in after
        # The number of threads changes the last digits of a training, and so its weights.
        if a.seed == b.seed and a.history["loss"] == b.history["loss"]
    ][:4]
    if not pairs:
        raise CourseError("No two of these runs have the same weights: train both on one machine.")
    figure, axes = _panels(pairs, height=3.0)
    old_colour, new_colour = _colours(2)
    for axis, (old, new) in zip(axes, pairs, strict=True):
        epochs = np.arange(1, old.epochs + 1)
        axis.fill_between(
            epochs, old.curve("val_nll"), new.curve("val_nll"), color=old_colour, alpha=0.15
        )
        axis.plot(epochs, old.curve("val_nll"), "o-", color=old_colour, ms=4, label="moving")
        axis.plot(epochs, new.curve("val_nll"), "s--", color=new_colour, ms=4, label="re-estimated")
        _panel_title(axis, f"seed {old.seed}", len(pairs))
    _epoch_axes(axes, max(old.epochs for old, _ in pairs))
    _log_axis(axes)
    _label_rows(axes, _COLUMNS["val_nll"])
    # Beside the title: in a panel it would cover lines.
    lines, names = axes[0].get_legend_handles_labels()
    names = [f"{name} statistics" for name in names]
    figure.legend(lines, names, loc="upper right", ncol=2, frameon=False, fontsize=8)
    alt = (
        f"{title}. With moving statistics the NLL is "
        f"{_range([a.curve('val_nll') for a, _ in pairs])}, with re-estimated ones "
        f"{_range([b.curve('val_nll') for _, b in pairs])}"
    )
    shown = Experiment(after.recipe, tuple(b for _, b in pairs))
    caption = "Both lines have the same weights: the training losses agree. "
    caption += " ".join(_origins({"": shown}))
    return _finish(figure, title, caption, alt)


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
    width = min(_WIDTH, max(6.5, 1.1 * len(experiments)))
    _refuse_nothing(experiments)
    figure, axes = _panels([metric], height=3.4, width=width)
    axis, names = axes[0], list(experiments)
    numbers = [metrics.values(e, metric) for e in experiments.values()]
    for seed in sorted(set().union(*numbers)):
        points = [(i, v[seed]) for i, v in enumerate(numbers) if seed in v]
        axis.plot(*zip(*points, strict=True), color="0.75", lw=1, zorder=1)
    for i, (values, colour) in enumerate(zip(numbers, _colours(len(names)), strict=True)):
        axis.scatter([i] * len(values), list(values.values()), color=colour, s=40, zorder=2)
        axis.hlines(np.mean(list(values.values())), i - 0.18, i + 0.18, color=colour, lw=3)
    _name_ticks(axis, names, width)
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.set_ylabel("\n".join(textwrap.wrap(metrics.axis_words(metric), 38)))
    alt = f"{title}. " + "; ".join(
        f"{name}: mean {np.mean(list(v.values())):.3g}"
        for name, v in zip(names, numbers, strict=True)
    )
    caption = " ".join(
        [*_origins(experiments), "A dot is a run, a bar the mean, a line joins the same seed."]
    )
    return _finish(figure, title, caption, alt)


def forest(
    comparisons: Sequence[Comparison],
    titles: Mapping[str, str],
    title: str,
    beside: Mapping[tuple[str, str], Sequence[float]] | None = None,
) -> Plot:
    """Effect of each fix with its interval, a panel a metric and a row a fix.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Each with its own recipe before; the title says which.
    titles : mapping of a fix's name to what its row is called
        Rows from top to bottom.
    title : str
    beside : mapping of a fix's name and a metric to differences, optional
        Pairs of runs on other images, drawn as crosses below the dot.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No comparisons, or one of a fix without a title.
    """
    panels = list(dict.fromkeys(c.metric for c in comparisons))
    rows = list(titles)
    if without := [c.fix for c in comparisons if c.fix not in titles]:
        raise CourseError(f"No title for '{without[0]}': give one to each fix, or leave it out.")
    figure, axes = _panels(panels, height=0.7 + 0.36 * max(3, len(rows)))
    hurts, helps = _colours(2)
    colours = {HELPS: helps, HURTS: hurts}
    told: dict[str, list[str]] = {name: [] for name in rows}
    for axis, name in zip(axes, panels, strict=True):
        its = metrics.metric(name)
        axis.axvline(0, color="0.3", lw=1)
        for c in (c for c in comparisons if c.metric == name):
            row, colour = rows.index(c.fix), colours.get(c.verdict, "0.45")
            if c.low is not None:
                axis.hlines(row, c.low, c.high, color=colour, lw=2.5)
            full = c.verdict in colours
            axis.plot(c.effect, row, "o", color=colour, mfc=colour if full else "white", ms=7)
            told[c.fix].append(f"{its.title} {c.effect:+.3f} ({c.verdict})")
            if others := (beside or {}).get((c.fix, name)):
                axis.plot(others, [row + 0.28] * len(others), "x", color="black", ms=5)
                told[c.fix].append("beside it " + ", ".join(f"{v:+.3f}" for v in others))
        if max(map(abs, axis.get_xlim())) < 1e-3:  # nothing but rounding
            axis.set_xlim(-0.1, 0.1)
        axis.set_title(f"{its.title}\n({its.best or f'{its.better} is better'})", fontsize=10)
        unit = its.unit.replace(" an ", "\nan ")
        axis.set_xlabel(f"change ({unit})" if unit else "change")
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(2))
        axis.set_yticks(range(len(rows)), [_fitted(titles[row], 30) for row in rows])
        axis.set_ylim(len(rows) - 0.5, -0.5)
    alt = f"{title}. " + "; ".join(f"{titles[row]}: {', '.join(told[row])}" for row in rows)
    caption = (
        "Difference to the recipe without the change: mean of the paired seeds, 95 % interval. "
        "Blue helps, orange hurts. An open grey dot: the interval includes zero, or there is none."
    )
    if beside:
        caption += " A cross is one pair of runs on real images."
    return _finish(figure, title, caption, alt)


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
    change = np.diff(_line(run, "val_nll"))
    noise = 1.96 * _line(run, "val_nll_se")[1:]
    known = np.isfinite(change) & np.isfinite(noise)
    if not known.any():
        why = f"it diverged in epoch {run.diverged}" if run.diverged else "it has one epoch"
        raise CourseError(f"This run has no step from one epoch to the next: {why}.")
    outside, within = known & (np.abs(change) > noise), known & (np.abs(change) <= noise)
    figure, axes = _panels([run], height=3.2, width=7.5)
    axis, epochs = axes[0], np.arange(2, run.epochs + 1)
    loud, quiet = _colours(2)
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
    return _finish(figure, title, caption, alt)


def layer_lag(lags: Mapping[str, Sequence[float]], title: str, caption: str) -> Plot:
    """How far each BatchNorm layer's moving mean lags, one kind of dot a measurement.

    Parameters
    ----------
    lags : mapping of a measurement's name to floats
        A number a layer, as `tlhelpers.training.batchnorm.lag` gives them; four measurements at
        most.
    title, caption : str

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        No measurement, or more than there are kinds of dots.
    """
    _refuse_nothing([value for values in lags.values() for value in values])
    _refuse_many(lags, len(_MARKERS), "measurements")
    figure, axes = _panels([title], height=3.2, width=7.5)
    axis = axes[0]
    for (name, values), colour, marker in zip(
        lags.items(), _colours(len(lags)), _MARKERS, strict=False
    ):
        label = _fitted(name, 60, 1)
        axis.plot(range(1, len(values) + 1), values, marker, ms=4, color=colour, label=label)
    axis.set_xlabel("BatchNorm layer, from the image to the head")
    axis.set_ylabel("distance of the moving from the\nre-estimated mean (standard deviations)")
    axis.legend(frameon=False, fontsize=8)
    alt = f"{title}. " + "; ".join(
        f"{name}: median {np.median(values):.2g}, largest {np.max(values):.2g}"
        for name, values in lags.items()
        if len(values)
    )
    return _finish(figure, title, caption, alt)


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
    _refuse_nothing([image for images in rows.values() for image in images])
    columns = max(map(len, rows.values()))
    side = min(2.0, (_WIDTH - 1.2) / columns)  # what the names leave
    figure = _figure(_WIDTH, side * len(rows) + 1.1)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axis in line:
            axis.set_axis_off()
        for axis, image in zip(line, images, strict=False):
            axis.imshow(image, interpolation="bilinear", cmap="gray", vmin=0, vmax=255)
        label = _fitted(name, 13, 3)
        line[0].text(
            -0.08, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10
        )
    alt = f"{title}. Rows of images: {', '.join(rows)}."
    return _finish(figure, title, caption, alt, names=1.1)


def confusion(experiment: Experiment, title: str) -> Plot:
    """What the final weights call each class: shares of a row, images of all seeds together.

    Parameters
    ----------
    experiment : Experiment
    title : str
        What the figure shows.

    Returns
    -------
    Plot

    Raises
    ------
    CourseError
        A run diverged: its weights predict nothing. Or there are so many classes that the figure
        would be too large.
    """
    import seaborn

    metrics.refuse_diverged(experiment)
    names = experiment[0].about["classes"]
    labels = [_fitted(name, 18) for name in names]
    counts = np.zeros((len(names), len(names)), int)
    for run in experiment:
        np.add.at(counts, (run.labels, run.probabilities.argmax(axis=1)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 1.6 + 0.62 * max(3, len(names))
    figure = _figure(side + 1.2, side)
    axis = figure.subplots()
    seaborn.heatmap(
        shares,
        annot=np.char.mod("%.2f", shares),
        fmt="",
        annot_kws={"fontsize": 8},
        cmap="Blues",
        vmin=0,
        vmax=1,
        cbar=False,
        xticklabels=labels,
        yticklabels=[
            f"{n} ({c:,})"
            for n, c in zip(
                labels, np.bincount(experiment[0].labels, minlength=len(names)), strict=True
            )
        ],
        ax=axis,
    )
    axis.set_xlabel("predicted")
    axis.set_ylabel("labelled\n(validation images)")
    axis.tick_params(axis="x", rotation=40)
    axis.tick_params(axis="y", rotation=0)
    alt = f"{title}. Share of each class that is predicted right: " + ", ".join(
        f"{name} {share:.2f}" for name, share in zip(names, shares.diagonal(), strict=True)
    )
    caption = " ".join([*_origins({"": experiment}), "Shares of a row; a row adds up to 1."])
    return _finish(figure, title, caption, alt)


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
    _refuse_nothing(experiments)
    _refuse_many(experiments, len(_ORDER), "recipes")
    first = next(iter(experiments.values()))[0]
    names = first.about["classes"]
    for recipe, experiment in experiments.items():
        metrics.refuse_diverged(experiment)
        if experiment[0].about["classes"] != names:
            raise CourseError(f"'{recipe}' has other classes: draw it in a figure of its own.")
    order = sorted(range(len(names)), key=lambda i: -int((first.labels == i).sum()))
    figure, axes = _panels([title], height=3.6)
    axis, width = axes[0], 0.8 / len(experiments)
    means: dict[str, list[str]] = {}
    for k, ((recipe, experiment), colour) in enumerate(
        zip(experiments.items(), _colours(len(experiments)), strict=True)
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
                label=_fitted(recipe, 45, 1) if place == 0 else None,
            )
            means.setdefault(recipe, []).append(f"{names[i]} {mean:.2f}")
    _name_ticks(axis, [f"{names[i]}\n{int((first.labels == i).sum()):,}" for i in order], _WIDTH)
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
    return _finish(figure, title, " ".join([*_origins(experiments), *notes]), alt)


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
    figure, axes = _panels(logs, height=3.4)
    model_colour, log_colour = _colours(2)
    told = []
    for axis, (name, rates) in zip(axes, logs.items(), strict=True):
        its_number = sum(map(len, rates.values()))
        axis.set_title(f"{name}\n{its_number} logs", fontsize=10)
        for rate, its in rates.items():
            jitters = [field.jitter(log) for log in its]
            for log, value, beside in zip(its, jitters, _fan(len(its), 0.13), strict=True):
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
                rate * 10 ** (0.25 + np.array(_fan(len(values), 0.08))), values, "D", ms=5.5,
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
    origins = _origins({str(i): e for i, e in enumerate(experiments)})
    alt = f"{title}. Jitter of val_loss over the learning rate. " + "; ".join(told)
    return _finish(figure, title, " ".join([*notes, *origins]), alt)


# --- parts -------------------------------------------------------------------------------


def _panels(items: Sized, height: float, width: float = _WIDTH) -> tuple[Figure, np.ndarray]:
    """A panel an item, `height` inches each, in rows of at most `_ACROSS`."""
    import seaborn

    _refuse_nothing(items)
    columns = min(len(items), _ACROSS)
    rows = math.ceil(len(items) / columns)
    with matplotlib.rc_context({**seaborn.axes_style("whitegrid"), "grid.color": "0.92"}):
        figure = _figure(width, height * rows + _TEXT)
        axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axis in axes[len(items) :]:
        axis.remove()
    for axis in axes[: len(items)]:
        seaborn.despine(ax=axis)
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    return figure, axes[: len(items)]


def _figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, unless it would be too large for a file."""
    if max(width, height) > _LARGEST:
        raise CourseError("This figure would be too large: draw fewer recipes, rows or classes.")
    return Figure(figsize=(width, height), dpi=_DPI)


def _refuse_nothing(items: Sized) -> None:
    if not len(items):
        raise CourseError("Nothing to draw: the figure needs at least one entry.")


def _refuse_many(items: Sized, most: int, what: str) -> None:
    if len(items) > most:
        raise CourseError(
            f"{len(items)} {what} are more than this figure can tell apart: draw at most {most}."
        )


def _line(run: Run, column: str) -> np.ndarray:
    """A column of a run's history to draw: what is no number, or without end, is missing."""
    if column not in run.history:
        raise CourseError(f"These runs have no '{column}': choose one of {', '.join(run.history)}.")
    line = run.curve(column)
    return np.where(np.isfinite(line), line, np.nan)


def _fitted(name: str, width: int, lines: int = 2) -> str:
    """A name in lines of so many letters; what does not fit is cut off, with a sign."""
    return "\n".join(textwrap.wrap(name, max(width, 4), max_lines=lines, placeholder=" …"))


def _panel_title(axis: Any, name: str, panels: int) -> None:
    across = int((_WIDTH / min(panels, _ACROSS) - 0.25) / (0.95 * _LETTER))
    axis.set_title(_fitted(name, across, 3), fontsize=10)


def _label_rows(axes: np.ndarray, words: str) -> None:
    """The words beside the first panel of each row: all have the same axis."""
    for axis in axes[::_ACROSS]:
        axis.set_ylabel(words)


def _name_ticks(axis: Any, names: Sequence[str], width: float) -> None:
    """Names below an axis of so many inches: in two lines, or slanted where they would overlap."""
    letters = int(0.85 * width / len(names) / _LETTER)
    lines = [name.split("\n") for name in names]
    if letters >= 12 or max(len(line) for name in lines for line in name) <= 2 * letters - 2:
        words = ["\n".join(_fitted(line, letters) for line in name) for name in lines]
        axis.set_xticks(range(len(names)), words)
    else:
        words = [_fitted(", ".join(name), 30, 1) for name in lines]
        axis.set_xticks(range(len(names)), words, rotation=40, ha="right", rotation_mode="anchor")
        axis.figure.set_figheight(axis.figure.get_figheight() + 1.2)  # what they take


def _colours(count: int) -> list:
    """Colours that stay apart for colour-blind readers; orange for the first, the unsteady one."""
    import seaborn

    palette = seaborn.color_palette("colorblind", len(_ORDER))
    return [palette[_ORDER[i % len(_ORDER)]] for i in range(count)]


def _fan(count: int, width: float) -> list[float]:
    """Places beside each other from -width to width, so that dots at one x do not hide each other.

    Neighbours in the list stand far apart (multiples of the golden ratio), always the same.
    """
    return [width * (2 * (i * 0.6180339887 % 1) - 1) if count > 1 else 0.0 for i in range(count)]


def _epoch_axes(axes: np.ndarray, epochs: int) -> None:
    """All from the first epoch to the last, so that a line that ends early is seen to."""
    margin = min(0.5, 0.05 * (epochs - 1)) or 0.5
    for axis in axes:
        axis.set_xlim(1 - margin, epochs + margin)
        axis.set_xlabel("epoch")


def _log_axis(axes: np.ndarray) -> None:
    """Make the axis that all panels share logarithmic, with ticks for whatever is drawn."""
    axes[0].set_yscale("log", nonpositive="mask")
    low, high = axes[0].get_ylim()
    if high < _STILL * low:
        middle = math.sqrt(low) * math.sqrt(high)
        low, high = middle / _STILL, middle * _STILL
    axes[0].set_ylim(low, high)
    ticks = log_ticks(low, high)
    for each in axes:
        each.set_yticks(ticks, [tick_words(t) for t in ticks])
        each.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def _origins(experiments: Mapping[str, Experiment]) -> list[str]:
    """Captions, each once: recipes of one figure mostly share theirs."""
    origins = dict.fromkeys(e.origin for e in experiments.values())
    return [f"{origin[:1].upper()}{origin[1:]}." for origin in origins]


def _range(lines: Sequence[np.ndarray]) -> str:
    values = np.concatenate(lines)
    values = values[np.isfinite(values)]
    if not len(values):
        return "no number"
    low, high = (
        f"{v:.2f}" if v == 0 or 0.1 <= abs(v) < 1000 else f"{v:.2g}"
        for v in (values.min(), values.max())
    )
    return f"{low} to {high}"


def _finish(figure: Figure, title: str, caption: str, alt: str, names: float | None = None) -> Plot:
    """Title on top, caption below, panels between them; images right of `names` inches."""
    width = figure.get_figwidth()
    heading = "\n".join(textwrap.wrap(title, int(width * 11)))
    small = "\n".join(textwrap.wrap(caption[:1].upper() + caption[1:], int(width * 17)))
    top = 0.12 + 0.22 * (heading.count("\n") + 1) if heading else 0
    bottom = 0.08 + 0.15 * (small.count("\n") + 1)
    # A long text shall not press the panels flat.
    height = figure.get_figheight() + max(0.0, top + bottom - _TEXT)
    figure.set_figheight(height)
    low, high = bottom / height, 1 - top / height
    if names is None:
        figure.tight_layout(rect=(0, low, 1, high))
    else:  # tight_layout would push rows of images over each other: they keep their shape
        left, right = names / width, 1 - 0.1 / width
        figure.subplots_adjust(left, low + 0.1 / height, right, high, wspace=0.02, hspace=0.02)
    if heading:
        figure.text(
            0.01, 1 - 0.06 / height, heading, ha="left", va="top", fontsize=12, weight="bold"
        )
    figure.text(0.01, 0.04 / height, small, ha="left", va="bottom", fontsize=7.5, color="0.35")
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return Plot(file.getvalue(), alt)
