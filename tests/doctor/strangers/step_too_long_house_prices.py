"""CODE: step_too_long

Regression of (made-up) house prices with a plain ReLU network, no normalisation inside, SGD with
momentum 0.95. The step is too long for the curvature: the error explodes now and then.
"""

import sys

import numpy as np
import keras


def make_table(n, rng):
    area = rng.gamma(6, 20, n)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 1, n)), 1, 9)
    age = rng.integers(0, 100, n)
    km = rng.exponential(8, n)
    garden = rng.binomial(1, 0.4, n)
    noise = rng.normal(0, 1, (n, 6))
    price = (
        3.2 * area * np.exp(-km / 15)
        + 14 * rooms
        - 0.02 * (age - 50) ** 2
        + 30 * garden * (km > 6)
        + rng.normal(0, 15, n)
    )
    return np.column_stack([area, rooms, age, km, garden, noise]), price


def main(seed=0):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    x, y = make_table(2600, rng)
    mu, sd = x[:2000].mean(0), x[:2000].std(0)
    x = ((x - mu) / sd).astype("float32")
    y = ((y - y[:2000].mean()) / y[:2000].std()).astype("float32")

    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05, momentum=0.95), "mse", metrics=["mae"])
    hist = model.fit(
        x[:2000],
        y[:2000],
        batch_size=32,
        epochs=15,
        validation_data=(x[2000:], y[2000:]),
        verbose=0,
    )
    for name, values in hist.history.items():
        print(name.ljust(9), " ".join("%.3f" % v for v in values))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
