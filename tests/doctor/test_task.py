"""What a model is asked."""

from __future__ import annotations

import numpy as np
import pytest

from tlhelpers.doctor.task import Task

RNG = np.random.default_rng(0)


def test_every_output_becomes_a_distribution():
    z = RNG.normal(size=(50, 3)) * 5
    for task, outputs in (
        (Task(3, False, True, False, "crossentropy", True), z),
        (Task(2, True, False, False, "crossentropy", True), z[:, :1]),
        (Task(2, True, False, True, "crossentropy", False), 1 / (1 + np.exp(-z[:, :1]))),
    ):
        p = task.distribution(outputs)
        assert p.shape == (50, task.classes) and np.allclose(p.sum(axis=1), 1) and p.min() >= 0
    logit = Task(2, True, False, False, "x", True).distribution(np.array([[2.0]]))[0, 1]
    assert logit == pytest.approx(1 / (1 + np.exp(-2)))
