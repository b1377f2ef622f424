"""From a recipe to a compiled Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.training import starts
from tlhelpers.training.backbones import backbone, batchnorm_layers, freeze, split_at, truncate
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.similarity import rescale

if TYPE_CHECKING:
    import keras

HEAD_RATE = 1e-3  # of the head-only stage; Keras's own default and that of its guide


@dataclass(frozen=True, eq=False)
class Network:
    """A compiled model and the parts of it that a page asks about.

    Attributes
    ----------
    model : keras.Model
        What trains: images (n, size, size, channels), 0 to 255, to class probabilities
        (n, classes). With frozen blocks apart: the frozen blocks' feature maps to class
        probabilities.
    logits : keras.Model
        The same without the softmax; ``predict`` is enough to know probabilities and losses.
    base : keras.Model
        The whole backbone, frozen blocks included.
    batch_mode : keras.Model
        The same layers and weights as `model`, but the backbone normalises with the statistics of
        the batch (as in training) and the head has no dropout. Its ``predict`` moves the moving
        statistics: use it through `tlhelpers.training.batchnorm`.
    features : keras.Model
        What `model` reads to the pooled features, shape (n, channels), that the head reads.
    head : keras.Model
        Those to class probabilities: the head's layers of `model`, compiled to train alone.
    frozen : keras.Model or None
        Images to feature maps, through everything before the first layer that trains. None if
        the images go through the whole network in each step.
    """

    model: keras.Model
    logits: keras.Model
    base: keras.Model
    batch_mode: keras.Model
    features: keras.Model
    head: keras.Model
    frozen: keras.Model | None = None


def build(
    recipe: Recipe,
    classes: int,
    steps: int,
    weights: str | None = "imagenet",
    channels: int = 3,
    split_frozen: bool = False,
) -> Network:
    """Build and compile the network of a recipe.

    Parameters
    ----------
    recipe : Recipe
    classes : int
        Width of the softmax.
    steps : int
        Training steps of one epoch; a "cosine" schedule and a weight average need it.
    weights : "imagenet" or None
        None starts the backbone from random weights, whatever the recipe says (parameter counts
        without a network).
    channels : int
        Of the stored images: 3, or 1 for grey ones, which are copied to three.
    split_frozen : bool
        Whether the frozen blocks become a model of their own (`Network.frozen`), so that their
        output can be kept. Only with ``recipe.frozen_up_to``.

    Returns
    -------
    Network
    """
    with _precision(recipe.precision):
        return _build(recipe, classes, steps, weights, channels, split_frozen)


def _build(
    recipe: Recipe,
    classes: int,
    steps: int,
    weights: str | None,
    channels: int,
    split_frozen: bool,
) -> Network:
    from tlhelpers.core.quiet import keras

    base = backbone_of(recipe, weights)
    size = recipe.stored_size
    images = keras.Input((size, size, channels), name="images")
    before = _input_layers(recipe, channels)
    frozen, trained = None, base
    inputs = images
    if split_frozen:
        lower, trained = split_at(base, recipe.frozen_up_to)
        frozen = keras.Model(images, lower(_through(before, images)), name="frozen")
        inputs, before = keras.Input(frozen.output.shape[1:], name="features"), []
    x = _through(before, inputs)
    x = trained(x, training=False) if recipe.call_training_false else trained(x)
    head = _head_layers(recipe, classes)
    model = keras.Model(inputs, _through(head, x), name="network")
    # The same as "accuracy", which makes this metric inside the first step: TensorFlow then traces
    # the step a second time, and training starts twice as late.
    accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")
    model.compile(_optimizer(recipe, steps), loss(recipe), metrics=[accuracy])
    logits = keras.Model(inputs, model.get_layer("logits").output, name="logits_only")
    features = keras.Model(inputs, model.get_layer("pool").output, name="features_only")
    pooled = keras.Input(features.output.shape[1:], name="pooled")
    head_model = keras.Model(pooled, _through(head[1:], pooled), name="head_only")
    head_model.compile(keras.optimizers.Adam(HEAD_RATE), loss(recipe))
    return Network(
        model, logits, base, _batch_mode(before, trained, head), features, head_model, frozen
    )


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Layers made inside compute with this Keras dtype policy; afterwards all is as before."""
    from tlhelpers.core.quiet import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def backbone_of(recipe: Recipe, weights: str | None = "imagenet") -> keras.Model:
    """The backbone as a recipe rescales, cuts and freezes it, from scaled images to feature maps.

    Parameters
    ----------
    recipe : Recipe
    weights : "imagenet" or None
        None starts from random weights, whatever the recipe says.

    Returns
    -------
    keras.Model
    """
    given = weights if recipe.pretrained_on == "imagenet" else None
    base = backbone(recipe.backbone).build(recipe.image_size, given)
    if weights and starts.made_here(recipe):
        starts.put_into(base, recipe)
    if recipe.kernel_scale != 1:
        rescale(base, recipe.kernel_scale)  # all of it: a cut may part a kernel from its BatchNorm
    if recipe.truncate_at:
        base = truncate(base, recipe.truncate_at)
    freeze(base, recipe.frozen_up_to, batchnorm=recipe.batchnorm == "frozen")
    if recipe.batchnorm_momentum is not None:
        for layer in batchnorm_layers(base):
            layer.momentum = recipe.batchnorm_momentum
    return base


