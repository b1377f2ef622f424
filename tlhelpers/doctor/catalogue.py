"""Every trouble the doctor knows by name, what cures it, and how sure one can be.

The cures are written for the Keras of today, for two kinds of people: those who fine-tune a network
that was trained before, and those who train from scratch.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from tlhelpers.doctor.diagnosis import Diagnosis


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
            # In a Functional model, fit() overrides training=False (Keras 3).
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False      # this does freeze it
            model.compile(...)                   # compile again afterwards
        """),
        "Certain: the flag is in your model, and the running statistics moved all the same.",
        "05",
        1,
        _code("""
            # Remove training=False. Do not freeze either: the statistics of
            # a network that was never trained are 0 and 1.
            outputs = base(inputs)
        """),
    ),
    "loss_wants_probabilities": Trouble(
        "The loss and the model's last layer do not fit together",
        _code("""
            # Either probabilities, and a loss that takes them:
            keras.layers.Dense(classes, activation="softmax")
            keras.losses.SparseCategoricalCrossentropy()
            # or logits, and a loss that is told so:
            keras.layers.Dense(classes)
            keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            # A single output: "sigmoid" and BinaryCrossentropy, likewise.
        """),
        "Certain where outputs lie outside 0 to 1, nearly certain where a softmax meets "
        "from_logits=True.",
        "08",
        1,
    ),
    "metric_threshold": Trouble(
        "The metric does not fit the output",
        _code("""
            # One output behind a sigmoid:
            metrics=[keras.metrics.BinaryAccuracy()]
            # One output without a sigmoid: one half is 0 there.
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
            # Does the model rescale inside (a Rescaling layer; EfficientNet,
            # ConvNeXt, MobileNetV3)? Leave out your own division: 0 to 255.
            # Otherwise the backbone's own function, once, on 0 to 255:
            x = keras.applications.resnet50.preprocess_input(x)
        """),
        "Sure where a layer scales once more, for a network that was trained before with "
        "BatchNorm, which remembers its inputs, and for one that the same program trained before. "
        "Otherwise likely.",
        "08",
        1,
        _code("""
            # Once, for images from 0 to 255:
            keras.layers.Rescaling(1 / 127.5, offset=-1)
        """),
    ),
    "validation_prepared_otherwise": Trouble(
        "Training and validation images are not prepared alike",
        _code("""
            # One function for both sides, whatever it does to the images:
            x_train, x_val = prepare(x_train), prepare(x_val)
            # or, with tf.data:
            train, validation = train.map(prepare), validation.map(prepare)
        """),
        "Sure if the two ranges differ; likely if only their averages do.",
        "08",
        1,
    ),
    "validation_augmented": Trouble(
        "Validation images are augmented",
        _code("""
            # Augment after the split, and only the training images.
            train = train.map(lambda x, y: (augment(x, training=True), y))
        """),
        "Sure: the same images came back different on a second pass.",
        "08",
        1,
    ),
    "validation_images_change": Trouble(
        "Each epoch validates on other images",
        _code("""
            # Fix the validation images once, and read all of them: no sampling,
            # and no validation_steps that leave some out.
            validation = keras.utils.image_dataset_from_directory(
                "validation", shuffle=False)
            model.fit(train, validation_data=validation)
        """),
        "Sure: a second pass over your validation data brought other images.",
        "08",
        1,
    ),
    "label_order": Trouble(
        "Labels and images are not in the same order",
        _code("""
            # The same number for the same class on both sides?
            image_dataset_from_directory(..., class_names=names)    # both calls
            # The same order of images and labels? Sort the lists of files, and
            # take labels and images from the same batches:
            pairs = [(model.predict_on_batch(x), y) for x, y in validation]
        """),
        "Sure if another order of the labels brings the agreement back. Otherwise it is the "
        "likeliest reason why labels and predictions agree no better than by chance.",
        "08",
        1,
    ),
    "validation_split_of_sorted_data": Trouble(
        "Validation has other classes than training: the data was sorted before the split",
        _code("""
            # Mix before you split: validation_split takes the last rows as they are.
            order = np.random.default_rng(0).permutation(len(x))
            model.fit(x[order], y[order], validation_split=0.2)
        """),
        "Sure that the two sides do not hold the same classes. That a split of sorted data made "
        "them so is the likeliest reason.",
        "08",
        1,
    ),
    "training_order": Trouble(
        "Training batches come sorted by class",
        _code("""
            # Shuffle before batching, with a buffer for all images:
            train = train.shuffle(len(x)).batch(32)
            # or, where that does not fit into memory, the list of files. In
            # fit and image_dataset_from_directory leave shuffle=True.
        """),
        "Sure: neighboring batches hold fewer classes than chance would give.",
        "08",
        1,
    ),
    "leak": Trouble(
        "The same images are on both sides",
        _code("""
            # Remove copies first; repeat or augment only after the split. With
            # image_dataset_from_directory: the same seed in both calls.
            # With tf.data, an order that stays, a split, then shuffling:
            both = dataset.shuffle(n, seed=0, reshuffle_each_iteration=False)
            validation = both.take(n // 5)
            train = both.skip(n // 5).shuffle(n)
        """),
        "Certain: these are exact copies. Similar images, or other images of the same "
        "patient, are not looked for.",
        "10",
        1,
    ),
    "average_not_validated": Trouble(
        "The averaged weights are not what was validated",
        _code("""
            # Validate and keep the same averages. UpdateBatchNorm measures
            # BatchNorm's statistics for them.
            from tlhelpers.training.averaging import UpdateBatchNorm
            some = np.random.permutation(len(x_train))[:1024]
            model.compile(keras.optimizers.Adam(1e-4, use_ema=True), ...)
            model.fit(..., callbacks=[
                keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
                UpdateBatchNorm(x_train[some]),
                keras.callbacks.EarlyStopping(restore_best_weights=True)])
        """),
        "Certain where the weights change after the last validation. Where BatchNorm's "
        "statistics do not fit the averages, it was measured.",
        "07",
        1,
    ),
    "optimizer_state_lost": Trouble(
        "The optimizer starts from nothing in each epoch",
        _code("""
            model.compile(...)            # once, before the loop
            model.fit(..., epochs=10)     # or a loop of fit(..., epochs=1)
        """),
        "Certain: the optimizer's step counter fell back to 0 while the weights went on.",
        "08",
        1,
    ),
    "float16_overflow": Trouble(
        "Numbers too large or too small for float16",
        _code("""
            # Before the model is built:
            keras.config.set_dtype_policy("mixed_bfloat16")    # or "float32"
            # With mixed_float16, keep in float32 what sums over many numbers,
            # and the last layer:
            keras.layers.Dense(classes, activation="softmax", dtype="float32")
        """),
        "Sure: the policy is float16, and values were not finite.",
        "08",
        1,
    ),
    "loss_not_finite": Trouble(
        "The loss is not a number",
        _code("""
            # Is the data finite?
            assert np.isfinite(x).all() and np.isfinite(y).all()
            # Shorter steps, and none that is much longer than the others:
            keras.optimizers.Adam(1e-5, global_clipnorm=1.0)
            callbacks=[keras.callbacks.TerminateOnNaN()]
        """),
        "Certain that it happened. Why, the doctor cannot tell: too long a step, a missing "
        "value, or a logarithm of 0.",
        "08",
        1,
    ),
    "class_weights_extreme": Trouble(
        "Class weights so far apart that a few images decide each step",
        _code("""
            # The square root of the usual balanced weights.
            n = np.bincount(y)
            weights = np.sqrt(n.sum() / (len(n) * n))
            model.fit(..., class_weight=dict(enumerate(weights)))
        """),
        "Certain about the weights. That they cost accuracy, or make the curve jump, is likely.",
        "11",
        1,
    ),
    "stuck_at_chance": Trouble(
        "Your network has learned nothing yet",
        _code("""
            # Ask in this order: are labels and images in one order? Do the
            # inputs have the right range? Does another learning rate help?
            # Can it learn 50 images by heart?
            model.fit(x[:50], y[:50], epochs=50)
        """),
        "Sure that it does hardly better than one answer for all images. Why, the doctor cannot "
        "tell: a fault, or a task that holds no more.",
        "08",
        2,
    ),
    "bn_averages_lag": Trouble(
        "BatchNorm's running averages lag behind the weights",
        _code("""
            # Average the weights, and measure BatchNorm's statistics for the
            # average: tlhelpers.training.averaging.UpdateBatchNorm, to copy.
            steps = -(-len(x_train) // batch_size)  # in an epoch
            adam = keras.optimizers.Adam(
                rate, use_ema=True, ema_momentum=1 - 1 / steps)
            swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
            some = np.random.permutation(len(x_train))[:1024]
            callbacks = [swap, UpdateBatchNorm(x_train[some]), *callbacks]
            # Or, instead of all this, shorter steps; compare the score as well:
            # adam = keras.optimizers.Adam(rate / 10)
        """),
        "Sure: the weights are the same in both readings, only the statistics were measured again.",
        "04",
        3,
        _code("""
            # A learning rate that falls, and a memory of ten steps if yours is
            # longer. Do not freeze BatchNorm in a network never trained.
            rate = keras.optimizers.schedules.CosineDecay(1e-3, epochs * steps)
            model.compile(keras.optimizers.Adam(rate), ...)
            keras.layers.BatchNormalization(momentum=0.9)
        """),
    ),
    "bn_averages_of_few_images": Trouble(
        "BatchNorm's running averages hold only the last few batches",
        _code("""
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.momentum = 0.9      # or layer.trainable = False
            model.compile(...)                # compile again afterwards
        """),
        "Sure: the same weights with statistics over more images give another loss.",
        "04",
        3,
        _code("""
            keras.layers.BatchNormalization(momentum=0.9)  # small batches: 0.99
        """),
    ),
    "bn_batch_too_small": Trouble(
        "Batches too small for BatchNorm",
        _code("""
            # Freeze BatchNorm, or train with larger batches.
            for layer in base.layers:
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.trainable = False
            model.compile(...)                # compile again afterwards
        """),
        "Sure: with the same weights, the loss depends on how many images are normalized together.",
        "08",
        3,
        _code("""
            model.fit(x, y, batch_size=32)
            # or, where that does not fit into memory, instead of BatchNorm:
            keras.layers.GroupNormalization(groups=8)
        """),
    ),
    "step_too_long": Trouble(
        "The steps are too long: the weights themselves jump",
        _code("""
            # A tenth of your learning rate; compare the score as well:
            adam = keras.optimizers.Adam(rate / 10)       # or your own optimizer
            # Or, instead, average the weights, and measure BatchNorm's statistics
            # for the average: tlhelpers.training.averaging.UpdateBatchNorm, to
            # copy. (Without BatchNorm, leave UpdateBatchNorm out.)
            steps = -(-len(x_train) // batch_size)  # in an epoch
            adam = keras.optimizers.Adam(
                rate, use_ema=True, ema_momentum=1 - 1 / steps)
            swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
            some = np.random.permutation(len(x_train))[:1024]
            callbacks = [swap, UpdateBatchNorm(x_train[some]), *callbacks]
        """),
        "Sure if the loss stays calm with weights averaged over an epoch.",
        "06",
        3,
    ),
    "too_few_validation_images": Trouble(
        "Too few validation images: their noise is what you see",
        _code("""
            # Validate on more images, or average over several folds:
            sklearn.model_selection.StratifiedKFold(5, shuffle=True)
        """),
        "Sure: other validation images of the same kind would give another curve.",
        "10",
        4,
    ),
    "overfitting": Trouble(
        "Your network learns the training images by heart (overfitting)",
        _code("""
            callbacks=[keras.callbacks.EarlyStopping(
                patience=3, restore_best_weights=True)]
            # Then more images, augmentation, dropout, fewer layers that train.
        """),
        "Sure that the loss climbs. It is called overfitting where no refit brings it back, "
        "or where the training images are known far better than the others.",
        "09",
        4,
    ),
    "overconfidence": Trouble(
        "The loss climbs because your network grows too sure (overconfidence)",
        _code("""
            # With one-hot labels:
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
            # or divide the logits by a temperature, fitted on validation images.
        """),
        "Sure: a temperature and an offset for each class, fitted on other images, take most of "
        "the climb away.",
        "09",
        4,
    ),
}
"""By code. `none` is no trouble: an examination without diagnoses."""


