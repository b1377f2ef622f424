"""What the doctor takes in while an epoch runs: a mean of the weights, and how far a step goes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from tlhelpers.core.quiet import keras
from tlhelpers.doctor.network import Network
from tlhelpers.doctor.task import Task
from tlhelpers.doctor.watch import Watch, relative_step

CLASSES = Task(classes=2, single=False, sparse=True, probabilities=False, loss="", from_logits=None)


def watch(*sizes):
    model = keras.Sequential([keras.Input((sizes[0],)), *map(keras.layers.Dense, sizes[1:])])
    x = np.random.default_rng(0).normal(size=(4, sizes[0])).astype("float32")
    return Watch(Network(model), CLASSES, (x, np.zeros(4, dtype=int)), 4), model


def test_a_step_over_the_length_of_the_kernel():
    before, after = np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([[3.0, 0.3], [0.4, 4.0]])
    assert relative_step(before, after) == pytest.approx(0.5 / 5)


def test_the_mean_of_the_weights_and_the_step_in_the_middle():
    seen, model = watch(2, 2)
    seen.begin(4)
    for step in range(4):
        for variable in model.trainable_variables:
            variable.assign(np.full(variable.shape, step + 1.0))
        assert seen.wants(step)
        seen.take(step)
    asked = {}
    seen.network._call = lambda x, training: asked.setdefault(
        float(model.layers[-1].kernel[0, 0]), np.zeros((len(x), 2), "float32")
    )
    epoch = seen.read(1)
    assert list(asked) == [4.0, 2.5]  # as validated, then the mean of 1, 2, 3 and 4
    assert float(model.layers[-1].kernel[0, 0]) == 4.0
    assert epoch.step == pytest.approx(1 / 2)  # from 2 to 3, of the kernel alone


def test_two_copies_of_the_weights_are_held_at_most():
    """And one layer, which is being copied just now, and what else Python keeps.

    TensorFlow may go on using the array that a variable was given, which hangs on how its memory
    lies. Then the model's own copy is NumPy's as well, and counts.
    """
    seen, model = watch(*[400] * 13)
    size = sum(w.nbytes for w in model.get_weights())
    seen.begin(4)
    seen.take(0)
    seen.read(1)  # compiles, which takes memory of its own
    seen.begin(4)
    tracemalloc.start()  # NumPy's: the backend's own is the model's
    for step in range(4):
        seen.take(step)
    assert size < tracemalloc.get_traced_memory()[1] < 2.25 * size
    seen.read(2)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 3.25 * size
