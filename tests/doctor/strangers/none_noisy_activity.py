"""CODE: none

Noisy sensor windows with some wrong labels and a small batch; the curves wobble a little, nothing
is wrong.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

LENGTH = 64


def windows(n):
    y = rng.integers(0, 4, n)
    t = np.arange(LENGTH) / LENGTH
    rate = np.array([2.0, 4.0, 6.5, 9.0])[y] + rng.normal(0, 0.8, n)
    axes = rng.normal(0, 0.9, (n, LENGTH, 3))
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 3))
    weight = rng.uniform(0.3, 1.0, (n, 1, 3))
    axes += weight * np.sin(2 * np.pi * rate[:, None, None] * t[None, :, None] + phase)
    wrong = rng.random(n) < 0.08
    y = np.where(wrong, rng.integers(0, 4, n), y)
    return axes.astype("float32"), y


x_train, y_train = windows(6000)
x_val, y_val = windows(1500)
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(6000).batch(32).prefetch(2)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(250)

model = keras.Sequential(
    [
        keras.Input((LENGTH, 3)),
        layers.Conv1D(24, 9, padding="same", activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 7, padding="same", activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dropout(0.3),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=10, validation_data=val, verbose=2)
