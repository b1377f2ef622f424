"""The doctor as a Keras callback: looks before, during and after training, and changes nothing."""

from __future__ import annotations

import functools
import json
import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tlhelpers.core import files
from tlhelpers.core.errors import CourseError
from tlhelpers.doctor import inputs, plumbing, report, rules, samples
from tlhelpers.doctor.diagnosis import READINGS, Diagnosis, Examination
from tlhelpers.doctor.fit import Told, told
from tlhelpers.doctor.network import Network, count, rows, values
from tlhelpers.doctor.observe import Observed
from tlhelpers.doctor.plumbing import found
from tlhelpers.doctor.task import Task, task_of
from tlhelpers.doctor.watch import Clock, Epoch, Watch

_IMAGES = 2048  # sampled of each side
_MANY_BYTES = 400_000_000  # of arrays whose twins are all looked for


def _harmless(method: Callable) -> Callable:
    """A failing doctor says so in one line and is silent from then on; training goes on."""

    @functools.wraps(method)
    def guarded(self: Doctor, *arguments: Any, **named: Any) -> None:
        if self._off:
            return
        try:
            with self._clock:
                method(self, *arguments, **named)
        except Exception as problem:  # a stranger's model and data may do anything
            self._off = True
            lines = str(problem).strip().splitlines() or [""]
            self._missing.append(
                f"The doctor stopped here: {type(problem).__name__}: {lines[0][:200]}"
            )
            print(f"doctor: {self._missing[-1]}", file=sys.stderr)
            if self.debug:
                raise

    return guarded


