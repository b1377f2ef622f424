"""The doctor as a Keras callback: looks before, during and after training, and changes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tlhelpers.core import files
from tlhelpers.core.errors import CourseError
from tlhelpers.doctor import report, samples
from tlhelpers.doctor.checks.images import order_changes
from tlhelpers.doctor.checks.model import rate_of
from tlhelpers.doctor.checkup import Checkup
from tlhelpers.doctor.diagnosis import Examination
from tlhelpers.doctor.network import fingerprint
from tlhelpers.doctor.observe import Observed

_IMAGES = 2048  # sampled of each side


class Doctor(keras.callbacks.Callback):
    """Names the trouble of a training.

    ::

        doctor = Doctor(train, validation)      # what fit gets: arrays as (x, y), or a dataset
        model.fit(..., callbacks=[*callbacks, doctor])  # last: it sees what validation sees
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
        self._checkup: Checkup | None = None  # of the fit that runs
        self._before = 0  # fits that led to it
        self._fits: dict[tuple, int] = {}  # that led to these weights, in a row
        self._rate: float | None = None  # of the last fit, as it began
        self._sizes: dict[int, float] = {}  # of inputs, by the kernel that learned from them
        self._observed: dict[int, Observed] = {}
        self._predicted: set[int] = set()

    # Keras calls ----------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Look at everything that can be seen without training."""
        self.finish()  # the fit before was interrupted
        self._checkup = Checkup(
            self.model, self.params, *self._given, observed=self._observed, most=self._most
        )
        # By its weights: a model that was built anew and given the old ones goes on as well.
        self._before = self._fits.get(_state(self.model), 0)
        rate, self._rate = self._rate, rate_of(self.model)
        self._look(self._checkup.begin, self._before, rate != self._rate, self._sizes)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """A new average."""
        if self._checkup:
            self._look(self._checkup.epoch_begins)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take the weights in, now and then."""
        if self._checkup and self._checkup.wants(batch):
            self._look(self._checkup.step, batch)

    def on_test_begin(self, logs: Any = None) -> None:
        """Validation begins: these are the weights that are validated."""
        if self._checkup:
            self._look(self._checkup.validation_begins)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep what Keras logged, beside what was read."""
        if self._checkup:
            self._look(self._checkup.epoch_ends, epoch, logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        """Training is over: say what it was."""
        if self._checkup:
            self._look(self._checkup.train_ends)
        self.finish()

    def _look(self, method: Callable, *arguments: Any) -> None:
        """Let the checkup look: one that fails says so in one line, and training goes on."""
        checkup = self._checkup
        if checkup is None or checkup.failed:
            return
        try:
            with checkup.clock:
                _ = self.model  # on JAX this brings the variables up to date
                method(*arguments)
        except Exception as problem:  # a stranger's model and data may do anything
            lines = [line for line in str(problem).strip().splitlines() if line.strip()] or [""]
            said = lines[-1].strip() if "in user code" in lines[0] else lines[0]
            why = f"The doctor stopped here: {type(problem).__name__}: {said[:200]}"
            checkup.give_up(why)
            print(f"doctor: {why}", file=sys.stderr)
            if self.debug:
                raise

    # The stranger's side ----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a `fit` is being looked at right now."""
        return self._checkup is not None

    @property
    def examined(self) -> bool:
        """Whether any `fit` was looked at."""
        return bool(self.examinations) or self.busy

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

    def __repr__(self) -> str:
        found = [one.code for each in self.examinations for one in each.diagnoses]
        fits = f"{len(self.examinations)} fit{'' if len(self.examinations) == 1 else 's'}"
        return f"<Doctor: {fits}, {', '.join(dict.fromkeys(found)) or 'nothing found'}>"

    def _repr_html_(self) -> str:
        self.finish()
        return "".join(report.fragment(one) for one in self.examinations)

    def finish(self) -> None:
        """Judge the `fit` that ran, or was interrupted; nothing to do if that was done."""
        checkup, self._checkup = self._checkup, None
        if checkup is None:
            return
        diagnoses = None
        try:
            diagnoses = checkup.judge()
        except Exception as problem:
            checkup.give_up(f"The doctor failed to judge: {type(problem).__name__}: {problem}")
            if self.debug:
                raise
        self._fits[_state(checkup.model)] = self._before + 1
        self._predicted.add(id(checkup.train))
        learned = _or_none(checkup.learned_from)
        if learned is not None:
            self._sizes[learned[0]] = learned[1]
        number = len(self.examinations) + 1
        self.examinations.append(checkup.examination(number, diagnoses))

    # What `attach` asks for -----------------------------------------------------------------------

    def observe(self, generator: Any) -> Any:
        """A generator that passes the same batches on, and lets the doctor see the first ones."""
        observed = Observed(generator)
        self._observed[id(observed.passing)] = observed
        return observed.passing

    def note_prediction(self, x: Any) -> None:
        """Look whether predictions for this dataset come in an order that stays."""
        if isinstance(x, (np.ndarray, list, tuple)) or not self.examined:
            return
        if self._checkup and x is self._checkup.train:  # shuffled on purpose
            return
        if id(x) in self._predicted:
            return
        self._predicted.add(id(x))
        try:
            with self._checkup.clock if self._checkup else nullcontext():
                read = samples.read(x, images=512, passes=2)
                if isinstance(read, samples.NotRead):
                    return
                diagnosis = order_changes(read[0], read[1])
        except Exception:  # whatever the dataset does, it is no reason to stop a prediction
            return
        if diagnosis is None:
            return
        if self._checkup:
            self._checkup.add(diagnosis)
        elif diagnosis.code not in {one.code for one in self.examinations[-1].diagnoses}:
            last = self.examinations[-1]
            self.examinations[-1] = replace(last, diagnoses=(*last.diagnoses, diagnosis))


def _or_none(look: Callable) -> Any:
    try:
        return look()
    except Exception:  # after an interruption the model's arrays may be gone
        return None


def _state(model: Any) -> tuple:
    """What a later fit is known by: the weights that it begins with, and how many of them train."""
    try:
        return len(model.trainable_variables), fingerprint(model)
    except Exception:  # after an interruption its arrays may be gone
        return (object(),)  # like no other
