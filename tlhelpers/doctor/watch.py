"""Each epoch read several ways, on the same sampled images, while training goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tlhelpers.doctor.network import Network, count, rows, values
from tlhelpers.doctor.task import OwnLoss, Task
from tlhelpers.measures.calibration import image_nll, recalibrated, softmax

_SNAPSHOTS = 16  # of the weights in an epoch; their mean is that of all steps to a few per cent
_FORWARD = 1 / 3  # of what a training step costs for an image: forward, backward, update
_SHARE = 0.04  # of training's work that readings may take; sampling and compiling take the rest
_LEAST, _MOST = 128, 2048  # images for a reading
_QUICK, _BRISK = 4.0, 20.0  # seconds an epoch below which nobody minds what a reading costs
_QUICK_IMAGES, _BRISK_IMAGES = 1024, 256
_STATISTICS = 256  # training images at least, to measure statistics on
_SMALL_BATCH, _LARGE_BATCH = 16, 64  # images; from the first on batch statistics are good enough
_EVERY = 3  # epochs between two readings of training images in small batches
_MANY_CLASSES = 50  # above it only a temperature would be fitted, which says little


@dataclass(frozen=True, eq=False)
class Epoch:
    """What was seen of one epoch.

    Attributes
    ----------
    number : int
        From 1 on.
    logs : dict of str to float
        As Keras gave them.
    nll : dict of str to float array, shape (n,)
        Loss of each sampled validation image, by reading (`READINGS`): NLL in nats, or, where
        there are no classes, the model's own.
    right : dict of str to bool array, shape (n,)
        Whether its most probable class is the right one; empty where there are no classes.
    train : dict of str to float array, shape (m,)
        The same loss of training images in training mode, in batches of training's size ("small")
        and of 64 ("large"); empty unless training's are small.
    choices : int array, shape (n,)
        The most probable classes, as validated.
    largest : float
        Of all probabilities, as validated.
    nll_twice : float
        Mean NLL if the probabilities are taken for logits.
    step : float or None
        Length of one step over the length of the weights, median over kernels.
    finite : bool
        Whether all outputs and logs are numbers.
    live : int
        BatchNormalization layers whose running statistics move in training.
    """

    number: int
    logs: dict[str, float]
    nll: dict[str, np.ndarray] = field(default_factory=dict)
    right: dict[str, np.ndarray] = field(default_factory=dict)
    train: dict[str, np.ndarray] = field(default_factory=dict)
    choices: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    largest: float = float("nan")
    nll_twice: float = float("nan")
    step: float | None = None
    finite: bool = True
    live: int = 0


class Watch:
    """Reads epochs of one model on fixed samples; see the module.

    Parameters
    ----------
    network : Network
    task : Task or OwnLoss
    validation : tuple of inputs and labels
        Labels as `task.labels` gives them.
    batch : int
        Images of a training step.
    """

    def __init__(
        self,
        network: Network,
        task: Task | OwnLoss,
        validation: tuple[Any, np.ndarray],
        batch: int,
    ):
        self.network, self.task, self.batch = network, task, batch
        self.x, self.labels = validation
        self.train: Any = None
        self.train_labels = np.empty(0, dtype=int)
        self.images: int | None = (
            None  # for a reading; settled when the first epoch's time is known
        )
        self._reads = 0
        self._sums: list[np.ndarray] = []
        self._count, self._every = 0, 1
        self._steps: list[float] = []
        self._last: dict[int, np.ndarray] | None = None  # kernels, by the variable's number

    def give_training_images(self, x: Any, labels: np.ndarray) -> None:
        """Training images as `fit` feeds them, to measure statistics on."""
        self.train, self.train_labels = x, labels

    def settle_size(self, images_an_epoch: int, seconds: float) -> None:
        """Fix how many images a reading takes, from what an epoch costs; once for all epochs.

        Parameters
        ----------
        images_an_epoch : int
        seconds : float
            An epoch without its first step, which compiles.
        """
        if self.images is not None:
            return
        readings = 5 if self.has_batchnorm else 2  # as many forward passes over the images
        allowed = int(images_an_epoch / _FORWARD * _SHARE / readings)
        least = _LEAST
        if images_an_epoch < 6000:
            least = (
                _QUICK_IMAGES if seconds < _QUICK else _BRISK_IMAGES if seconds < _BRISK else _LEAST
            )
        self.images = min(max(allowed, least), _MOST, count(self.x))

    @property
    def has_batchnorm(self) -> bool:
        """Whether any BatchNormalization layer may be live."""
        return any(layer.trainable for layer in self.network.batchnorms())

    def begin(self, steps: int | None) -> None:
        """A new epoch of so many steps."""
        self._sums, self._count, self._steps, self._last = [], 0, [], None
        self._every = max(1, (steps or _SNAPSHOTS) // _SNAPSHOTS)
        self._middle = (steps or 2) // 2

    def wants(self, step: int) -> bool:
        """Whether the weights after this step, which counts from 0, are to be taken in."""
        return (step + 1) % self._every == 0 or step in (self._middle - 1, self._middle)

    def take(self, step: int) -> None:
        """Take the weights in, one after the other: no third copy of all of them is held."""
        wanted = (step + 1) % self._every == 0
        before = self._last if step == self._middle else None
        self._last = {} if step == self._middle - 1 else None
        lengths = []
        for i, variable in enumerate(self.network.model.trainable_variables):
            (now,) = values([variable])
            if before is not None and i in before:
                lengths.append(relative_step(before.pop(i), now))
            if self._last is not None and now.ndim > 1:  # kernels only
                self._last[i] = now.copy() if wanted else now
            if not wanted:
                continue
            if self._count:
                self._sums[i] += now
            else:
                self._sums.append(now)
        if lengths:
            self._steps.append(float(np.median(lengths)))
        self._count += wanted

    def read(self, number: int) -> Epoch:
        """All readings of the epoch that has just ended, with the weights that are in the model."""
        n = self.images or min(_BRISK_IMAGES, count(self.x))
        x, labels = rows(self.x, slice(0, n)), self.labels[:n]
        network = self.network
        seen: dict[str, np.ndarray] = {}
        nll: dict[str, np.ndarray] = {}
        train: dict[str, np.ndarray] = {}
        live = 0

        def ask(name: str) -> None:
            answers = self._ask(x)
            nll[name] = self.task.losses(answers, labels)
            if self.task.classes:  # other outputs may be as large as images
                seen[name] = answers

        with network.untouched():
            ask("as_validated")
            if self.has_batchnorm and self.train is not None:
                few = rows(self.train, slice(0, max(n, _STATISTICS)))
                live = network.measure_statistics(few)
                if live:
                    ask("fresh")
                    self._reads += 1
                    if self.batch < _SMALL_BATCH and self._reads % _EVERY == 0:
                        train = self._train_readings()
                if self._count:
                    with network.weights(self._averages()):
                        if live:
                            network.measure_statistics(few)
                        ask("averaged")
            elif self._count:
                with network.weights(self._averages()):
                    ask("averaged")
        step = float(np.median(self._steps)) if self._steps else None
        if not self.task.classes:
            finite = bool(np.isfinite(nll["as_validated"]).all())
            return Epoch(number, {}, nll, train=train, step=step, finite=finite, live=live)
        finite = all(np.isfinite(p).all() for p in seen.values())
        p = seen["as_validated"]
        if finite and self.task.classes <= _MANY_CLASSES:
            seen["recalibrated"] = recalibrated(p, labels)
            nll["recalibrated"] = image_nll(seen["recalibrated"], labels)
        return Epoch(
            number=number,
            logs={},
            nll=nll,
            right={name: p.argmax(axis=1) == labels for name, p in seen.items()},
            train=train,
            choices=p.argmax(axis=1),
            largest=float(p.max()),
            nll_twice=float(image_nll(softmax(p), labels).mean()),
            step=step,
            finite=bool(np.isfinite(p).all()),
            live=live,
        )

    def _averages(self) -> Iterator[np.ndarray]:
        """The mean of the weights that were taken in, one variable at a time."""
        return (total / self._count for total in self._sums)

    def _ask(self, x: Any) -> np.ndarray:
        return self.task.answers(self.network.outputs(x))

    def _train_readings(self) -> dict[str, np.ndarray]:
        """Training images normalized in batches of training's size, and in larger ones."""
        m = min(_STATISTICS, len(self.train_labels)) // self.batch * self.batch
        few, labels = rows(self.train, slice(0, m)), self.train_labels[:m]
        return {
            name: self.task.losses(
                self.task.answers(self.network.outputs(few, training=True, batch=size)), labels
            )
            for name, size in (("small", self.batch), ("large", _LARGE_BATCH))
        }


def relative_step(before: np.ndarray, after: np.ndarray) -> float:
    """Length of a step of one kernel over the length of the kernel."""
    length = max(float(np.linalg.norm(before)), 1e-12)
    return float(np.linalg.norm(np.subtract(after, before, out=before)) / length)


class Clock:
    """Adds up the seconds that the doctor takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: Any) -> None:
        self.seconds += time.perf_counter() - self._start
