"""CODE: step_too_long

A net that already reads the old scanner's digits is adapted to the new scanner with Nadam at
2e-2; the first steps throw away what it knew and the loss jumps from epoch to epoch.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

digits = load_digits()
images = (digits.images / 16.0).astype("float32")
rest, x_new, y_rest, y_new = train_test_split(
    images, digits.target, test_size=0.5, stratify=digits.target, random_state=seed
)


def new_scanner(x):
    x = 0.6 * x + 0.2 * np.roll(x, 1, axis=2) + 0.2 * np.roll(x, 1, axis=1)
    return (0.15 + 0.7 * x + rng.normal(0, 0.08, x.shape)).astype("float32")


x_old = np.concatenate([rest + rng.normal(0, 0.1, rest.shape) for _ in range(3)]).astype("float32")
y_old = np.tile(y_rest, 3)
x_new = new_scanner(x_new)
x_train, x_val, y_train, y_val = train_test_split(
    x_new, y_new, test_size=0.5, stratify=y_new, random_state=seed
)

model = keras.Sequential(
    [
        keras.Input((8, 8)),
        layers.Reshape((8, 8, 1)),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(96, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_old, y_old, batch_size=64, epochs=6, verbose=2)
print("new scanner, before:", model.evaluate(x_val, y_val, verbose=0))

model.compile(keras.optimizers.Nadam(2e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=16, epochs=10, validation_data=(x_val, y_val), verbose=2)
