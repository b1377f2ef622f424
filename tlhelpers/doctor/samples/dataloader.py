"""A torch `DataLoader`, read from a private copy in this process."""

from __future__ import annotations

import contextlib
import copy
import importlib
from collections.abc import Iterator
from typing import Any

from tlhelpers.doctor.samples.as_it_was import as_it_was, wait_until_still
from tlhelpers.doctor.samples.copies import Copier
from tlhelpers.doctor.samples.epochs import Opened
from tlhelpers.doctor.samples.sample import Unread


@contextlib.contextmanager
def torch_opened(source: Any, seconds: float) -> Iterator[Opened]:
    """A private copy of a `DataLoader`, without worker processes."""
    wait_until_still(source, seconds)
    wait_until_still(source.dataset, seconds)
    with as_it_was() as kept:
        copier = Copier(kept)
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
            yield Opened(copy=own, epoch=lambda: iter(own), length=length)


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
                        raise Unread("Its code changes its own tensors in place.")
            return function(*args, **kwargs)

    with Guard():
        yield


def _is_written(argument: Any) -> bool:
    return argument.alias_info is not None and argument.alias_info.is_write