class Doctor(keras.callbacks.Callback):
    """Names the trouble of a training.

    ::

        doctor = Doctor(train, validation)      # what fit gets: arrays as (x, y), or a dataset
        model.fit(..., callbacks=[..., doctor])     # last, so that it sees what validation sees
        print(doctor.report())

    Training is the same, bit by bit, as without it.

    Parameters
    ----------
    train, validation : any, optional
        A tuple of arrays (x, y) or (x, y, sample_weight), a ``PyDataset``, ``tf.data.Dataset`` or
        torch ``DataLoader``. What the running `fit` was given if left out. A generator can be read
        once only, so it is not touched.
    images : int
        Sampled of each side at most.

    Attributes
    ----------
    examinations : list of Examination
        One a `fit`, in order.
    """

    debug = False  # raise what goes wrong, for this package's own tests

    def __init__(self, train: Any = None, validation: Any = None, images: int = _IMAGES):
        super().__init__()
        self._given = (train, validation)
        self._most = images
        self.examinations: list[Examination] = []
        self._observed: dict[int, Observed] = {}
        self._predicted: set[int] = set()
        self._seen_models: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
        self._start()

    def _start(self) -> None:
        """Forget the fit before."""
        self._off = False
        self._open = False
        self._clock = Clock()
        self._missing: list[str] = []
        self._before: list[Diagnosis] = []
        self._epochs: list[Epoch] = []
        self._facts: dict[str, Any] = {}
        self._watch: Watch | None = None
        self._task: Task | None = None
        self._read: Epoch | None = None
        self._weights_validated: list[int] = []
        self._told = Told()
        self._labels = np.empty(0, dtype=int)
        self._began = time.perf_counter()
        self._chance = 0.0
        self._momenta: tuple[float, ...] = ()
        self._complete = False
        self._looked = False
        self._train = self._validation = None
        self._ours: list | None = None
        self._theirs: list | None = None
        self._first_norm: tuple | None = None
        self._order: np.ndarray | None = None

    # Keras calls ----------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Look at everything that can be seen without training."""
        if self._open:  # the fit before was interrupted
            self._close()
        self._start()
        self._open = True
        self._examine()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """A new average."""
        self._epoch_began, self._read = time.perf_counter(), None
        self._begin()

    @_harmless
    def _begin(self) -> None:
        if self._watch:
            self._watch.begin(self.params.get("steps") or self._facts.get("steps"))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take the weights in, now and then."""
        if batch == 0:
            self._epoch_began = time.perf_counter()  # the first step compiles
        if not self._looked or (self._watch is not None and self._watch.wants(batch)):
            self._take(batch)

    @_harmless
    def _take(self, batch: int) -> None:
        _ = self.model  # on JAX this brings the variables up to date
        if not self._looked:
            self._look_at_model()  # the first step has built it
        elif self._watch is not None:
            self._watch.take(batch)

    def on_test_begin(self, logs: Any = None) -> None:
        """Validation begins: these are the weights that are validated."""
        self._look()

    @_harmless
    def _look(self) -> None:
        if self._watch is None or not self._open or self._read is not None:
            return
        _ = self.model
        spent = time.perf_counter() - self._epoch_began
        images = (self.params.get("steps") or self._facts.get("steps") or 1) * self._watch.batch
        self._watch.settle_size(images, spent)
        self._read = self._watch.read(0)
        self._weights_validated.append(self._fingerprint())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep what Keras logged, beside what was read."""
        self._keep(epoch, logs)

    @_harmless
    def _keep(self, epoch: int, logs: Any) -> None:
        if self._watch is None and self._observed:
            self._look_at_data()  # by now an epoch's batches have passed
            self._look_at_model()
        if self._watch is not None and self._read is None:
            self._look()  # no validation in this epoch, or nothing to read it on before
        numbers = {}
        for name, value in (logs or {}).items():
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError):
                continue
        read = self._read or Epoch(0, {})
        self._epochs.append(replace(read, number=epoch + 1, logs=numbers))

    def on_train_end(self, logs: Any = None) -> None:
        """Training is over: say what it was."""
        self._after()
        self._close()

    @_harmless
    def _after(self) -> None:
        if self._observed:
            self._look_at_data()  # a second epoch's batches have passed
        if self._weights_validated and self._fingerprint() not in self._weights_validated:
            self._add(
                found(
                    "average_not_validated",
                    "After the last validation the weights changed: what fit leaves in the model "
                    "was validated in no epoch.",
                )
            )

    # The stranger's side ----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a `fit` is being looked at right now."""
        return self._open

    @property
    def examined(self) -> bool:
        """Whether any `fit` was looked at."""
        return bool(self.examinations) or self._open

    def report(self) -> str:
        """What was found, as text.

        Returns
        -------
        str
        """
        self.finish()
        return report.text(self.examinations)

    def plot(self) -> Any:
        """The last fit's curves, read several ways, with Matplotlib.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        CourseError
            Matplotlib is not installed, or there is nothing to draw.
        """
        from tlhelpers.doctor.plotting import plot

        self.finish()
        if not self.examinations:
            raise CourseError("There is nothing to draw: no fit has been looked at.")
        return plot(self.examinations[-1])

    def save(self, path: str | Path) -> Path:
        """Write the report: as a page if the name ends in .html, as data if in .json, else as text.

        Parameters
        ----------
        path : path

        Returns
        -------
        Path

        Raises
        ------
        CourseError
            It cannot be written there.
        """
        self.finish()
        path = Path(path)
        kind = path.suffix.lower()
        if kind == ".json":
            text = json.dumps(report.to_json(self.examinations), indent=1) + "\n"
        else:
            text = report.html(self.examinations) if kind == ".html" else self.report() + "\n"
        files.save(path, text)
        return path

    def _repr_html_(self) -> str:
        self.finish()
        return "".join(report.fragment(one) for one in self.examinations)

    def finish(self) -> None:
        """Close the examination of a `fit` that was interrupted; nothing to do after any other."""
        if self._open:
            self._close()

    # Looking --------------------------------------------------------------------------------------

    @_harmless
    def _examine(self) -> None:
        """Data now; the model as well if it has its weights already."""
        model = self.model
        self._told = told(model)
        self._train = self._given[0] if self._given[0] is not None else self._told.train
        self._validation = self._given[1] if self._given[1] is not None else self._told.validation
        self._add(plumbing.training_flag(model))
        self._add(plumbing.emptied_average(model, self._told.callbacks))
        self._add(self._restarted(model))
        self._remember_statistics()
        self._look_at_data()
        if _built(model):
            self._look_at_model()

    def _remember_statistics(self) -> None:
        """The first BatchNorm's running statistics before training, if it has any yet."""
        norms = Network(self.model).batchnorms()
        self._first_norm = None
        if norms:
            mean, variance = values([norms[0].moving_mean, norms[0].moving_variance])
            if not (np.all(mean == 0) and np.all(variance == 1)):
                self._first_norm = norms[0], mean, variance

    def _look_at_data(self) -> None:
        batch = self._told.batch_size or 32
        self._ours = self._sample(self._train, "training", batch, self._told.steps_per_epoch)
        steps = self._told.validation_steps
        self._theirs = self._sample(self._validation, "validation", batch, steps)
        ours, theirs = self._ours, self._theirs
        if ours:
            batch = int(np.median(ours[0].sizes[:-1] or ours[0].sizes))
        complete = len(ours[0].sizes) if ours and ours[0].complete else None
        self._facts["batch_size"] = batch
        self._facts["steps"] = self.params.get("steps") or complete
        if ours and theirs:
            a, b = plumbing._first_input(ours[0].x), plumbing._first_input(theirs[0].x)
            self._leaks(ours, a, b)
            self._add(plumbing.prepared_otherwise(a, b))
        if theirs and len(theirs) > 1 and theirs[0] is not theirs[1]:
            self._add(
                plumbing.validation_changes(
                    theirs[0], theirs[1], samples.digests, samples.random_ops(self._validation)
                )
            )

    def _look_at_model(self) -> None:
        model, ours, theirs = self.model, self._ours, self._theirs
        batch, steps = self._facts["batch_size"], self._facts["steps"]
        network = Network(model, int(np.clip(batch, 32, 128)))
        norms = [layer for layer in network.batchnorms() if layer.trainable]
        self._momenta = tuple(float(layer.momentum) for layer in norms)
        self._facts["batchnorm_layers"] = len(network.batchnorms())
        self._facts["batchnorm_layers_live"] = len(norms)
        if norms and steps:
            memory = 1 / max(1 - float(np.median(self._momenta)), 1e-9)
            self._facts["batchnorm_memory_in_epochs"] = memory / steps
        self._looked = True
        if ours:
            self._arrivals(network, ours[0])
        known = theirs or ours
        if not known:
            return
        few = rows(_floats(known[0].x), slice(0, 64))
        outputs = self._quietly(network, few)
        task = task_of(model, outputs, np.asarray(known[0].y)[: count(few)])
        if isinstance(task, str):
            self._missing.append(task)
            return
        self._task = task
        self._facts["classes"] = task.classes
        self._add(plumbing.loss_and_output(task, model, outputs))
        self._add(plumbing.metric_and_output(task, model))
        self._labelled(task, ours, theirs, self._train, batch)
        if ours:
            self._first_loss(network, task, ours[0])
        if not theirs:
            return
        labels = task.labels(theirs[0].y)
        self._complete = theirs[0].complete and len(labels) == count(theirs[0].x)
        self._facts["validation_images"] = len(labels)
        self._chance = float(np.bincount(labels).max() / len(labels))
        order = np.random.default_rng(0).permutation(len(labels))
        kept = rows(_floats(theirs[0].x), order)
        self._labels, self._order = labels, order
        stats = None
        if ours:
            mixed = np.random.default_rng(1).permutation(count(ours[0].x))
            stats = rows(_floats(ours[0].x), mixed), task.labels(ours[0].y)[mixed]
        self._watch = Watch(network, task, (kept, labels[order]), stats, batch)
        self._watch.begin(steps)

    def note_prediction(self, x: Any) -> None:
        """Look whether predictions for this dataset come in an order that stays."""
        if (
            isinstance(x, (np.ndarray, list, tuple))
            or not self.examined
            or id(x) in self._predicted
        ):
            return
        self._predicted.add(id(x))
        try:
            with self._clock:
                read = samples.read(x, images=512, passes=2)
                if isinstance(read, samples.NotRead):
                    return
                diagnosis = plumbing.order_changes(read[0], read[1], samples.digests)
        except Exception:  # whatever the dataset does, it is no reason to stop a prediction
            return
        if diagnosis is None:
            return
        if self._open:
            self._add(diagnosis)
        elif diagnosis.code not in {one.code for one in self.examinations[-1].diagnoses}:
            last = self.examinations[-1]
            self.examinations[-1] = replace(last, diagnoses=(*last.diagnoses, diagnosis))

    def observe(self, generator: Any) -> Any:
        """A generator that passes the same batches on, and lets the doctor see the first ones."""
        observed = Observed(generator)
        self._observed[id(observed.passing)] = observed
        return observed.passing

    def _add(self, diagnosis: Diagnosis | None) -> None:
        if diagnosis is not None and diagnosis.code not in {one.code for one in self._before}:
            self._before.append(diagnosis)

    def _sample(self, source: Any, side: str, batch: int, steps: int | None) -> list | None:
        if source is None:
            self._missing.append(f"No {side} images were given: nothing could be measured on them.")
            return None
        observed = self._observed.get(id(source))
        if observed is not None:
            passes = [one for one in (observed.sample(steps, 0), observed.sample(steps, 1)) if one]
            return passes or None  # before the first epoch nothing has passed yet
        read = samples.read(source, images=self._most, passes=2, batch_size=batch)
        if isinstance(read, samples.NotRead):
            self._missing.append(f"The {side} images were not looked at: {read.why}")
            return None
        if read[0].y is None:
            self._missing.append(f"The {side} images have no labels: they were not looked at.")
            return None
        return read

    def _quietly(self, network: Network, x: Any) -> Any:
        with network.untouched():
            return network.outputs(x)

    def _arrivals(self, network: Network, sample: Any) -> None:
        first = plumbing._first_input(sample.x)
        if first.dtype.kind not in "fiu" or not np.isfinite(first.astype("float32")).all():
            return
        for name, end in (("inputs_from", first.min()), ("inputs_to", first.max())):
            # 255 as 255, and not in two digits as a measured number.
            self._facts[name] = int(end) if float(end).is_integer() else float(end)
        diagnosis = inputs.scaled_twice(self.model, first)
        self._add(diagnosis)
        if diagnosis is None and self._first_norm is not None:
            self._add(inputs.unknown_to_the_network(network, _floats(sample.x), *self._first_norm))

    def _leaks(self, ours: Any, a: np.ndarray, b: np.ndarray) -> None:
        whole, train = a, self._train
        if isinstance(train, (tuple, list)) and isinstance(train[0], np.ndarray):
            whole = train[0] if train[0].nbytes < _MANY_BYTES else a
        twins = [whole] + ([plumbing._first_input(ours[1].x)] if len(ours) > 1 else [])
        if all(one.shape[1:] == b.shape[1:] for one in twins):
            digests = np.concatenate([samples.digests(one) for one in twins])
            self._add(plumbing.leak(digests, samples.digests(b)))

    def _labelled(self, task: Task, ours: Any, theirs: Any, train: Any, batch: int) -> None:
        if not ours:
            return
        labels = task.labels(ours[0].y)
        self._facts["training_images_seen"] = len(labels)
        weights = None if ours[0].weight is None else np.asarray(ours[0].weight)
        self._add(plumbing.class_weights(self._told.class_weight, labels, batch, weights))
        other = task.labels(theirs[0].y) if theirs else None
        if other is not None:
            self._add(plumbing.sorted_split(labels, other, task.classes))
        if isinstance(train, (tuple, list)) and self._told.shuffle:
            return
        order = getattr(ours[0], "labels", None) or ours[0]
        shares = None
        if not order.complete and other is not None and len(other) >= 50:
            shares = np.bincount(other, minlength=task.classes)[: task.classes] / len(other)
        ordered = task.labels(order.y)
        self._add(plumbing.batch_order(ordered, tuple(order.sizes), task.classes, shares))

    def _first_loss(self, network: Network, task: Task, sample: Any) -> None:
        few = rows(_floats(sample.x), slice(0, 256))
        outputs = self._quietly(network, few)
        p = task.distribution(outputs)
        labels = task.labels(sample.y)[: len(p)]
        nll = -np.log(np.clip(p[np.arange(len(p)), labels], 1e-7, 1)).mean()
        self._facts["first_loss"] = float(nll)
        if not self._momenta:
            self._add(inputs.not_scaled(plumbing._first_input(few), float(nll), task.classes))

    def _restarted(self, model: Any) -> Diagnosis | None:
        """Whether this model was trained before by an optimizer that is gone."""
        optimizer = getattr(model, "optimizer", None)
        before = self._seen_models.get(model, 0)
        now = int(np.asarray(keras.ops.convert_to_numpy(optimizer.iterations))) if optimizer else 0
        plain = not _has_state(optimizer)
        self._seen_models[model] = before + 1
        if before < 2 or now > 0 or plain:
            return None
        return found(
            "optimizer_state_lost",
            f"This is fit number {before + 1} of the same model, and its optimizer starts at step "
            "0 each time: its averages of the gradients, and any schedule, start over.",
        )

    def _fingerprint(self) -> int:
        return hash(tuple(value.tobytes() for value in values(self.model.trainable_variables)[-4:]))

    # Saying ---------------------------------------------------------------------------------------

    def _close(self) -> None:
        """Turn what was seen into an examination."""
        self._open = False
        try:
            diagnoses = self._diagnoses()
        except Exception as problem:
            self._missing.append(f"The doctor failed to judge: {type(problem).__name__}: {problem}")
            diagnoses = tuple(self._before)
            if self.debug:
                raise
        curves, bands = self._curves()
        self.examinations.append(
            Examination(
                fit=len(self.examinations) + 1,
                model=str(getattr(self.model, "name", "model")),
                epochs=tuple(one.number for one in self._epochs),
                curves=curves,
                bands=bands,
                facts=dict(self._facts),
                diagnoses=diagnoses,
                not_looked_at=tuple(dict.fromkeys(self._missing)),
                seconds=self._clock.seconds,
                fit_seconds=time.perf_counter() - self._began,
            )
        )

    def _seen(self) -> rules.Seen:
        policies = {
            str(getattr(layer, "compute_dtype", "")) for layer in self.model._flatten_layers()
        }
        swapped = any("SwapEMA" in type(one).__name__ for one in self._told.callbacks)
        return rules.Seen(
            epochs=self._epochs,
            curves=rules.series(self._epochs),
            batch=self._facts.get("batch_size") or 32,
            steps=self._facts.get("steps") or 0,
            momenta=self._momenta,
            chance=self._chance,
            classes=self._task.classes if self._task else 0,
            single=bool(self._task and self._task.single),
            float16="float16" in policies,
            uses_average=swapped and bool(getattr(self.model.optimizer, "use_ema", False)),
            complete=self._complete
            and self._watch is not None
            and self._watch.images == len(self._labels),
        )

    def _diagnoses(self) -> tuple[Diagnosis, ...]:
        labels = None if self._order is None else self._labels[self._order]
        return rules.judge(self._seen(), self._before, labels, self._facts)

    def _curves(self) -> tuple[dict, dict]:
        names = dict.fromkeys(name for one in self._epochs for name in one.logs)
        curves = {
            name: tuple(one.logs.get(name, float("nan")) for one in self._epochs) for name in names
        }
        bands = {}
        for name in READINGS:
            if not any(name in one.nll for one in self._epochs):
                continue
            each = [one.nll.get(name) for one in self._epochs]
            curves[name] = tuple(float("nan") if e is None else float(e.mean()) for e in each)
            curves[f"accuracy_{name}"] = tuple(
                float(one.right[name].mean()) if name in one.right else float("nan")
                for one in self._epochs
            )
            bands[name] = tuple((float("nan"),) * 2 if e is None else _interval(e) for e in each)
        return curves, bands


def _interval(each: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean over images."""
    half = 1.96 * each.std() / np.sqrt(max(len(each), 1))
    return float(each.mean() - half), float(each.mean() + half)


def _floats(x: Any) -> Any:
    """Inputs as `fit` would convert them: 64-bit floats become Keras's."""

    def convert(array: Any) -> Any:
        array = np.asarray(array)
        return array.astype(keras.config.floatx()) if array.dtype == np.float64 else array

    return keras.tree.map_structure(convert, x)


def _built(model: Any) -> bool:
    """Whether all layers have their weights: subclassed models get them in the first step."""
    return all(getattr(layer, "built", True) for layer in model._flatten_layers())


def _has_state(optimizer: Any) -> bool:
    """Whether losing an optimizer's state loses anything."""
    kind = type(optimizer).__name__
    momentum = getattr(optimizer, "momentum", 0) or 0
    return (
        kind != "SGD"
        or bool(momentum)
        or not isinstance(getattr(optimizer, "_learning_rate", 0.0), (float, int))
    )
