"""CODE: validation_augmented

SpecAugment as a layer at the front of a key-word network. Validation stays about where training is, 20 points below
what the paper promises, and evaluate() never gives the same number twice.
"""

import sys
import numpy as np
import keras
from keras import layers, ops

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 1)
T, F, N = 40, 20, 8


class SpecAugment(layers.Layer):
    """Blanks stretches of time and bands of frequency."""

    def __init__(self, time_width=14, freq_width=7, times=2, **kw):
        super().__init__(**kw)
        self.time_width, self.freq_width, self.times = time_width, freq_width, times
        self.seed_generator = keras.random.SeedGenerator(SEED)

    def stripe(self, batch, size, width):
        start = keras.random.uniform((batch, 1), 0, size - width, seed=self.seed_generator)
        at = ops.cast(ops.arange(size), "float32")[None]
        return ops.cast(ops.logical_or(at < start, at >= start + width), "float32")

    def call(self, x):
        batch = ops.shape(x)[0]
        for _ in range(self.times):
            x = x * self.stripe(batch, T, self.time_width)[:, :, None]
            x = x * self.stripe(batch, F, self.freq_width)[:, None, :]
        return x


def keywords(n):
    y = rng.integers(0, N, n)
    t, f = np.arange(T)[None, :, None], np.arange(F)[None, None, :]
    x = rng.normal(0, 0.5, (n, T, F))
    prototypes = np.random.default_rng(99)
    where = prototypes.uniform(0, 1, (N, 3, 2)) * [T - 8, F - 4] + [4, 2]
    for k in range(3):
        p = where[y, k] + rng.normal(0, 1.0, (n, 2))
        x += 2 * np.exp(-(((t - p[:, :1, None]) / 3) ** 2) - ((f - p[:, 1:, None]) / 1.5) ** 2)
    return x.astype("float32"), y


x_train, y_train = keywords(1500)
x_val, y_val = keywords(600)
model = keras.Sequential(
    [
        keras.Input((T, F)),
        SpecAugment(),
        layers.Conv1D(32, 5, activation="relu", padding="same"),
        layers.MaxPooling1D(2),
        layers.Conv1D(48, 5, activation="relu", padding="same"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(N),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
fit = model.fit(
    x_train, y_train, validation_data=(x_val, y_val), epochs=12, batch_size=32, verbose=0
)
for name, curve in fit.history.items():
    print(f"{name}: " + ", ".join(f"{c:.3f}" for c in curve))
print("evaluate, twice:", [round(model.evaluate(x_val, y_val, verbose=0)[1], 3) for _ in range(2)])