NO_NUMBERS = Trouble(
    "Inputs are no numbers: NaN or infinity",
    _code("""
        bad = ~np.isfinite(x_train).reshape(len(x_train), -1).all(axis=1)
        x_train, y_train = x_train[~bad], y_train[~bad]   # or mend them
    """),
    "Certain: they are in the data as the network gets it.",
    "08",
    1,
)
"""A cause of "loss_not_finite" that can be seen in the data."""

TRAINS_IN_VALIDATION = Trouble(
    "Part of the network runs in training mode during validation",
    _code("""
        # Pass the flag on, never True, in call() or when you call a layer:
        x = self.norm(x, training=training)
        # fit sets it to True, evaluate and predict to False.
    """),
    "Certain: the network was asked twice about the same images, with the same weights.",
    "05",
    1,
)
"""The other way round of "training_flag_overridden": the flag is always True."""


def found(
    code: str,
    evidence: str,
    share: float | None = None,
    low: float | None = None,
    high: float | None = None,
    share_of: str = "",
    words: Trouble | None = None,
) -> Diagnosis:
    """A diagnosis with the catalogue's words, or others; arguments are those of `Diagnosis`."""
    trouble = words or TROUBLES[code]
    return Diagnosis(
        code=code,
        title=trouble.title,
        share=None if share is None else float(share),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        evidence=evidence,
        cure=trouble.cure,
        cure_from_scratch=trouble.cure_from_scratch or trouble.cure,
        sure=trouble.sure,
        page=trouble.page,
        share_of=share_of,
    )
