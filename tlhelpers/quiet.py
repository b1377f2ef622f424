"""Keras, imported without the start-up lines of TensorFlow's C++ part.

Those lines go past Python's standard error and past TF_CPP_MIN_LOG_LEVEL into a page's output,
where nbval would compare them. Import Keras as ``from tlhelpers.quiet import keras``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


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


with _no_standard_error():
    import keras  # noqa: F401

# A page builds many networks on purpose; TensorFlow warns of that into the page's output.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
