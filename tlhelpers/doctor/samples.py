"""A sample of what `fit` will get, read without changing what `fit` will get.

`read` takes what one gives to `fit`: arrays, a `keras.utils.PyDataset` (the old
`ImageDataGenerator(...).flow(...)` too), a `tf.data.Dataset`, a torch `DataLoader`. After it,
training goes on bit by bit as if nobody had read:

- a `PyDataset` or a `DataLoader` is read from a private deep copy; large arrays are shared with
  it as read-only views, so code that shuffles them in place raises instead of doing harm;
- a `tf.data.Dataset` is built once more, with shuffle seeds, caches and variables of its own;
- random generators (`random`, NumPy, torch, Keras, TensorFlow; global, or anywhere in the
  program) and the global variables that the code of the source uses are put back.

What cannot be read so is a `NotRead` with the reason. Call `read` where `fit` reads nothing: in
`on_train_begin`, `on_epoch_begin` or `on_epoch_end` of a callback, or before `fit`. Code that
writes files, or counts on a server, does so for our copy, too.

Only NumPy is imported here: of TensorFlow, torch and JAX what the program has loaded itself.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import dis
import gc
import math
import random
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

# Arrays above this are shared with a copy, not copied; so are all once this many bytes are copied.
_LARGE = 2**20
_COPIED = 2**26
# Images of one sample, at most: a diagnosis must not be what exhausts the memory.
_KEPT = 2**30
# Tensors of a tf.data graph that are worth its detour through a string (100 MB take over 1 s) ...
_SMALL_GRAPH = 2**24
# ... and that are so at most, where there is no other way.
_LARGEST_GRAPH = 2**28
# Values of one image that enter its digest.
_DIGESTED = 4096

_LIBRARIES = frozenset(sys.stdlib_module_names) | {
    *("keras", "tensorflow", "torch", "torchvision", "numpy", "jax", "jaxlib", "PIL", "cv2"),
    *("scipy", "pandas", "sklearn", "h5py"),
}


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of the beginning of an epoch, in its order."""

    y: Any  # (n, ...) as the loss gets them; a dict or tuple of arrays for several outputs; or None
    weight: Any  # (n, ...) sample weights, or None
    sizes: tuple[int, ...]  # images in each batch
    complete: bool  # the whole epoch, not only its beginning


@dataclass(frozen=True, eq=False)
class Sample:
    """Images and labels that `fit` will get.

    `labels` goes further than `x` and `y`: where an epoch has more images than were asked for,
    the labels of the following batches are kept without their images.
    """

    x: Any  # (n, ...) inputs as the model gets them; a dict or tuple of arrays for several inputs
    y: Any  # (n, ...) labels as the loss gets them, or None
    weight: Any  # (n, ...) sample weights, or None
    sizes: tuple[int, ...]  # images in each batch that was read, in the order of one epoch
    complete: bool  # x holds every image of the epoch
    rows: np.ndarray | None = None  # for arrays: which rows of the source these are, ascending
    labels: Labels | None = None  # what was read of the epoch's labels; None in later passes


@dataclass(frozen=True)
class NotRead:
    """Why there is no sample, in one sentence for the report."""

    why: str


class _Unread(Exception):
    """Its text is the sentence of a `NotRead`."""


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
            return [_sample_of_arrays(source, images, batch_size, labels, seed)] * passes
        with _opened(source, seconds) as opened:
            return _passes(opened, images, seconds, passes, labels, between)

    return _guarded(source, all_passes)


def batch_labels(
    source: Any, labels: int = 20_000, seconds: float = 2.0, batch_size: int = 32
) -> Labels | NotRead:
    """Labels of the beginning of an epoch, in its order, without images where that is possible.

    Possible for arrays, iterators of `ImageDataGenerator`, and a `DataLoader` of a torch
    `TensorDataset` or of a torchvision data set with `targets`. Other sources have to make their
    images too, and `seconds` ends it.

    Returns
    -------
    Labels or NotRead
        For arrays in their own order, which `fit` shuffles unless told otherwise.
    """

    def first_labels():
        if _kind(source) == "arrays":
            return _labels_of_arrays(source, labels, batch_size)
        with _opened(source, seconds) as opened:
            found = opened.labels(labels) if opened.labels else None
            if found is None:
                found = _passes(opened, 0, seconds, 1, labels, None)[0].labels
            return found

    return _guarded(source, first_labels)


