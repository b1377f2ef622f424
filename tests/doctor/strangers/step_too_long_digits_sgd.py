"""CODE: step_too_long

The network and the optimizer line come from an old course, on small digit-like pictures. The loss is at 30 instead of 2 and leaps
up and down for training and validation, accuracy hovers about chance; more epochs do not settle it.
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 2)
GLYPHS = (np.random.default_rng(77).random((8, 7, 7)) > 0.55).astype("float32")


def digits(n):
    k = rng.integers(0, 8, n)
    x = np.zeros((n, 11, 11), "float32")
    for m in range(n):
        r, c = rng.integers(0, 5, 2)
        x[m, r : r + 7, c : c + 7] = GLYPHS[k[m]]
    x += rng.normal(0, 0.35, x.shape)
    return x.astype("float32"), k


x_train, y_train = digits(1500)
x_test, y_test = digits(500)
model = keras.Sequential(
    [
        keras.Input((11, 11)),
        layers.Flatten(),
        layers.Dense(96, activation="tanh"),
        layers.Dense(48, activation="tanh"),
        layers.Dense(8, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.6, momentum=0.9, nesterov=True),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train, batch_size=20, epochs=12, validation_data=(x_test, y_test), verbose=0
)
for k, v in history.history.items():
    print(f"{k:14}", " ".join(f"{a:.3f}" for a in v))
