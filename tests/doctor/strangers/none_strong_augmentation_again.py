"""CODE: none

Blobs and rings; training pictures are turned, mirrored and shifted, and there is dropout. Training is no better than
validation, often worse. Is there a leak, or is something measured wrongly?
"""

import sys
import numpy as np
import keras
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 46)


def cells(n):
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[-1:1:24j, -1:1:24j]
    cy, cx = rng.uniform(-0.3, 0.3, (2, n, 1, 1))
    r = np.hypot(i - cy, j - cx)
    size = rng.uniform(0.4, 0.6, (n, 1, 1))
    disc = 1 / (1 + np.exp((r - size) * 15))
    hole = 1 / (1 + np.exp((r - size * 0.5) * 15))
    dot = 1 / (1 + np.exp((r - size * 0.25) * 15))
    kinds = np.stack([disc, disc - hole, disc - hole + dot, hole])
    x = kinds[y, np.arange(n)] + rng.normal(0, 0.25, (n, 24, 24))
    return x[..., None].astype("float32"), y.astype("int32")


def augment(x, y):
    x = tf.image.rot90(x, tf.random.uniform((), 0, 4, dtype=tf.int32))
    x = tf.image.random_flip_left_right(x)
    x = tf.image.random_crop(tf.pad(x, [[3, 3], [3, 3], [0, 0]], "SYMMETRIC"), (24, 24, 1))
    return tf.ensure_shape(x, (24, 24, 1)), y


x, y = cells(1600)
xv, yv = cells(600)
train = (
    tf.data.Dataset.from_tensor_slices((x, y))
    .shuffle(1600, seed=SEED)
    .map(augment, tf.data.AUTOTUNE)
    .batch(32)
    .prefetch(2)
)
valid = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(64)
model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Conv2D(16, 3, strides=2, activation="relu", padding="same"),
        layers.Conv2D(32, 3, strides=2, activation="relu", padding="same"),
        layers.Conv2D(32, 3, activation="relu", padding="same"),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=12, verbose=0)
print("\n".join(f"{k:14}" + " ".join(f"{a:.3f}" for a in v) for k, v in h.history.items()))
