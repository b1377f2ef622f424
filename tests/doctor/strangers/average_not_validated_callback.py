"""CODE: average_not_validated

A callback keeps a moving average of the trainable weights and puts it in for each validation, but
BatchNorm's moving means and variances are still those of the raw weights: validation is far worse
than training.
"""

import sys

import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


class MovingAverage(keras.callbacks.Callback):
    """Validates the average of the weights instead of the weights of the last step."""

    def __init__(self, decay=0.99):
        super().__init__()
        self.decay, self.average, self.raw = decay, None, None

    def current(self):
        return [keras.ops.convert_to_numpy(v).copy() for v in self.model.trainable_variables]

    def put(self, values):
        for variable, value in zip(self.model.trainable_variables, values):
            variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        now = self.current()
        if self.average is None:
            self.average = now
        self.average = [self.decay * a + (1 - self.decay) * w for a, w in zip(self.average, now)]

    def on_test_begin(self, logs=None):
        if self.average is not None:
            self.raw = self.current()
            self.put(self.average)

    def on_test_end(self, logs=None):
        if self.raw is not None:
            self.put(self.raw)
            self.raw = None


def gratings(n, rng, classes=5):
    y = rng.integers(0, classes, n)
    turn = (y * np.pi / classes)[:, None, None]
    phase = rng.uniform(0, 6.28, (n, 1, 1))
    i, j = np.mgrid[:16, :16]
    wave = np.sin(1.1 * (np.cos(turn) * i + np.sin(turn) * j) + phase)[..., None]
    x = 0.45 * wave + rng.normal(0, 0.55, (n, 16, 16, 2))
    return x.astype("float32"), y.astype("int32")


def block(filters, stride):
    return [
        keras.layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.LeakyReLU(negative_slope=0.1),
    ]


rng = np.random.default_rng(seed)
x, y = gratings(1280, rng)
x_held, y_held = gratings(500, rng)

model = keras.Sequential(
    [
        keras.Input((16, 16, 2)),
        *block(16, 2),
        *block(24, 1),
        *block(32, 2),
        *block(32, 1),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(4e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x,
    y,
    batch_size=32,
    epochs=9,
    validation_data=(x_held, y_held),
    callbacks=[MovingAverage(decay=0.995)],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
