"""CODE: bn_batch_too_small

Sixteen batches of two are accumulated into one step "so the batch is 32": for the optimizer it
is, for BatchNorm it is two. Training normalises each signal with one other, validation with the
averages: the validation loss stays far above the training loss from the start.
"""
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def heartbeats(n):
    """1-D: regular, uneven, or with a beat left out; any gain and offset of the amplifier."""
    y = rng.integers(0, 3, n)
    x = np.zeros((n, 80, 1), "float32")
    for k in range(n):
        gap = rng.uniform(9, 13)
        beats = np.arange(-gap * rng.random(), 80, gap)
        if y[k] == 1:
            beats = beats + rng.normal(0, 2.5, len(beats))
        if y[k] == 2:
            beats = np.delete(beats, rng.integers(2, len(beats) - 2))
        pulse = np.exp(-((np.arange(80)[:, None] - beats) ** 2) / 2).sum(1)
        x[k, :, 0] = rng.uniform(0.2, 2) * (pulse + rng.normal(0, 0.08, 80)) + rng.normal(0, 1)
    return x, y


inputs = keras.Input((80, 1))
x = layers.Conv1D(16, 9, strides=2, use_bias=False)(inputs)
x = layers.BatchNormalization(momentum=0.99)(x)
x = layers.ReLU()(x)
x = layers.Conv1D(32, 9, strides=2, use_bias=False)(x)
x = layers.BatchNormalization(momentum=0.99)(x)
x = layers.ReLU()(x)
x = layers.GlobalAveragePooling1D()(x)
model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
adam = keras.optimizers.Adam(1e-2, gradient_accumulation_steps=16)
model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
train = tf.data.Dataset.from_tensor_slices(heartbeats(1000)).shuffle(1000).batch(2)
val = tf.data.Dataset.from_tensor_slices(heartbeats(500)).batch(100)
history = model.fit(train, epochs=10, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
