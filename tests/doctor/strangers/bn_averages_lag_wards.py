"""CODE: bn_averages_lag

A network pre-trained on many recordings is fine-tuned with live BatchNorm (momentum 0.99) for a
few steps an epoch with weights that move fast, so the moving averages trail behind.
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

LENGTH = 128


def recordings(n, shapes, gain, wander, noise):
    t = np.arange(LENGTH) / LENGTH
    y = rng.integers(0, len(shapes), n)
    x = rng.normal(0, noise, (n, LENGTH))
    for i, k in enumerate(y):
        rate, width, tail = shapes[k]
        beat = (t * rate + rng.uniform()) % 1
        x[i] += np.exp(-(((beat - 0.5) / width) ** 2)) - tail * np.exp(
            -(((beat - 0.62) / 0.06) ** 2)
        )
    x = gain * x + wander * rng.normal(0, 1, (n, 1))
    return x.astype("float32")[..., None], y


def block(x, filters, stride):
    x = layers.Conv1D(filters, 7, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation("relu")(x)


source = [
    (5, 0.05, 0.3),
    (8, 0.05, 0.3),
    (5, 0.12, 0.3),
    (8, 0.12, 0.3),
    (5, 0.05, 0.9),
    (8, 0.05, 0.9),
]
x_old, y_old = recordings(5000, source, 1.0, 0.2, 0.3)

inputs = keras.Input((LENGTH, 1))
x = block(inputs, 24, 2)
x = block(x, 32, 2)
x = block(x, 48, 2)
features = layers.GlobalAveragePooling1D()(x)
base = keras.Model(inputs, features, name="base")
pretraining = keras.Sequential([base, layers.Dense(len(source), activation="softmax")])
pretraining.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
pretraining.fit(x_old, y_old, batch_size=32, epochs=4, verbose=2)

ward = [(6, 0.08, 0.2), (6, 0.08, 0.7), (7, 0.14, 0.4)]
x_new, y_new = recordings(360, ward, 2.5, 0.8, 0.35)
x_val, y_val = recordings(600, ward, 2.5, 0.8, 0.35)

model = keras.Sequential([base, layers.Dropout(0.2), layers.Dense(len(ward), activation="softmax")])
model.compile(
    keras.optimizers.Adam(3e-3),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_new, y_new, batch_size=40, epochs=12, validation_data=(x_val, y_val), verbose=2)
