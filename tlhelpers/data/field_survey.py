"""723 public training logs: what validation losses do in other people's notebooks.

Numbers and facts only, each with the public repository, commit and file where it stands.

It is a convenience sample. 35 authors, and one of them has 552 of the logs; people show good runs
and hide bad ones; what the code does not say is not known, and BatchNorm's state is in part
inferred from flags and Keras's version. Logs of one author share code, split and callbacks: they
are no independent observations (`tlhelpers.analysis.field.share`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlhelpers.core.errors import CourseError

QUESTION_1 = {
    "backbone": "ResNet50",
    "trainable": "all",
    "task": "DR",
    "optimizer": "Adam",
    "learning_rate": 1e-4,
}
"""The recipe of question 1, for `select`: 80 logs, 79 of them of one author."""


@dataclass(frozen=True)
class Log:
    """One training, as its author's notebook printed it.

    None, or "unknown" among words, stands for what the code does not say.

    Attributes
    ----------
    id : int
        Its place in the survey.
    framework : str
        "keras" or "pytorch".
    task : str
        "DR" (diabetic retinopathy), "FER" (facial expressions) or "other".
    dataset : str
    n_train, n_val : int or None
        Images.
    backbone, weights, trainable, batchnorm, input_scaling, augmentation, version : str
        In the words of the survey; `trainable` begins with "all", "last", "head" or "unknown".
    image_px : str or None
        Height and width, in pixels.
    batch_size, steps_per_epoch : int or None
    optimizer, loss_function : str
    learning_rate : float or None
        At the start.
    callbacks : tuple of str
    val_augmented, class_weights : bool or None
    repo, commit, path, cell : str or None
        Where it stands: public GitHub repository, commit, file, and cell of the notebook. One
        log's repository is not known.
    loss, val_loss : tuple of float
        One value an epoch.
    accuracy, val_accuracy : tuple of float or None
        The same, as shares.
    """

    id: int
    framework: str
    task: str
    dataset: str
    n_train: int | None
    n_val: int | None
    backbone: str
    weights: str
    trainable: str
    batchnorm: str
    input_scaling: str
    image_px: str | None
    batch_size: int | None
    steps_per_epoch: int | None
    optimizer: str
    learning_rate: float | None
    loss_function: str
    callbacks: tuple[str, ...]
    augmentation: str
    val_augmented: bool | None
    class_weights: bool | None
    version: str
    repo: str | None
    commit: str | None
    path: str
    cell: str | None
    loss: tuple[float, ...]
    val_loss: tuple[float, ...]
    accuracy: tuple[float, ...] | None
    val_accuracy: tuple[float, ...] | None

    @property
    def author(self) -> str:
        """Owner of the repository, or "unknown"."""
        return self.repo.split("/")[0] if self.repo else "unknown"

    @property
    def fine_tunes(self) -> bool | None:
        """Whether pretrained layers of the backbone train; None if the code does not say.

        False for a head on a frozen backbone, and for a network trained from scratch.
        """
        if self.trainable.startswith("unknown"):
            return None
        return self.weights != "none" and not self.trainable.startswith("head only")


@functools.cache
def load() -> tuple[Log, ...]:
    """Every log of the survey, in the order of `Log.id`.

    Returns
    -------
    tuple of Log
    """
    text = Path(__file__).with_name("field_survey.jsonl").read_text(encoding="utf-8")
    return tuple(map(_log, text.splitlines()))


def _log(line: str) -> Log:
    fields = json.loads(line)
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Log(**fields | lists)


def select(logs: Iterable[Log] | None = None, **facts: Any) -> list[Log]:
    """Logs of which all these facts are true.

    Parameters
    ----------
    logs : iterable of Log, optional
        All of the survey if not given.
    **facts
        An attribute or property of `Log` and its value, or a set, list or tuple of such values.

    Returns
    -------
    list of Log
        In the order given. A fact that is not known (None) is not true.

    Raises
    ------
    CourseError
        A log has no such attribute.
    """
    if unknown := [name for name in facts if not hasattr(Log, name) and name not in _FIELDS]:
        raise CourseError(
            f"A log of the field survey has no '{unknown[0]}': choose from {', '.join(_FIELDS)}, "
            "author, fine_tunes."
        )
    allowed = {
        name: value if isinstance(value, set | list | tuple) else (value,)
        for name, value in facts.items()
    }
    return [
        log
        for log in (load() if logs is None else logs)
        if all(getattr(log, name) in values for name, values in allowed.items())
    ]


_FIELDS = tuple(Log.__dataclass_fields__)
