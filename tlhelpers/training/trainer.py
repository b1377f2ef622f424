"""From a recipe, data and a seed to a run: compiled once, started again from any seed."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tlhelpers.core import machine
from tlhelpers.core.errors import CourseError
from tlhelpers.core.files import write_whole
from tlhelpers.core.quiet import keras
from tlhelpers.data.dataset import Dataset, Split
from tlhelpers.measures import stability
from tlhelpers.measures.calibration import image_nll
from tlhelpers.measures.class_weights import class_weights, log_prior
from tlhelpers.training import batchnorm, model, starts
from tlhelpers.training.inputs import Batches, Inputs, kept_bytes, one_hot, targets
from tlhelpers.training.progress_bar import ProgressBar
from tlhelpers.training.readings import Readings
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Run

REESTIMATE_IMAGES = 1024  # Wu & Johnson: 1,000 to 10,000 images are enough
REESTIMATE_BATCH = 32  # at least, whatever the training's: of few images BatchNorm is another one
_SAMPLE_PICTURES = 256  # training images on which batch and moving statistics are compared
_PREDICT_BATCH = 200
_INSTALLED = machine.installed()  # now: the code on the disk may be edited while this process runs
_KEPT_BYTES = 2 * 2**30  # of outputs of the frozen blocks; beyond this each step runs them


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities from logits, shape (n, classes)."""
    from scipy.special import softmax as over

    return over(logits, axis=1)


@dataclass(frozen=True, eq=False)
class _Start:
    """A network, everything in it that training changes, and what that holds at first."""

    network: model.Network
    state: list
    values: list[np.ndarray]


def _start(recipe: Recipe, split: Split, weights: str | None, cache_frozen: bool) -> _Start:
    build = partial(
        model.build,
        recipe,
        len(split.train.classes),
        math.ceil(len(split.train) / recipe.batch_size),
        weights,
        split.train.images.shape[-1],
    )
    network = build(split_frozen=cache_frozen and recipe.frozen_up_to is not None)
    if network.frozen is not None and kept_bytes(network.frozen, split) > _KEPT_BYTES:
        network = build(split_frozen=False)
    keras_model = network.model
    keras_model.optimizer.build(keras_model.trainable_variables)
    state = [*keras_model.variables, *keras_model.optimizer.variables]
    return _Start(network, state, model.values(state))


