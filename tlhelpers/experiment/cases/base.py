"""A case: one of the two questions, with its data and its recipe as posted."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.core import locks, machine, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.core.progress import bar
from tlhelpers.data.dataset import Split
from tlhelpers.experiment import recordings
from tlhelpers.training import starts
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Experiment, Run

if TYPE_CHECKING:
    import numpy as np
    from filelock import FileLock

    from tlhelpers.training.trainer import Trainer


@dataclass(frozen=True)
class Sizes:
    """How much work a case is at one profile.

    Attributes
    ----------
    train, validation : int, float or None
        Images, or their share of all; None takes all there are, or all that are left.
    epochs : int
        Of the runs that are measured.
    seeds : int
        Runs of a recipe.
    posted : mapping of recipe fields to values
        What is smaller than in the post.
    read : bool
        Whether each epoch is read in several ways (`tlhelpers.training.readings`).
    """

    train: int | None
    validation: int | float | None
    epochs: int
    seeds: int
    posted: Mapping[str, Any]
    read: bool = False


def count_words(count: int | float | None) -> str:
    """A number of images, as `Sizes` has it, in words."""
    if count is None:
        return "all"
    return f"{count:.0%}" if isinstance(count, float) else f"{count:,}"


@dataclass(frozen=True)
class Case:
    """One of the two questions at one profile.

    Attributes
    ----------
    name, profile : str
    data : str
        "synthetic" or "real".
    posted : Recipe
        The recipe of the post, in this profile's sizes.
    measured : Recipe
        The same without early stopping and with a fixed number of epochs, so that runs can be
        compared epoch by epoch.
    assumptions : tuple of str
        What the post leaves open and what is assumed, a sentence each.
    seeds : int
        Runs of a recipe that this profile makes.
    score : str
        The metric that says how good a run is, whatever its steadiness.
    spec : str
        How the images were chosen; part of a recording's identity.
    data_words : str
        The same for a caption.
    draw : function
        Makes the split.
    read : bool
        Whether runs read each epoch in several ways (`tlhelpers.training.readings`).
    """

    name: str
    profile: str
    data: str
    posted: Recipe
    measured: Recipe
    assumptions: tuple[str, ...]
    seeds: int
    score: str
    spec: str
    data_words: str
    draw: Callable[[], Split]
    read: bool = False

    @cached_property
    def split(self) -> Split:
        """Training and validation images, drawn or loaded once."""
        return self.draw()

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The images as ``fit`` takes them: x_train, y_train, x_val, y_val.

        Images are uint8, 0 to 255, shape (n, size, size, channels); labels are float32 one-hot.
        """
        import numpy as np

        sides = (self.split.train, self.split.validation)
        labels = [np.eye(len(side.classes), dtype="float32")[side.labels] for side in sides]
        return sides[0].images, labels[0], sides[1].images, labels[1]

    @cached_property
    def _trainers(self) -> dict[Recipe, Trainer]:
        return {}

    def trainer(self, recipe: Recipe) -> Trainer:
        """The compiled network of a recipe; those of the two architectures used last are kept."""
        split = self.split  # missing images show before Keras takes its seconds
        from tlhelpers.training.trainer import Trainer

        needed = recipe.architecture()
        found = self._trainers.pop(needed, None)
        while len(self._trainers) > 1:
            self._trainers.pop(next(iter(self._trainers)))
        # At the end of the dict: what was used last goes last.
        self._trainers[needed] = found or Trainer(recipe, split)
        return self._trainers[needed].of(recipe)

    def find(self, recipe: Recipe, seed: int, committed: bool = False) -> Run | None:
        """The recorded run, of the repository or, unless `committed`, of this machine; or None."""
        roots = (paths.RECORDINGS,) if committed else (paths.RECORDINGS, recordings.local())
        return recordings.find(self.name, self.data, self.profile, recipe, seed, self.spec, *roots)

    def recorded(
        self, recipe: Recipe, seeds: Sequence[int] | None = None, committed: bool = False
    ) -> Experiment:
        """The recorded runs of a recipe, up to the first that is missing.

        Nothing is trained and no images are needed.

        Parameters
        ----------
        recipe : Recipe
        seeds : sequence of int, optional
            From 0 on, as many as the profile has. Further seeds have another purpose
            (recordings/PROTOCOL.md).
        committed : bool
            Only runs of the repository: what is published must not hang on a machine.

        Raises
        ------
        CourseError
            There is none.
        """
        if seeds is not None and not len(seeds):
            raise CourseError("seeds must name at least one, or be None.")
        runs = []
        for seed in range(self.seeds) if seeds is None else seeds:
            if (run := self.find(recipe, seed, committed)) is None:
                break
            runs.append(run)
        if not runs:
            which = "" if seeds is None else f" --first-seed {seeds[0]} --seeds {len(seeds)}"
            raise CourseError(
                f"No run of this recipe is recorded for {self.data_words}: make one with "
                f"tlhelpers record --case {self.name} --data {self.data} --profile {self.profile}"
                f"{which}, and with --fix for what recordings/PROTOCOL.md does not ask for."
            )
        return Experiment(recipe, tuple(runs))

    def run(
        self,
        recipe: Recipe,
        seeds: int | None = None,
        live: bool = False,
        label: str = "run",
    ) -> Experiment:
        """Runs of a recipe: replayed where recorded, trained otherwise.

        A run that another process is making is waited for.

        Parameters
        ----------
        recipe : Recipe
        seeds : int, optional
            Seeds 0 to seeds - 1; the profile's number if not given.
        live : bool
            Train even what is recorded.
        label : str
            Names the folder of new recordings, in ``build/runs``.
        """
        count = self.seeds if seeds is None else seeds
        if type(count) is not int or count < 1:
            raise CourseError(f"seeds = {seeds!r} must be a whole number of 1 or more, or None.")
        found = {s: None if live else self.find(recipe, s) for s in range(count)}
        missing = [s for s, run in found.items() if run is None]
        if missing and not live:
            _ = self._backends_told
        for seed in bar(missing, desc=label) if len(missing) > 1 else missing:
            with self.locked(recipe, seed):
                # Another page may just have made it.
                found[seed] = None if live else self.find(recipe, seed)
                if found[seed] is None:
                    found[seed] = self.train(recipe, seed)
                    recordings.save(found[seed], recordings.local(), label)
                    self.forget(recipe, seed)
        return Experiment(recipe, tuple(found.values()))

    def train(
        self, recipe: Recipe, seed: int, on_epoch: Callable[[dict[str, list]], None] | None = None
    ) -> Run:
        """Train one run now; goes on where an interrupted one stopped.

        What it goes on from stays until `forget`, which is for when the run is saved.
        `on_epoch` is called with the history after each epoch.
        """
        trainer = self.trainer(recipe)
        about = self._about(recipe)
        return trainer.run(seed, about, self.unfinished(recipe, seed), on_epoch, self.read)

    def backends(self) -> tuple[str, str]:
        """The Keras backend of the recorded runs, and the one that trains here."""
        here = machine.versions()["backend"].split()[0]
        recorded = self.find(self.measured, 0)
        return recorded.about["versions"]["backend"].split()[0] if recorded else here, here

    @cached_property
    def _backends_told(self) -> bool:
        """Says, once, if what is trained here is to be compared with runs of another backend."""
        there, here = self.backends()
        if there != here:
            print(
                f"Note: recorded runs are from {there}, new ones from {here}. To compare like "
                "with like, train both: live=True."
            )
        return True

    def unfinished(self, recipe: Recipe, seed: int) -> Path:
        """Where the state of a run is kept until it is saved."""
        name = hashlib.sha256(f"{self.name} {self.spec} {recipe.key()} {seed}".encode()).hexdigest()
        return paths.build() / "unfinished" / f"{name[:16]}.npz"

    def lock(self, recipe: Recipe, seed: int) -> FileLock:
        """The lock of whoever makes this run, for `tlhelpers.core.locks.take`."""
        from filelock import FileLock

        return FileLock(self.unfinished(recipe, seed).with_suffix(".lock"))

    @contextlib.contextmanager
    def locked(self, recipe: Recipe, seed: int) -> Iterator[None]:
        """Hold the lock of a run; a bar says so while another process has it."""
        from filelock import Timeout

        lock = self.lock(recipe, seed)
        try:
            locks.take(lock)
        except Timeout:
            words = f"seed {seed}: another process is making this run; waiting"
            with bar(total=1, desc=words, bar_format="{desc} {elapsed}") as waiting:
                while not lock.is_locked:
                    with contextlib.suppress(Timeout):
                        locks.take(lock, timeout=1)
                    waiting.refresh()
        try:
            yield
        finally:
            lock.release()

    def forget(self, recipe: Recipe, seed: int) -> None:
        """Delete what is kept of a run: it is saved, or not wanted."""
        forget(self.unfinished(recipe, seed).name)

    def _about(self, recipe: Recipe) -> dict:
        start = starts.fingerprint(recipe)
        return {
            "case": self.name,
            "data": self.data,
            "profile": self.profile,
            "spec": self.spec,
            "data_words": self.data_words,
            "fingerprint": self.split.fingerprint(),
            "classes": list(self.split.validation.classes),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "device": machine.device(),
            "versions": machine.versions(),
            **({"start": start} if start else {}),
        }


def forget(name: str) -> None:
    """Delete a file of `Case.unfinished` on this machine, and what a kill left half written."""
    for file in (paths.build() / "unfinished").glob(f"{name}*"):
        file.unlink(missing_ok=True)
