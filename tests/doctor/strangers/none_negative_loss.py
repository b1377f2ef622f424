"""CODE: none

The network gives a mean and a spread (Gaussian log-likelihood). The loss is below zero from the first
epoch on and keeps sinking. Can a loss be negative? Validation does the same, a bit unevenly.
"""

import sys
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def wells(n):
    x = rng.uniform(-1, 1, (n, 5))
    level = 0.5 * np.sin(2 * x[:, 0]) + 0.3 * x[:, 1] * x[:, 2]
    spread = 0.03 + 0.12 * (x[:, 3] > 0.2)
    return x.astype("float32"), (level + spread * rng.normal(size=n)).astype("float32")[:, None]


@keras.saving.register_keras_serializable()
def likelihood(y, out):
    mean, log_s = out[:, :1], ops.clip(out[:, 1:], -5.0, 3.0)
    return ops.squeeze(log_s + 0.5 * ops.square((y - mean) / ops.exp(log_s)), -1)


def spread_error(y, out):
    return ops.abs(y[:, 0] - out[:, 0])


x, y = wells(4000)
model = keras.Sequential(
    [
        keras.Input((5,)),
        layers.Dense(48, activation="swish"),
        layers.Dense(48, activation="swish"),
        layers.Dense(2),
    ]
)
steps = len(x) // 50
rate = keras.optimizers.schedules.PolynomialDecay(4e-3, 12 * steps, 1e-5)
model.compile(keras.optimizers.Adam(rate, clipnorm=5.0), loss=likelihood, metrics=[spread_error])
history = model.fit(x, y, batch_size=50, epochs=12, validation_data=wells(2000), verbose=0)
for name, values in history.history.items():
    print(f"{name:18}", " ".join(f"{v:.3f}" for v in values))
