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
import functools
import gc
import importlib
import inspect
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
# Values up to which an image enters its digest whole, and those of a grid on a larger one.
_WHOLE, _GRID = 4096, 2048

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
    return hasattr(value, "shape") and not callable(value.shape)


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


def _sample_of_arrays(source: Any, images: int, batch_size: int, labels: int, seed: int) -> Sample:
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
    cached: bool = False  # later epochs repeat what the first has read


def _opened(source: Any, seconds: float) -> contextlib.AbstractContextManager[_Opened]:
    """A context with the private copy of a source; after it, everything is as it was."""
    opener = {"py": _py_opened, "tf": _tf_opened, "torch": _torch_opened}[_kind(source)]
    return opener(source, seconds)


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
                # Memory is taken only as it is filled.
                x_all = _map(lambda leaf, r=images: np.empty((r, *leaf.shape[1:]), leaf.dtype), x)
            take = min(n, images - kept)
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


# --- everything as it was -------------------------------------------------------------


class _Kept:
    """What reading may change outside the private copy, and how to put it back."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], object]] = []
        self.seen: dict[int, Any] = {}  # keeps them alive: an id is used again otherwise

    def restore(self) -> None:
        """Put everything back, the last thing first."""
        errors = []
        for undo in reversed(self.undo):
            try:
                undo()
            except Exception as error:  # the others must still be put back
                errors.append(error)
        if errors:
            raise errors[0]

    def generators(self) -> None:
        """The state of every random generator of the program."""
        state = random.getstate()
        self.undo.append(lambda: random.setstate(state))
        legacy = np.random.get_state(legacy=False)
        self.undo.append(lambda: np.random.set_state(legacy))
        # A generator at module level belongs to no copy. Only types are looked at: isinstance
        # would wake lazy proxies.
        things = gc.get_objects()
        ways = {kind: self._way(kind) for kind in set(map(type, things))}
        wanted = {kind for kind, way in ways.items() if way is not None}
        for thing in [thing for thing in things if type(thing) in wanted]:
            with contextlib.suppress(NotImplementedError):  # random.SystemRandom
                ways[type(thing)](thing)  # type: ignore[misc]  # "wanted" holds no None
        del things
        if torch := sys.modules.get("torch"):
            self._torch(torch)
        if "keras" in sys.modules:
            self._keras()

    def _way(self, kind: type) -> Callable[[Any], None] | None:
        if issubclass(kind, np.random.BitGenerator):
            return self._attribute("state")
        if issubclass(kind, np.random.RandomState):
            return self._random_state
        if issubclass(kind, random.Random):
            return self._python_random
        package = str(kind.__module__).partition(".")[0]
        if kind.__name__ == "SeedGenerator" and package == "keras":
            return lambda generator: self.variables([generator.state])
        if kind.__name__ == "Generator" and package == "tensorflow":
            return lambda generator: self.variables([generator.state])
        return None

    def _attribute(self, name: str) -> Callable[[Any], None]:
        def keep(thing: Any) -> None:
            value = getattr(thing, name)
            self.undo.append(lambda: setattr(thing, name, value))

        return keep

    def _random_state(self, generator: np.random.RandomState) -> None:
        state = generator.get_state(legacy=False)
        self.undo.append(lambda: generator.set_state(state))

    def _python_random(self, generator: random.Random) -> None:
        state = generator.getstate()
        self.undo.append(lambda: generator.setstate(state))

    def _torch(self, torch: Any) -> None:
        state = torch.get_rng_state()
        self.undo.append(lambda: torch.set_rng_state(state))
        for device in ("cuda", "mps", "xpu"):
            module = getattr(torch, device, None)
            if device == "mps":
                if module is None or not torch.backends.mps.is_available():
                    continue
                of_mps = module.get_rng_state()
                self.undo.append(functools.partial(module.set_rng_state, of_mps))
            elif module is not None and module.is_initialized():
                of_all = module.get_rng_state_all()
                self.undo.append(functools.partial(module.set_rng_state_all, of_all))

    def _keras(self) -> None:
        """The seed generator that Keras makes when it is first needed, and its counts of names."""
        state = sys.modules.get("keras.src.backend.common.global_state")
        if state is None:
            return
        for name in ("global_seed_generator", "object_name_uids"):
            value = state.get_global_attribute(name)
            value = copy.copy(value) if isinstance(value, dict) else value
            self.undo.append(functools.partial(state.set_global_attribute, name, value))

    def variables(self, variables: Iterable) -> None:
        """Values of Keras or TensorFlow variables."""
        for variable in variables:
            if self._known(variable):
                continue
            # One that cannot be read now (JAX takes a model's values away while it trains), no
            # code of a source can change either.
            with contextlib.suppress(Exception):
                self.undo.append(_give_back(variable, _value(variable)))

    def function(self, function: Any) -> None:
        """What a function can change: global variables that it names, variables it closes over."""
        function = getattr(function, "__func__", function)
        function = getattr(function, "python_function", function)  # of a tf.function
        if not isinstance(function, types.FunctionType) or self._known(function):
            return
        space = function.__globals__
        for code in _codes(function.__code__):
            for step in dis.get_instructions(code):
                if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                    self._binding(space, step.argval)
                elif step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in space:
                    self.value(space[step.argval])
        for cell in function.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                value = cell.cell_contents
                self.undo.append(functools.partial(setattr, cell, "cell_contents", value))
                self.value(value)
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.value(default)

    def _binding(self, space: dict, name: str) -> None:
        if name in space:
            value = space[name]
            self.undo.append(lambda: space.__setitem__(name, value))
        else:
            self.undo.append(lambda: space.pop(name, None))

    def of_class(self, kind: type) -> None:
        """What the methods of a class can change, and its own attributes."""
        for base in kind.__mro__:
            if _of_a_library(base) or self._known(base):
                continue
            for name, value in list(vars(base).items()):
                if isinstance(value, (staticmethod, classmethod)):
                    value = value.__func__
                elif isinstance(value, property):
                    for part in (value.fget, value.fset):
                        self.function(part)
                if isinstance(value, types.FunctionType) or hasattr(value, "python_function"):
                    self.function(value)
                elif not name.startswith("__"):
                    self.undo.append(functools.partial(_set_if_other, base, name, value))
                    self.value(value)

    def value(self, value: Any, depth: int = 4) -> None:
        """Something that is shared with the private copy, and that its code might change."""
        kind = type(value)
        if kind in _ATOMS or depth == 0:
            return
        if isinstance(value, (types.FunctionType, types.MethodType)):
            if not _of_a_library(value):
                self.function(value)
            return
        if isinstance(value, type):
            self.of_class(value)
            return
        if isinstance(value, types.ModuleType) or self._known(value):
            return
        if isinstance(value, np.ndarray):
            self._array(value)
        elif _is(value, "Generator", "torch"):
            state = value.get_state()
            self.undo.append(lambda: value.set_state(state))
        elif _is(value, "Layer", "keras"):
            self.variables(value.variables)
        elif _is(value, "ResourceVariable", "tensorflow") or _is(value, "Variable", "keras"):
            self.variables([value])
        elif isinstance(value, list):
            items = list(value)
            self.undo.append(
                lambda: _differ(value, items) and value.__setitem__(slice(None), items)
            )
            for item in items[:1000]:
                self.value(item, depth - 1)
        elif isinstance(value, (dict, set, collections.deque)):
            saved = copy.copy(value)
            self.undo.append(lambda: _replace(value, saved))
            for item in list(saved.values() if isinstance(saved, dict) else saved)[:1000]:
                self.value(item, depth - 1)
        elif isinstance(value, tuple):
            for item in value[:1000]:
                self.value(item, depth - 1)
        elif isinstance(getattr(value, "__dict__", None), dict) and not _of_a_library(kind):
            self.of_class(kind)
            self.value(vars(value), depth)
        elif hasattr(value, "python_function"):
            self.function(value)

    def _array(self, array: np.ndarray) -> None:
        if not array.flags.writeable:
            return
        if array.nbytes <= _LARGE or array.dtype.hasobject:
            saved = array.copy()
            self.undo.append(lambda: array.__setitem__(..., saved))
        else:
            array.flags.writeable = False  # code that changes it raises, which is a NotRead
            self.undo.append(lambda: array.setflags(write=True))

    def _known(self, thing: Any) -> bool:
        known = id(thing) in self.seen
        self.seen[id(thing)] = thing
        return known


_ATOMS = frozenset({str, bytes, int, float, bool, complex, type(None), range, slice, type(...)})


def _value(variable: Any) -> np.ndarray:
    return np.array(variable.numpy() if hasattr(variable, "numpy") else variable)


def _give_back(variable: Any, saved: np.ndarray) -> Callable[[], object]:
    def undo() -> None:
        if not np.array_equal(_value(variable), saved):
            variable.assign(saved)

    return undo


def _of_a_library(thing: Any) -> bool:
    module = getattr(thing, "__module__", None) or "builtins"
    return module != "__main__" and module.partition(".")[0] in _LIBRARIES


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _differ(now: list, before: list) -> bool:
    return len(now) != len(before) or any(a is not b for a, b in zip(now, before, strict=True))


def _replace(container: Any, saved: Any) -> None:
    """Give a dict, set or deque its items back; no touch if it has them still."""
    if isinstance(container, dict):
        if _differ(list(container), list(saved)) or _differ(
            list(container.values()), list(saved.values())
        ):
            container.clear()
            container.update(saved)
    elif _differ(list(container), list(saved)):
        container.clear()
        (container.update if isinstance(container, set) else container.extend)(saved)


def _set_if_other(owner: type, name: str, value: Any) -> None:
    if vars(owner).get(name) is not value:
        setattr(owner, name, value)


@contextlib.contextmanager
def _other_tensorflow_seeds() -> Iterator[None]:
    """TensorFlow draws from seeds of our own.

    An eager random op keeps its position in a kernel that is found again by its seeds. With the
    same seeds as training, even restored ones, that position would be ours. Functions run
    eagerly meanwhile: a compiled one has such kernels inside.
    """
    module = sys.modules.get("tensorflow.python.eager.context")
    if module is None:
        yield
        return
    context = module.context()
    config = sys.modules["tensorflow"].config
    # Without tf.random.set_seed there is no generator yet.
    before = {name: vars(context)[name] for name in ("_seed", "_rng") if name in vars(context)}
    eagerly = config.functions_run_eagerly()
    context._seed = 1_846_253_117
    context._rng = random.Random(context._seed)
    if not eagerly:
        config.run_functions_eagerly(True)
    try:
        yield
    finally:
        if not eagerly:
            config.run_functions_eagerly(False)
        for name in ("_seed", "_rng"):
            if name in before:
                setattr(context, name, before[name])
            else:
                delattr(context, name)


@contextlib.contextmanager
def _as_it_was(source: Any) -> Iterator[_Kept]:
    kept = _Kept()
    try:
        kept.generators()
        with _other_tensorflow_seeds():
            yield kept
    finally:
        kept.restore()


def _wait_until_still(source: Any, seconds: float) -> None:
    """Wait until no other thread is inside the source's code.

    Keras with TensorFlow reads a PyDataset ahead in a thread, which stops once its queue is full;
    with `steps_per_epoch` that may be while callbacks run.
    """
    codes = {
        function.__code__
        for base in type(source).__mro__
        for function in vars(base).values()
        if isinstance(function, types.FunctionType) and base.__module__ != "builtins"
    }
    still = 0
    deadline = time.monotonic() + max(1.0, seconds)
    while still < 3:
        frames = sys._current_frames()
        frames.pop(threading.get_ident(), None)
        busy = any(frame.f_code in codes for first in frames.values() for frame in _up(first))
        still = 0 if busy else still + 1
        if still < 3:
            if time.monotonic() > deadline:
                raise _Unread(f"{_name(source)} is being read by another thread just now.")
            time.sleep(0.005)


def _up(frame: types.FrameType | None) -> Iterator[types.FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


# --- private copies -------------------------------------------------------------------


class _Copier:
    """Deep copies that share what is large, and have locks of their own."""

    def __init__(self, kept: _Kept) -> None:
        self.kept = kept
        self.memo: dict[int, Any] = {}
        self.copied = 0
        self.flows: list[Any] = []  # objects with the index generator of the old iterators
        self.shared_tensors: list[Any] = []
        self.alive: list[Any] = []

    def __call__(self, thing: Any) -> Any:
        self._prepare(thing)
        copied = copy.deepcopy(thing, self.memo)
        for flow in self.flows:
            own = self.memo[id(flow)]
            own.index_generator = own._flow_index()
            if getattr(own, "save_to_dir", None):
                own.save_to_dir = None  # the copy must not write images
        return copied

    def _prepare(self, thing: Any) -> None:
        """Walk through all that a deep copy would, and say what is not to be copied."""
        todo, seen = [thing], set()
        while todo:
            value = todo.pop()
            if type(value) in _ATOMS or id(value) in seen or id(value) in self.memo:
                continue
            seen.add(id(value))
            self.alive.append(value)
            if isinstance(value, (type, types.ModuleType)):
                continue
            if isinstance(value, (types.FunctionType, types.MethodType)):
                self.kept.value(value)
                todo += [value.__self__] if isinstance(value, types.MethodType) else []
            elif isinstance(value, dict):
                todo += value.values()
            elif isinstance(value, (list, tuple, set, collections.deque)):
                todo += self._items(value)
            elif not self._shared(value):
                self.kept.of_class(type(value))
                if hasattr(value, "_flow_index") and hasattr(value, "index_generator"):
                    self.flows.append(value)
                    self.memo[id(value.index_generator)] = None
                todo += _attributes(value)

    def _items(self, items: Any) -> list:
        kinds = set(map(type, items))
        if type(items) is list and len(items) > 1000 and kinds <= _ATOMS:
            self.memo[id(items)] = list(items)  # file names: as deep as that, and faster
            return []
        return [] if kinds <= _ATOMS else list(items)

    def _shared(self, value: Any) -> bool:
        """Put into the memo what deepcopy would copy in vain, or could not."""
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                return True
            self.copied += value.nbytes
            if value.nbytes > _LARGE or self.copied > _COPIED:
                view = value.view()
                view.flags.writeable = False
                self.memo[id(value)] = view
            return True
        if isinstance(value, _LOCK):
            self.memo[id(value)] = threading.Lock()
        elif isinstance(value, _RLOCK):
            self.memo[id(value)] = threading.RLock()
        elif _is(value, "OwnedIterator", "tensorflow"):
            raise _Unread("It holds an iterator of a tf.data.Dataset, which can be read once only.")
        elif _is(value, "DatasetV2", "tensorflow"):
            self.memo[id(value)] = _private_dataset(value)[0]
        elif _is(value, "Layer", "keras"):
            self.kept.variables(value.variables)
            self.memo[id(value)] = value
        elif hasattr(value, "python_function"):  # of tf.function; it runs eagerly for us
            self.kept.function(value)
            self.memo[id(value)] = value
        elif _is(value, "Tensor", "tensorflow") or _is(value, "Array", "jax"):
            self.memo[id(value)] = value  # nothing can change them
        elif _is(value, "Tensor", "torch"):
            if value.nbytes > _LARGE:
                self.memo[id(value)] = value
                self.shared_tensors.append(value)
        elif _is(value, "Generator", "torch"):
            own = sys.modules["torch"].Generator(device=value.device)
            own.set_state(value.get_state())
            self.memo[id(value)] = own
        else:
            return False
        return True


_LOCK = type(threading.Lock())
_RLOCK = type(threading.RLock())


def _attributes(value: Any) -> list:
    found = list(vars(value).values()) if isinstance(getattr(value, "__dict__", None), dict) else []
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(AttributeError):
                found.append(getattr(value, name))
    return found


# --- PyDataset ------------------------------------------------------------------------


@contextlib.contextmanager
def _py_opened(source: Any, seconds: float) -> Iterator[_Opened]:
    _wait_until_still(source, seconds)
    with _as_it_was(source) as kept:
        own = _Copier(kept)(source)
        length = _py_length(own)

        def epoch() -> Iterator:
            if hasattr(own, "on_epoch_begin"):  # not in the first versions of Keras 3
                own.on_epoch_begin()
            index = 0
            while True:
                yield own[index]
                index += 1

        yield _Opened(copy=own, epoch=epoch, length=length, end=own.on_epoch_end)


def _py_length(dataset: Any) -> float:
    try:
        length = dataset.num_batches if hasattr(dataset, "num_batches") else len(dataset)
    except NotImplementedError:
        return math.inf
    return math.inf if length is None else int(length)


# --- DataLoader -----------------------------------------------------------------------


@contextlib.contextmanager
def _torch_opened(source: Any, seconds: float) -> Iterator[_Opened]:
    _wait_until_still(source, seconds)
    _wait_until_still(source.dataset, seconds)
    with _as_it_was(source) as kept:
        copier = _Copier(kept)
        # No worker processes: they would inherit sockets, and outlive a look.
        alone = {
            "_iterator": None,
            "_DataLoader__multiprocessing_context": None,
            "num_workers": 0,
            "prefetch_factor": None,
            "persistent_workers": False,
            "pin_memory": False,
            "timeout": 0,
        }
        shared = {key: value for key, value in vars(source).items() if key not in alone}
        own = copy.copy(source)
        vars(own).update(alone)
        vars(own).update(copier(shared))
        length = len(own) if hasattr(own.dataset, "__len__") else None
        with _not_in_place(copier.shared_tensors):
            yield _Opened(copy=own, epoch=lambda: iter(own), length=length)


@contextlib.contextmanager
def _not_in_place(tensors: list) -> Iterator[None]:
    """torch has no read-only tensors: code that changes one of these raises."""
    if not tensors:
        yield
        return
    mode: Any = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode
    storages = {tensor.untyped_storage().data_ptr() for tensor in tensors}

    class Guard(mode):  # type: ignore[misc]  # torch need not be installed
        def __torch_dispatch__(self, function, kinds, args=(), kwargs=None):
            kwargs = kwargs or {}
            if function._schema.is_mutable:
                named = zip(function._schema.arguments, args, strict=False)
                changed = [value for argument, value in named if _is_written(argument)]
                changed += [
                    kwargs[argument.name]
                    for argument in function._schema.arguments
                    if argument.name in kwargs and _is_written(argument)
                ]
                for value in changed:
                    if hasattr(value, "untyped_storage") and (
                        value.untyped_storage().data_ptr() in storages
                    ):
                        raise _Unread("Its code changes its own tensors in place.")
            return function(*args, **kwargs)

    with Guard():
        yield


def _is_written(argument: Any) -> bool:
    return argument.alias_info is not None and argument.alias_info.is_write


# --- tf.data --------------------------------------------------------------------------

# Ops that run somebody's Python, or read or write what is no part of the graph.
_PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc", "GeneratorDataset"})
_OUTSIDE_OPS = ("Snapshot", "SaveDataset", "DataService", "Iterator", "OneShotIterator")
_RANDOM_OPS = (
    *("Random", "StatelessRandom", "StatelessTruncated", "Truncated", "ParameterizedTr"),
    *("StatelessParameterized", "Stateful", "RngReadAndSkip", "StatelessSampleDistorted"),
    "SampleDistorted",
)
# These choose the order of images: shuffles, and the mixing of data sets.
_ORDER_OPS = frozenset({"RandomDataset", "RandomDatasetV2"})
# What makes a dataset again, from attributes of the Python object that have the same names.
_SAME_AGAIN = {
    "_BatchDataset": "BatchDatasetV2",
    "_ParallelBatchDataset": "ParallelBatchDataset",
    "_PrefetchDataset": "PrefetchDataset",
    "_RepeatDataset": "RepeatDataset",
    "_TakeDataset": "TakeDataset",
    "_SkipDataset": "SkipDataset",
    "CacheDataset": "CacheDatasetV2",
    "_ShuffleDataset": "ShuffleDatasetV3",
    "_MapDataset": "MapDataset",
    "_ParallelMapDataset": "ParallelMapDatasetV2",
    "_OptionsDataset": "OptionsDataset",
    "_ZipDataset": "ZipDataset",
}
_SHUFFLES = frozenset({"ShuffleDatasetV2", "ShuffleDatasetV3", "ShuffleAndRepeatDatasetV2"})
_RESOURCE, _VARIANT = 20, 21  # of the enum DataType


@contextlib.contextmanager
def _tf_opened(source: Any, seconds: float) -> Iterator[_Opened]:
    tf = sys.modules["tensorflow"]
    with _tensorflow_seeds_kept():
        own, cached = _private_dataset(source)
        length: float | None = int(own.cardinality())
        if length == tf.data.INFINITE_CARDINALITY:
            length = math.inf
        elif length == tf.data.UNKNOWN_CARDINALITY:
            length = None
        yield _Opened(copy=own, epoch=lambda: iter(own), length=length, cached=cached)


@contextlib.contextmanager
def _tensorflow_seeds_kept() -> Iterator[None]:
    """A graph draws no global random numbers, but making ops might take some."""
    context = sys.modules["tensorflow.python.eager.context"].context()
    before = context._rng.getstate() if getattr(context, "_rng", None) is not None else None
    python = random.getstate()
    try:
        yield
    finally:
        random.setstate(python)
        if before is not None:
            context._rng.setstate(before)


def _private_dataset(source: Any) -> tuple[Any, bool]:
    """The same dataset with state of its own, and whether it has a cache."""
    tf = sys.modules["tensorflow"]
    if _in_memory(source) <= _SMALL_GRAPH:
        variant, cached = _from_graph(source)
        alive = None
    else:
        again = _Again()
        variant, cached = again.variant(source), again.cached
        alive = again
    own = tf.data.experimental.from_variant(variant, source.element_spec)
    own._doctor_keeps = alive  # variables live as long as somebody holds them
    return own, cached


def _parts(dataset: Any) -> Iterator[Any]:
    """A dataset, and all that it is made of."""
    todo, seen = [dataset], set()
    while todo:
        part = todo.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            todo += part._inputs()


def _in_memory(dataset: Any) -> int:
    """Bytes of the tensors in its memory."""
    return sum(
        math.prod(tensor.shape) * tensor.dtype.size
        for part in _parts(dataset)
        for tensor in getattr(part, "_tensors", ())
        if tensor.dtype.size and tensor.shape.is_fully_defined()
    )


def _tf_ops(source: Any) -> set[str]:
    if _in_memory(source) <= _SMALL_GRAPH:
        return _graph_ops(_graph(source))
    return {
        op
        for part in _parts(source)
        for function in part._functions()
        for op in _graph_ops(function.function.graph.as_graph_def())
    }


def _graph(source: Any) -> Any:
    tf = sys.modules["tensorflow"]
    serialized = tf.raw_ops.DatasetToGraphV2(
        input_dataset=tf.data.experimental.to_variant(source),
        external_state_policy=1,  # ignore: random ops, tables
        strip_device_assignment=True,
    )
    return tf.compat.v1.GraphDef.FromString(serialized.numpy())


def _graph_ops(graph: Any) -> set[str]:
    return {node.op for node in graph.node} | {
        node.op for function in graph.library.function for node in function.node_def
    }


def _is_random(op: str) -> bool:
    return op.startswith(_RANDOM_OPS) and op not in _ORDER_OPS and "PartitionedCall" not in op


def _refuse(ops: set[str]) -> None:
    if ops & _PYTHON_OPS:
        raise _Unread(
            "A tf.data.Dataset that runs Python code (from_generator, py_function or "
            "numpy_function), which may be read once only."
        )
    if any("IteratorGetNext" in op for op in ops):
        raise _Unread(
            "A tf.data.Dataset that draws from an iterator inside its functions, which can be "
            "read once only."
        )
    if outside := sorted(op for op in ops if op.startswith(_OUTSIDE_OPS)):
        raise _Unread(f"A tf.data.Dataset with state outside its graph ({outside[0]}).")


def _from_graph(source: Any) -> tuple[Any, bool]:
    """Through its serialized graph, in which variables are new ones with the same values.

    Seeds of shuffles and memory caches are not: the graph points at the original's.
    """
    tf = sys.modules["tensorflow"]
    graph = _graph(source)
    ops = _graph_ops(graph)
    _refuse(ops)
    nodes = {node.name: node for node in graph.node}
    users: dict[str, set[str]] = collections.defaultdict(set)
    for node in graph.node:
        for name in node.input:
            users[_bare(name)].add(node.op)
    instead = {}
    for node in graph.node:
        kind = node.attr["dtype"].type if node.op == "Const" else None
        if kind == _RESOURCE and users[node.name] <= _SHUFFLES:
            _replaced(node, "DummySeedGenerator")
        elif kind == _RESOURCE and users[node.name] <= {"CacheDatasetV2"}:
            _replaced(node, "DummyMemoryCache")
        elif kind in (_RESOURCE, _VARIANT):
            raise _Unread(
                "A tf.data.Dataset that uses an iterator inside its functions, which can be read "
                "once only."
            )
        elif node.op.startswith("CacheDataset"):
            name = nodes[_bare(node.input[1])].attr["value"].tensor.string_val
            if any(name):  # on disk: not ours to write, nor to read while it is written
                instead[node.name] = node.input[0]
    in_functions = (node for function in graph.library.function for node in function.node_def)
    if any(node.op.startswith("CacheDataset") for node in in_functions):
        raise _Unread("A tf.data.Dataset with a cache inside a function.")
    for node in graph.node:
        for place, name in enumerate(node.input):
            while _bare(name) in instead:
                name = instead[_bare(name)]
            node.input[place] = name
    variant = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
    return variant, any(op.startswith("CacheDataset") for op in ops)


def _bare(name: str) -> str:
    return name.lstrip("^").partition(":")[0]


def _replaced(node: Any, op: str) -> None:
    for attribute in list(node.attr):
        del node.attr[attribute]
    node.op = op


class _Again:
    """Makes the ops of a dataset again, around the same tensors: for large ones.

    Images in memory are most of a graph, and a graph of 500 MB takes 10 s and 6 GB to copy.
    """

    def __init__(self) -> None:
        self.cached = False
        self.variables: dict[int, Any] = {}

    def variant(self, dataset: Any) -> Any:
        """The dataset as a tensor, with state of its own."""
        tf = sys.modules["tensorflow"]
        kind = type(dataset).__name__
        if kind in ("_TensorSliceDataset", "_TensorDataset"):
            return dataset._variant_tensor  # nothing in it changes
        size = _in_memory(dataset)
        if size <= _SMALL_GRAPH or kind not in _SAME_AGAIN:
            if size > _LARGEST_GRAPH:
                raise _Unread(
                    f"A tf.data.Dataset with {size / 2**20:.0f} MB of tensors in memory under a "
                    f"{kind.strip('_')}, which are too many to copy."
                )
            variant, cached = _from_graph(dataset)
            self.cached |= cached
            return variant
        if kind == "CacheDataset":
            self.cached = True
            if dataset._filename.numpy():
                return self.variant(dataset._input_dataset)
        op = getattr(tf.raw_ops, _SAME_AGAIN[kind])
        values = {**dataset._common_args}
        for name, parameter in inspect.signature(op).parameters.items():
            if name not in values and name != "name":
                value = self._argument(dataset, name)
                if value is not None:
                    values[name] = value
                elif parameter.default is parameter.empty:
                    raise _Unread(f"A tf.data.Dataset with a {kind.strip('_')} of unknown {name}.")
        return op(**values)

    def _argument(self, dataset: Any, name: str) -> Any:
        tf = sys.modules["tensorflow"]
        if name == "input_dataset":
            return self.variant(dataset._input_dataset)
        if name == "input_datasets":
            return [self.variant(part) for part in dataset._inputs()]
        if name == "seed_generator":
            return tf.raw_ops.DummySeedGenerator()
        if name == "cache":
            return tf.raw_ops.DummyMemoryCache()
        if name == "serialized_options":
            return dataset.options()._to_proto().SerializeToString()
        if name == "f":
            _refuse(_graph_ops(dataset._map_func.function.graph.as_graph_def()))
            return dataset._map_func.function
        if name == "other_arguments":
            return self._captured(dataset._map_func.function)
        return getattr(dataset, f"_{name}", None)

    def _captured(self, function: Any) -> list:
        """What a function captures, with a copy of each variable."""
        tf = sys.modules["tensorflow"]
        handles = {id(variable.handle): variable for variable in function.graph.variables}
        captured = []
        for tensor in function.captured_inputs:
            if id(tensor) in handles:
                if id(tensor) not in self.variables:
                    value = handles[id(tensor)].read_value()
                    self.variables[id(tensor)] = tf.Variable(value, trainable=False)
                tensor = self.variables[id(tensor)].handle
            elif tensor.dtype in (tf.resource, tf.variant):
                raise _Unread("A tf.data.Dataset whose functions use a table or an iterator.")
            captured.append(tensor)
        return captured


# --- digests --------------------------------------------------------------------------


def digests(x: Any, flips: bool = True) -> np.ndarray:
    """A number for each image: equal images have equal numbers, others practically never.

    Parameters
    ----------
    x : array of shape (n, ...), or a dict or tuple of such
        Images as (n, height, width), with channels last, or first where these are 1, 3 or 4.
        Anything else is compared as it is. The values count, not their type: a uint8 image equals
        the same one in float32.
    flips : bool
        Whether a mirrored image, or one that is turned by a multiple of 90°, gets the number of
        its original.

    Returns
    -------
    array of shape (n,), uint64

    Notes
    -----
    Of an image with more than 4,096 values about 2,000 enter, from a grid that lies the same way
    under flips. With 20 bits a value and 20 bits a weight their weighted sum is exact in float64,
    so it is the same in any order, and a matrix product makes it. Each of the 8 ways an image can
    lie has such sums; what is added up over the 8 does not depend on how it lay.
    """
    leaves = [np.asarray(leaf) for leaf in _leaves(x)]
    if not leaves or any(leaf.dtype.kind not in "biuf" or leaf.ndim < 1 for leaf in leaves):
        raise TypeError("digests takes arrays of numbers, images along the first axis")
    total = np.zeros(len(leaves[0]), np.uint64)
    for leaf in leaves:
        total = total * np.uint64(0x9E3779B97F4A7C15) + _digests(leaf, flips)
    return total


def _digests(x: np.ndarray, flips: bool) -> np.ndarray:
    n = len(x)
    if flips and x.ndim in (3, 4):
        if x.ndim == 3:
            x = x[..., None]
        elif x.shape[1] in (1, 3, 4) and x.shape[3] not in (1, 3, 4):
            x = np.moveaxis(x, 1, 3)
        if x.shape[1] > x.shape[2]:
            x = x.swapaxes(1, 2)  # a quarter turn makes a tall image of a wide one
        _, height, width, channels = x.shape
        if height * width * channels <= _WHOLE:
            rows, columns, depth = np.arange(height), np.arange(width), channels
        else:
            depth = min(channels, _GRID)
            rows = _symmetric(height, math.isqrt(_GRID // depth))
            columns = _symmetric(width, _GRID // depth // len(rows)) if height != width else rows

        def chosen(part: np.ndarray) -> np.ndarray:
            return part[..., :depth].take(rows, axis=1).take(columns, axis=2)

        ways = _ways(len(rows), len(columns), depth, height == width)
    else:
        x = x.reshape(n, -1)
        stride = 1 if x.shape[1] <= _WHOLE else -(-x.shape[1] // _GRID)

        def chosen(part: np.ndarray) -> np.ndarray:
            return part[:, ::stride]

        ways = _ways(1, len(range(0, x.shape[1], stride)), 1, None)
    found = np.empty(n, np.uint64)
    matrix = np.ascontiguousarray(ways.T)
    step = max(1, 2**20 // max(1, matrix.shape[0]))
    for start in range(0, n, step):
        part = chosen(x[start : start + step])
        sums = _twenty_bits(part.reshape(len(part), -1)) @ matrix
        pairs = sums.astype(np.uint64).reshape(len(part), -1, 2)
        mixed = _mixed(pairs[..., 0] * np.uint64(0xD6E8FEB86659FD93) + _mixed(pairs[..., 1]))
        found[start : start + step] = mixed.sum(axis=1, dtype=np.uint64)
    return found


def _symmetric(length: int, most: int) -> np.ndarray:
    """At most about so many places of an axis, the same ones from either end."""
    if length <= most:
        return np.arange(length)
    half = np.linspace(0, (length - 1) // 2, max(1, most // 2)).astype(int)
    return np.unique(np.concatenate([half, length - 1 - half]))


def _ways(height: int, width: int, channels: int, square: bool | None) -> np.ndarray:
    """Two sets of weights, for each way an image may lie; `square` None: for one way."""
    rng = np.random.default_rng(20_240_517)
    weights = rng.integers(1, 2**20, (2, height, width, channels)).astype(np.float64)
    ways = []
    for turned in (weights, weights.swapaxes(1, 2)) if square else (weights,):
        ways += [turned, turned[:, ::-1], turned[:, :, ::-1], turned[:, ::-1, ::-1]]
    if square is None:
        ways = ways[:1]
    return np.concatenate([way.reshape(2, -1) for way in ways])


def _twenty_bits(values: np.ndarray) -> np.ndarray:
    """Each value as a whole number below 2**20, in float64; -0.0 is 0.0."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)
    bits = bits * np.uint32(0x9E3779B1)
    bits ^= bits >> np.uint32(15)
    bits *= np.uint32(0x85EBCA77)
    bits >>= np.uint32(12)
    return bits.astype(np.float64)


def _mixed(values: np.ndarray) -> np.ndarray:
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    return values ^ (values >> np.uint64(29))
