"""CODE: none

The PyDataset changes pictures on the training side only, so training looks worse than validation.
Nothing is wrong.
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


def signs(n):
    """Road signs of four shapes: disc, triangle, square, ring."""
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:28, :28]
    x = np.empty((n, 28, 28, 3), "float32")
    for k in range(n):
        a, b = 13.5 + rng.normal(0, 1.5, 2)
        r = rng.uniform(6, 10)
        d = np.hypot(i - a, j - b)
        if y[k] == 0:
            mask = d < r
        elif y[k] == 1:
            mask = (i - a < r * 0.8) & (i - a > -r + 1.9 * np.abs(j - b))
        elif y[k] == 2:
            mask = (np.abs(i - a) < 0.85 * r) & (np.abs(j - b) < 0.85 * r)
        else:
            mask = (d < r) & (d > 0.6 * r)
        ground, sign = rng.uniform(0, 0.6, 3), rng.uniform(0.4, 1, 3)
        x[k] = np.where(mask[..., None], sign, ground) + rng.normal(0, 0.08, (28, 28, 3))
    return x, y


class Signs(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=32, augment=False, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size, self.augment = x, y, batch_size, augment

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def __getitem__(self, k):
        part = slice(k * self.batch_size, min((k + 1) * self.batch_size, len(self.x)))
        x, y = self.x[part].copy(), self.y[part]
        if self.augment:
            for image in x:
                image[:] = np.roll(image, rng.integers(-3, 4, 2), axis=(0, 1))
                if rng.random() < 0.5:
                    image[:] = image[:, ::-1]
                r, c = rng.integers(0, 20, 2)
                image[r : r + 8, c : c + 8] = rng.uniform(0, 1, 3)
            x = x * rng.uniform(0.7, 1.3, (len(x), 1, 1, 3)).astype("float32")
        return x, y


train = Signs(*signs(1500), augment=True)
val = Signs(*signs(600), batch_size=100)

model = keras.Sequential([keras.Input((28, 28, 3))])
for filters in (16, 32, 48):
    model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
    model.add(layers.MaxPooling2D())
model.add(layers.Flatten())
model.add(layers.Dropout(0.4))
model.add(layers.Dense(32, activation="relu"))
model.add(layers.Dense(4, activation="softmax"))
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(train, validation_data=val, epochs=9, verbose=2)
