"""Environment variables: one that is set and empty counts as not set, everywhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
"""Those that can train; Keras has others."""


def setting(name: str) -> str | None:
    """The value of an environment variable; None if it is not set, or empty.

    Shells and CI files write ``NAME=`` to mean "nothing": an empty path would be the current
    folder, an empty name no name.
    """
    return os.environ.get(name, "").strip() or None


def keras_home() -> Path:
    """Keras's own folder: ``KERAS_HOME``, or ``.keras`` in the home folder."""
    named = setting("KERAS_HOME")
    return Path(named) if named else Path.home() / ".keras"


def keras_backend() -> str:
    """The backend that Keras takes when it is imported, found without importing it.

    Returns
    -------
    str
        ``KERAS_BACKEND``, else what ``keras.json`` in Keras's folder says, else "tensorflow". A
        damaged keras.json says nothing, as in Keras.
    """
    if named := setting("KERAS_BACKEND"):
        return named
    try:
        named = json.loads((keras_home() / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, TypeError, LookupError):
        return "tensorflow"
    return named if isinstance(named, str) and named else "tensorflow"
