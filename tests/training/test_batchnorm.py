"""Mechanism: which statistics move when."""

import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.experiment.checks import batchnorm_moves, batchnorm_stands_still
from tlhelpers.training import batchnorm

pytestmark = pytest.mark.backend


def test_live_batchnorm_moves(trainer):
    assert batchnorm_moves(trainer).passed
    assert not batchnorm_stands_still(trainer).passed


def test_frozen_batchnorm_never_moves_in_a_whole_run(trainer_of):
    trainer = trainer_of(TINY.but(batchnorm="frozen"))
    trainer.reset(0)
    before = batchnorm.statistics(trainer.network.base)
    run = trainer.run(0)
    for (mean, variance), (m, v) in zip(
        before, batchnorm.statistics(trainer.network.base), strict=True
    ):
        assert np.array_equal(mean, m) and np.array_equal(variance, v)
    # With frozen layers both modes are the same network.
    assert run.history["batch_mode_nll"] == pytest.approx(run.history["moving_mode_nll"], rel=1e-4)


def test_reestimating_never_touches_training(trainer, known):
    live = known(0)
    precise = trainer.of(TINY.but(batchnorm="reestimated")).run(0)
    assert precise.history["loss"] == pytest.approx(live.history["loss"], rel=1e-5)
    assert precise.history["val_nll"] != pytest.approx(live.history["val_nll"], rel=1e-2)


def test_reestimated_statistics_by_hand(trainer, split):
    """The first layer's statistics are those of its own inputs, whatever the later layers do."""
    import keras

    trainer.reset(0)
    network, images = trainer.network, split.train.images
    base = network.base
    before = keras.Model(base.input, base.get_layer("stem_conv").output)
    scaled = (images.astype("float32") - 127) / 128
    outputs = keras.ops.convert_to_numpy(before(scaled))
    batchnorm.reestimate(network, images, batch_size=len(images))
    mean, variance = batchnorm.statistics(base)[0]
    assert mean == pytest.approx(outputs.mean(axis=(0, 1, 2)), abs=1e-3)
    assert variance == pytest.approx(outputs.var(axis=(0, 1, 2)), rel=1e-2, abs=1e-4)
