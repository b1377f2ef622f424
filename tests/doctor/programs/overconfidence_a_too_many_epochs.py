"""CODE: overconfidence

Two classes that overlap by nature, a network that could stop after a few epochs and trains 60:
the margins go on growing. The validation loss climbs, validation accuracy stays where it was or
rises a little; dividing the logits by a temperature of about 2 brings the loss back to its best.
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
directions = np.random.default_rng(11).normal(0, 1, (24, 2))


def patients(n):
    """Tabular: 24 measurements of a hidden state; above or below a bent border."""
    state = rng.normal(0, 1, (n, 2))
    y = (state[:, 1] + rng.normal(0, 0.3, n) > np.sin(2 * state[:, 0])).astype("float32")
    x = state @ directions.T + rng.normal(0, 1.0, (n, 24))
    return (x / 2).astype("float32"), y


x_train, y_train = patients(600)
x_val, y_val = patients(1500)

model = keras.Sequential(
    [
        keras.Input((24,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=30, epochs=60, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
