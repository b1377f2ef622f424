"""What a source shares with its private copy, and how to put it back.

A copy's code still names the program's global variables, classes and functions. What it could
change there is noted before it runs.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import dis
import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.classes import is_a, of_a_library

# Bytes of an array above which it is shared with a copy, not copied.
LARGE = 2**20
# Types whose values nothing can change.
ATOMS = frozenset({str, bytes, int, float, bool, complex, type(None), range, slice, type(...)})


class Kept:
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
            if of_a_library(base) or self._known(base):
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
        if kind in ATOMS or depth == 0:
            return
        if isinstance(value, (types.FunctionType, types.MethodType)):
            if not of_a_library(value):
                self.function(value)
            return
        if isinstance(value, type):
            self.of_class(value)
            return
        if isinstance(value, types.ModuleType) or self._known(value):
            return
        if isinstance(value, np.ndarray):
            self._array(value)
        elif is_a(value, "Generator", "torch"):
            state = value.get_state()
            self.undo.append(lambda: value.set_state(state))
        elif is_a(value, "Layer", "keras"):
            self.variables(value.variables)
        elif is_a(value, "ResourceVariable", "tensorflow") or is_a(value, "Variable", "keras"):
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
        elif isinstance(getattr(value, "__dict__", None), dict) and not of_a_library(kind):
            self.of_class(kind)
            self.value(vars(value), depth)
        elif hasattr(value, "python_function"):
            self.function(value)

    def _array(self, array: np.ndarray) -> None:
        if not array.flags.writeable:
            return
        if array.nbytes <= LARGE or array.dtype.hasobject:
            saved = array.copy()
            self.undo.append(lambda: array.__setitem__(..., saved))
        else:
            array.flags.writeable = False  # code that changes it raises, which is a NotRead
            self.undo.append(lambda: array.setflags(write=True))

    def _known(self, thing: Any) -> bool:
        known = id(thing) in self.seen
        self.seen[id(thing)] = thing
        return known


def _value(variable: Any) -> np.ndarray:
    return np.array(variable.numpy() if hasattr(variable, "numpy") else variable)


def _give_back(variable: Any, saved: np.ndarray) -> Callable[[], object]:
    def undo() -> None:
        if not np.array_equal(_value(variable), saved):
            variable.assign(saved)

    return undo


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