def random_ops(source: Any) -> bool:
    """Whether a `tf.data.Dataset` draws random numbers other than for its order.

    True for one that augments its images, or adds noise; False for every other source.
    """
    try:
        if _kind(source) != "tf":
            return False
        return any(map(_is_random, _tf_ops(source)))
    except Exception:
        return False


def _guarded(source: Any, reading: Callable[[], Any]) -> Any:
    """The result of `reading`, or a `NotRead`: whatever happens, training must go on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a copy's read-only arrays, for one
            return reading()
    except _Unread as why:
        return NotRead(str(why))
    except Exception as error:
        line = (str(error).strip().splitlines() or [""])[0][:200]
        error_text = f"{type(error).__name__}: {line}" if line else type(error).__name__
        return NotRead(f"{_name(source)} could not be read apart from training ({error_text}).")


def _name(source: Any) -> str:
    kind = type(source).__name__
    article = "An" if kind[:1].upper() in ("A", "E", "I", "O") else "A"
    return f"{article} object of type {kind}"


def _is(source: Any, name: str, package: str) -> bool:
    """Whether the source is of a class of a package that may not be loaded."""
    return any(
        base.__name__ == name and base.__module__.partition(".")[0] == package
        for base in type(source).__mro__
    )


def _kind(source: Any) -> str:
    """arrays, py, tf or torch; raises `_Unread` for everything else."""
    if _is(source, "PyDataset", "keras"):
        return "py"
    if _is(source, "DatasetV2", "tensorflow"):
        return "tf"
    if _is(source, "DataLoader", "torch"):
        return "torch"
    if isinstance(source, (str, bytes)) or source is None:
        raise _Unread(f"{source!r:.60} is not a source of images.")
    if isinstance(source, tuple) or _is_array(source):
        return "arrays"
    if isinstance(source, types.GeneratorType):
        raise _Unread(
            "A Python generator can be read once only: what a look takes away, training misses."
        )
    if isinstance(source, Iterator):
        raise _Unread(
            f"{_name(source)} is an iterator and can be read once only: "
            "what a look takes away, training misses."
        )
    raise _Unread(
        f"{_name(source)} is none of arrays, PyDataset, tf.data.Dataset or DataLoader, "
        "and may be one that can be read once only."
    )


# --- trees of arrays ------------------------------------------------------------------


def _leaves(tree: Any) -> list:
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in _leaves(tree[key])]
    if isinstance(tree, (tuple, list)) and not _is_array(tree):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [] if tree is None else [tree]


def _map(function: Callable, tree: Any) -> Any:
    """The tree with each leaf replaced; lists become tuples."""
    if isinstance(tree, dict):
        return {key: _map(function, part) for key, part in tree.items()}
    if isinstance(tree, (tuple, list)) and not _is_array(tree):
        return tuple(_map(function, part) for part in tree)
    return None if tree is None else function(tree)


def _is_array(value: Any) -> bool:
    """An array, or a list that stands for one: of numbers, or of lists of them."""
    if isinstance(value, list):
        first = value[0] if value else 0.0
        return isinstance(first, (bool, int, float, np.generic)) or (
            isinstance(first, list) and _is_array(first)
        )
    return hasattr(value, "shape") and hasattr(value, "dtype" if value is not None else "")  # noqa


def _numpy(leaf: Any) -> np.ndarray:
    """As NumPy, without a copy where that is possible."""
    if _is(leaf, "Tensor", "torch"):
        leaf = leaf.detach().cpu()
        if not leaf.dtype.is_complex and str(leaf.dtype) == "torch.bfloat16":
            leaf = leaf.float()
        return leaf.resolve_neg().numpy()
    array = leaf.numpy() if _is(leaf, "Tensor", "tensorflow") else np.asarray(leaf)
    array = np.asarray(array)
    if array.dtype.kind == "V":  # bfloat16 and its like
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise _Unread(f"Its arrays hold {array.dtype}, not numbers.")
    return array


def _input(leaf: Any) -> np.ndarray:
    """As the model gets it: Keras makes float32 of float64."""
    array = _numpy(leaf)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _count(x: Any, y: Any, weight: Any) -> int:
    """Images in a batch; raises where its parts do not fit together."""
    if not _leaves(x):
        raise _Unread("It has no inputs.")
    counts = []
    for what, tree in (("inputs", x), ("labels", y), ("weights", weight)):
        for leaf in _leaves(tree):
            shape = np.shape(leaf) if isinstance(leaf, list) else tuple(leaf.shape)
            if not shape:
                raise _Unread(
                    f"It is not batched: its {what} have no first axis that counts images."
                )
            counts.append((int(shape[0]), what))
    if len({count for count, _ in counts}) > 1:
        parts = " and ".join(f"{count} {what}" for count, what in dict.fromkeys(counts))
        raise _Unread(f"Its parts do not fit together: {parts}.")
    return counts[0][0]


def _unpacked(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, labels and weights, as Keras takes a batch apart."""
    if isinstance(batch, list):
        batch = tuple(batch)
    if not isinstance(batch, tuple):
        batch = (batch,)
    if not 1 <= len(batch) <= 3:
        raise _Unread(f"A batch has {len(batch)} parts; fit takes inputs, labels and weights.")
    return (*batch, None, None)[:3]


