"""Mechanism checks: proof that a change to a recipe did what it says.

Each check takes a `Trainer`, starts it from seed 0, does the least that shows the mechanism, and
puts the first weights back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import batchnorm
from tlhelpers.backbones import batchnorm_layers

if TYPE_CHECKING:
    from tlhelpers.training import Trainer


class MechanismError(AssertionError):
    """A change did not do what it says."""


@dataclass(frozen=True)
class Check:
    """Outcome of a mechanism check.

    Attributes
    ----------
    claim : str
        What should be so.
    passed : bool
    found : str
        What was measured, with numbers.
    """

    claim: str
    passed: bool
    found: str

    def __str__(self) -> str:
        return f"{'PASSED' if self.passed else 'FAILED'}: {self.claim}"

    def require(self) -> Check:
        """Itself if passed.

        Raises
        ------
        MechanismError
            It failed.
        """
        if not self.passed:
            raise MechanismError(f"{self.claim} — but {self.found}")
        return self


def batchnorm_stands_still(trainer: Trainer) -> Check:
    """No moving statistic changes in one training step under ``fit``."""
    moved = _layers_moved_by_a_step(trainer)
    return Check(
        "one training step moves no BatchNorm statistics",
        not any(moved),
        f"{sum(moved)} of {len(moved)} layers moved",
    )


def batchnorm_moves(trainer: Trainer) -> Check:
    """One step of ``fit`` changes the moving statistics of every live layer, and of no other."""
    live = [layer.trainable for layer in batchnorm_layers(trainer.network.base)]
    moved = _layers_moved_by_a_step(trainer)
    return Check(
        "one training step moves the statistics of every live BatchNorm layer, and of no other",
        moved == live and any(live),
        f"{sum(moved)} of {len(moved)} layers moved; {sum(live)} are live",
    )


def reestimated_is_average(trainer: Trainer) -> Check:
    """Re-estimation with one batch gives this batch's own mean, and no weight moves."""
    trainer.reset(0)
    network, size = trainer.network, trainer.recipe.batch_size
    inputs = trainer.inputs.of(trainer.split.train.images[:size])
    weights = [v.numpy() for v in network.model.trainable_variables]
    with batchnorm.kept_statistics(network.base):
        batchnorm.reestimate(network, inputs, size)
        after_once = batchnorm.statistics(network.base)
        batchnorm.reestimate(network, np.concatenate([inputs, inputs]), size)
        after_twice = batchnorm.statistics(network.base)
    same = all(
        np.allclose(a, b, rtol=1e-3, atol=1e-4)
        for one, two in zip(after_once, after_twice, strict=True)
        for a, b in zip(one, two, strict=True)
    )
    still = all(
        np.array_equal(v.numpy(), old)
        for v, old in zip(network.model.trainable_variables, weights, strict=True)
    )
    return Check(
        "re-estimated statistics depend on the pictures alone and no weight moves",
        same and still,
        f"statistics {'agree' if same else 'differ'}, weights {'stand still' if still else 'move'}",
    )


def momentum_is(trainer: Trainer, wanted: float) -> Check:
    """The momentum that the first live layer really uses is `wanted`."""
    trainer.reset(0)
    network, size = trainer.network, trainer.recipe.batch_size
    inputs = trainer.inputs.of(trainer.split.train.images[:size])
    layer = next(layer for layer in batchnorm_layers(network.base) if layer.trainable)
    with batchnorm.kept_statistics(network.base):
        layer.moving_mean.assign(np.zeros(layer.moving_mean.shape))
        means = []
        for _ in range(2):
            batchnorm.batch_predictions(network, inputs, size)
            means.append(layer.moving_mean.numpy())
    # From zero, the same batch twice: (1 - m) b, then (1 + m) times that.
    largest = np.abs(means[0]).argmax()
    measured = float(means[1][largest] / means[0][largest] - 1)
    return Check(
        f"the moving statistics keep {wanted} of their old value in a step",
        abs(measured - wanted) < 2e-3 * (1 - wanted) + 1e-4,
        f"measured {measured:.4f}, wanted {wanted}",
    )


def loss_is_nll(trainer: Trainer) -> Check:
    """The loss that Keras reports is the NLL of the probabilities that the network gives."""
    from tlhelpers.inputs import one_hot
    from tlhelpers.model import loss_value
    from tlhelpers.training import picture_nll, softmax

    trainer.reset(0)
    pictures = trainer.split.validation
    # A fresh head gives small logits, for which two losses could nearly agree; with very large ones
    # both would be clipped.
    logits = trainer.logits(trainer.inputs.validation)
    logits *= 4 / np.abs(logits).max()
    reported = loss_value(trainer.recipe, one_hot(pictures), logits)
    nll = float(picture_nll(softmax(logits), pictures.labels).mean())
    return Check(
        "the loss is the negative log-likelihood of the predicted probabilities",
        abs(reported - nll) < 1e-3 * nll,
        f"the loss is {reported:.4f}, the NLL {nll:.4f}",
    )


def inputs_are_the_backbones(trainer: Trainer) -> Check:
    """Black and white reach the backbone as its own scaling wants them."""
    from tlhelpers.backbones import backbone
    from tlhelpers.quiet import keras

    spec = backbone(trainer.recipe.backbone)
    size = trainer.recipe.stored_size
    channels = trainer.split.train.images.shape[-1]
    ends = np.stack([np.full((size, size, channels), value, "uint8") for value in (0, 255)])
    first = trainer.network.trunk or trainer.network.model
    scaled = keras.Model(first.inputs, first.get_layer("scaling").output)
    measured = scaled.predict(ends, verbose=0)
    wanted = spec.preprocess(np.broadcast_to(ends[:, :1, :1], (2, 1, 1, 3)))
    return Check(
        "black and white reach the backbone as its own scaling wants them",
        bool(np.allclose(measured, wanted, atol=1e-3)),
        f"inputs from {measured.min():.2f} to {measured.max():.2f}, "
        f"wanted {wanted.min():.2f} to {wanted.max():.2f}",
    )


