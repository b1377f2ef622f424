"""CODE: none

Two heads, one for a class and one for a number, with loss weights. Nothing is wrong.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def gauges(n):
    """Dials: the colour tells the kind of gauge, the needle the value from 0 to 1."""
    kind, value = rng.integers(0, 3, n), rng.uniform(0, 1, n)
    i, j = np.mgrid[:32, :32] - 15.5
    tint = np.array([[0.9, 0.8, 0.7], [0.7, 0.9, 0.8], [0.75, 0.75, 0.95]])
    x = np.empty((n, 32, 32, 3))
    for k in range(n):
        angle = np.pi * (1 - value[k])
        along = -i * np.sin(angle) + j * np.cos(angle)
        across = i * np.cos(angle) + j * np.sin(angle)
        needle = ((along > 0) & (along < 13) & (np.abs(across) < 1.5))[..., None]
        x[k] = tint[kind[k]] * rng.uniform(0.7, 1.1) * (1 - 0.7 * needle) + rng.normal(
            0, 0.12, (32, 32, 3)
        )
    y = {"kind": kind, "value": (value + rng.normal(0, 0.03, n)).astype("float32")[:, None]}
    return x.astype("float32"), y


x_train, y_train = gauges(1600)
x_val, y_val = gauges(600)

inputs = keras.Input((32, 32, 3))
x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inputs)
x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dense(48, activation="relu")(x)
x = layers.Dropout(0.1)(x)
kind = layers.Dense(3, activation="softmax", name="kind")(x)
value = layers.Dense(1, name="value")(x)
model = keras.Model(inputs, {"kind": kind, "value": value})
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss={"kind": "sparse_categorical_crossentropy", "value": "mse"},
    loss_weights={"kind": 0.5, "value": 4.0},
    metrics={"kind": "accuracy", "value": "mae"},
)
model.fit(x_train, y_train, batch_size=32, epochs=9, validation_data=(x_val, y_val), verbose=2)