def _through(layers: list[keras.Layer], x):
    for layer in layers:
        x = layer(x)
    return x


def _input_layers(recipe: Recipe, channels: int) -> list[keras.Layer]:
    """From stored images to what the backbone reads."""
    from tlhelpers.core.quiet import keras

    ops, size = keras.ops, recipe.image_size

    class Apply(keras.layers.Layer):
        """A function without weights, as a layer."""

        def __init__(self, function, **options):
            super().__init__(dtype="float32", **options)
            self.function = function

        def call(self, x):
            return self.function(x)

    spec = backbone(recipe.backbone)
    own = recipe.input_scaling == "backbone"
    layers = []
    if recipe.stored_size != size:
        layers.append(Apply(lambda x: ops.image.resize(x, (size, size)), name="upsample"))
    if channels == 1:
        layers.append(Apply(lambda x: ops.repeat(x, 3, axis=-1), name="grey_to_rgb"))
    if own and spec.swap_channels:
        layers.append(Apply(lambda x: ops.flip(x, axis=-1), name="rgb_to_bgr"))
    scale, offset = (spec.scale, spec.offset) if own else (1 / 255, 0.0)
    return [*layers, keras.layers.Rescaling(scale, offset, dtype="float32", name="scaling")]


def _head_layers(recipe: Recipe, classes: int) -> list[keras.Layer]:
    from tlhelpers.core.quiet import keras

    layers = keras.layers

    head = [layers.GlobalAveragePooling2D(name="pool")]
    for i, (units, rate) in enumerate(zip(recipe.hidden_units, recipe.dropout, strict=True)):
        # Without a seed, the torch backend would draw from a state that `Trainer.reset` cannot set.
        head.append(layers.Dropout(rate, seed=i, name=f"dropout{i}"))
        head.append(layers.Dense(units, "relu", name=f"dense{i}"))
    # The same as Dense(classes, "softmax"), in two layers so that the logits can be had.
    head.append(layers.Dense(classes, dtype="float32", name="logits"))
    head.append(layers.Activation("softmax", dtype="float32", name="probabilities"))
    return head


def _batch_mode(before: list, trained: keras.Model, head: list) -> keras.Model:
    from tlhelpers.core.quiet import keras

    class BatchMode(keras.Model):
        # A subclassed model passes an explicit `training` on; a Functional one would override it.
        def call(self, x):
            x = trained(_through(before, x), training=True)
            for layer in head:
                x = layer(x, training=False) if "dropout" in layer.name else layer(x)
            return x

    # Registered by hand: Keras tracks attributes, not what `call` closes over.
    probe = BatchMode(name="batch_mode")
    probe.parts = [*before, trained, *head]
    probe.compile()
    return probe


def _optimizer(recipe: Recipe, steps: int) -> keras.Optimizer:
    from tlhelpers.core.quiet import keras

    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        warm = recipe.warmup_epochs * steps
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warm else rate,
            decay_steps=max(1, recipe.epochs * steps - warm),
            warmup_target=rate if warm else None,
            warmup_steps=warm,
        )
    average = recipe.weight_average_epochs * steps
    return keras.optimizers.Adam(
        rate,
        global_clipnorm=recipe.clipnorm,
        use_ema=average > 0,
        ema_momentum=1 - 1 / max(1, average),
    )


