"""CODE: overfitting

120 training pictures and a wide network without any regularisation, for 50 epochs: it knows
them by heart. Training accuracy 1; the validation loss has its least value early, then doubles,
and accuracy falls or stays.
"""
import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def leaves(n):
    """Two kinds of leaf, slender or broad, any size, turn and light; a fifth has a wrong label."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:20, :20] - 9.5
    x = np.empty((n, 20, 20, 1), "float32")
    for k in range(n):
        turn, size = rng.uniform(0, np.pi), rng.uniform(5, 8)
        along, across = i * np.cos(turn) + j * np.sin(turn), j * np.cos(turn) - i * np.sin(turn)
        ratio = rng.uniform(0.3, 0.55) if y[k] else rng.uniform(0.45, 0.8)
        leaf = (along / size) ** 2 + (across / (ratio * size)) ** 2 < 1
        x[k, ..., 0] = leaf * rng.uniform(0.4, 1) + rng.uniform(-0.3, 0.3)
    x += rng.normal(0, 0.3, x.shape).astype("float32")
    return x, np.where(rng.random(n) < 0.2, 1 - y, y)


model = keras.Sequential(
    [
        keras.Input((20, 20, 1)),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dense(128, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.Adam(3e-4), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
x, y = leaves(300)
history = model.fit(x, y, batch_size=20, epochs=40, validation_data=leaves(600), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
