"""CODE: validation_images_change

At the end of each epoch the validation dataset draws 400 new pictures from a pool of 3000 "to
see more of it" (four shelves of a hundred: one shelf, one light). No two epochs are validated on
the same pictures; loss and accuracy jump by as much as the draws differ, while training is steady.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def beans(n, shelf):
    """Coffee or cocoa beans; the light of a shelf makes them hard or easy to tell."""
    y = rng.integers(0, 2, n)
    light = np.repeat(rng.uniform(0.1, 1, n // shelf), shelf)
    i, j = np.mgrid[:18, :18] - 8.5
    x = np.empty((n, 18, 18, 1), "float32")
    for k in range(n):
        turn = rng.uniform(0, np.pi)
        u, v = i * np.cos(turn) + j * np.sin(turn), j * np.cos(turn) - i * np.sin(turn)
        bean = (u / 8) ** 2 + (v / 5) ** 2 < 1
        line = (np.abs(v) < 1) & bean if y[k] else np.zeros_like(bean)
        x[k, ..., 0] = light[k] * (bean - 0.8 * line)
    return x + rng.normal(0, 0.35, x.shape).astype("float32"), y.astype("float32")


class Shelves(keras.utils.PyDataset):
    def __init__(self, x, y, shelves):
        super().__init__()
        self.x, self.y, self.shelves = x, y, shelves
        self.on_epoch_end()

    def __len__(self):
        return len(self.parts)

    def __getitem__(self, index):
        return self.x[self.parts[index]], self.y[self.parts[index]]

    def on_epoch_end(self):
        start = 100 * rng.choice(len(self.x) // 100, self.shelves, replace=False)
        self.parts = [np.arange(a, a + 100) for a in start]


class Validate(keras.callbacks.Callback):  # fit does not tell the validation data that it is over
    def on_test_end(self, logs=None):
        val.on_epoch_end()


x_train, y_train = beans(2000, shelf=10)
val = Shelves(*beans(3000, shelf=100), shelves=4)
model = keras.Sequential(
    [
        keras.Input((18, 18, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(24, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train,
    y_train,
    batch_size=25,
    epochs=12,
    validation_data=val,
    callbacks=[Validate()],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
