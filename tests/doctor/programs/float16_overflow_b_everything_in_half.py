"""CODE: float16_overflow

set_floatx("float16") "to save memory": the whole training is in half precision, and PyTorch's
epsilon of 1e-8 for Adam is zero there: a gradient whose square is too small for float16 is divided
by nothing. The loss is nan in the first epoch and never comes back; in float32 it trains.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
keras.backend.set_floatx("float16")
rng = np.random.default_rng(seed)


def crosses(n):
    """A plus or an x, any size and place."""
    y = rng.integers(0, 2, n)
    i, j = np.mgrid[:16, :16]
    x = np.empty((n, 16, 16, 1), "float32")
    for k in range(n):
        a, b = rng.integers(6, 10, 2)
        u, v = i - a, j - b
        bars = np.minimum(abs(u + v), abs(u - v)) < 2 if y[k] else np.minimum(abs(u), abs(v)) < 1
        x[k, ..., 0] = bars & (np.hypot(u, v) < rng.uniform(4, 7))
    return (x + rng.normal(0, 0.3, x.shape)).astype("float16"), y.astype("float16")


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(12, 3, strides=2, activation="relu")
        self.flat = layers.Flatten()
        self.hidden = layers.Dense(32, activation="relu")
        self.last = layers.Dense(1, activation="sigmoid")

    def call(self, x):
        return self.last(self.hidden(self.flat(self.conv(x))))


x_train, y_train = crosses(1000)
model = Net()
adam = keras.optimizers.Adam(1e-3, epsilon=1e-8)
model.compile(adam, "binary_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, batch_size=50, epochs=6, validation_data=crosses(500), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
