"""CODE: none

Healthy: only 160 training images, a tiny network with weight decay, 200 validation images.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers, regularizers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(18 + SEED)
rng = np.random.default_rng(18)


def corners(n):
    """Bright corner: left or right."""
    y = rng.integers(0, 2, n)
    x = rng.normal(0.3, 0.25, (n, 20, 20, 1))
    for k in range(n):
        a = rng.integers(0, 12)
        x[k, a : a + 8, (12 if y[k] else 0) : (20 if y[k] else 8)] += rng.uniform(0.1, 0.5)
    return x.astype("float32"), y.astype("float32")


train = tf.data.Dataset.from_tensor_slices(corners(160)).shuffle(160).batch(16)
val = tf.data.Dataset.from_tensor_slices(corners(200)).batch(50)
model = keras.Sequential(
    [
        keras.Input((20, 20, 1)),
        layers.AveragePooling2D(2),
        layers.Conv2D(6, 3, activation="relu", kernel_regularizer=regularizers.l2(1e-3)),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(1, activation="sigmoid", kernel_regularizer=regularizers.l2(1e-3)),
    ]
)
model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=25, validation_data=val, verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
