"""CODE: too_few_validation_images

Sixteen validation pictures (as in a well-known X-ray data set), so val_loss and val_accuracy move
with single pictures.
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


def chests(n):
    """Two lung fields, in the ill ones with a cloud; some clouds are faint, some readings doubtful."""
    y = np.arange(n) % 2
    i, j = np.mgrid[:40, :40]
    x = np.empty((n, 40, 40, 1))
    for k in range(n):
        left = np.exp(-((((i - 20) / 14) ** 2 + ((j - 11) / 7) ** 2) ** 2))
        right = np.exp(-((((i - 20) / 14) ** 2 + ((j - 29) / 7) ** 2) ** 2))
        image = 0.7 - 0.45 * (left + right)
        for _ in range(2):
            a, b, s = rng.uniform(8, 32), rng.choice([11, 29]) + rng.normal(0, 3), rng.uniform(2, 5)
            strength = rng.uniform(0.1, 0.6) if y[k] else rng.uniform(0, 0.15)
            image = image + strength * np.exp(-((i - a) ** 2 + (j - b) ** 2) / (2 * s**2))
        x[k, ..., 0] = image * rng.uniform(0.85, 1.15) + rng.normal(0, 0.06, (40, 40))
    doubtful = rng.random(n) < 0.06
    y = np.where(doubtful, 1 - y, y)
    order = rng.permutation(n)
    return x[order].astype("float32"), y[order].astype("float32")


x_train, y_train = chests(1200)
x_val, y_val = chests(16)
x_test, y_test = chests(500)

inputs = keras.Input((40, 40, 1))
x = layers.RandomFlip("horizontal", seed=seed)(inputs)
for filters in (16, 32, 48):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
x = layers.Dropout(0.4)(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
model.fit(x_train, y_train, batch_size=24, epochs=12, validation_data=(x_val, y_val), verbose=2)
print("test:", model.evaluate(x_test, y_test, verbose=0))
