"""CODE: none

A nested backbone with BatchNorm, trained on six kinds before, frozen and fed as it was trained; a
new head. Nothing is wrong.
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


def grain(n, kinds):
    """Wood under the lens, bytes: each kind has its own spacing and direction of the grain."""
    y = rng.integers(0, len(kinds), n)
    i, j = np.mgrid[:24, :24]
    x = np.empty((n, 24, 24, 3))
    for k in range(n):
        spacing, turn = kinds[y[k]]
        turn = turn + rng.normal(0, 0.12)
        wave = np.sin((np.cos(turn) * i + np.sin(turn) * j) * 6.28 / spacing + rng.uniform(0, 6.28))
        x[k] = np.array([150, 110, 70]) * rng.uniform(0.7, 1.2) + 25 * wave[..., None]
        x[k] += rng.normal(0, 65, (24, 24, 3))
    return np.clip(x, 0, 255).astype("float32"), y


def make_backbone():
    inputs = keras.Input((24, 24, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    for filters in (16, 32, 32):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="backbone")


backbone = make_backbone()
x, y = grain(1500, [(4, 0.0), (4, 1.57), (7, 0.8), (7, 2.4), (11, 0.0), (11, 1.57)])
source = keras.Sequential([backbone, layers.Dense(6, activation="softmax")])
source.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
source.fit(x, y, batch_size=32, epochs=5, verbose=0)

backbone.trainable = False
NEW = [(5, 0.4), (5, 2.0), (9, 0.4), (9, 2.0)]
x_train, y_train = grain(800, NEW)
x_val, y_val = grain(500, NEW)

inputs = keras.Input((24, 24, 3))
h = backbone(inputs, training=False)
h = layers.Dropout(0.2)(h)
outputs = layers.Dense(4, activation="softmax")(h)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(1e-2),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=32, epochs=10, validation_data=(x_val, y_val), verbose=2)