# --- arrays ---------------------------------------------------------------------------


def _taken(array: Any, rows: np.ndarray | slice) -> np.ndarray:
    """Some rows, as NumPy, without making more than these. A slice of NumPy is a view."""
    if isinstance(array, list):
        some = array[rows] if isinstance(rows, slice) else [array[row] for row in rows]
        return np.asarray(some)
    if hasattr(array, "iloc"):
        return array.iloc[rows].to_numpy()
    if isinstance(rows, np.ndarray) and _is(array, "Tensor", "tensorflow"):
        return sys.modules["tensorflow"].gather(array, rows).numpy()
    if isinstance(rows, np.ndarray) and _is(array, "Tensor", "torch"):
        rows = sys.modules["torch"].as_tensor(rows, device=array.device)
    taken = array[rows]
    if isinstance(taken, np.ndarray):
        taken = taken.view()
        taken.flags.writeable = False
    return taken


def _arrays(source: Any) -> tuple[Any, Any, Any, int]:
    parts = (source,) if _is_array(source) else source
    if not 1 <= len(parts) <= 3:
        raise _Unread(f"A tuple of {len(parts)} parts; expected inputs, labels and weights.")
    for part in parts:
        for leaf in _leaves(part):
            if not _is_array(leaf):
                raise _Unread(f"A tuple that holds {leaf!r:.60}, which is no array.")
    x, y, weight = (*parts, None, None)[:3]
    n = _count(x, y, weight)
    if n == 0:
        raise _Unread("Its arrays are empty.")
    return x, y, weight, n


