"""CODE: validation_prepared_otherwise

Training batches are centred picture by picture and divided by their spread; validation is only
divided by 255. Both lie near zero, nothing looks wrong by its range alone; yet validation accuracy
stays far below training accuracy and its loss is high from the first epoch on.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def clouds(n, rng):
    """Clouds of three coarsenesses, uint8, grey."""
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 1, (n, 20, 20, 1))
    for k in range(n):
        for _ in range((0, 1, 4)[y[k]]):
            x[k] = (x[k] + np.roll(x[k], 1, 0) + np.roll(x[k], 1, 1)) / 3
        x[k] = (x[k] - x[k].mean()) / x[k].std()
    x = 128 + x * rng.uniform(15, 35, (n, 1, 1, 1)) + rng.uniform(-30, 30, (n, 1, 1, 1))
    return np.clip(x, 0, 255).astype("uint8"), y


class Pictures(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size, standardise=False, shuffle=False):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.standardise, self.shuffle = standardise, shuffle
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return len(self.x) // self.batch_size

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.order)

    def __getitem__(self, index):
        part = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        x = self.x[part].astype("float32") / 255
        if self.standardise:
            x -= x.mean(axis=(1, 2, 3), keepdims=True)
            x /= x.std(axis=(1, 2, 3), keepdims=True)
        return x, self.y[part]


rng = np.random.default_rng(seed)
train = Pictures(*clouds(1200, rng), 24, standardise=True, shuffle=True)
val = Pictures(*clouds(480, rng), 24)
inputs = keras.Input((20, 20, 1))
x = layers.Conv2D(12, 3, activation="relu")(inputs)
x = layers.Conv2D(24, 3, strides=2, activation="relu")(x)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
model.compile(keras.optimizers.Nadam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=8, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
