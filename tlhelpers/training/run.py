"""What a training leaves behind. Loads without Keras."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.training.recipe import Recipe

_COLUMNS = (
    *("loss", "accuracy", "val_loss", "val_nll", "val_accuracy", "val_changed", "val_flips"),
    *("val_nll_se", "batch_mode_nll", "moving_mode_nll", "learning_rate", "seconds"),
)
_ABOUT = ("case", "data", "profile", "spec", "data_words", "classes", "date", "device", "versions")
_LEAST = 1e-7  # Keras clips probabilities there, too


@dataclass(frozen=True, eq=False)
class Run:
    """One finished training.

    Attributes
    ----------
    recipe : Recipe
    seed : int
        Sets the head's first weights, dropout, and the order of the images.
    history : dict of str to list
        One value an epoch: ``loss`` and ``accuracy`` on the training images (averages over the
        epoch, dropout on); ``val_loss`` as EarlyStopping saw it; ``val_nll``, the plain
        negative log-likelihood in nats; ``val_accuracy``; ``val_auc`` (two classes);
        ``val_changed``, predictions that changed class since the epoch before, and
        ``val_flips``, predictions that turned right or wrong (counts, None in the first epoch);
        ``val_nll_se``, standard error of the step in NLL (over patients; None where an NLL is not
        a number);
        ``batch_mode_nll`` and ``moving_mode_nll``, NLL of the same training images with batch
        and with moving statistics; ``val_macro_f1`` (more than two classes);
        ``learning_rate``; ``seconds``.
    probabilities : float array, shape (n_validation, classes)
        Of the final weights.
    labels : int array, shape (n_validation,)
        Classes of the validation images, so that a recording can be scored without them.
    ended : str
        "all epochs", "early stopping" or "loss is not a number".
    about : dict
        Case, data, profile, fingerprint, classes, versions, device, date; "start" where the recipe
        starts from weights that each machine makes for itself.
    replayed : bool
        Whether it was read from a recording.
    head_history : dict of str to list
        Training loss of the head-only stage, one value an epoch; empty without such a stage.
    """

    recipe: Recipe
    seed: int
    history: dict[str, list]
    probabilities: np.ndarray
    labels: np.ndarray
    ended: str
    about: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False
    head_history: dict[str, list] = field(default_factory=dict)

    def curve(self, name: str) -> np.ndarray:
        """One column of the history, shape (epochs,); a missing value is NaN."""
        return np.array(self.history[name], dtype=float)

    @property
    def start(self) -> str | None:
        """Fingerprint of the first weights (`tlhelpers.training.starts`); None for ImageNet's."""
        return self.about.get("start")

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return len(self.history["val_nll"])

    @property
    def diverged(self) -> int | None:
        """Epoch, from 1 on, in which a loss stopped being a number; None if all are numbers."""
        finite = np.isfinite(self.curve("loss")) & np.isfinite(self.curve("val_nll"))
        return None if finite.all() else int(finite.argmin()) + 1

    def problem(self) -> str | None:
        """What cannot be true of a run, in a few words; None if all may be."""
        missing = [name for name in _COLUMNS if name not in self.history]
        missing += [f"about.{name}" for name in _ABOUT if name not in self.about]
        if missing:
            return f"{', '.join(missing)} missing"
        lengths = {len(column) for column in self.history.values()}
        if lengths == {0} or len(lengths) > 1:
            return "the columns of its history are not equally long, or empty"
        for name in self.history:
            values = self.curve(name)
            low, high = (0, 1) if "accuracy" in name else (0, np.inf)
            if ((values < low) | (values > high)).any():
                return f"{name} has values outside {low} to {high}"
        classes = len(self.about["classes"])
        if self.probabilities.shape != (len(self.labels), classes):
            return f"probabilities of shape {self.probabilities.shape} for {classes} classes"
        if self.labels.ndim != 1 or not len(self.labels) or self.labels.max() >= classes:
            return "labels that are no classes"
        if type(self.seed) is not int or self.seed < 0:
            return f"its seed is {self.seed!r}"
        return None

    def to_dict(self) -> dict[str, Any]:
        """Everything but the recipe and the shared part of `about`, as plain JSON values."""
        return {
            "seed": self.seed,
            "ended": self.ended,
            "history": {k: [_short(v) for v in values] for k, values in self.history.items()},
            "head_history": {k: [_short(v) for v in vs] for k, vs in self.head_history.items()},
            # As logarithms: those of 0.9999 and of 0.0001 both keep their digits in 16 bits.
            "log_probabilities": _pack(
                _rounded(np.log(np.clip(self.probabilities.astype(float), _LEAST, 1)))
            ),
            "labels": _pack(self.labels.astype("u1")),
            "about": self.about,
        }

    @classmethod
    def from_dict(cls, recipe: Recipe, fields: dict[str, Any]) -> Run:
        """The run that `to_dict` wrote, as a replayed one."""
        return cls(
            recipe,
            fields["seed"],
            fields["history"],
            np.exp(_unpack(fields["log_probabilities"]).astype(float)),
            _unpack(fields["labels"]).astype(np.int64),
            fields["ended"],
            fields["about"],
            True,
            fields.get("head_history", {}),  # recordings of before the stage was there
        )


