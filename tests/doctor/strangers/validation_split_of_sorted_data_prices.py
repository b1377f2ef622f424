"""CODE: validation_split_of_sorted_data

The table is sorted by price and validation_split takes the last rows, so the dearest houses are
only in the validation.
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

n = 4000
area = rng.gamma(6, 18, n) + 25
rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.8, n)), 1, 9)
age = rng.uniform(0, 110, n)
dist = rng.gamma(2.0, 3.5, n)
garden = rng.random(n) < 0.4
energy = np.clip(np.round(age / 20 + rng.normal(0, 1, n)), 0, 7)
price = (
    90
    + 2.6 * area
    + 14 * rooms
    - 0.7 * age
    - 6.5 * dist
    + 35 * garden
    - 9 * energy
    + 0.012 * area**2 * np.exp(-dist / 6)
    + rng.normal(0, 30, n)
)
rows = np.column_stack([price, area, rooms, age, dist, garden, energy])
rows = rows[rows[:, 0].argsort()]

X = rows[:, 1:].astype("float32")
y = ((rows[:, 0] - rows[:, 0].mean()) / rows[:, 0].std()).astype("float32")

norm = layers.Normalization()
norm.adapt(X)
model = keras.Sequential(
    [
        keras.Input((X.shape[1],)),
        norm,
        layers.Dense(48, activation="relu"),
        layers.Dense(24, activation="relu"),
        layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
model.fit(X, y, batch_size=32, epochs=10, validation_split=0.2, shuffle=True, verbose=2)
