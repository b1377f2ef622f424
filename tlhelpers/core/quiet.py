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
from tlhelpers.core.settings import BACKENDS, keras_backend, setting

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
for name in ("KERAS_BACKEND", "KERAS_HOME"):  # set and empty: not set, but not to Keras
    if setting(name) is None:
        os.environ.pop(name, None)
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
    named = setting("KERAS_BACKEND")
    where = f"KERAS_BACKEND={named}" if named else f"{keras_backend()}, named in keras.json"
    return CourseError(
        f"Keras cannot train here with {where} ({why}): choose one of {', '.join(BACKENDS)} and "
        "install it, or name none for TensorFlow."
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
