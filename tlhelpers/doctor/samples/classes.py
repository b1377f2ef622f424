"""What an object is, told from its class.

Nothing is imported for it: the package that a class would come from need not be there.
"""

from __future__ import annotations

import sys
from typing import Any

_LIBRARIES = frozenset(sys.stdlib_module_names) | {
    *("keras", "tensorflow", "torch", "torchvision", "numpy", "jax", "jaxlib", "PIL", "cv2"),
    *("scipy", "pandas", "sklearn", "h5py"),
}


def is_a(source: Any, name: str, package: str) -> bool:
    """Whether its class, or a base of that, has this name and comes from this package."""
    return any(
        base.__name__ == name and base.__module__.partition(".")[0] == package
        for base in type(source).__mro__
    )


def name_of(source: Any) -> str:
    """What a sentence calls it, with its article."""
    kind = type(source).__name__
    article = "An" if kind[:1].upper() in ("A", "E", "I", "O") else "A"
    return f"{article} object of type {kind}"


def of_a_library(thing: Any) -> bool:
    """Whether it is Python's or a well-known library's: such code is not searched for state."""
    module = getattr(thing, "__module__", None) or "builtins"
    return module != "__main__" and module.partition(".")[0] in _LIBRARIES
