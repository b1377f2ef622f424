"""Both sides of a fit, side by side: what each check is asked about."""

from __future__ import annotations

import numpy as np
import pytest

from tests.doctor.checks.blobs import images, sample
from tlhelpers.doctor.sides import Sides, images_compared

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 100)


def codes(ours, theirs):
    return {one.code for one in images_compared(Sides(ours=ours, theirs=theirs)) if one}


@pytest.mark.parametrize("side", ["training", "validation"])
def test_labels_that_stay_behind_are_found_on_either_side(side):
    order = RNG.permutation(100)
    calm = sample(images(seed=1), Y)
    x = images(seed=2)
    moved = sample(x, Y), sample(x[order], Y)
    together = sample(x, Y), sample(x[order], Y[order])
    for passes, found in ((moved, {"label_order"}), (together, set())):
        sides = (passes, (calm, calm)) if side == "training" else ((calm, calm), passes)
        assert codes(*sides) == found


def test_only_training_images_that_change_may_be_less_sharp():
    noise = RNG.normal(0, 25, (3, 100, 12, 12, 3)).astype("float32")
    blurred = [images(seed=k) + noise[k] for k in (0, 1)]
    blurred = [sample((x + np.roll(x, 1, axis=2)) / 2, Y) for x in blurred]
    validation = sample(images(seed=2) + noise[2], Y)
    once, again = blurred
    assert codes((once, again), (validation, validation)) == set()  # augmented anew
    assert codes((once,), (validation, validation)) == set()  # nobody can say
    same = (once, once)
    assert codes(same, (validation, validation)) == {"validation_prepared_otherwise"}
