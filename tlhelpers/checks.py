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
    layers = len(batchnorm_layers(trainer.network.base))
    moved = _layers_moved_by_a_step(trainer)
    return Check(
        "one training step moves no BatchNorm statistics",
        moved == 0,
        f"{moved} of {layers} layers moved",
    )


def batchnorm_moves(trainer: Trainer) -> Check:
    """Every live layer's moving statistics change in one training step under ``fit``."""
    live = sum(layer.trainable for layer in batchnorm_layers(trainer.network.base))
    moved = _layers_moved_by_a_step(trainer)
    return Check(
        "one training step moves the statistics of every live BatchNorm layer",
        moved == live > 0,
        f"{moved} of {live} live layers moved",
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


def momentum_is(trainer: Trainer) -> Check:
    """The momentum that the first live layer really uses is the recipe's."""
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
    wanted = trainer.recipe.batchnorm_momentum
    return Check(
        "the moving statistics keep the recipe's momentum",
        wanted is not None and abs(measured - wanted) < 2e-3 * (1 - wanted) + 1e-4,
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


def _layers_moved_by_a_step(trainer: Trainer) -> int:
    """Live statistics after one step of ``fit``, against those before."""
    from tlhelpers.inputs import one_hot

    trainer.reset(0)
    step = trainer.split.train.subset(np.arange(trainer.recipe.batch_size))
    before = batchnorm.statistics(trainer.network.base)
    trainer.network.model.fit(
        trainer.inputs.of(step.images).astype("float32"),
        one_hot(step),
        batch_size=len(step),
        verbose=0,
    )
    after = batchnorm.statistics(trainer.network.base)
    trainer.reset(0)
    return sum(
        not (np.array_equal(old[0], new[0]) and np.array_equal(old[1], new[1]))
        for old, new in zip(before, after, strict=True)
    )