class Trainer:
    """One compiled network that trains a recipe from any seed.

    Building and compiling takes longer than a training step by far, so it happens once, when the
    network is first needed; the next seed only puts the first weights, the optimizer and the random
    states back.

    Parameters
    ----------
    recipe : Recipe
    split : Split
        Images of the recipe's size.
    weights : "imagenet" or None
        None starts the backbone from random weights, whatever the recipe says.
    cache_frozen : bool
        Whether images go through frozen blocks only once, and training reads the kept output.
        It changes nothing but the time; outputs of more than 2 GiB are not kept.
    """

    def __init__(
        self,
        recipe: Recipe,
        split: Split,
        weights: str | None = "imagenet",
        cache_frozen: bool = True,
    ):
        size = split.train.images.shape[1]
        if size != recipe.stored_size:
            raise ValueError(f"images are {size} px, the recipe wants {recipe.stored_size} px")
        self.recipe = recipe
        # Not yet: building takes seconds, and some checks need the recipe or the images alone.
        self._start = cache(partial(_start, recipe, split, weights, cache_frozen))
        self._read(split)

    def of(self, recipe: Recipe, split: Split | None = None) -> Trainer:
        """A trainer of another recipe of the same architecture; it shares the network.

        With `split`, it also trains on other images: a check needs a few only.
        """
        if recipe.architecture() != self.recipe.architecture():
            raise ValueError("the recipe needs another network")
        other = copy.copy(self)
        other.recipe = recipe
        if split is not None:
            other._read(split)
        return other

    def _read(self, split: Split) -> None:
        start = self._start
        self.split = split
        self._inputs = cache(lambda: Inputs(start().network, split))

    @property
    def network(self) -> model.Network:
        """The compiled network, built when it is first asked for."""
        return self._start().network

    @property
    def inputs(self) -> Inputs:
        """What the network reads of the images."""
        return self._inputs()

    @property
    def _state(self) -> list:
        return self._start().state

    def reset(self, seed: int) -> None:
        """First weights, optimizer and random states of `seed`.

        Not through ``keras.utils.set_random_seed``: on TensorFlow it also throws away the prepared
        kernels, and the first step after it takes seconds again. Everything random in a network
        has a state variable of its own, and these are set here.
        """
        _assign(self._state, self._start().values)
        keras_model = self.network.model
        seeds = iter(np.random.SeedSequence(seed).generate_state(100))
        for layer in keras_model.layers:
            if isinstance(layer, keras.layers.Dense):
                draw = keras.initializers.GlorotUniform(seed=int(next(seeds)))
                layer.kernel.assign(draw(layer.kernel.shape))
        weights = {id(v) for v in keras_model.weights}
        for state in (v for v in keras_model.variables if id(v) not in weights):
            state.assign(np.array([next(seeds), 0], dtype="uint32"))  # dropout

    def run(
        self,
        seed: int,
        about: dict[str, Any] | None = None,
        unfinished: Path | None = None,
        on_epoch: Callable[[dict[str, list]], None] | None = None,
        read: bool = False,
    ) -> Run:
        """Train from `seed`.

        Parameters
        ----------
        seed : int
        about : dict, optional
            Goes into the run.
        unfinished : path, optional
            Where the state is kept after each epoch. If the file is there, training goes on from
            it, with the same result as if it had never stopped; a file of other versions of the
            packages, or of other images, does not count. It is still there at the end: only
            the caller knows when the run is safe.
        on_epoch : function, optional
            Called with the history after each epoch.
        read : bool
            Whether each epoch is read in several ways (`tlhelpers.training.readings`), too.
        """
        recipe = self.recipe
        readings = Readings(self) if read else None
        log = _Log(self, on_epoch, readings)
        wanted = model.callbacks(recipe, [log])
        keep = _Keep(self, log, wanted, unfinished)
        start = keep.read()
        if not start:
            self.reset(seed)
            keep.head_history = self.train_head(seed)
        show = ProgressBar(f"seed {seed}", start)
        # Even with no epoch left, `fit` ends as it always does: there, early stopping brings the
        # best weights back and averaged weights are put in place.
        self.fit(
            self.batches(seed, start),
            epochs=recipe.epochs,
            initial_epoch=recipe.epochs if keep.finished else start,
            callbacks=[
                *([readings] if readings else []),
                *wanted,
                keep,
                keras.callbacks.TerminateOnNaN(),
                show,
            ],
        )
        return Run(
            recipe,
            seed,
            log.history,
            self.probabilities(self.logits(self.inputs.validation)),
            self.split.validation.labels,
            _ended(recipe, log.history),
            about or {},
            head_history=keep.head_history,
        )

    def batches(self, seed: int, start: int = 0) -> Batches:
        """The training batches of a seed, from epoch `start` (from 0) on."""
        return Batches(
            self.inputs.train,
            targets(self.recipe, self.split.train),
            self.recipe.batch_size,
            seed,
            start,
            self.inputs.mirrored if self.recipe.horizontal_flip else None,
        )

    def train_head(self, seed: int) -> dict[str, list]:
        """The head-only stage of a recipe; its history, empty if there is none.

        The backbone stands still, so each image goes through it once, and the head trains on
        what comes out: the same as training all of it with ``base.trainable = False``.
        """
        recipe, network = self.recipe, self.network
        if not recipe.head_epochs:
            return {}
        features = partial(model.outputs, network.features, batch_size=_PREDICT_BATCH)
        inputs = self.inputs
        batches = Batches(
            features(inputs.train),
            targets(recipe, self.split.train),
            recipe.batch_size,
            seed,
            mirrored=features(inputs.mirrored) if recipe.horizontal_flip else None,
        )
        keras_head = network.head
        keras_head.optimizer.build(keras_head.trainable_variables)
        for state in keras_head.optimizer.variables:
            if "learning_rate" not in state.path:
                state.assign(np.zeros(state.shape))
        told = self.fit(batches, keras_head, epochs=recipe.head_epochs)
        return {"loss": told["loss"]}

    def fit(
        self, batches: Batches, keras_model: keras.Model | None = None, **options: Any
    ) -> dict[str, list]:
        """Keras's ``fit`` of the network, or of a part, with the recipe's class weights.

        Runs and mechanism checks train through this, so that a check sees what a run does.

        Returns
        -------
        dict
            Keras's history.
        """
        weights = None
        if self.recipe.class_weights:
            each = class_weights(self.recipe.class_weights, self._counts)
            weights = dict(enumerate(each.tolist()))
        keras_model = keras_model or self.network.model
        return keras_model.fit(
            batches, class_weight=weights, shuffle=False, verbose=0, **options
        ).history

    def reestimate(self) -> None:
        """Measure BatchNorm's statistics for the weights as they are, on training images."""
        inputs = self.inputs.train[:REESTIMATE_IMAGES]
        size = min(max(REESTIMATE_BATCH, self.recipe.batch_size), len(inputs))
        batchnorm.reestimate(self.network, inputs, size)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities of images in inference mode, shape (n, classes)."""
        return self.probabilities(self.logits(self.inputs.of(images)))

    def logits(self, inputs: np.ndarray) -> np.ndarray:
        """Logits of `Inputs` in inference mode, shape (n, classes)."""
        return model.outputs(self.network.logits, inputs, _PREDICT_BATCH)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Class probabilities after the recipe's logit adjustment, shape (n, classes)."""
        return softmax(logits - self.recipe.logit_adjustment * log_prior(self._counts))

    @property
    def _counts(self) -> np.ndarray:
        data = self.split.train
        return np.bincount(data.labels, minlength=len(data.classes))