def _sample_of_arrays(
    source: Any, images: int, batch_size: int, labels: int, seed: int
) -> Sample:
    x, y, weight, n = _arrays(source)
    first = _map(lambda leaf: _input(_taken(leaf, slice(0, 1))), x)
    size = max(1, sum(leaf.nbytes for leaf in _leaves(first)))
    wanted = min(n, max(1, min(images, _KEPT // size)))
    if wanted < n:
        # Ascending, so that a file on disk is read in its order.
        rows = np.sort(np.random.default_rng(seed).choice(n, wanted, replace=False))
        chosen: np.ndarray | slice = rows
    else:
        rows, chosen = np.arange(n), slice(None)
    all_labels = _labels_of_arrays(source, labels, batch_size)
    return Sample(
        x=_map(lambda leaf: _input(_taken(leaf, chosen)), x),
        y=_map(lambda leaf: _numpy(_taken(leaf, chosen)), y),
        weight=_map(lambda leaf: _numpy(_taken(leaf, chosen)), weight),
        sizes=all_labels.sizes,
        complete=wanted == n,
        rows=rows,
        labels=all_labels,
    )


def _labels_of_arrays(source: Any, labels: int, batch_size: int) -> Labels:
    _, y, weight, n = _arrays(source)
    first = slice(0, max(1, labels))
    return Labels(
        y=_map(lambda leaf: _numpy(_taken(leaf, first)), y),
        weight=_map(lambda leaf: _numpy(_taken(leaf, first)), weight),
        sizes=_sizes(n, batch_size),
        complete=n <= first.stop,
    )


def _sizes(n: int, batch_size: int) -> tuple[int, ...]:
    whole, rest = divmod(n, max(1, batch_size))
    return (batch_size,) * whole + ((rest,) if rest else ())


# --- epochs of batches ----------------------------------------------------------------


@dataclass
class _Opened:
    """A private copy of a source."""

    copy: Any
    epoch: Callable[[], Iterable]  # the batches of the next epoch
    length: float | None  # batches of an epoch: inf if endless, None if nobody knows
    end: Callable[[], object] = lambda: None  # what fit does after an epoch
    labels: Callable[[int], Labels | None] | None = None  # a way to labels without images
    cached: bool = False  # later epochs repeat what the first has read


def _opened(source: Any, seconds: float):
    """A context with the private copy of a source; after it, everything is as it was."""
    opener = {"py": _py_opened, "tf": _tf_opened, "torch": _torch_opened}[_kind(source)]
    return opener(source)


def _passes(
    opened: _Opened,
    images: int,
    seconds: float,
    passes: int,
    labels: int,
    between: Callable[[Any], object] | None,
) -> list[Sample]:
    start = time.monotonic()
    samples: list[Sample] = []
    for number in range(passes):
        if number:
            opened.end()
            if between is not None:
                between(opened.copy)
            # The same images as in the first pass, and no more.
            images, labels = len(_leaves(samples[0].x)[0]), 0
        deadline = start + seconds * (number + 1) / passes
        sample, ended = _one_pass(opened, images, labels, deadline, keep_labels=not number)
        samples.append(sample)
        if opened.cached and not ended:
            break  # the copy's cache is not filled, and fit's will be: a second pass would differ
    return samples


def _one_pass(
    opened: _Opened, images: int, labels: int, deadline: float, keep_labels: bool
) -> tuple[Sample, bool]:
    """The beginning of one epoch, and whether it was read to its end."""
    x_all = None
    kept = 0
    sizes: list[int] = []
    parts: list[tuple[Any, Any]] = []
    ended = False
    batches = iter(opened.epoch())
    try:
        while True:
            if opened.length is not None and len(sizes) >= opened.length:
                ended = True
                break
            if sizes and kept >= images and (opened.length == math.inf or sum(sizes) >= labels):
                break
            if sizes and time.monotonic() > deadline:
                break
            try:
                x, y, weight = _unpacked(next(batches))
            except StopIteration:
                ended = True
                break
            if kept < images or not sizes:
                x = _map(_input, x)
            y, weight = _map(_numpy, y), _map(_numpy, weight)
            n = _count(x, y, weight)
            if x_all is None:
                size = max(1, sum(leaf.nbytes for leaf in _leaves(x)) // max(1, n))
                images = min(images, max(n, _KEPT // size))
                room = images
                if opened.length not in (None, math.inf):
                    room = min(images, int(opened.length) * max(1, n))
                # Memory is taken only as it is filled.
                x_all = _map(lambda leaf, r=room: np.empty((r, *leaf.shape[1:]), leaf.dtype), x)
            # A later batch may be larger than the first, and `room` too small for it.
            take = max(0, min(n, images - kept, len(_leaves(x_all)[0]) - kept))
            if take:
                _filled(x_all, x, kept, take)
            kept += take
            # The source may use its arrays again for the next batch.
            parts.append((_map(np.array, y), _map(np.array, weight)))
            sizes.append(n)
    finally:
        if hasattr(batches, "close"):
            batches.close()
    if not sizes or not sum(sizes):
        raise _Unread("It gave no images.")
    y = _joined([part[0] for part in parts])
    weight = _joined([part[1] for part in parts])
    complete = ended and kept == sum(sizes)
    sample = Sample(
        x=_map(lambda leaf: leaf[:kept], x_all),
        y=_map(lambda leaf: leaf[:kept], y),
        weight=_map(lambda leaf: leaf[:kept], weight),
        sizes=tuple(sizes),
        complete=complete,
        labels=Labels(y, weight, tuple(sizes), ended) if keep_labels else None,
    )
    return sample, ended


def _filled(x_all: Any, x: Any, kept: int, take: int) -> None:
    everything, batch = _leaves(x_all), _leaves(x)
    if len(everything) != len(batch):
        raise _Unread("Its batches differ in their number of inputs.")
    for target, leaf in zip(everything, batch, strict=True):
        if target.shape[1:] != leaf.shape[1:]:
            raise _Unread(
                f"Its batches hold images of different sizes: {target.shape[1:]} and "
                f"{leaf.shape[1:]}."
            )
        target[kept : kept + take] = leaf[:take]


def _joined(parts: list) -> Any:
    """Batches one after the other, each a tree of arrays."""
    if parts[0] is None:
        return None
    if isinstance(parts[0], dict):
        return {key: _joined([part[key] for part in parts]) for key in parts[0]}
    if isinstance(parts[0], tuple):
        return tuple(_joined(list(same)) for same in zip(*parts, strict=True))
    return np.concatenate(parts)
