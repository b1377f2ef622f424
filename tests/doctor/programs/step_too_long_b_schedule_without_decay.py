"""CODE: step_too_long

A small table, no normalisation layers, RMSprop with a rate that climbs in a "warm-up" to 0.15 and
stays there: each step throws the weights about. Both losses go up and down together by large
factors and never settle.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def rounds(n):
    """Tabular: two rings, one inside the other, turned into twelve columns."""
    y = rng.integers(0, 2, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = 1 + 0.8 * y + rng.normal(0, 0.2, n)
    plane = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    turn = np.random.default_rng(3).normal(0, 0.5, (2, 12))
    return (plane @ turn + rng.normal(0, 0.1, (n, 12))).astype("float32"), y.astype("float32")


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        return self.peak * keras.ops.minimum(1.0, (step + 1) / self.steps)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


x_train, y_train = rounds(1500)
x_val, y_val = rounds(800)
inputs = keras.Input((12,))
x = layers.Dense(32, activation="tanh")(inputs)
x = layers.Dense(32, activation="tanh")(x)
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
model.compile(
    keras.optimizers.RMSprop(WarmUp(0.15, 40)), "binary_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    x_train, y_train, batch_size=75, epochs=15, validation_data=(x_val, y_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