def _ended(recipe: Recipe, history: dict[str, list]) -> str:
    if not np.isfinite(history["loss"][-1]):
        return "loss is not a number"
    return "all epochs" if len(history["loss"]) == recipe.epochs else "early stopping"


@dataclass
class _Log(keras.callbacks.Callback):
    """Scores the validation images after each epoch and keeps the history."""

    trainer: Trainer
    on_epoch: Callable[[dict[str, list]], None] | None
    readings: Readings | None = None
    history: dict[str, list] = field(default_factory=dict)
    before: np.ndarray | None = None  # validation probabilities one epoch ago

    def __post_init__(self):
        super().__init__()
        split, recipe = self.trainer.split, self.trainer.recipe
        self._validation, self._targets = split.validation, one_hot(split.validation)
        # Evenly spread, so that the sample has the shares of the whole.
        count = min(_SAMPLE_PICTURES, len(split.train)) // recipe.batch_size * recipe.batch_size
        sample = np.linspace(0, len(split.train) - 1, max(count, recipe.batch_size)).astype(int)
        self._sample, self._sample_labels = (
            self.trainer.inputs.train[sample],
            split.train.labels[sample],
        )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        trainer = self.trainer
        if trainer.recipe.batchnorm == "reestimated":
            trainer.reestimate()
        logits = trainer.logits(trainer.inputs.validation)
        probabilities = trainer.probabilities(logits)
        logs["val_loss"] = model.loss_value(trainer.recipe, self._targets, logits)
        row = {
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "val_loss": logs["val_loss"],
            **_scores(probabilities, self.before, self._validation),
            **self._modes(),
            **(self.readings.read(probabilities) if self.readings else {}),
            "learning_rate": float(trainer.network.model.optimizer.learning_rate),
            "seconds": round(time.perf_counter() - self._began, 3),
        }
        for name, value in row.items():
            self.history.setdefault(name, []).append(value)
        self.before = probabilities
        if self.on_epoch:
            self.on_epoch(self.history)

    def _modes(self) -> dict[str, float]:
        """NLL of the same training images with batch and with moving statistics."""
        network, labels = self.trainer.network, self._sample_labels
        moving = image_nll(softmax(self.trainer.logits(self._sample)), labels).mean()
        with batchnorm.kept_statistics(network.base):
            batch = batchnorm.batch_predictions(
                network, self._sample, self.trainer.recipe.batch_size
            )
        return {
            "batch_mode_nll": float(image_nll(batch, labels).mean()),
            "moving_mode_nll": float(moving),
        }


def _scores(after: np.ndarray, before: np.ndarray | None, data: Dataset) -> dict[str, Any]:
    """Scores of one epoch, and what changed since the one before."""
    from sklearn.metrics import f1_score, roc_auc_score

    nll, guess = image_nll(after, data.labels), after.argmax(axis=1)
    row: dict[str, Any] = {
        "val_nll": float(nll.mean()),
        "val_accuracy": float((guess == data.labels).mean()),
        "val_changed": None,
        "val_flips": None,
        "val_nll_se": None,
    }
    if after.shape[1] == 2 and len(np.unique(data.labels)) == 2:
        finite = np.isfinite(after).all()  # not in a run that diverged
        row["val_auc"] = float(roc_auc_score(data.labels, after[:, 1])) if finite else None
    if after.shape[1] > 2:
        classes = range(after.shape[1])
        row["val_macro_f1"] = float(
            f1_score(data.labels, guess, labels=classes, average="macro", zero_division=0)
        )
    if before is not None:
        old = before.argmax(axis=1)
        row["val_changed"] = stability.flips(old, guess)
        row["val_flips"] = stability.flips(old == data.labels, guess == data.labels)
        old_nll = image_nll(before, data.labels)
        if np.isfinite(old_nll).all() and np.isfinite(nll).all():
            row["val_nll_se"] = stability.nll_step_se(old_nll, nll, data.groups)
    return row


