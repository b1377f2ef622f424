"""CODE: leak

Rust or paint on photographs, labels from many volunteers. Training and validation climb side by side to
a fine result; the customer, with pictures of his own, gets a much worse one.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def photographs(n):
    y = rng.integers(0, 2, n)
    coarse = rng.normal(size=(n, 6, 6, 3)).repeat(4, 1).repeat(4, 2)
    fine = rng.normal(size=(n, 24, 24, 3))
    k = (0.45 + 0.2 * y)[:, None, None, None]
    x = (k * coarse + (1 - k) * fine) * 1.3
    said = np.where(rng.random(n) < 0.2, 1 - y, y)  # not every volunteer looks closely
    return x.astype("float32"), said


class Photographs(keras.utils.PyDataset):
    def __init__(self, x, y, share, batch=24):
        super().__init__()
        ids = rng.choice(len(x), int(share * len(x)), replace=False)
        self.x, self.y, self.batch = x[ids], y[ids], batch

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        part = slice(i * self.batch, (i + 1) * self.batch)
        return self.x[part], self.y[part]


x, y = photographs(800)
train = Photographs(x, y, 0.8)
valid = Photographs(x, y, 0.3)

model = keras.Sequential(
    [
        keras.Input((24, 24, 3)),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(96, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=valid, epochs=12, verbose=0)

x_new, y_new = photographs(600)
print("customer's accuracy", f"{(model.predict(x_new, verbose=0).argmax(1) == y_new).mean():.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