def loss(recipe: Recipe) -> keras.Loss:
    """The training loss of a recipe, with its label smoothing; class weights come in elsewhere.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    keras.Loss
        Of targets, one-hot or soft, and probabilities, both of shape (n, classes); a mean in nats.
        On TensorFlow, "binary_crossentropy" is another number than it seems: see `loss_value`.
    """
    from tlhelpers.core.quiet import keras

    losses = {
        "binary_crossentropy": keras.losses.BinaryCrossentropy,
        "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    }
    return losses[recipe.loss](label_smoothing=recipe.label_smoothing)


def loss_value(recipe: Recipe, targets: np.ndarray, logits: np.ndarray) -> float:
    """The loss that ``evaluate`` reports for these logits.

    Keras's softmax leaves a note of its logits on the tensor it returns, and on the TensorFlow
    backend the cross-entropies use that note instead of the probabilities. After a softmax,
    ``binary_crossentropy`` is then the *sigmoid* cross-entropy of the logits: another number, with
    other gradients. Computing it through the same functions keeps this as it is.

    Parameters
    ----------
    recipe : Recipe
    targets : float array, shape (n, classes)
        One-hot labels.
    logits : float array, shape (n, classes)
    """
    from tlhelpers.core.quiet import keras

    probabilities = keras.activations.softmax(keras.ops.convert_to_tensor(logits))
    return float(loss(recipe)(targets, probabilities))


def callbacks(
    recipe: Recipe, scoring: Sequence[keras.callbacks.Callback] = ()
) -> list[keras.callbacks.Callback]:
    """The Keras callbacks that a recipe asks for, and no others, in the order they must run.

    Averaged weights are put in place first, then `scoring` measures an epoch, then what decides
    by its validation loss.

    Parameters
    ----------
    recipe : Recipe
    scoring : sequence of keras.callbacks.Callback

    Returns
    -------
    list of keras.callbacks.Callback
    """
    from tlhelpers.core.quiet import keras

    class OwnArrays(keras.callbacks.Callback):
        """After the last epoch, averages and weights share no array.

        SwapEMAWeights ends with ``average.assign(weight)``. On JAX both then hold one array, and
        the next prediction, which may reuse the memory of the weights, deletes the average too.
        """

        def on_epoch_end(self, epoch, logs=None):
            if epoch == self.params["epochs"] - 1:
                state = self.model.optimizer.variables
                for variable, value in zip(state, values(state), strict=True):
                    variable.assign(value)

    averaging, deciding = [], []
    if recipe.weight_average_epochs:
        averaging.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
        if keras.backend.backend() == "jax":
            averaging.append(OwnArrays())
    if recipe.early_stopping_patience is not None:
        deciding.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss",
                mode="min",
                patience=recipe.early_stopping_patience,
                restore_best_weights=True,
            )
        )
    if recipe.schedule == "plateau":
        deciding.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor="val_loss", patience=3, factor=0.5, min_lr=1e-6
            )
        )
    return [*averaging, *scoring, *deciding]


def outputs(model: keras.Model, inputs: np.ndarray, batch_size: int) -> np.ndarray:
    """What ``model.predict`` gives, without the tenth of a second that each call of it takes.

    Always float32, whatever precision the model computes with.
    """
    starts = range(0, len(inputs), batch_size)
    parts = [model.predict_on_batch(inputs[i : i + batch_size]) for i in starts]
    return np.concatenate(parts).astype("float32", copy=False)


def values(variables: list[keras.Variable]) -> list[np.ndarray]:
    """What Keras variables hold now, copied.

    Parameters
    ----------
    variables : list of keras.Variable

    Returns
    -------
    list of array
        Of the variables' shapes.
    """
    from tlhelpers.core.quiet import keras

    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def settle(model: keras.Model) -> None:
    """Bring a model's variables up to date in the middle of an epoch, for a callback to read.

    On JAX, ``fit`` keeps them elsewhere until the epoch ends.
    """
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def parameter_counts(model: keras.Model) -> dict[str, int]:
    """Parameters as ``model.summary()`` counts them: total, trainable, not trainable."""
    train = sum(int(np.prod(v.shape)) for v in model.trainable_weights)
    total = model.count_params()
    return {"total": total, "trainable": train, "not trainable": total - train}
