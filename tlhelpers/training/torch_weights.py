"""Read a legacy PyTorch state dict without PyTorch, and refuse anything else.

A pickle can run code when it is loaded. The reader here knows only the handful of
names that a file of plain tensors needs, so a file with anything else in it is refused.
"""

from __future__ import annotations

import collections
import hashlib
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tlhelpers.core.errors import CourseError

_MAGIC = 0x1950A86A20F9469CFC6C  # first object of the legacy (non-zip) torch.save format
_DTYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8"}


class _Storage:
    """Numbers of one tensor; the file holds them after all pickles, so they come late."""

    def __init__(self, dtype: str, count: int):
        self.dtype, self.count = np.dtype(dtype), count
        self.values = np.empty(0, dtype)


class _View:
    """How a tensor looks at its storage: offset, shape and strides in elements."""

    def __init__(self, storage: _Storage, offset: int, shape: tuple, strides: tuple, *_: Any):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def array(self) -> np.ndarray:
        data = self.storage.values
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if min((*self.shape, *self.strides, self.offset + 1, 1)) < 0 or last >= len(data):
            raise ValueError("a tensor reaches outside its numbers")
        steps = [s * data.itemsize for s in self.strides]
        view = np.lib.stride_tricks.as_strided(data[self.offset :], self.shape, steps)
        return view.copy()


class _TensorsOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _View
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: tuple) -> _Storage:
        _, kind, key, _, count, _ = pid
        return self.storages.setdefault(key, _Storage(_DTYPES[kind], count))


def _load(file: BinaryIO, storages: dict[str, _Storage]) -> Any:
    reader = _TensorsOnly(file)
    reader.storages = storages
    return reader.load()


def read_state_dict(path: str | Path, sha256: str | None = None) -> dict[str, np.ndarray]:
    """Read a legacy-format PyTorch state dict.

    Parameters
    ----------
    path : path
        File written by ``torch.save(model.state_dict())`` before PyTorch 1.6's zip format.
    sha256 : str, optional
        SHA-256 of the file, in hexadecimal digits; checked before anything of it is unpickled.

    Returns
    -------
    dict of str to array
        Tensors by name, in PyTorch's own layouts (convolutions: out, in, height, width).

    Raises
    ------
    CourseError
        The file is missing, has another checksum, is no such file, or holds anything but tensors.
    """
    path = Path(path)
    storages: dict[str, _Storage] = {}
    try:
        if sha256 is not None:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256:
                raise ValueError(
                    f"its SHA-256 is {found[:12]}…, not {sha256[:12]}…; install its package again "
                    "(pip install --force-reinstall)"
                )
        with path.open("rb") as file:
            if _load(file, storages) != _MAGIC:
                raise ValueError("it is not a legacy PyTorch file")
            _load(file, storages)  # protocol version
            _load(file, storages)  # machine it was written on
            views = _load(file, storages)
            for key in _load(file, storages):
                storage = storages[key]
                count = int.from_bytes(file.read(8), "little")
                raw = file.read(count * storage.dtype.itemsize)
                if count != storage.count or len(raw) != count * storage.dtype.itemsize:
                    raise ValueError("it ends too early")
                storage.values = np.frombuffer(raw, storage.dtype)
        return {name: view.array() for name, view in views.items()}
    except FileNotFoundError:
        raise CourseError(f"No weights file at {path}: reinstall the package.") from None
    except Exception as problem:  # a damaged pickle can raise nearly anything
        raise CourseError(f"Refused weights file {path.name}: {problem}.") from None