def backbone_sees(trainer: Trainer, size: int) -> Check:
    """Pictures reach the backbone at `size`, in pixels, whatever the size they are stored at."""
    _, height, width, _ = trainer.network.base.input.shape
    stored = trainer.split.train.images.shape[1]
    return Check(
        f"pictures reach the backbone at {size} px",
        height == width == size,
        f"stored at {stored} px, seen at {height} px",
    )


def step_counts_classes(trainer: Trainer, kind: str) -> Check:
    """The loss of a step is the mean of the pictures' losses, each times its class's weight."""
    from tlhelpers.weights import class_weights, effective_batch

    counts = np.bincount(trainer.split.train.labels, minlength=len(trainer.split.train.classes))
    weights = class_weights(kind, counts)
    losses, labels, reported = _step(trainer, soft=trainer.recipe.soft_labels)
    wanted = float((weights[labels] * losses).mean())
    left = effective_batch(weights, counts, trainer.recipe.batch_size)
    return Check(
        f"the loss of a step counts each picture with the {kind} weight of its class",
        abs(reported - wanted) < 0.01 * wanted,
        f"loss {reported:.3f}, by hand {wanted:.3f}, without weights {losses.mean():.3f}; "
        f"a batch of {trainer.recipe.batch_size} is worth {left:.1f} pictures",
    )


def step_aims_at_votes(trainer: Trainer) -> Check:
    """The loss of a step is measured against the shares of the votes."""
    losses, _, reported = _step(trainer, soft=True)
    hard, _, _ = _step(trainer, soft=False)
    wanted = float(losses.mean())
    return Check(
        "the loss of a step is measured against the shares of the votes",
        abs(reported - wanted) < 0.01 * wanted,
        f"loss {reported:.3f}, by hand {wanted:.3f}, against one label {hard.mean():.3f}",
    )


def odds_move_by_the_prior(trainer: Trainer) -> Check:
    """Each prediction's odds change by the classes' training shares."""
    from tlhelpers.training import softmax

    trainer.reset(0)
    data = trainer.split.train
    logits = trainer.logits(trainer.inputs.validation)
    plain, adjusted = softmax(logits), trainer.probabilities(logits)
    shares = data.shares
    rare, common = int(np.where(shares > 0, shares, 1).argmin()), int(shares.argmax())
    factor = (adjusted[:, rare] / adjusted[:, common]) / (plain[:, rare] / plain[:, common])
    wanted = shares[common] / shares[rare]
    return Check(
        "each prediction's odds change by the classes' shares in training",
        bool(np.allclose(factor, wanted, rtol=1e-3)),
        f"odds of '{data.classes[rare]}' against '{data.classes[common]}' times "
        f"{factor.mean():.1f}, wanted {wanted:.1f}",
    )


def no_twins_across(trainer: Trainer) -> Check:
    """No validation picture stands in training as well, pixel by pixel."""
    from tlhelpers.data.twins import has_twin

    validation = trainer.split.validation.images
    twins = int(has_twin(validation, trainer.split.train.images).sum())
    return Check(
        "no validation picture stands in training, pixel by pixel",
        twins == 0,
        f"{twins} of {len(validation)} validation pictures stand in training",
    )


def _step(trainer: Trainer, soft: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Losses of pictures by hand, their labels, and the loss that ``fit`` reports for them.

    Only for heads without dropout: a forward pass can then be had twice.
    """
    from tlhelpers.inputs import Batches, targets

    trainer.reset(0)
    recipe, data, network = trainer.recipe, trainer.split.train, trainer.network
    # Evenly over the sorted labels, so that rare classes are among them.
    order = np.argsort(data.labels, kind="stable")
    part = data.subset(order[np.linspace(0, len(data) - 1, recipe.batch_size).astype(int)])
    inputs = trainer.inputs.of(part.images).astype("float32")
    with batchnorm.kept_statistics(network.base):
        batch = batchnorm.batch_predictions(network, inputs, len(part))
    aims = targets(recipe.but(soft_labels=soft), part)
    losses = -(aims * np.log(np.clip(batch, 1e-7, 1))).sum(axis=1)
    told = trainer.fit(Batches(inputs, targets(recipe, part), len(part), seed=0))["loss"][0]
    trainer.reset(0)
    return losses, part.labels, float(told)


def _layers_moved_by_a_step(trainer: Trainer) -> list[bool]:
    """For each BatchNorm layer, whether one step of ``fit`` changes its moving statistics."""
    from tlhelpers.inputs import Batches, one_hot

    trainer.reset(0)
    step = trainer.split.train.subset(np.arange(trainer.recipe.batch_size))
    before = batchnorm.statistics(trainer.network.base)
    # Through Batches, as a run does: arrays would make TensorFlow trace the step once more.
    batches = Batches(trainer.inputs.of(step.images), one_hot(step), len(step), seed=0)
    trainer.fit(batches)
    after = batchnorm.statistics(trainer.network.base)
    trainer.reset(0)
    return [
        not (np.array_equal(old[0], new[0]) and np.array_equal(old[1], new[1]))
        for old, new in zip(before, after, strict=True)
    ]
