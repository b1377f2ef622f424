"""One `fit`, looked at from its beginning to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tlhelpers.doctor import rules
from tlhelpers.doctor.arrival import Arrival, arrival
from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.checks import inputs
from tlhelpers.doctor.checks import model as of_model
from tlhelpers.doctor.columns import bands, curves
from tlhelpers.doctor.diagnosis import Diagnosis, Examination
from tlhelpers.doctor.fit import Told, told
from tlhelpers.doctor.network import (
    Network,
    built,
    count,
    fingerprint,
    first_input,
    floats,
    rows,
    values,
)
from tlhelpers.doctor.observe import Observed
from tlhelpers.doctor.samples import Sample
from tlhelpers.doctor.sides import (
    Sides,
    images_compared,
    labels_compared,
    read_sides,
    targets_compared,
)
from tlhelpers.doctor.task import OwnLoss, Task, task_of
from tlhelpers.doctor.watch import Clock, Epoch, Watch


class Checkup:
    """Looks at a running `fit` at each of Keras's calls, and judges it in the end.

    Its methods are called in the order in which they stand here. Any of them may raise whatever the
    model and the data raise; `Doctor` sees to it that training goes on.

    Parameters
    ----------
    model : keras.Model
    params : dict
        Keras's, of a callback.
    train, validation : any
        What `fit` gets; None: what the running `fit` was told.
    observed : mapping of int to Observed
        As for `read_sides`.
    most : int
        Images of each side that are sampled.

    Attributes
    ----------
    clock : Clock
        Of what the looking takes.
    failed : bool
        Whether it was given up.
    """

    def __init__(
        self,
        model: Any,
        params: Mapping[str, Any],
        train: Any,
        validation: Any,
        observed: Mapping[int, Observed],
        most: int,
    ):
        self.model, self.params = model, params
        self.clock = Clock()
        self.failed = False
        self._given = train, validation
        self._observed, self._most = observed, most
        self._told = Told()
        self._sides = Sides()
        self._task: Task | OwnLoss | None = None
        self._watch: Watch | None = None
        self._diagnoses: list[Diagnosis] = []  # of what can be seen without training
        self._facts: dict[str, Any] = {}
        self._missing: list[str] = []
        self._epochs: list[Epoch] = []
        self._read: Epoch | None = None  # of the epoch that runs
        self._validated: list[int] = []  # fingerprints of weights
        self._momenta: tuple[float, ...] = ()  # of the live BatchNorm layers
        self._labels = np.empty(0, dtype=int)  # of the watched validation images
        self._complete = False  # they are all that there are
        self._looked = False  # at the model
        self._trained = False  # by more than the step that builds a model
        self._known: tuple | None = None  # a BatchNorm layer and its statistics before training
        self._sizes: Mapping[int, float] = {}
        self._arrival: Arrival | None = None
        self._kernel: int | None = None  # of the layer of the arrival, before training
        self._began = self._epoch_began = time.perf_counter()

    @property
    def train(self) -> Any:
        """What the fit trains on, as it was given."""
        return self._told.train if self._given[0] is None else self._given[0]

    @property
    def _steps(self) -> int | None:
        return self.params.get("steps") or self._facts.get("steps")

    @property
    def _swapped_behind(self) -> bool:
        """Whether weights are exchanged after the doctor has looked at them."""
        names = [type(one).__name__ for one in self._told.callbacks]
        ours = names.index("Doctor") if "Doctor" in names else len(names)
        return any("SwapEMA" in name for name in names[ours:])

    @property
    def _swaps(self) -> bool:
        """Whether averaged weights are put in place for validation."""
        return any("SwapEMA" in type(one).__name__ for one in self._told.callbacks)

    # While `fit` runs -----------------------------------------------------------------------------

    def begin(self, fits_before: int, other_rate: bool, sizes: Mapping[int, float]) -> None:
        """Look at the data; at the model as well if it has its weights already.

        Parameters
        ----------
        fits_before : int
            Of this model.
        other_rate : bool
            Whether the learning rate is another one than in the last of them.
        sizes : mapping of int to float
            What `learned_from` gave in the fits before.
        """
        self._sizes = sizes
        self._told = told(self.model)
        if _on_several(self.model):
            self.give_up("The training runs on several devices at once: it is not looked at.")
            return
        epochs = (self.params.get("epochs") or 1) - self._told.initial_epoch
        self.add(
            of_model.training_flag(self.model),
            of_model.emptied_average(self.model, self._told.callbacks),
            of_model.restarted(self.model, fits_before, epochs, other_rate),
        )
        self._known = _statistics(self.model)
        self._look_at_data()
        if built(self.model):
            self._look_at_model()
        if self._swapped_behind:
            self.give_up(
                "The doctor stands before SwapEMAWeights in the list of callbacks, and would see "
                "other weights than those that are validated: put it last."
            )

    def epoch_begins(self) -> None:
        """A new average of the weights."""
        self._epoch_began, self._read = time.perf_counter(), None
        if self._watch:
            self._watch.begin(self._steps)

    def wants(self, batch: int) -> bool:
        """Whether `step` has anything to do behind this batch; quick."""
        if batch == 0:
            self._epoch_began = time.perf_counter()  # the first step compiles
        self._trained = self._trained or batch > 0
        return not self._looked or (self._watch is not None and self._watch.wants(batch))

    def step(self, batch: int) -> None:
        """Take the weights in; the first step has built the model."""
        if not self._looked:
            self._look_at_model()
        elif self._watch is not None:
            self._watch.take(batch)

    def validation_begins(self) -> None:
        """Read the epoch, with the weights that are validated."""
        if self._watch is None or self._read is not None:
            return
        images = (self._steps or 1) * self._watch.batch
        self._watch.settle_size(images, time.perf_counter() - self._epoch_began)
        self._read = self._watch.read(0)
        self._validated.append(self._fingerprint())

    def epoch_ends(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Keep what Keras logged, beside what was read; `epoch` counts from 0."""
        if self._observed and not self._epochs:
            self._look_at_data()  # by now an epoch's batches have passed
            self._look_at_model()
            if not self._swaps:  # else the weights are no longer those that were validated
                self._read = None
        self.validation_begins()  # unless it was read: no validation in this epoch
        numbers = {}
        for name, value in logs.items():
            try:
                numbers[str(name)] = float(value)
            except (TypeError, ValueError):
                continue
        read = self._read or Epoch(0, {})
        self._epochs.append(replace(read, number=epoch + 1, logs=numbers))

    def train_ends(self) -> None:
        """See whether the weights that are left were validated."""
        if self._observed:
            self._look_at_data()  # a second epoch's batches have passed
        if self._validated and self._fingerprint() not in self._validated:
            self.add(
                found(
                    "average_not_validated",
                    "After the last validation the weights changed: what fit leaves in the model "
                    "was validated in no epoch.",
                )
            )

    def add(self, *diagnoses: Diagnosis | None) -> None:
        """What was seen without training; the first of each code counts."""
        for one in diagnoses:
            if one is not None and one.code not in {known.code for known in self._diagnoses}:
                self._diagnoses.append(one)

    def learned_from(self) -> tuple[int, float] | None:
        """`Arrival.kernel` and `Arrival.size`, if this training has changed that kernel."""
        if self._arrival is None or self._arrival.kernel == self._kernel:
            return None
        return self._arrival.kernel, self._arrival.size

    def give_up(self, why: str) -> None:
        """Look no further; the report says why."""
        self.failed = True
        self._missing.append(why)

    def judge(self) -> tuple[Diagnosis, ...]:
        """What is wrong, the trouble that explains most first."""
        labels = self._labels if len(self._labels) else None
        return rules.judge(self._seen(), self._diagnoses, labels, self._facts)

    def _too_short(self) -> tuple[str, ...]:
        if self.failed or len(self._epochs) >= 4:
            return ()
        epochs = "one epoch" if len(self._epochs) == 1 else f"{len(self._epochs)} epochs"
        return (f"Only {epochs}: what makes a loss jump or climb is judged from four on.",)

    def examination(self, number: int, diagnoses: tuple[Diagnosis, ...] | None) -> Examination:
        """Everything that was seen, and `diagnoses`: None if judging failed."""
        return Examination(
            fit=number,
            model=str(getattr(self.model, "name", "model")),
            epochs=tuple(one.number for one in self._epochs),
            curves=curves(self._epochs),
            bands=bands(self._epochs),
            facts=dict(self._facts),
            diagnoses=tuple(self._diagnoses) if diagnoses is None else diagnoses,
            not_looked_at=tuple(dict.fromkeys((*self._missing, *self._too_short()))),
            seconds=self.clock.seconds,
            fit_seconds=time.perf_counter() - self._began,
        )

    # Looking --------------------------------------------------------------------------------------

    def _look_at_data(self) -> None:
        train, validation = self._given
        train = self._told.train if train is None else train
        validation = self._told.validation if validation is None else validation
        sides = read_sides(train, validation, self._told, self._observed, self._most)
        self._sides = sides
        self._missing += sides.missing
        self._facts["batch_size"] = sides.batch
        self._facts["steps"] = self.params.get("steps") or sides.steps
        self.add(*images_compared(sides))
        if sides.theirs:
            self.add(inputs.no_numbers(first_input(sides.theirs[0].x), "validation"))

    def _look_at_model(self) -> None:
        sides, steps = self._sides, self._facts["steps"]
        network = Network(self.model, int(np.clip(sides.batch, 32, 128)))
        self._count_batchnorms(network, steps)
        self._looked = True
        if sides.ours:
            self._look_at_inputs(network, sides.ours[0])
        known = sides.theirs or sides.ours
        if not known:
            return
        few = rows(floats(known[0].x), slice(0, 64))
        outputs = _asked(network, few)
        labels = known[0].y
        if isinstance(labels, np.ndarray):
            labels = labels[: count(few)]
        task = task_of(self.model, outputs, labels)
        if isinstance(task, str):
            self._missing.append(task)
            return
        self._task = task
        if task.classes:
            self._facts["classes"] = task.classes
        if sides.ours:
            self._facts["training_images_seen"] = len(task.labels(sides.ours[0].y))
        if isinstance(task, Task):
            self.add(
                of_model.in_training_mode(network, few, task),
                of_model.loss_and_output(task, self.model, outputs),
                of_model.metric_and_output(task, self.model),
            )
            self.add(*labels_compared(sides, task, self._told))
            if sides.ours and not self._trained:
                self._look_at_first_loss(network, task, sides.ours[0])
        else:
            self._missing.append(
                f"{task.why} The loss of each image is the model's own, '{task.loss}'; answers and "
                "confidence were not looked at."
            )
            self.add(
                targets_compared(sides),
                of_model.cross_entropy_and_output(task, self.model, outputs),
                of_model.metric_of_numbers(task, self.model, np.asarray(known[0].y)),
            )
        if sides.theirs and self._watch is None:
            self._watch = self._watching(network, task)
            self._watch.begin(steps)
        elif self._watch is not None and sides.ours:
            self._watch.give_training_images(*self._shuffled(task))

    def _count_batchnorms(self, network: Network, steps: int | None) -> None:
        norms = network.batchnorms()
        self._momenta = tuple(float(layer.momentum) for layer in norms if layer.trainable)
        self._facts["batchnorm_layers"] = len(norms)
        self._facts["batchnorm_layers_live"] = len(self._momenta)
        if self._momenta and steps:
            memory = 1 / max(1 - float(np.median(self._momenta)), 1e-9)
            self._facts["batchnorm_memory_in_epochs"] = memory / steps

    def _look_at_inputs(self, network: Network, sample: Sample) -> None:
        first = first_input(sample.x)
        if first.dtype.kind not in "fiu":
            return
        if not np.isfinite(first.astype("float32")).all():
            self.add(inputs.no_numbers(first, "training"))
            return
        for name, end in (("inputs_from", first.min()), ("inputs_to", first.max())):
            # 255 as 255, and not in two digits as a measured number.
            self._facts[name] = int(end) if float(end).is_integer() else float(end)
        twice = inputs.scaled_twice(self.model, first)
        self.add(twice)
        if twice is None and self._known is not None:
            self.add(inputs.unknown_to_the_network(network, floats(sample.x), *self._known))
        self._arrival = arrival(network, floats(sample.x))
        if self._arrival is not None:
            self._facts["reaches_first_kernel"] = self._arrival.largest
            self._kernel = self._arrival.kernel
            if twice is None and self._kernel in self._sizes:
                before = self._sizes[self._kernel]
                self.add(inputs.other_than_before(self._arrival, before))

    def _look_at_first_loss(self, network: Network, task: Task, sample: Sample) -> None:
        few = rows(floats(sample.x), slice(0, 256))
        p = task.distribution(_asked(network, few))
        labels = task.labels(sample.y)[: len(p)]
        nll = -np.log(np.clip(p[np.arange(len(p)), labels], 1e-7, 1)).mean()
        self._facts["first_loss"] = float(nll)
        if not self._momenta:
            self.add(inputs.not_scaled(first_input(few), float(nll), task.classes))

    def _watching(self, network: Network, task: Task | OwnLoss) -> Watch:
        """A watch on shuffled samples: any number of them, from the front, is a fair choice."""
        theirs = self._sides.theirs[0]
        labels = task.labels(theirs.y)
        self._complete = theirs.complete and len(labels) == count(theirs.x)
        self._facts["validation_images"] = len(labels)
        order = np.random.default_rng(0).permutation(len(labels))
        if task.classes:
            self._labels = labels[order]
        kept = rows(floats(theirs.x), order)
        watch = Watch(network, task, (kept, labels[order]), self._sides.batch)
        if self._sides.ours:
            watch.give_training_images(*self._shuffled(task))
        return watch

    def _shuffled(self, task: Task | OwnLoss) -> tuple[Any, np.ndarray]:
        """Sampled training images and their labels, in any order."""
        ours = self._sides.ours[0]
        mixed = np.random.default_rng(1).permutation(count(ours.x))
        return rows(floats(ours.x), mixed), task.labels(ours.y)[mixed]

    def _fingerprint(self) -> int:
        return fingerprint(self.model)

    def _seen(self) -> rules.Seen:
        policies = {
            str(getattr(layer, "compute_dtype", "")) for layer in self.model._flatten_layers()
        }
        commonest = np.bincount(self._labels).max() if len(self._labels) else 0
        return rules.Seen(
            epochs=self._epochs,
            curves=rules.series(self._epochs),
            batch=self._facts.get("batch_size") or 32,
            steps=self._facts.get("steps") or 0,
            momenta=self._momenta,
            chance=float(commonest / max(len(self._labels), 1)),
            classes=self._task.classes if self._task else 0,
            single=bool(self._task and self._task.single),
            float16="float16" in policies,
            uses_average=self._swaps and bool(getattr(self.model.optimizer, "use_ema", False)),
            of=self._facts.get("validation_images", 0) if self._complete else 0,
            complete=self._complete
            and self._watch is not None
            and self._watch.images == self._facts["validation_images"],
        )


def _on_several(model: Any) -> bool:
    """Whether each variable has several copies, which only training keeps in step."""
    import keras

    strategy = getattr(model, "distribute_strategy", None)
    replicas = getattr(strategy, "num_replicas_in_sync", 1)
    return replicas > 1 or keras.distribution.distribution() is not None


def _statistics(model: Any) -> tuple | None:
    """The first BatchNorm layer and its running statistics; None if it has none yet."""
    norms = Network(model).batchnorms()
    if not norms:
        return None
    mean, variance = values([norms[0].moving_mean, norms[0].moving_variance])
    if np.all(mean == 0) and np.all(variance == 1):
        return None
    return norms[0], mean, variance


def _asked(network: Network, x: Any) -> Any:
    """Outputs for these inputs, leaving no trace."""
    with network.untouched():
        return network.outputs(x)
