"""Figures of what a change did: pairs of runs, effects, and what is left of the jumping."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from tlhelpers.analysis import metrics
from tlhelpers.analysis.comparisons import HELPS, HURTS, Comparison
from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.core.errors import CourseError
from tlhelpers.measures import stability
from tlhelpers.measures.statistics import wilson
from tlhelpers.training.run import Experiment

if TYPE_CHECKING:
    from tlhelpers.analysis.study import Effect


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
            # A white edge, or a thick bar of its own color hides the shape of the cross.
            # Without an effect a small dot: a larger one would hide a short bar.
            inside, edge, size = (color, "white", 10) if word in looks else ("white", color, 6)
            axis.plot(c.effect, row, marker, ms=size, mfc=inside, mec=edge, mew=1.2)
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
        "95 % interval of this row alone. Thin: widened for the number of changes tried, most for "
        "the clearest rows; the verdict goes by it. Blue dot: helps. Orange cross: "
        "hurts. Open gray dot: no clear effect."
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
