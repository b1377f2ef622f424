"""CODE: none

Stripes with batch norm and a one-cycle kind of rate. Validation is rough in the first two or three epochs and calm later on. The
first epochs look alarming, do they not?
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 51)


def weave(n):
    y = rng.integers(0, 5, n)
    i, j = np.mgrid[:16, :16]
    a = (y * np.pi / 5)[:, None, None] + rng.normal(0, 0.12, (n, 1, 1))
    x = np.sin(np.cos(a) * i * 1.2 + np.sin(a) * j * 1.2 + rng.uniform(0, 6.3, (n, 1, 1)))
    return (x + rng.normal(0, 2.2, x.shape)).astype("float32")[..., None], y


class Feed(keras.utils.PyDataset):
    def __init__(self, x, y, batch, shuffle=False):
        super().__init__()
        self.x, self.y, self.batch, self.shuffle, self.order = (
            x,
            y,
            batch,
            shuffle,
            np.arange(len(x)),
        )
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, k):
        rows = self.order[k * self.batch : (k + 1) * self.batch]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        if self.shuffle:
            rng.shuffle(self.order)


model = keras.Sequential([keras.Input((16, 16, 1))])
for filters, stride in ((16, 1), (24, 2), (32, 2)):
    model.add(layers.Conv2D(filters, 3, stride, "same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.Activation("relu"))
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(5, activation="softmax"))
EPOCHS = 10


def rate(epoch, lr):
    return [0.02, 0.05, 0.05, 0.03, 0.015, 0.008, 0.004, 0.002, 0.001, 0.0005][epoch]


model.compile(
    keras.optimizers.SGD(0.02, momentum=0.9),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
h = model.fit(
    Feed(*weave(1920), 32, True),
    validation_data=Feed(*weave(640), 64),
    epochs=EPOCHS,
    verbose=0,
    callbacks=[keras.callbacks.LearningRateScheduler(rate)],
)
for k, v in h.history.items():
    print(f"{k:14}", " ".join(f"{a:.4f}" for a in v))