@dataclass(frozen=True, eq=False)
class Experiment:
    """Runs of one recipe on the same data, one a seed, in the order of the seeds."""

    recipe: Recipe
    runs: tuple[Run, ...]

    def __post_init__(self):
        if not self.runs:
            raise ValueError("an experiment needs at least one run")
        if len(set(self.seeds)) < len(self.runs):
            raise ValueError(f"an experiment has one run a seed, got seeds {self.seeds}")
        one_start(self.runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, i: int) -> Run:
        return self.runs[i]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the runs."""
        return tuple(run.seed for run in self.runs)

    @property
    def origin(self) -> str:
        """One line for a figure's caption: recorded or live, data, each device once."""
        how = {run.replayed for run in self.runs}
        words = {frozenset([True]): "recorded", frozenset([False]): "trained just now"}
        about = self.runs[0].about
        devices = dict.fromkeys(run.about["device"] for run in self.runs)
        dates = sorted({run.about["date"][:10] for run in self.runs})
        when = f" on {' to '.join(dict.fromkeys((dates[0], dates[-1])))}" if True in how else ""
        return (
            f"{words.get(frozenset(how), 'partly recorded')}{when}; {about['data_words']}; "
            f"{f'{len(self)} seeds' if len(self) > 1 else 'one run'}; {'; '.join(devices)}"
        )


def one_start(runs: Iterable[Run]) -> None:
    """Raise unless all runs have the same first weights.

    The name of a recipe's pre-training is part of the recipe; what comes out of it is not.

    Raises
    ------
    CourseError
        They have not.
    """
    found = sorted({str(run.start) for run in runs})
    if len(found) > 1:
        raise CourseError(
            f"Runs from different first weights ({', '.join(found)}) are not compared: keep those "
            "of one pre-training, and move the other files away."
        )


def _rounded(values: np.ndarray) -> np.ndarray:
    """float16 with eight significant bits, a precision of 0.4 %; the rest would not compress."""
    bits = values.astype("<f2").view("<u2")
    return ((bits + 4) & ~np.uint16(7)).view("<f2")


def _pack(array: np.ndarray) -> dict[str, Any]:
    """An array as JSON, much smaller than its numbers written out."""
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "zlib": packed}


def _unpack(packed: dict[str, Any]) -> np.ndarray:
    """The array that `_pack` packed."""
    data = zlib.decompress(base64.b64decode(packed["zlib"]))
    return np.frombuffer(data, packed["dtype"]).reshape(packed["shape"])


def _short(value: Any) -> Any:
    """Seven significant digits: float32's own, and a third of the file."""
    return float(f"{value:.7g}") if isinstance(value, float) else value
