"""CODE: average_not_validated

EMA of the weights with SwapEMAWeights, so that averaged weights are validated; but BatchNorm's
running statistics are not averaged: they belong to the raw weights, which move fast. The
validation loss of the averages lies high and moves, though fresh statistics would give a low one.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def tiles(n):
    """Tiles in four patterns: dots, bars, crosses, diamonds."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:24, :24]
    x = np.empty((n, 24, 24, 1), "float32")
    for k in range(n):
        u = (i + rng.integers(0, 8)) % 8 - 3.5
        v = (j + rng.integers(0, 8)) % 8 - 3.5
        kinds = (np.hypot(u, v) < 2.2, abs(u) < 1.2, (abs(u) < 1) | (abs(v) < 1))
        x[k, ..., 0] = (*kinds, abs(u) + abs(v) < 3)[y[k]]
    return x - 0.5 + rng.normal(0, 0.8, x.shape).astype("float32"), y


inputs = keras.Input((24, 24, 1))
x = inputs
for width in (16, 32, 32):
    x = layers.Conv2D(width, 3, strides=2, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
model.compile(
    keras.optimizers.SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.99),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
x_train, y_train = tiles(1000)
history = model.fit(
    x_train,
    y_train,
    batch_size=32,
    epochs=12,
    validation_data=tiles(500),
    callbacks=[keras.callbacks.SwapEMAWeights()],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
