"""CODE: none

Healthy: one output without a sigmoid, a loss that knows it (from_logits=True), and a metric that
knows it, too (threshold 0). tf.data, generator for training with steps.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def steps(n):
    """1-D: does the level step up or down, somewhere in the drift?"""
    y = rng.integers(0, 2, n).astype("float32")
    t = np.arange(60)[None]
    x = np.where(t > rng.uniform(20, 40, (n, 1)), 1.0, -1.0) * (2 * y - 1)[:, None]
    x = x * rng.uniform(0.2, 0.8, (n, 1)) + rng.normal(0, 0.01, (n, 1)) * t
    return (x + rng.normal(0, 0.8, x.shape))[..., None].astype("float32"), y


x_train, y_train = steps(3000)


def batches(size=50):
    while True:
        order = rng.permutation(len(x_train))
        for part in order.reshape(-1, size):
            yield x_train[part], y_train[part]


val = tf.data.Dataset.from_tensor_slices(steps(800)).batch(100)
inputs = keras.Input((60, 1))
x = layers.Conv1D(12, 9, strides=3, activation="relu")(inputs)
x = layers.Flatten()(x)
x = layers.Dropout(0.3)(x)
x = layers.Dense(16, activation="relu")(x)
model = keras.Model(inputs, layers.Dense(1)(x))
model.compile(
    keras.optimizers.Adam(5e-4),
    keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
)
history = model.fit(batches(), steps_per_epoch=60, epochs=7, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
