"""What the figures of the mechanism are measured from."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.core.errors import CourseError
from tlhelpers.training import batchnorm, microscope


def test_the_running_mean_follows_its_batches_and_begins_where_they_do(trainer):
    seen = microscope.chase(trainer, seed=0)
    steps = len(trainer.batches(0))
    assert len(seen.batch_mean) == len(seen.moving_mean) == steps
    kept = seen.momentum
    following = kept * seen.moving_mean[:-1] + (1 - kept) * seen.batch_mean[1:]
    assert np.allclose(following, seen.moving_mean[1:], atol=1e-5)
    # Nothing of what ImageNet left: the first batch lies as near as any batch does.
    start = (seen.moving_mean[0] - (1 - kept) * seen.batch_mean[0]) / kept
    trainer.reset(0)
    layers = [layer.name for layer in batchnorm.batchnorm_layers(trainer.network.base)]
    left, _ = batchnorm.statistics(trainer.network.base)[layers.index(seen.layer)]
    assert abs(start - seen.batch_mean[0]) < 0.1 * np.median(np.abs(left - seen.batch_mean[0]))


def test_a_layer_that_is_not_there_or_stands_still_is_told(trainer, trainer_of):
    with pytest.raises(CourseError, match="No BatchNorm layer called 'nothing' trains: known: "):
        microscope.chase(trainer, layer="nothing")
    frozen = trainer_of(TINY.but(batchnorm="frozen"))
    for look in (microscope.chase, lambda of: microscope.modes(of, of.split.train.images[:8])):
        with pytest.raises(CourseError, match="No BatchNorm layer of this network trains"):
            look(frozen)


def test_both_modes_differ_and_leave_everything_as_it_was(trainer):
    trainer.reset(0)
    before = [np.concatenate(pair) for pair in batchnorm.statistics(trainer.network.base)]
    seen = microscope.modes(trainer, trainer.split.train.images[:8])
    assert seen.training.shape == seen.inference.shape and len(seen.training) == 8
    assert np.abs(seen.training - seen.inference).max() > 0.01
    after = [np.concatenate(pair) for pair in batchnorm.statistics(trainer.network.base)]
    assert all(map(np.array_equal, before, after))


def test_smaller_kernels_turn_further(trainer_of):
    angles = [
        microscope.turning(trainer_of(TINY.but(kernel_scale=scale)), steps=2)
        for scale in (1, 1 / 8)
    ]
    assert angles[0][0] == angles[1][0] == 0 and len(angles[0]) == 3
    assert 4 < angles[1][1] / angles[0][1] < 8.5
