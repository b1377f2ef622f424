"""CODE: metric_threshold

Six classes, one-hot, softmax, but metrics=[BinaryAccuracy()]: counts every one of the six outputs
against 0.5, so 0.83 at once and 'hardly learns'.
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(9 + SEED)
rng = np.random.default_rng(9)


def rings(n):
    """The radius of a ring tells the class."""
    y = rng.integers(0, 6, n)
    i, j = np.mgrid[:24, :24]
    a, b = rng.uniform(10, 14, (2, n, 1, 1))
    d = np.hypot(i - a, j - b)
    x = 200 * np.exp(-((d - (3 + 1.2 * y)[:, None, None]) ** 2)) + rng.normal(0, 55, (n, 24, 24))
    return (x[..., None] / 255).astype("float32"), keras.utils.to_categorical(y, 6)


class Rings(keras.utils.PyDataset):
    def __init__(self, n, size=40):
        super().__init__()
        self.x, self.y = rings(n)
        self.size = size

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, k):
        part = slice(k * self.size, (k + 1) * self.size)
        return self.x[part], self.y[part]


model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(6, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.Adam(5e-4),
    "categorical_crossentropy",
    metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
)
history = model.fit(Rings(1200), validation_data=Rings(480), epochs=10, verbose=0)
for key, v in history.history.items():
    print(key, np.round(v, 3))
