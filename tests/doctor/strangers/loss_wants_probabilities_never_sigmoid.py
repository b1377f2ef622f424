"""CODE: loss_wants_probabilities

Binary, last Dense(1) has no sigmoid, loss="binary_crossentropy" takes the raw numbers for
probabilities. A table with 8 x 8 columns treated as a picture; Dense-only.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(8 + SEED)
rng = np.random.default_rng(8)
w = rng.normal(0, 1, (64, 2))


def table(n):
    x = rng.normal(0, 1, (n, 64)).astype("float32")
    score = np.tanh(x @ w[:, 0] / 4) + np.tanh(x @ w[:, 1] / 4) + rng.normal(0, 0.3, n)
    return x.reshape(n, 8, 8), (score > 0).astype("int32")


def pipeline(data, shuffle=False):
    ds = tf.data.Dataset.from_tensor_slices(data)
    if shuffle:
        ds = ds.shuffle(3000)
    return ds.batch(64).prefetch(1)


train, val = pipeline(table(3000), True), pipeline(table(1000))
model = keras.Sequential(
    [
        keras.Input((8, 8)),
        keras.layers.Flatten(),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=val, epochs=12, verbose=0)
for k, v in h.history.items():
    print(k, np.round(v, 3))
