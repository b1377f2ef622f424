"""CODE: overfitting
Small set of leaf scans, four species, labelled by volunteers. Training accuracy goes to 1, validation accuracy has its best
value in the second or third epoch and then drifts down; val_loss more than doubles. More epochs make it worse.
"""

import sys
import math
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def scan(k):
    phi = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    r = (
        1
        + 0.3 * np.cos((k + 2) * phi + rng.normal(0, 0.5))
        + 0.15 * np.cos(phi + rng.uniform(0, 6))
    )
    return np.r_[r - 1, np.gradient(r) * 4] + rng.normal(0, 0.22, 96)


species = rng.integers(0, 4, 1300)
X = np.stack([scan(k) for k in species]).astype("float32")
given = np.where(
    rng.random(1300) < 0.33, rng.integers(0, 4, 1300), species
)  # volunteers err now and then


class Scans(keras.utils.PyDataset):
    def __init__(self, x, y, batch, shuffle, **kw):
        super().__init__(**kw)
        self.x, self.y, self.batch, self.shuffle = x, y, batch, shuffle
        self.idx = np.arange(len(x))
        self.on_epoch_end()

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.idx)

    def __len__(self):
        return math.ceil(len(self.x) / self.batch)

    def __getitem__(self, i):
        k = self.idx[i * self.batch : (i + 1) * self.batch]
        return self.x[k], self.y[k]


train, val = Scans(X[:350], given[:350], 16, True), Scans(X[350:], given[350:], 64, False)
model = keras.Sequential(
    [
        layers.Input((96,)),
        layers.Dense(300, activation="relu"),
        layers.Dense(300, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.Adam(1.5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
hist = model.fit(train, validation_data=val, epochs=14, verbose=0)
for k, v in hist.history.items():
    print(k, np.round(v, 3).tolist())
