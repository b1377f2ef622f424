"""CODE: bn_batch_too_small

Batches of two, so in training each picture is normalised by itself and one other, and validation,
which normalises by the averages, is another network.
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


def plates(n, size=32):
    """Petri dishes; the target is the mean radius of the colonies. Exposure differs from dish to dish."""
    i, j = np.mgrid[:size, :size]
    x = np.zeros((n, size, size, 1))
    radius = rng.uniform(1.0, 3.5, n)
    for k in range(n):
        for _ in range(rng.integers(3, 9)):
            a, b = rng.uniform(2, size - 2, 2)
            x[k, ..., 0] += np.exp(-((i - a) ** 2 + (j - b) ** 2) / (2 * radius[k] ** 2))
        x[k] *= np.exp(rng.uniform(-1.5, 0.5))
    x += rng.normal(0, 0.03, x.shape)
    return x.astype("float32"), radius.astype("float32")


class Plates(keras.utils.PyDataset):
    """Hands out the plates in parts."""

    def __init__(self, x, y, batch_size, shuffle):
        super().__init__()
        self.x, self.y, self.batch_size, self.shuffle = x, y, batch_size, shuffle
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def __getitem__(self, k):
        take = self.order[k * self.batch_size : (k + 1) * self.batch_size]
        return self.x[take], self.y[take]

    def on_epoch_end(self):
        if self.shuffle:
            rng.shuffle(self.order)


BATCH = 2
train = Plates(*plates(500), BATCH, shuffle=True)
val = Plates(*plates(300), 50, shuffle=False)

model = keras.Sequential([keras.Input((32, 32, 1))])
for filters in (12, 24, 24, 32):
    model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.97))
    model.add(layers.ReLU())
    model.add(layers.MaxPooling2D())
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
model.fit(train, validation_data=val, epochs=10, verbose=2)
