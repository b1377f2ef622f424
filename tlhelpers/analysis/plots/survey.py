"""Public training logs, and our runs among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import matplotlib
import numpy as np

from tlhelpers.analysis import field, metrics
from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.core.errors import CourseError
from tlhelpers.training.run import Experiment

_ENOUGH = 3  # logs of which a median is drawn
_OURS, _MARKS = ("D", "s"), ("Diamond", "Square")


def field_survey(ours: Mapping[str, Mapping[str, Experiment]], title: str) -> Plot:
    """Jitter of ``val_loss`` in public training logs by learning rate, with our own runs.

    One panel a family of backbones, one circle a log, one diamond or square a run.

    Parameters
    ----------
    ours : mapping of a family to mapping of words to experiment
        Our runs of it, drawn at their recipe's learning rate, and what they are; at most two a
        family. Families are those of `tlhelpers.analysis.field.FAMILIES`. An empty mapping draws
        the logs alone.
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
    for family, experiments_of in ours.items():
        canvas.refuse_many(experiments_of, len(_OURS), f"experiments of {family}")
    if unknown := [name for name in ours if name not in logs]:
        raise CourseError(f"No logs of '{unknown[0]}': choose from {', '.join(logs)}.")
    everybody = [log for rates in logs.values() for its in rates.values() for log in its]
    most, count = Counter(log.author for log in everybody).most_common(1)[0]
    figure, axes = canvas.panels(logs, height=3.4)
    *our_colours, log_colour = canvas.colors(len(_OURS) + 1)
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
        for k, (words, experiment) in enumerate(ours.get(name, {}).items()):
            values = list(metrics.values(experiment, "val_loss_jitter").values())
            rate = experiment.recipe.learning_rate
            axis.plot(
                rate * 10 ** (0.25 + 0.25 * k + np.array(canvas.fan(len(values), 0.08))), values,
                _OURS[k], ms=5.5, color=our_colours[k], mec="white", mew=0.6, zorder=4,
                clip_on=False,
            )  # fmt: skip
            told.append(f"{words} at {rate:g}: median {np.median(values):.3f}")
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
        "A jitter of 0.1 is about 10 % up or down in each epoch; the axis is stretched near zero.",
        "A convenience sample: people show their good runs, and logs at 1e-5 and at 1e-4 differ in "
        "author and images as well.",
    ]
    if ours:
        marks = [f"{_MARKS[k]}: {words}." for its in ours.values() for k, words in enumerate(its)]
        notes[2:2] = dict.fromkeys(marks)
    experiments = [e for each in ours.values() for e in each.values()]
    origins = canvas.origins({str(i): e for i, e in enumerate(experiments)})
    alt = f"{title}. Jitter of val_loss over the learning rate. " + "; ".join(told)
    return canvas.finish(figure, title, " ".join([*notes, *origins]), alt)
