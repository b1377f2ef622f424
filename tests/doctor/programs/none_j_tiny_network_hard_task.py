"""CODE: none

Healthy: a tiny network that cannot learn more: it ends near 0.8 of four classes in training and
validation alike. Slow and dull, but nothing is wrong with the training.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def lights(n):
    """Which quarter of the picture is a little lighter?"""
    y = rng.integers(0, 4, n)
    x = rng.normal(0, 1, (n, 12, 12, 1))
    for k in range(n):
        a, b = 6 * (y[k] // 2), 6 * (y[k] % 2)
        x[k, a : a + 6, b : b + 6] += rng.uniform(0, 0.8)
    return x.astype("float32"), y


def data(n, training):
    pairs = tf.data.Dataset.from_tensor_slices(lights(n))
    pairs = pairs.cache().shuffle(n) if training else pairs
    return pairs.batch(64).prefetch(tf.data.AUTOTUNE)


inputs = keras.Input((12, 12, 1))
x = layers.AveragePooling2D(3)(inputs)
x = layers.Flatten()(x)
x = layers.Dense(6, activation="tanh")(x)
model = keras.Model(inputs, layers.Dense(4)(x))
model.compile(
    keras.optimizers.SGD(0.05, momentum=0.9),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(data(4000, True), epochs=12, validation_data=data(1000, False), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
