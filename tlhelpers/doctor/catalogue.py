"""Every trouble the doctor knows by name, what cures it, and how sure one can be.

The cures are written for the Keras of today, for two kinds of people: those who fine-tune a network
that was trained before, and those who train from scratch.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Trouble:
    """A trouble as the report tells of it.

    Attributes
    ----------
    title : str
    cure, cure_from_scratch : str
        Lines of Keras; the second is the first where that one is empty.
    sure : str
    page : str
        Of the course.
    stage : int
        1 data and plumbing, 2 stuck, 3 what makes it jump, 4 what the curve cannot tell.
    """

    title: str
    cure: str
    sure: str
    page: str
    stage: int
    cure_from_scratch: str = ""


def _code(text: str) -> str:
    return dedent(text).strip()


TROUBLES: dict[str, Trouble] = {
    "training_flag_overridden": Trouble(
        "BatchNorm trains although the model says training=False",
        _code("""
            # Keras 3 ignores training=False in a Functional model while fit() runs.
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False      # this does freeze it
            model.compile(...)                   # compile again afterwards
        """),
        "Certain: the flag stands in the model, and the running statistics moved.",
        "05",
        1,
        _code("""
            # A network that was never trained must not be frozen: its statistics are 0 and 1.
            # Remove training=False.
            outputs = base(inputs)
        """),
    ),
    "loss_wants_probabilities": Trouble(
        "The loss expects something else than the model's last layer gives",
        _code("""
            # Either probabilities, and a loss that takes them:
            keras.layers.Dense(classes, activation="softmax")
            keras.losses.SparseCategoricalCrossentropy()
            # or logits, and a loss that is told so:
            keras.layers.Dense(classes)
            keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        """),
        "Certain where the outputs lie outside 0 to 1; near certain where a softmax meets from_logits=True.",
        "08",
        1,
    ),
    "metric_threshold": Trouble(
        "The metric does not fit the output",
        _code("""
            # One output without a sigmoid: the threshold is 0, not 0.5.
            metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)]
            # Several classes with integer labels:
            metrics=[keras.metrics.SparseCategoricalAccuracy()]
            # Several classes with one-hot labels:
            metrics=[keras.metrics.CategoricalAccuracy()]
        """),
        "Certain: the accuracy was counted again from the same predictions.",
        "08",
        1,
    ),
    "inputs_out_of_range": Trouble(
        "The inputs are not in the range that the network expects",
        _code("""
            # Once, and the backbone's own. EfficientNet, ConvNeXt and MobileNetV3 rescale inside:
            # give them 0 to 255. Otherwise:
            x = keras.applications.resnet50.preprocess_input(x)   # x from 0 to 255
        """),
        "Sure for a network that was trained before: its first BatchNorm remembers what it was fed.",
        "08",
        1,
        _code("""
            keras.layers.Rescaling(1 / 127.5, offset=-1)   # once, for images from 0 to 255
        """),
    ),
    "validation_prepared_otherwise": Trouble(
        "Training and validation images are not prepared alike",
        _code("""
            # One function for both sides.
            def prepare(x, y):
                return keras.applications.resnet50.preprocess_input(x), y
            train, validation = train.map(prepare), validation.map(prepare)
        """),
        "Sure if the two ranges differ; likely if only their averages do.",
        "08",
        1,
    ),
    "validation_augmented": Trouble(
        "Validation images are augmented",
        _code("""
            # Augment after the split, and training images only.
            train = train.map(lambda x, y: (augment(x, training=True), y))
        """),
        "Sure: the same images came back different on a second pass.",
        "08",
        1,
    ),
    "validation_images_change": Trouble(
        "Each epoch validates on other images",
        _code("""
            # Fix the validation images once: no shuffling or sampling on that side, all of them.
            validation = keras.utils.image_dataset_from_directory(..., shuffle=False)
            model.fit(train, validation_data=validation)   # without validation_steps
        """),
        "Sure: a second pass brought other images.",
        "10",
        1,
    ),
    "label_order": Trouble(
        "Labels and images are not in the same order",
        _code("""
            # Take labels and images from the same batches.
            pairs = [(model.predict_on_batch(x), y) for x, y in validation]
            # or switch shuffling off for validation: flow_from_directory(..., shuffle=False)
        """),
        "Sure if a shift or the other order brings the agreement back; else the likeliest reason for agreement no better than by chance.",
        "08",
        1,
    ),
    "validation_split_of_sorted_data": Trouble(
        "The validation images are another class mix: the data was sorted when it was split",
        _code("""
            # validation_split takes the last rows before anything is shuffled.
            order = np.random.default_rng(0).permutation(len(x))
            model.fit(x[order], y[order], validation_split=0.2)
        """),
        "Sure: classes that training sees are missing in validation.",
        "10",
        1,
    ),
    "training_order": Trouble(
        "Training batches come sorted by class",
        _code("""
            # Shuffle all of it, before batching. A buffer holds only what it holds.
            train = train.shuffle(len(x)).batch(32)     # or shuffle the file list once
        """),
        "Sure: neighboring batches hold fewer classes than chance would give.",
        "08",
        1,
    ),
    "leak": Trouble(
        "The same images are on both sides",
        _code("""
            # Split first, then shuffle the training side only.
            both = dataset.shuffle(n, seed=0, reshuffle_each_iteration=False)
            validation, train = both.take(n // 5), both.skip(n // 5).shuffle(n)
        """),
        "Certain for exact copies; it does not look for similar images or the same patient.",
        "10",
        1,
    ),
    "average_not_validated": Trouble(
        "The averaged weights are not what was validated",
        _code("""
            # Validate and keep the averages, with BatchNorm statistics of their own.
            callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
                       UpdateBatchNorm(x_train[:1000]),        # tlhelpers.training.averaging
                       keras.callbacks.EarlyStopping(restore_best_weights=True)]
        """),
        "Certain where weights change after the last validation; measured where statistics do not fit.",
        "07",
        1,
    ),
    "optimizer_state_lost": Trouble(
        "The optimizer starts from nothing in each epoch",
        _code("""
            model.compile(...)            # once, before the loop
            model.fit(..., epochs=10)     # or: for epoch in range(10): model.fit(..., epochs=1)
        """),
        "Certain: the optimizer's step counter fell back to 0 while the weights went on.",
        "06",
        1,
    ),
    "float16_overflow": Trouble(
        "Numbers too large or too small for float16",
        _code("""
            keras.config.set_dtype_policy("mixed_bfloat16")    # or "float32"
            # With float16 keep the last layer in float32:
            keras.layers.Dense(classes, activation="softmax", dtype="float32")
        """),
        "Sure: the policy is float16, and values were not finite.",
        "08",
        1,
    ),
    "loss_not_finite": Trouble(
        "The loss is not a number",
        _code("""
            keras.optimizers.Adam(1e-5, global_clipnorm=1.0)
            callbacks=[keras.callbacks.TerminateOnNaN()]
        """),
        "Certain that it happened; why, it cannot tell: too long a step, a missing value, a logarithm of 0.",
        "08",
        1,
    ),
    "class_weights_extreme": Trouble(
        "Class weights so far apart that a few images decide each step",
        _code("""
            # The root of the inverse share instead of the inverse share.
            weight = {k: (n.sum() / (len(n) * n[k])) ** 0.5 for k in range(len(n))}
        """),
        "Certain about the weights; that they make the curve jump is the likely consequence.",
        "11",
        1,
    ),
    "stuck_at_chance": Trouble(
        "It has learned nothing yet",
        _code("""
            # In this order: are labels and images in one order? do inputs have the right range?
            # can it learn 50 images by heart? does another learning rate help?
            model.fit(x[:50], y[:50], epochs=50)
        """),
        "Certain that it is no better than one answer for all; why, it cannot tell.",
        "08",
        2,
    ),
    "bn_averages_lag": Trouble(
        "BatchNorm's running averages lag behind the weights",
        _code("""
            # A shorter step, or averaged weights with statistics of their own. In a network that
            # learns with BatchNorm frozen, freezing it removes the lag altogether:
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False
            model.compile(keras.optimizers.Adam(1e-5), ...)
        """),
        "Sure: the weights are the same in both readings, only the statistics were measured again.",
        "04",
        3,
        _code("""
            # Never freeze a network that was not trained before. A shorter memory, a falling rate:
            keras.layers.BatchNormalization(momentum=0.9)
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, epochs * steps))
        """),
    ),
    "bn_averages_of_few_images": Trouble(
        "BatchNorm's running averages hold only the last few batches",
        _code("""
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.momentum = 0.9          # or layer.trainable = False
        """),
        "Sure: statistics over more images, with the same weights, give another loss.",
        "04",
        3,
        _code("""
            keras.layers.BatchNormalization(momentum=0.9)   # 0.99 with small batches
        """),
    ),
    "bn_batch_too_small": Trouble(
        "Batches too small for BatchNorm",
        _code("""
            # Freeze BatchNorm, or a larger batch.
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False
        """),
        "Sure: normalized in batches of training's size, the validation images get another loss than with any average.",
        "08",
        3,
        _code("""
            model.fit(x, y, batch_size=32)                 # or, where that does not fit:
            keras.layers.GroupNormalization(groups=8)
        """),
    ),
    "step_too_long": Trouble(
        "The steps are too long: the weights themselves jump",
        _code("""
            # A tenth of the rate, falling; or average the weights (page 07).
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-5, epochs * steps))
        """),
        "Sure if averaging the weights of an epoch removes the jumping.",
        "06",
        3,
    ),
    "too_few_validation_images": Trouble(
        "Too few validation images: the jumping is their noise",
        _code("""
            # More images, or several folds; and read no difference that is smaller than its error.
            model.fit(x, y, validation_split=0.3)
        """),
        "Sure: other images of the same kind would give other jumps of this size.",
        "10",
        4,
    ),
    "overfitting": Trouble(
        "It learns the training images by heart",
        _code("""
            callbacks=[keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)]
            # then: more images, augmentation, fewer layers that train, weight_decay
        """),
        "Sure that the loss climbs and a temperature does not bring it back.",
        "09",
        4,
    ),
    "overconfidence": Trouble(
        "The loss climbs because it grows too sure; its choices are as good as before",
        _code("""
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
            # or divide the logits by a temperature that is fitted on validation images
        """),
        "Sure: one temperature, fitted on other images, takes the climb away.",
        "09",
        4,
    ),
}
"""By code. `none` is no trouble: an examination without diagnoses."""
