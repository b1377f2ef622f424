"""CODE: step_too_long

Wine-like tables (30 numbers laid out as a 5x6 'picture' because my pipeline wants images), plain
MLP, SGD with momentum. The loss jumps up and down in training and validation, sometimes it is ten
times that of the epoch before.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(0 + SEED)
proto = np.random.default_rng(123).normal(0, 1, (4, 30))


def table(n, seed):
    r = np.random.default_rng(seed)
    y = r.integers(0, 4, n)
    x = 0.45 * proto[y] + r.normal(0, 1, (n, 30))
    return x.reshape(n, 5, 6, 1).astype("float32"), y


x, y = table(1500, 1)
validation = table(1000, 2)
model = keras.Sequential(
    [
        keras.Input((5, 6, 1)),
        layers.Flatten(),
        layers.Dense(64, activation="tanh"),
        layers.Dense(64, activation="tanh"),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.SGD(0.5, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
h = model.fit(x, y, batch_size=32, epochs=15, validation_data=validation, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3))
