"""What `tlhelpers.course.setup_check` asks of another process: does Keras answer, does it train?

A backend that is broken may end its process, or never come back. So each question has a process of
its own, ``python -m tlhelpers.course.setup_probe backend``. The last line of its output is JSON.
"""

from __future__ import annotations

import json
import math
import sys
import time

from tlhelpers.core.errors import CourseError, in_one_line


def backend() -> str:
    """Import Keras and let its backend add up four numbers; what answered.

    Raises
    ------
    CourseError
        It answered something else.
    Exception
        What stops Keras, as it came: what else could be chosen, the parent says.
    """
    from tlhelpers.core import machine

    try:
        from tlhelpers.core.quiet import keras
    except CourseError as refused:
        raise refused.__context__ or refused from None
    total = float(keras.ops.sum(keras.ops.ones((2, 2))))
    if total != 4:
        raise CourseError(f"the backend says that 1 + 1 + 1 + 1 is {total}")
    name = machine.installed()["backend"]
    return f"Keras {keras.version()} on {name}, {machine.device()}"


def training() -> str:
    """Train the retina's smoke recipe once, as small as it gets; how that went.

    Raises
    ------
    CourseError
        The loss is no number.
    """
    from tlhelpers.experiment.cases import case

    this = case("retinopathy", "smoke")
    trainer = this.trainer(this.measured)
    clock = time.monotonic()
    losses = trainer.run(0).history["loss"]
    if not all(map(math.isfinite, losses)):
        raise CourseError(f"the training loss is {losses[-1]}")
    seconds = time.monotonic() - clock
    return f"{len(losses)} epochs of the smallest recipe in {seconds:.0f} s"


QUESTIONS = {"backend": backend, "training": training}

if __name__ == "__main__":
    try:
        said = {"found": QUESTIONS[sys.argv[1]]()}
    except Exception as problem:  # whatever a broken package raises; the parent wants one line
        said = {"problem": in_one_line(problem)}
    print(json.dumps(said), flush=True)
