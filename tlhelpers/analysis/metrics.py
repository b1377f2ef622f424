"""The numbers a run is compared by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.measures import stability
from tlhelpers.measures.statistics import NoiseFloor, noise_floor
from tlhelpers.training.run import Experiment, Run

Better = Literal["lower", "higher", "neither"]
"""Which way a number gets better."""


@dataclass(frozen=True)
class Metric:
    """One number of a run.

    Attributes
    ----------
    name : str
    title : str
        Its name in figures and sentences.
    words : str
        What it is.
    unit : str
        Empty if there is none to name.
    better : str
        "lower" or "higher": which way a change of the recipe as posted helps; or "neither".
    best : str
        What a figure says in place of that, where it is not the whole truth.
    of : function of a Run
    column : str
        The column of the history that it is made from; a run without it has no such number.
    """

    name: str
    title: str
    words: str
    unit: str
    better: Better
    of: Callable[[Run], float]
    column: str = "val_nll"
    best: str = ""


METRICS = {
    metric.name: metric
    for metric in (
        Metric("jitter", "jitter", "jitter of the validation NLL",
               "log units an epoch", "lower",
               lambda run: stability.jitter(run.curve("val_nll"))),
        Metric("climb", "climb", "climb of the validation NLL after its best epoch",
               "log units", "lower",
               lambda run: stability.climb(run.curve("val_nll"))),
        Metric("train_inference_gap", "train/inference gap",
               "NLL with moving over NLL with batch statistics",
               "log units", "lower",
               lambda run: stability.train_inference_gap(run.curve("batch_mode_nll"),
                                              run.curve("moving_mode_nll")),
               best="best near zero"),
        Metric("lag", "BatchNorm lag", "NLL as validated over NLL with fresh statistics",
               "log units", "lower",
               lambda run: _log_ratio(run.curve("val_nll"), run.curve("val_nll_fresh")),
               "val_nll_fresh", best="best near zero"),
        Metric("swing", "swing", "range of the validation NLL after the first epoch",
               "log units", "lower",
               lambda run: float(np.ptp(np.log(run.curve("val_nll")[1:])))),
        Metric("rise", "largest rise", "largest rise of the validation NLL in one epoch",
               "log units", "lower",
               lambda run: stability.rise(run.curve("val_nll"))),
        Metric("drawdown", "drawdown", "largest fall of validation accuracy from its best",
               "share", "lower",
               lambda run: stability.max_drawdown(run.curve("val_accuracy"))),
        Metric("churn", "churn", "validation predictions that change an epoch",
               "share", "lower",
               lambda run: _churn(run)),
        Metric("nll", "NLL", "validation NLL after the last epoch",
               "nats", "lower",
               lambda run: float(run.curve("val_nll")[-1])),
        # Keras's own val_loss; on TensorFlow the posted retina loss is not the NLL (page 09).
        Metric("val_loss", "val_loss", "Keras's validation loss after the last epoch",
               "", "lower",
               lambda run: float(run.curve("val_loss")[-1])),
        Metric("val_loss_jitter", "jitter of val_loss", "jitter of Keras's validation loss",
               "log units an epoch", "lower",
               lambda run: stability.jitter(run.curve("val_loss"))),
        Metric("val_loss_climb", "climb of val_loss", "climb of Keras's validation loss",
               "log units", "lower",
               lambda run: stability.climb(run.curve("val_loss"))),
        Metric("auc", "AUC", "validation AUC after the last epoch",
               "", "higher",
               lambda run: float(run.curve("val_auc")[-1]), "val_auc"),
        Metric("macro_f1", "macro-F1", "validation macro-F1 after the last epoch",
               "", "higher",
               lambda run: float(run.curve("val_macro_f1")[-1]), "val_macro_f1"),
        Metric("accuracy", "accuracy", "validation accuracy after the last epoch",
               "share", "higher",
               lambda run: float(run.curve("val_accuracy")[-1])),
        # As in the field survey, which has nothing but Keras's own val_loss.
        Metric("spikes", "spikes of val_loss", "times Keras's validation loss spikes",
               "epochs", "lower",
               lambda run: float(len(stability.spikes(run.curve("val_loss"))))),
        Metric("worst_rise", "worst rise of val_loss",
               "largest rise of Keras's validation loss in one epoch",
               "factor", "lower",
               lambda run: stability.worst_rise(run.curve("val_loss"))),
    )
}  # fmt: skip


def _log_ratio(above: np.ndarray, below: np.ndarray) -> float:
    """Mean over the epochs of log(above / below)."""
    return float(np.mean(np.log(above / below)))


def axis_words(name: str) -> str:
    """What a metric is, with its unit."""
    its = metric(name)
    return f"{its.words} ({its.unit})" if its.unit else its.words


def metric(name: str) -> Metric:
    """The metric called `name`.

    Parameters
    ----------
    name : str
        A key of `METRICS`.

    Returns
    -------
    Metric

    Raises
    ------
    CourseError
        Unknown name; the message lists the known ones.
    """
    if name not in METRICS:
        raise CourseError(f"Unknown metric '{name}': choose one of {', '.join(METRICS)}.")
    return METRICS[name]


def values(experiment: Experiment, name: str) -> dict[int, float]:
    """A metric of each run, by seed.

    Parameters
    ----------
    experiment : Experiment
    name : str
        A key of `METRICS`.

    Returns
    -------
    dict of int to float
        From seed to value, in the metric's unit.

    Raises
    ------
    CourseError
        Unknown name, or one that these runs do not have; or a run diverged or has a single epoch:
        it has no such number, and must be neither compared nor dropped.
    """
    asked = metric(name)
    refuse_diverged(experiment)
    if any(asked.column not in run.history for run in experiment):
        raise CourseError(f"These runs have no {asked.title}: their case has another score.")
    return {run.seed: _value(asked, run) for run in experiment}


def _value(asked: Metric, run: Run) -> float:
    try:
        return asked.of(run)
    except ValueError as problem:  # one epoch only, or a loss of exactly 0
        raise CourseError(f"Seed {run.seed} has no {asked.title}: {problem}.") from None


def _churn(run: Run) -> float:
    if run.epochs < 2:
        raise ValueError("predictions change from one epoch to the next, and it has one")
    return float(run.curve("val_changed")[1:].mean() / len(run.probabilities))


def refuse_diverged(experiment: Experiment) -> None:
    """Raise a CourseError that names the first run that diverged, if one did."""
    for run in experiment:
        if run.diverged:
            where = "-".join(run.about.get(key, "?") for key in ("case", "data", "profile"))
            raise CourseError(
                f"Seed {run.seed} of recipe {run.recipe.key()} ({where}) diverged: in epoch "
                f"{run.diverged} its loss was no longer a number, so it cannot be compared. Report "
                "it as diverged; a lower learning_rate or clipnorm may keep it from that."
            )


def differences(before: Experiment, after: Experiment, name: str) -> dict[int, float]:
    """What a metric changed by, in each seed that both experiments have.

    Parameters
    ----------
    before, after : Experiment
    name : str
        A key of `METRICS`.

    Returns
    -------
    dict of int to float
        From seed to after − before, in the metric's unit.

    Raises
    ------
    CourseError
        Unknown name, or a run diverged.
    """
    old, new = values(before, name), values(after, name)
    return {seed: new[seed] - old[seed] for seed in new if seed in old}


def beyond_noise(experiment: Experiment, name: str = "jitter") -> NoiseFloor:
    """How far a validation loss is unsteady beyond what noise of the images would give.

    Parameters
    ----------
    experiment : Experiment
        At least two runs.
    name : str
        "jitter" or "rise".

    Returns
    -------
    NoiseFloor
        In log units; beyond noise if the interval lies above zero.

    Raises
    ------
    CourseError
        A run diverged.
    """
    of_noise = {"jitter": stability.noise_jitter, "rise": stability.noise_rise}[name]
    beyond = values(experiment, name)
    for run in experiment:
        beyond[run.seed] -= of_noise(run.curve("val_nll"), run.curve("val_nll_se")[1:])
    return noise_floor(beyond)


def unsteadiness(experiment: Experiment) -> dict[str, NoiseFloor]:
    """How far beyond noise a validation loss jumps and reads wrong, over the seeds.

    Parameters
    ----------
    experiment : Experiment
        At least two runs.

    Returns
    -------
    dict
        "jitter beyond noise": jitter less what noise of the images alone would give;
        "train/inference gap". In log units; beyond noise if the interval lies above zero.

    Raises
    ------
    CourseError
        A run diverged.
    """
    return {
        "jitter beyond noise": beyond_noise(experiment),
        "train/inference gap": noise_floor(values(experiment, "train_inference_gap")),
    }


def recalls(run: Run) -> dict[str, tuple[int, int]]:
    """For each class: validation images of it that the final weights got right, and all.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to (int, int)
        Name of a class to (right, all).
    """
    guess = run.probabilities.argmax(axis=1)
    return {
        name: (int((guess[run.labels == i] == i).sum()), int((run.labels == i).sum()))
        for i, name in enumerate(run.about["classes"])
    }
