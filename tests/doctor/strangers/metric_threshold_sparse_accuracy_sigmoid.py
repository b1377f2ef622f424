"""CODE: metric_threshold

A single sigmoid output, but SparseCategoricalAccuracy: argmax over one number is always 0, so
accuracy is the share of class 0 and never moves while the loss falls nicely.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(10 + SEED)
rng = np.random.default_rng(10)


def heartbeat(n):
    y = (rng.random(n) < 0.45).astype("int32")
    t = np.linspace(0, 1, 80)
    centre = rng.uniform(0.3, 0.5, (n, 1))
    x = np.exp(-(((t - centre) / 0.03) ** 2)) + 0.4 * np.exp(
        -(((t - centre - 0.2 - 0.06 * y[:, None]) / 0.05) ** 2)
    )
    return (x + rng.normal(0, 0.18, x.shape)).astype("float32")[..., None], y[:, None]


x, y = heartbeat(1400)
inputs = keras.Input((80, 1))
h = keras.layers.Conv1D(16, 7, padding="same", activation="relu")(inputs)
h = keras.layers.MaxPooling1D(2)(h)
h = keras.layers.Conv1D(16, 15, padding="same", activation="relu")(h)
h = keras.layers.Flatten()(h)
h = keras.layers.Dropout(0.3)(h)
model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(h))
model.compile(
    keras.optimizers.Adam(1e-3),
    keras.losses.BinaryCrossentropy(),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
)
history = model.fit(x, y, epochs=12, batch_size=32, validation_split=0.35, verbose=0)
for key, v in history.history.items():
    print(key, np.round(v, 3))
