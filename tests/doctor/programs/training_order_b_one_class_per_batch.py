"""CODE: training_order

A PyDataset over files sorted by class; `on_epoch_end` shuffles the order of the batches, not the
pictures, so that nearly every batch holds one class only. The training loss is noisy from step to
step, and validation loss and accuracy jump with the last batches of the epoch.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def knots(n):
    """Wood: grain that runs straight, around one knot, or around two."""
    y = rng.integers(0, 3, n)
    i, j = np.mgrid[:22, :22].astype(float)
    x = np.empty((n, 22, 22, 1), "float32")
    for k in range(n):
        bend = 0.0
        for a, b in rng.uniform(5, 17, (y[k], 2)):
            bend = bend + 6 * np.exp(-((i - a) ** 2 + (j - b) ** 2) / 12)
        x[k, ..., 0] = np.sin(i / rng.uniform(0.9, 1.4) + bend + rng.uniform(0, 6.3))
    return x + rng.normal(0, 0.3, x.shape).astype("float32"), y


class Folder(keras.utils.PyDataset):
    def __init__(self, x, y, size=25):
        super().__init__()
        order = np.argsort(y, kind="stable")  # class folders, one after the other
        self.x, self.y, self.size = x[order], y[order], size
        self.batches = np.arange(len(x) // size)

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        part = slice(self.batches[index] * self.size, (self.batches[index] + 1) * self.size)
        return self.x[part], self.y[part]

    def on_epoch_end(self):
        rng.shuffle(self.batches)


model = keras.Sequential(
    [
        keras.Input((22, 22, 1)),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3, activation="softmax"),
    ]
)
sgd = keras.optimizers.SGD(0.03, momentum=0.8)
model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
train = Folder(*knots(1500))
train.on_epoch_end()
history = model.fit(train, epochs=14, validation_data=knots(500), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
