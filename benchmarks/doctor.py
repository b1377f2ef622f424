"""What the doctor costs: `fit` with and without it, in one process, and the ratio of the two.

Run ``python benchmarks/doctor.py``; about five minutes on two cores. 300 steps an epoch, 2,000
sampled validation images. Turns alternate, so that what else the machine does falls on both.

Two trainings of the same network differ by more than the doctor costs. So beside the ratio stands
the share of its own `fit` that each report says the doctor took, which hardly varies.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tlhelpers.core.console import run_script
from tlhelpers.core.quiet import keras
from tlhelpers.doctor import Doctor


def network(size: int, width: int) -> keras.Model:
    """A small network with live BatchNorm."""
    layers: list = [keras.Input((size, size, 3))]
    for stride in (2, 1, 2, 1, 2, 1):
        layers.append(keras.layers.Conv2D(width, 3, stride, "same", use_bias=False))
        layers += [keras.layers.BatchNormalization(), keras.layers.ReLU()]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, "softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def said(doctor: Doctor) -> float:
    """The share of `fit` that the doctor took, as its report has it."""
    with tempfile.TemporaryDirectory() as folder:
        file = doctor.save(Path(folder, "report.json"))
        (fit,) = json.loads(file.read_text(encoding="utf-8"))["fits"]
    return fit["seconds"] / fit["fit_seconds"]


def main(steps: int = 300, batch: int = 32, epochs: int = 5, turns: int = 3, size: int = 48,
         width: int = 32) -> None:  # fmt: skip
    """Print seconds of both, turn by turn, the ratio, and what the doctor says of itself."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(steps * batch, size, size, 3)).astype("float32")
    y = rng.integers(0, 4, len(x))
    validation = rng.normal(size=(2000, size, size, 3)).astype("float32"), rng.integers(0, 4, 2000)
    ratios, shares = [], []
    for turn in range(turns + 1):
        took = {}
        for name in ("without", "with") if turn % 2 else ("with", "without"):
            keras.utils.set_random_seed(turn)
            model = network(size, width)
            doctor = Doctor((x, y), validation)
            more = [doctor] if name == "with" else []
            began = time.process_time()
            model.fit(x, y, batch_size=batch, epochs=epochs, validation_data=validation,
                      verbose=0, callbacks=more)  # fmt: skip
            took[name] = time.process_time() - began
            if more:
                share = said(doctor)
        if not turn:
            continue  # the first turn warms up
        ratios.append(took["with"] / took["without"])
        shares.append(share)
        print(
            f"{took['without']:6.1f} s without, {took['with']:6.1f} s with: {ratios[-1]:.3f}",
            end="",
        )
        print(f"; the doctor says {100 * share:.1f} %")
    print(f"median ratio {statistics.median(ratios):.3f}: {epochs} epochs of {steps} steps")
    print(f"median of what the doctor says {100 * statistics.median(shares):.1f} %")


if __name__ == "__main__":
    run_script(main)
