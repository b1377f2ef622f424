"""CODE: loss_wants_probabilities

The output is already a probability (softmax per frame, averaged over the recording) but the loss
is made with from_logits=True, so a second softmax flattens it.
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

CLASSES, SAMPLES = 8, 512


def clips(n):
    y = rng.integers(0, CLASSES, n)
    t = np.arange(SAMPLES) / SAMPLES
    pitch = 20 + 9 * y + rng.normal(0, 1.5, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    wave = np.sin(2 * np.pi * pitch[:, None] * t + phase[:, None])
    start = rng.integers(0, SAMPLES // 2, n)
    inside = (np.arange(SAMPLES) >= start[:, None]) & (np.arange(SAMPLES) < start[:, None] + 300)
    x = wave * inside + rng.normal(0, 0.5, (n, SAMPLES))
    return x.astype("float32")[..., None], y


def dataset(n, training):
    ds = tf.data.Dataset.from_tensor_slices(clips(n)).cache()
    if training:
        ds = ds.shuffle(n)
    return ds.batch(64).prefetch(2)


train, val = dataset(3000, True), dataset(1000, False)

inputs = keras.Input((SAMPLES, 1))
x = layers.Conv1D(32, 32, strides=8, activation="relu")(inputs)
x = layers.Conv1D(48, 5, strides=2, activation="relu")(x)
x = layers.SpatialDropout1D(0.1)(x)
x = layers.Conv1D(48, 3, activation="relu")(x)
frames = layers.Dense(CLASSES, activation="softmax")(x)
clip = layers.GlobalAveragePooling1D()(frames)
model = keras.Model(inputs, clip)
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train, epochs=10, validation_data=val, verbose=2)
