"""Private copies of sources, which share what is large."""

from __future__ import annotations

import collections
import contextlib
import copy
import sys
import threading
import types
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.classes import is_a
from tlhelpers.doctor.samples.kept import ATOMS, LARGE, Kept
from tlhelpers.doctor.samples.sample import Unread
from tlhelpers.doctor.samples.tf_copies import private_dataset

# Bytes of arrays that one copy may have of its own; the rest are shared with it, however small.
_COPIED = 2**26
_LOCK = type(threading.Lock())
_RLOCK = type(threading.RLock())


class Copier:
    """Deep copies that share what is large, and have locks of their own."""

    def __init__(self, kept: Kept) -> None:
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
            if type(value) in ATOMS or id(value) in seen or id(value) in self.memo:
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
        if type(items) is list and len(items) > 1000 and kinds <= ATOMS:
            self.memo[id(items)] = list(items)  # file names: as deep as that, and faster
            return []
        return [] if kinds <= ATOMS else list(items)

    def _shared(self, value: Any) -> bool:
        """Put into the memo what deepcopy would copy in vain, or could not."""
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                return True
            self.copied += value.nbytes
            if value.nbytes > LARGE or self.copied > _COPIED:
                view = value.view()
                view.flags.writeable = False
                self.memo[id(value)] = view
            return True
        if isinstance(value, _LOCK):
            self.memo[id(value)] = threading.Lock()
        elif isinstance(value, _RLOCK):
            self.memo[id(value)] = threading.RLock()
        elif is_a(value, "OwnedIterator", "tensorflow"):
            raise Unread("It holds an iterator of a tf.data.Dataset, which can be read once only.")
        elif is_a(value, "DatasetV2", "tensorflow"):
            self.memo[id(value)] = private_dataset(value)[0]
        elif is_a(value, "Layer", "keras"):
            self.kept.variables(value.variables)
            self.memo[id(value)] = value
        elif hasattr(value, "python_function"):  # of tf.function; it runs eagerly for us
            self.kept.function(value)
            self.memo[id(value)] = value
        elif is_a(value, "Tensor", "tensorflow") or is_a(value, "Array", "jax"):
            self.memo[id(value)] = value  # nothing can change them
        elif is_a(value, "Tensor", "torch"):
            if value.nbytes > LARGE:
                self.memo[id(value)] = value
                self.shared_tensors.append(value)
        elif is_a(value, "Generator", "torch"):
            own = sys.modules["torch"].Generator(device=value.device)
            own.set_state(value.get_state())
            self.memo[id(value)] = own
        else:
            return False
        return True


def _attributes(value: Any) -> list:
    found = list(vars(value).values()) if isinstance(getattr(value, "__dict__", None), dict) else []
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(AttributeError):
                found.append(getattr(value, name))
    return found
