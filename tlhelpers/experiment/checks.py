"""Mechanism checks: proof that a change to a recipe did what it says.

Each check takes a `Trainer`, starts it from seed 0, does the least that shows the mechanism, and
puts the first weights back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.data.dataset import Split
from tlhelpers.training import batchnorm, model
from tlhelpers.training.backbones import batchnorm_layers

if TYPE_CHECKING:
    from tlhelpers.training.inputs import Batches
    from tlhelpers.training.trainer import Trainer


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
    """One step of ``fit`` changes the moving statistics of every live layer, and of no other.

    Parameters
    ----------
    trainer : Trainer
        Its network takes one step from the first weights of seed 0.

    Returns
    -------
    Check
        Passed only if some layer is live.
    """
    live = [layer.trainable for layer in batchnorm_layers(trainer.network.base)]
    moved = _layers_moved_by_a_step(trainer)
    return Check(
        "one training step moves the statistics of every live BatchNorm layer, and of no other",
        moved == live and any(live),
        f"{sum(moved)} of {len(moved)} layers moved; {sum(live)} are live",
    )


def validation_sees_fresh_statistics(trainer: Trainer) -> Check:
    """After an epoch the moving statistics are what measuring them anew gives."""
    few = _with_few(trainer)
    few.run(0)
    network, size = few.network, few.recipe.batch_size
    inputs = few.inputs.train
    scored = batchnorm.statistics(network.base)
    weights = model.values(network.model.trainable_variables)
    # Twice the images and the same statistics: they depend on the images alone.
    batchnorm.reestimate(network, np.concatenate([inputs, inputs]), size)
    fresh = batchnorm.statistics(network.base)
    still = all(
        np.array_equal(new, old)
        for new, old in zip(model.values(network.model.trainable_variables), weights, strict=True)
    )
    trainer.reset(0)
    stale = sum(
        not all(np.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(one, two, strict=True))
        for one, two in zip(scored, fresh, strict=True)
    )
    return Check(
        "validation sees statistics measured from the images, and no weight moves for it",
        not stale and still,
        f"{stale} of {len(fresh)} layers have other statistics than measured so, "
        f"weights {'stand still' if still else 'move'}",
    )


def momentum_is(trainer: Trainer, wanted: float) -> Check:
    """The momentum that the first live layer really uses is `wanted`; it fails if none is live.

    Parameters
    ----------
    trainer : Trainer
    wanted : float
        Share of the old value that a step keeps.

    Returns
    -------
    Check
    """
    claim = f"the moving statistics keep {wanted} of their old value in a step"
    network, size = trainer.network, trainer.recipe.batch_size
    layers = batchnorm_layers(network.base)
    layer = next((layer for layer in layers if layer.trainable), None)
    if layer is None:
        return Check(claim, False, f"none of the {len(layers)} BatchNorm layers is live")
    trainer.reset(0)
    inputs = trainer.inputs.of(trainer.split.train.images[:size])
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
        claim,
        abs(measured - wanted) < 2e-3 * (1 - wanted) + 1e-4,
        f"measured {measured:.4f}, wanted {wanted}",
    )


def a_step_has(trainer: Trainer, images: int) -> Check:
    """A training step sees this many images."""
    found = len(_batches(trainer)[0][0])
    return Check(f"a step has {images} images", found == images, f"found {found}")


def loss_is_nll(trainer: Trainer) -> Check:
    """The loss that Keras reports is the NLL of the probabilities that the network gives."""
    from tlhelpers.training.inputs import one_hot
    from tlhelpers.training.model import loss_value
    from tlhelpers.training.trainer import image_nll, softmax

    trainer.reset(0)
    images = trainer.split.validation
    # A fresh head gives small logits, for which two losses could nearly agree; with very large ones
    # both would be clipped.
    logits = trainer.logits(trainer.inputs.validation)
    logits *= 4 / np.abs(logits).max()
    reported = loss_value(trainer.recipe, one_hot(images), logits)
    nll = float(image_nll(softmax(logits), images.labels).mean())
    return Check(
        "the loss is the negative log-likelihood of the predicted probabilities",
        abs(reported - nll) < 1e-3 * nll,
        f"the loss is {reported:.4f}, the NLL {nll:.4f}",
    )


def inputs_are_the_backbones(trainer: Trainer) -> Check:
    """Black and white reach the backbone as its own scaling wants them."""
    from tlhelpers.core.quiet import keras
    from tlhelpers.training.backbones import backbone

    spec = backbone(trainer.recipe.backbone)
    size = trainer.recipe.stored_size
    channels = trainer.split.train.images.shape[-1]
    ends = np.stack([np.full((size, size, channels), value, "uint8") for value in (0, 255)])
    first = trainer.network.frozen or trainer.network.model
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
    """Images reach the backbone at `size`, in pixels, whatever the size they are stored at."""
    _, height, width, _ = trainer.network.base.input.shape
    stored = trainer.split.train.images.shape[1]
    return Check(
        f"images reach the backbone at {size} px",
        height == width == size,
        f"stored at {stored} px, seen at {height} px",
    )


def step_counts_classes(trainer: Trainer, kind: str) -> Check:
    """The loss of a step is the mean of the images' losses, each times its class's weight."""
    from tlhelpers.measures.class_weights import class_weights, effective_batch

    counts = np.bincount(trainer.split.train.labels, minlength=len(trainer.split.train.classes))
    weights = class_weights(kind, counts)
    losses, labels, reported = _step(trainer, soft=trainer.recipe.soft_labels)
    wanted = float((weights[labels] * losses).mean())
    left = effective_batch(weights, counts, trainer.recipe.batch_size)
    return Check(
        f"the loss of a step counts each image with the {kind} weight of its class",
        abs(reported - wanted) < 0.01 * wanted,
        f"loss {reported:.3f}, by hand {wanted:.3f}, without weights {losses.mean():.3f}; "
        f"a batch of {trainer.recipe.batch_size} is worth {left:.1f} images",
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
    from tlhelpers.training.trainer import softmax

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


def no_duplicates_across(trainer: Trainer) -> Check:
    """No validation image stands in training as well, pixel by pixel."""
    from tlhelpers.data.duplicates import has_duplicate

    validation = trainer.split.validation.images
    duplicates = int(has_duplicate(validation, trainer.split.train.images).sum())
    return Check(
        "no validation image stands in training, pixel by pixel",
        duplicates == 0,
        f"{duplicates} of {len(validation)} validation images stand in training",
    )


def backbone_waits_for_the_head(trainer: Trainer) -> Check:
    """The head-only stage trains the head, and nothing of the backbone moves."""
    trainer.reset(0)
    base = trainer.network.base.variables
    head = trainer.network.head.trainable_variables
    before = [model.values(base), model.values(head)]
    _with_few(trainer).train_head(0)
    still, same = (
        sum(np.array_equal(old, new) for old, new in zip(olds, model.values(now), strict=True))
        for olds, now in zip(before, (base, head), strict=True)
    )
    trainer.reset(0)
    return Check(
        "the head-only stage moves the whole head and nothing of the backbone",
        still == len(base) and same == 0,
        f"{len(head) - same} of {len(head)} weights of the head moved, "
        f"{len(base) - still} of {len(base)} of the backbone",
    )


def rate_is(trainer: Trainer, wanted: float) -> Check:
    """The first step of ``fit`` is as long as this learning rate makes it."""
    measured = _rate_of_step(trainer, 0)
    return Check(
        f"the first step is taken at a learning rate of {wanted:g}",
        math.isclose(measured, wanted, rel_tol=0.02),
        f"measured {measured:.3g}, wanted {wanted:.3g}",
    )


def rate_follows_warmup_and_cosine(trainer: Trainer) -> Check:
    """Steps are as long as one epoch of warm-up and a cosine to 0 make them."""
    recipe = trainer.recipe
    each = math.ceil(len(trainer.split.train) / recipe.batch_size)
    steps = recipe.epochs * each
    chosen = (each // 2, min(100, steps // 2), 9 * steps // 10)
    wanted = [
        recipe.learning_rate
        * (
            step / each
            if step < each
            else (1 + math.cos(math.pi * (step - each) / (steps - each))) / 2
        )
        for step in chosen
    ]
    measured = [_rate_of_step(trainer, step) for step in chosen]
    return Check(
        f"steps {', '.join(map(str, chosen))} of {steps} have the learning rates of warm-up and "
        "cosine",
        all(math.isclose(m, w, rel_tol=0.02) for m, w in zip(measured, wanted, strict=True)),
        f"measured {_each(measured)}, wanted {_each(wanted)}",
    )


def rate_halves_on_a_plateau(trainer: Trainer) -> Check:
    """While the validation loss stands still, the learning rate is halved in the fourth epoch."""
    from tlhelpers.core.quiet import keras

    class Flat(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            logs["val_loss"] = 1.0

    trainer.reset(0)
    optimizer = trainer.network.model.optimizer
    start = float(optimizer.learning_rate)
    trainer.fit(_batch(trainer), epochs=4, callbacks=model.callbacks(trainer.recipe, [Flat()]))
    end = float(optimizer.learning_rate)
    trainer.reset(0)
    return Check(
        "after the first, three epochs without a better validation loss halve the learning rate",
        math.isclose(end, start / 2, rel_tol=1e-5),
        f"learning rate from {start:g} to {end:g}",
    )


def gradient_norm_is_at_most(trainer: Trainer, wanted: float) -> Check:
    """Adam never sees a gradient longer than `wanted`, even of a loss a thousand times too big."""
    trainer.reset(0)
    batch = _batch(trainer)
    batch.targets = 1000 * batch.targets
    trainer.fit(batch)
    # After one step from zero, Adam's first moment is (1 - beta_1) times the gradient it was given.
    optimizer = trainer.network.model.optimizer
    moments = model.values(optimizer._momentums)
    norm = math.sqrt(sum(float((m.astype(float) ** 2).sum()) for m in moments))
    norm /= 1 - optimizer.beta_1
    trainer.reset(0)
    return Check(
        f"Adam gets no gradient longer than {wanted:g}, even of a loss a thousand times too big",
        norm <= wanted * 1.001,
        f"the gradient's norm was {norm:.4g}",
    )


def loss_does_not_reward_certainty(trainer: Trainer, smoothing: float) -> Check:
    """Beyond the smoothed label, being surer makes the loss larger, not smaller."""
    from tlhelpers.training.model import loss_value

    classes = len(trainer.split.train.classes)
    right = np.eye(classes, dtype="float32")[:1]
    share = 1 - smoothing + smoothing / classes
    fitting = math.log(share / (smoothing / classes))
    # In logits of the right class; the sigmoid loss of the post looks at each logit by itself.
    moderate, sure = (
        loss_value(trainer.recipe, right, (2 * right - 1) * value / 2) for value in (fitting, 30)
    )
    return Check(
        "being surer than the smoothed label makes the loss larger",
        sure > moderate,
        f"loss {moderate:.3f} at about {share:.3f}, {sure:.3f} when certain",
    )


def averaged_weights_are_scored(trainer: Trainer) -> Check:
    """What validation sees after an epoch is the moving average of the weights after each step."""
    from tlhelpers.core.quiet import keras
    from tlhelpers.training.inputs import Batches, one_hot

    recipe, data = trainer.recipe, trainer.split.train
    kernel = trainer.network.model.get_layer("logits").kernel
    after, scored = [], []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            model.settle(self.model)
            after.append(model.values([kernel])[0])

        def on_epoch_end(self, epoch, logs=None):
            scored.append(model.values([kernel])[0])

    trainer.reset(0)
    part = data.subset(np.arange(min(3 * recipe.batch_size, len(data))))
    batches = Batches(trainer.inputs.of(part.images), one_hot(part), recipe.batch_size, seed=0)
    trainer.fit(batches, epochs=2, callbacks=model.callbacks(recipe, [Watch()]))
    trainer.reset(0)
    memory = math.ceil(len(data) / recipe.batch_size)  # one epoch, in steps
    average, by_hand = after[0], []
    for i, weights in enumerate(after):
        average = average + (weights - average) / memory
        if (i + 1) % len(batches) == 0:
            by_hand.append(average)
    off, moved = (
        max(float(np.abs(x - y).max()) for x, y in zip(scored, other, strict=True))
        for other in (by_hand, after[len(batches) - 1 :: len(batches)])
    )
    return Check(
        "after each epoch the average of the weights over about one epoch is scored",
        off < 0.01 * moved,
        f"scored weights are {off:.1e} from the average, {moved:.1e} from the last step's",
    )


def averaged_weights_have_their_statistics(trainer: Trainer) -> Check:
    """The average of the weights is scored, with statistics that were measured for it."""
    parts = averaged_weights_are_scored(trainer), validation_sees_fresh_statistics(trainer)
    return Check(
        "averaged weights are scored, with BatchNorm statistics measured for the average",
        all(part.passed for part in parts),
        "; ".join(part.found for part in parts),
    )


def head_has(trainer: Trainer, units: int) -> Check:
    """The hidden layers of the head have this many units."""
    layers = [
        layer.units for layer in trainer.network.model.layers if layer.name.startswith("dense")
    ]
    return Check(
        f"the hidden layers of the head have {units} units",
        bool(layers) and set(layers) == {units},
        f"found {', '.join(map(str, layers)) or 'none'}",
    )


def _step(trainer: Trainer, soft: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Losses of images by hand, their labels, and the loss that ``fit`` reports for them.

    Only for heads without dropout: a forward pass can then be had twice.
    """
    from tlhelpers.training.inputs import Batches, targets

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
    trainer.reset(0)
    before = batchnorm.statistics(trainer.network.base)
    trainer.fit(_batch(trainer))
    after = batchnorm.statistics(trainer.network.base)
    trainer.reset(0)
    return [
        not (np.array_equal(old[0], new[0]) and np.array_equal(old[1], new[1]))
        for old, new in zip(before, after, strict=True)
    ]


