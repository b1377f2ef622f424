"""CODE: validation_images_change

The endless validation generator goes on where it stopped, and validation_steps covers a part
only, so each epoch is judged on recordings of other patients.
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


def patients(n, each):
    """Beats of n patients, one after the other; some electrodes sit badly."""
    xs, ys = [], []
    t = np.linspace(-1, 1, 96)
    for _ in range(n):
        noise = rng.choice([0.1, 0.3, 1.0])
        width, late = rng.uniform(0.06, 0.1), rng.uniform(0.35, 0.5)
        y = rng.integers(0, 2, each)
        beat = np.exp(-((t / (width * (1 + 0.6 * y[:, None]))) ** 2))
        wave = 0.35 * (1 - 1.3 * y[:, None]) * np.exp(-(((t - late) / 0.15) ** 2))
        x = beat + wave + rng.normal(0, noise, (each, 96)) + rng.normal(0, 0.1, (each, 1))
        xs.append(x)
        ys.append(y)
    return np.concatenate(xs)[..., None].astype("float32"), np.concatenate(ys).astype("float32")


x_train, y_train = patients(40, 30)
x_val, y_val = patients(18, 30)


def endless(x, y, batch_size):
    at = 0
    while True:
        if at + batch_size > len(x):
            at = 0
        yield x[at : at + batch_size], y[at : at + batch_size]
        at += batch_size


model = keras.Sequential(
    [
        keras.Input((96, 1)),
        layers.Conv1D(16, 7, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(24, 5, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dropout(0.3),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
model.fit(
    x_train,
    y_train,
    batch_size=30,
    epochs=12,
    validation_data=endless(x_val, y_val, 30),
    validation_steps=4,
    verbose=2,
)
