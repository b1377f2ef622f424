"""CODE: none

Healthy: GroupNormalization instead of BatchNorm, batches of 8 on purpose, tf.data with a buffer
as large as the data.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def hands(n):
    """A pointer to one of four quarters, any length."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:16, :16] - 7.5
    x = np.empty((n, 16, 16, 1), "float32")
    for k in range(n):
        angle = np.pi / 2 * y[k] + rng.uniform(-0.6, 0.6)
        along, across = i * np.cos(angle) + j * np.sin(angle), j * np.cos(angle) - i * np.sin(angle)
        x[k, ..., 0] = (np.abs(across) < 1) & (along > 0) & (along < rng.uniform(3, 8))
    return x + rng.normal(0, 0.5, x.shape).astype("float32"), y


train = tf.data.Dataset.from_tensor_slices(hands(1600)).shuffle(1600).batch(8).prefetch(2)
val = tf.data.Dataset.from_tensor_slices(hands(600)).batch(100)

inputs = x = keras.Input((16, 16, 1))
for width in (16, 32):
    x = layers.Conv2D(width, 3, strides=2, padding="same")(x)
    x = layers.GroupNormalization(groups=4)(x)
    x = layers.Activation("swish")(x)
x = layers.Flatten()(x)
x = layers.Dropout(0.5)(x)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
model.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=8, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
