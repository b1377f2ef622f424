"""CODE: loss_wants_probabilities

One output without a sigmoid, and loss="binary_crossentropy", which wants a probability: whatever
lies below 0 or above 1 is clipped, costs up to 16 where it is wrong, and has no gradient. Both
losses lie far above those of the same network with a sigmoid (0.1), or training gets stuck.
"""
import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def orders(n):
    """Tabular: nine columns; the customer comes back or not."""
    x = rng.normal(0, 1, (n, 9))
    score = 2 * x[:, 0] * x[:, 1] + x[:, 2] - x[:, 3] ** 2 + 1
    return x.astype("float32"), (score > 0).astype("float32")


class Customer(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [layers.Dense(32, activation="relu") for _ in range(2)]
        self.score = layers.Dense(1)

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.score(x)


model = Customer()
model.compile(keras.optimizers.Adamax(1e-2), "binary_crossentropy", metrics=["accuracy"])
x_train, y_train = orders(3000)
history = model.fit(
    x_train, y_train, batch_size=32, epochs=15, validation_data=orders(1000), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