def _with_few(trainer: Trainer) -> Trainer:
    """The same trainer on a single batch of images, which are its validation images as well."""
    part = trainer.split.train.subset(np.arange(trainer.recipe.batch_size))
    return trainer.of(trainer.recipe, Split(part, part))


def _batch(trainer: Trainer) -> Batches:
    """The first images as one batch, through `Batches` as in a run.

    Arrays would make TensorFlow trace the step once more.
    """
    from tlhelpers.training.inputs import Batches, one_hot

    part = trainer.split.train.subset(np.arange(trainer.recipe.batch_size))
    return Batches(trainer.inputs.of(part.images), one_hot(part), len(part), seed=0)


def _batches(trainer: Trainer) -> Batches:
    """An epoch of a run."""
    from tlhelpers.training.inputs import Batches, one_hot

    inputs, data = trainer.inputs.train, trainer.split.train
    return Batches(inputs, one_hot(data), trainer.recipe.batch_size, seed=0)


def _rate_of_step(trainer: Trainer, step: int) -> float:
    """Adam's moments start from zero, so the length of one update tells its learning rate."""
    trainer.reset(0)
    optimizer = trainer.network.model.optimizer
    kernel = trainer.network.model.get_layer("logits").kernel
    optimizer.iterations.assign(step)
    before = model.values([kernel])[0]
    trainer.fit(_batch(trainer))
    longest = float(np.abs(model.values([kernel])[0] - before).max())
    first, second = optimizer.beta_1, optimizer.beta_2
    correction = math.sqrt(1 - second ** (step + 1)) / (1 - first ** (step + 1))
    trainer.reset(0)
    return longest / (correction * (1 - first) / math.sqrt(1 - second))


def _each(values: list[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