class _Keep(keras.callbacks.Callback):
    """Writes everything that the next epoch depends on, whole or not at all.

    Keras's BackupAndRestore forgets the dropout seeds, the history and what the other callbacks
    have counted, so a run that was stopped would go on differently.
    """

    _COUNTERS = (
        "wait",
        "best",
        "best_epoch",
        "stopped_epoch",
        "cooldown_counter",
        "_ema_weights_in_model",
    )

    def __init__(self, trainer: Trainer, log: _Log, others: list, path: Path | None):
        super().__init__()
        self.trainer, self.log, self.path = trainer, log, path
        self.others = [callback for callback in others if callback is not log]
        self.head_history: dict[str, list] = {}
        self.counters: list[dict] = []
        self.best_weights: list[np.ndarray] = []
        self.finished = False
        # What must be the same when a run goes on.
        self.of = {
            "installed": _INSTALLED,
            "versions": machine.versions(),
            "images": trainer.split.fingerprint() if path else None,
            "start": starts.fingerprint(trainer.recipe) if path else None,
        }

    def read(self) -> int:
        """Put back the state of an unfinished run; epochs already done."""
        if self.path is None or not self.path.exists():
            return 0
        trainer, network = self.trainer, self.trainer.network.model
        try:
            with np.load(self.path) as file:
                note, before = json.loads(str(file["note"])), file["before"]
                arrays = [file[f"a{i}"] for i in range(len(trainer._state))]
                best = [file[name] for name in sorted(file.files) if name.startswith("best")]
            history, counters, head_history, finished = (
                note[name] for name in ("history", "counters", "head_history", "finished")
            )
            epochs = len(history["loss"])
            _same("versions or images", note["of"], self.of)
            _same("weights", _shapes(arrays), _shapes(trainer._start().values))
            _same("best weights", _shapes(best), _shapes(network.weights if best else []))
            _same("classes", before.shape, (len(self.log._validation), network.output.shape[1]))
            _same("epochs", {len(column) for column in history.values()}, {epochs})
            _same("callbacks", len(counters), len(self.others))
            # Only now that nothing can go wrong any more.
            _assign(trainer._state, arrays)
        except Exception:  # cut off by a full disk, of another version or of other images
            print(
                "An unfinished run starts over: what was kept of it is damaged, or of other "
                "versions, code or images."
            )
            self.path.unlink(missing_ok=True)
            return 0
        self.log.history, self.log.before = history, before
        self.counters, self.best_weights = counters, best
        self.head_history, self.finished = head_history, finished
        return epochs

    def on_train_begin(self, logs: Any = None) -> None:
        # After the others' own on_train_begin, which sets their counters back.
        for callback, counters in zip(self.others, self.counters, strict=False):
            for name, value in counters.items():
                setattr(callback, name, value)
            if self.best_weights and hasattr(callback, "best_weights"):
                callback.best_weights = self.best_weights

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.path is None:
            return
        arrays = {f"a{i}": value for i, value in enumerate(model.values(self.trainer._state))}
        for callback in self.others:
            for i, value in enumerate(getattr(callback, "best_weights", None) or []):
                arrays[f"best{i:04}"] = value
        note = {
            "history": self.log.history,
            "counters": [
                {n: getattr(c, n) for n in self._COUNTERS if hasattr(c, n)} for c in self.others
            ],
            "finished": bool(self.model.stop_training),
            "head_history": self.head_history,
            "of": self.of,
        }
        arrays |= {"before": self.log.before, "note": json.dumps(note)}
        try:
            write_whole(self.path, lambda file: np.savez(file, **arrays))
        except OSError as problem:
            raise CourseError(
                f"Could not keep the run's state in {self.path.parent}: {problem.strerror}. "
                f"Put that right and run again: {epoch} finished epochs are kept."
            ) from None


def _assign(variables: list, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _shapes(arrays: list) -> list[tuple[tuple[int, ...], str]]:
    """Shapes and types of arrays, or of Keras variables."""
    return [(tuple(each.shape), str(each.dtype)) for each in arrays]


def _same(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise ValueError(f"other {what}")
