"""CODE: validation_split_of_sorted_data

House prices from our data base. The training error gets small within a few epochs, the
validation error stays several times as large whatever I do (dropout, smaller network, L2).
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def query(n=3000):
    """SELECT area, rooms, age, ... FROM listings ORDER BY price"""
    area = rng.normal(size=n)
    rooms = 0.7 * area + 0.7 * rng.normal(size=n)
    age, distance, floor, energy = rng.normal(size=(4, n))
    garden = rng.integers(0, 2, n) - 0.5
    price = (
        1.0 * area
        + 0.4 * rooms
        - 0.3 * age
        - 0.6 * np.tanh(distance) * (1 + 0.5 * garden)
        + 0.1 * floor
        + rng.gumbel(0, 0.9, n)
    )
    table = np.column_stack([area, rooms, age, distance, floor, energy, garden])
    rows = np.argsort(price)
    return table[rows].astype("float32"), price[rows].astype("float32")


x, price = query()
price = (price - price.mean()) / price.std()

inputs = keras.Input((x.shape[1],))
h = keras.layers.Dense(48, activation="relu")(inputs)
h = keras.layers.Dropout(0.1)(h)
h = keras.layers.Dense(24, activation="relu")(h)
model = keras.Model(inputs, keras.layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
history = model.fit(
    x, price, batch_size=32, epochs=12, validation_split=0.2, shuffle=True, verbose=0
)

for name, values in history.history.items():
    print(f"{name:10}", " ".join(f"{v:.3f}" for v in values))
