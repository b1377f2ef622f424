"""The time of reading: nobody else reads, and after it everything is as it was."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

from tlhelpers.doctor.samples.classes import name_of
from tlhelpers.doctor.samples.generators import keep_generators, other_tensorflow_seeds
from tlhelpers.doctor.samples.kept import Kept
from tlhelpers.doctor.samples.sample import Unread


@contextlib.contextmanager
def as_it_was() -> Iterator[Kept]:
    """Put back afterwards: random generators, and what else is told to the `Kept`."""
    kept = Kept()
    try:
        keep_generators(kept)
        with other_tensorflow_seeds():
            yield kept
    finally:
        kept.restore()


def wait_until_still(source: Any, seconds: float) -> None:
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
                raise Unread(f"{name_of(source)} is being read by another thread just now.")
            time.sleep(0.005)


def _up(frame: types.FrameType | None) -> Iterator[types.FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
