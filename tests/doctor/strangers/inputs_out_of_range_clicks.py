"""CODE: inputs_out_of_range

Raw unix timestamps (1.7e9) and amounts in cents go into the net unscaled beside features of order
1.
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


def orders(n):
    stamp = 1_700_000_000 + rng.integers(0, 90 * 86400, n)
    cents = rng.lognormal(9, 0.8, n).round()
    items = rng.poisson(2, n) + 1
    returning = rng.integers(0, 2, n)
    rating = rng.uniform(1, 5, n)
    score = (
        1.6 * (rating - 3) + 1.2 * (returning - 0.5) - 0.5 * (items - 3) + 0.8 * (np.log(cents) - 9)
    )
    y = rng.random(n) < 1 / (1 + np.exp(-1.5 * score))
    return np.stack([stamp, cents, items, returning, rating], 1).astype("float32"), y.astype(
        "float32"
    )


def dataset(n, training):
    x, y = orders(n)
    ds = tf.data.Dataset.from_tensor_slices((x, y[:, None]))
    return (ds.shuffle(n) if training else ds).batch(64).prefetch(1)


train, val = dataset(5000, True), dataset(1500, False)
model = keras.Sequential(
    [
        keras.Input((5,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
model.fit(train, epochs=12, validation_data=val, verbose=2)
