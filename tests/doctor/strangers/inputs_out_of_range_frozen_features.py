"""CODE: inputs_out_of_range

The frozen backbone (no BatchNorm) learned on pictures from -1 to 1 and is fed raw bytes, so its
features are a hundred times too large.
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


def leaves(n, kinds):
    """8-bit pictures of leaves: the kind sets the number of lobes and their depth."""
    y = rng.integers(0, len(kinds), n)
    i, j = np.mgrid[:28, :28] - 13.5
    r, phi = np.hypot(i, j), np.arctan2(i, j)
    x = np.empty((n, 28, 28, 3))
    for k in range(n):
        lobes, depth = kinds[y[k]]
        edge = 9 * (1 + depth * np.cos(lobes * phi + rng.uniform(0, 6.3))) * rng.uniform(0.85, 1.15)
        inside = 1 / (1 + np.exp(r - edge))
        ground, leaf = rng.uniform(90, 220, 3), rng.uniform(20, 140, 3)
        x[k] = ground + inside[..., None] * (leaf - ground) + rng.normal(0, 18, (28, 28, 3))
    return np.clip(x, 0, 255).astype("uint8"), y


def backbone():
    inputs = keras.Input((28, 28, 3))
    x = inputs
    for filters in (16, 32, 48):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return keras.Model(inputs, layers.Flatten()(x), name="leafnet")


base = backbone()
x, y = leaves(1500, [(2, 0.3), (3, 0.3), (4, 0.3), (5, 0.3), (0, 0.0), (7, 0.25)])
pre = keras.Sequential([base, layers.Dropout(0.3), layers.Dense(6, activation="softmax")])
pre.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
pre.fit(x / 127.5 - 1.0, y, epochs=6, batch_size=50, verbose=0)

NEW = [(3, 0.2), (5, 0.2), (6, 0.3)]
x_train, y_train = leaves(700, NEW)
x_val, y_val = leaves(400, NEW)

base.trainable = False
inputs = keras.Input((28, 28, 3))
h = base(inputs, training=False)
h = layers.Dense(48, activation="relu")(h)
outputs = layers.Dense(3, activation="softmax")(h)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=32, epochs=10, validation_data=(x_val, y_val), verbose=2)
