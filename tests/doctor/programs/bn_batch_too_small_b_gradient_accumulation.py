"""CODE: bn_batch_too_small

Eight batches of two are accumulated into one step "so the batch is 16": for the optimizer it
is, for BatchNorm it is two. Training normalises each signal with one other, validation with the
averages: two networks. The training loss falls slowly and evenly, the validation loss jumps by a
factor of two; training signals have another loss when they are evaluated than in training.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def engines(n):
    """1-D: the hum of an engine, smooth, knocking or hissing; any gain and offset."""
    y = rng.integers(0, 3, n)
    t = np.arange(80)[None] / rng.uniform(10, 18, (n, 1)) + rng.uniform(0, 1, (n, 1))
    hum = np.sin(2 * np.pi * t)
    knock = np.exp(-(((t % 1) - 0.5) ** 2) / 0.004) * 1.5
    hiss = rng.normal(0, 0.6, (n, 80))
    x = hum + knock * (y == 1)[:, None] + hiss * (y == 2)[:, None] + rng.normal(0, 0.2, (n, 80))
    x = rng.uniform(0.05, 1.5, (n, 1)) * x + rng.normal(0, 1, (n, 1))
    return x[..., None].astype("float32"), y


inputs = keras.Input((80, 1))
x = layers.Conv1D(16, 9, strides=2, use_bias=False)(inputs)
x = layers.BatchNormalization(momentum=0.99)(x)
x = layers.ReLU()(x)
x = layers.Conv1D(32, 9, strides=2, use_bias=False)(x)
x = layers.BatchNormalization(momentum=0.99)(x)
x = layers.ReLU()(x)
x = layers.GlobalAveragePooling1D()(x)
model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
adam = keras.optimizers.Adam(1e-2, gradient_accumulation_steps=8)
model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
train = tf.data.Dataset.from_tensor_slices(engines(800)).shuffle(800).batch(2)
val = tf.data.Dataset.from_tensor_slices(engines(500)).batch(100)
history = model.fit(train, epochs=10, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
