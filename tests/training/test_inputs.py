"""Cached output of frozen blocks: the same features and first steps as computing them each step."""

import dataclasses

import keras
import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.core.errors import CourseError
from tlhelpers.training.backbones import batchnorm_layers
from tlhelpers.training.inputs import Batches, targets
from tlhelpers.training.trainer import Trainer

HALF = TINY.but(frozen_up_to="block0", horizontal_flip=True, input_scaling="1/255", epochs=2)


@pytest.fixture(scope="module")
def kept(split):
    return Trainer(HALF, split)


@pytest.fixture(scope="module")
def slow(split):
    return Trainer(HALF, split, cache_frozen=False)


def feature_maps(trainer, images):
    """Output of the frozen blocks, computed through the whole backbone."""
    block = [layer for layer in trainer.network.base.layers if layer.name.startswith("block0")][-1]
    reader = keras.Model(trainer.network.base.input, block.output)
    return reader.predict(images.astype("float32") / 255, verbose=0)


@pytest.mark.backend
def test_kept_features_are_the_output_of_the_frozen_blocks(kept, slow, split):
    assert kept.network.frozen is not None and slow.network.frozen is None
    images = split.train.images
    assert np.allclose(kept.inputs.train, feature_maps(slow, images), atol=1e-4)
    assert np.allclose(kept.inputs.mirrored, feature_maps(slow, images[:, :, ::-1]), atol=1e-4)
    assert not np.allclose(kept.inputs.train, kept.inputs.mirrored, atol=1e-2)


@pytest.mark.backend
def test_first_steps_are_the_slow_ways(kept, slow):
    """Same batches, same coins, same dropout: the same losses and weights to float tolerance."""
    fast_run, slow_run = kept.run(0), slow.run(0)
    for name in ("loss", "val_loss", "val_nll", "batch_mode_nll"):
        assert fast_run.history[name][0] == pytest.approx(slow_run.history[name][0], rel=2e-3), name
    ours = {v.path: v.numpy() for v in kept.network.model.trainable_variables}
    theirs = {v.path: v.numpy() for v in slow.network.model.trainable_variables}
    assert len(ours) == len(theirs)
    for a, b in zip(ours.values(), theirs.values(), strict=True):
        assert np.abs(a - b).max() < 0.02


@pytest.mark.backend
def test_the_frozen_blocks_stand_still_and_the_rest_moves(kept):
    kept.reset(0)
    before = [v.numpy() for v in kept.network.frozen.variables]
    live = [layer for layer in batchnorm_layers(kept.network.base) if layer.trainable]
    means = [layer.moving_mean.numpy() for layer in live]
    kept.run(0)
    assert all(
        np.array_equal(v.numpy(), old)
        for v, old in zip(kept.network.frozen.variables, before, strict=True)
    )
    assert live and not any(
        np.array_equal(layer.moving_mean.numpy(), old)
        for layer, old in zip(live, means, strict=True)
    )


def test_outputs_too_large_to_keep_are_computed_in_each_step(split, monkeypatch):
    monkeypatch.setattr("tlhelpers.training.trainer._KEPT_BYTES", 1000)
    assert Trainer(HALF, split).network.frozen is None


def test_half_of_the_images_are_mirrored_and_other_ones_each_epoch():
    inputs, mirrored = np.zeros((400, 1), "uint8"), np.ones((400, 1), "uint8")
    batches = Batches(inputs, np.zeros((400, 2)), 400, seed=0, mirrored=mirrored)
    x, _ = batches[0]
    assert x.dtype == np.uint8 and 0.4 < x.mean() < 0.6
    assert np.array_equal(x[:, 0] == 1, batches.coins[batches.order])
    first = batches.coins.copy()
    batches.on_epoch_end()
    assert not np.array_equal(first, batches.coins)
    assert np.array_equal(
        Batches(inputs, np.zeros((400, 2)), 400, 0, 1, mirrored).coins, batches.coins
    )
    assert not inputs.any()  # the images themselves are as before


@pytest.mark.backend
def test_grey_images_and_upsampling(split):
    grey = dataclasses.replace(split.train, images=split.train.images[..., :1])
    grey_split = dataclasses.replace(split, train=grey, validation=grey)
    recipe = TINY.but(image_size=64, upsample_from=32, epochs=1)
    trainer = Trainer(recipe, grey_split)
    assert trainer.network.base.input.shape[1:] == (64, 64, 3)
    copied = dataclasses.replace(grey, images=np.repeat(grey.images, 3, axis=-1))
    colour = Trainer(recipe, dataclasses.replace(split, train=copied, validation=copied))
    trainer.reset(0), colour.reset(0)
    assert np.allclose(trainer.predict(grey.images), colour.predict(copied.images), atol=1e-4)


def test_soft_targets_are_shares_of_votes(split):
    votes = np.tile([3, 1], (len(split.train), 1))
    voted = dataclasses.replace(split.train, votes=votes)
    assert targets(TINY.but(soft_labels=True), voted)[0] == pytest.approx([0.75, 0.25])
    assert targets(TINY, voted)[0].tolist() in ([0, 1], [1, 0])
    with pytest.raises(CourseError, match="votes"):
        targets(TINY.but(soft_labels=True), split.train)


def test_logit_adjustment_changes_predictions_by_the_prior(trainer, split):
    trainer.reset(0)
    adjusted = trainer.of(TINY.but(logit_adjustment=1.0))
    images = split.validation.images
    plain, other = trainer.predict(images), adjusted.predict(images)
    prior = split.train.shares
    by_hand = plain / prior / (plain / prior).sum(axis=1, keepdims=True)
    assert np.allclose(other, by_hand, atol=1e-5)
