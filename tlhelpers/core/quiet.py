"""Keras, imported without the start-up lines of TensorFlow's C++ part.

Those lines go past Python's standard error and past TF_CPP_MIN_LOG_LEVEL into a page's output,
where nbval would compare them. Import Keras as ``from tlhelpers.core.quiet import keras``.

What must be set before the backend starts its threads is set here, too.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tlhelpers.core.errors import CourseError
from tlhelpers.core.memory import keep_freed

BACKENDS = ("tensorflow", "jax", "torch")  # Keras has others, which cannot train

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keep_freed()


@contextmanager
def _no_standard_error() -> Iterator[None]:
    """Send file descriptor 2 nowhere; exceptions are raised as ever."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _refused(why: str) -> CourseError:
    wanted = os.environ.get("KERAS_BACKEND", "the backend named in ~/.keras/keras.json")
    return CourseError(
        f"Keras cannot train here with KERAS_BACKEND={wanted} ({why}): choose one of "
        f"{', '.join(BACKENDS)} and install it, or unset KERAS_BACKEND for TensorFlow."
    )


try:
    with _no_standard_error():
        import keras
except (ImportError, ValueError) as problem:  # ValueError: a name that Keras does not know
    raise _refused(str(problem)) from None
if keras.backend.backend() not in BACKENDS:
    raise _refused(f"{keras.backend.backend()} only predicts")

# A page builds many networks on purpose; TensorFlow warns of that into the page's output.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
