"""`read`: a sample of what `fit` will get, whatever it is, without harm to it."""

from __future__ import annotations

import contextlib
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from tlhelpers.doctor.samples.arrays import sample_of_arrays
from tlhelpers.doctor.samples.classes import is_a, name_of
from tlhelpers.doctor.samples.dataloader import torch_opened
from tlhelpers.doctor.samples.epochs import Opened, read_passes
from tlhelpers.doctor.samples.pydataset import py_opened
from tlhelpers.doctor.samples.sample import NotRead, Sample, Unread
from tlhelpers.doctor.samples.tf_data import tf_opened
from tlhelpers.doctor.samples.tf_graphs import draws_random
from tlhelpers.doctor.samples.trees import is_array


def read(
    source: Any,
    images: int = 2048,
    seconds: float = 2.0,
    passes: int = 1,
    batch_size: int = 32,
    labels: int = 20_000,
    between: Callable[[Any], object] | None = None,
    seed: int = 0,
) -> list[Sample] | NotRead:
    """Read a sample of what `fit` will get, and leave everything as it was.

    Parameters
    ----------
    source : arrays, PyDataset, tf.data.Dataset or DataLoader
        What `fit` gets. Arrays as `(x,)`, `(x, y)` or `(x, y, sample_weight)`.
    images : int
        Images to keep: of arrays that many rows at random, otherwise the first of an epoch. Fewer
        where they would take more than 1 GiB.
    seconds : float
        Time for all passes together; one batch a pass is read however long it takes. A shuffle
        buffer fills before the first batch.
    passes : int
        Epochs to begin, as `fit` would: 2 show whether the images change. Arrays do not; their
        passes are the same object.
    batch_size : int
        For arrays, which have no batches of their own.
    labels : int
        Labels to keep, as long as there is time. An endless source is read for `images` only.
    between : callable, optional
        Called with the private copy between two passes, after its `on_epoch_end`.
    seed : int
        Which rows of arrays.

    Returns
    -------
    list of Sample, or NotRead
        One sample a pass. Only the first where a second would not be what `fit` sees: a dataset
        with a cache, before its first epoch was read to the end.

    Notes
    -----
    Never raises: an exception of the source is a `NotRead` with its first line.
    """

    def all_passes():
        if _kind(source) == "arrays":
            return [sample_of_arrays(source, images, batch_size, labels, seed)] * passes
        with _opened(source, seconds) as opened:
            return read_passes(opened, images, seconds, passes, labels, between)

    return _guarded(source, all_passes)


def random_ops(source: Any) -> bool:
    """Whether a `tf.data.Dataset` draws random numbers other than for its order.

    True for one that augments its images, or adds noise; False for every other source.
    """
    try:
        if _kind(source) != "tf":
            return False
        return draws_random(source)
    except Exception:
        return False


def _opened(source: Any, seconds: float) -> contextlib.AbstractContextManager[Opened]:
    """A context with the private copy of a source; after it, everything is as it was."""
    opener = {"py": py_opened, "tf": tf_opened, "torch": torch_opened}[_kind(source)]
    return opener(source, seconds)


def _kind(source: Any) -> str:
    """arrays, py, tf or torch; raises `Unread` for everything else."""
    if is_a(source, "PyDataset", "keras"):
        return "py"
    if is_a(source, "DatasetV2", "tensorflow"):
        return "tf"
    if is_a(source, "DataLoader", "torch"):
        return "torch"
    if isinstance(source, (str, bytes)) or source is None:
        raise Unread(f"{source!r:.60} is not a source of images.")
    if isinstance(source, (tuple, list)) or is_array(source):
        return "arrays"
    if isinstance(source, types.GeneratorType):
        raise Unread(
            "A Python generator can be read once only: what a look takes away, training misses."
        )
    if isinstance(source, Iterator):
        raise Unread(
            f"{name_of(source)} is an iterator and can be read once only: "
            "what a look takes away, training misses."
        )
    raise Unread(
        f"{name_of(source)} was given. The doctor reads arrays, a PyDataset, a tf.data.Dataset or "
        "a DataLoader, and may take away what can be read once only."
    )


def _guarded(source: Any, reading: Callable[[], Any]) -> Any:
    """The result of `reading`, or a `NotRead`: whatever happens, training must go on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a copy's read-only arrays, for one
            return reading()
    except Unread as why:
        return NotRead(str(why))
    except Exception as error:
        line = (str(error).strip().splitlines() or [""])[0][:200]
        error_text = f"{type(error).__name__}: {line}" if line else type(error).__name__
        return NotRead(f"{name_of(source)} could not be read apart from training ({error_text}).")
