"""CODE: overconfidence

Heart beats of three kinds. Beats on which the two doctors disagreed were dropped from training, validation has them all. Accuracy
there is as good as the doctors and stays so, but the loss climbs epoch after epoch.
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)


def beats(n, rng, disputed):
    kind = rng.integers(0, 3, n)
    t = np.linspace(-1, 1, 64)[None]
    width = np.array([0.06, 0.16, 0.06])[kind][:, None] * rng.uniform(0.85, 1.15, (n, 1))
    second = np.array([0.0, 0.0, 0.8])[kind][:, None]
    at = rng.normal(0, 0.08, (n, 1))
    x = np.exp(-(((t - at) / width) ** 2)) + second * np.exp(-(((t - at - 0.45) / 0.1) ** 2))
    x = x * rng.uniform(0.8, 1.2, (n, 1)) + rng.normal(0, 0.12, (n, 64))
    other = rng.random(n) < disputed
    return x[..., None].astype("float32"), np.where(other, rng.integers(0, 3, n), kind)


rng = np.random.default_rng(SEED + 55)
x, y = beats(700, rng, 0.0)
xv, yv = beats(1000, rng, 0.08)

signal = keras.Input((64, 1))
h = layers.Conv1D(24, 7, strides=2, activation="relu")(signal)
h = layers.Conv1D(32, 5, strides=2, activation="relu")(h)
h = layers.Flatten()(h)
h = layers.Dense(96, activation="relu")(h)
model = keras.Model(signal, layers.Dense(3, activation="softmax")(h))
model.compile(
    keras.optimizers.Adam(1.5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
out = model.fit(x, y, batch_size=16, epochs=15, validation_data=(xv, yv), verbose=0)
for k, v in out.history.items():
    print(f"{k:13}", " ".join(f"{a:.3f}" for a in v))
