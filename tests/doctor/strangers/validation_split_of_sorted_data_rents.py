"""CODE: validation_split_of_sorted_data

The table is sorted by rent, and validation_split takes the last fifth, i.e. the dearest flats
only.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import pandas as pd
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n = 4000
flats = pd.DataFrame(
    {
        "area": rng.gamma(8, 9, n) + 15,
        "rooms": rng.integers(1, 6, n),
        "year": rng.integers(1900, 2024, n),
        "district": rng.integers(0, 12, n),
        "floor": rng.integers(0, 7, n),
    }
)
level = rng.normal(0, 0.25, 12)
log_rent = (
    np.log(8.5 * flats["area"])
    + level[flats["district"]]
    + 0.15 * np.sin(flats["year"] / 25)
    + 0.01 * flats["floor"]
    + rng.normal(0, 0.12, n)
)
flats["rent"] = np.exp(log_rent)
flats = flats.sort_values("rent").drop_duplicates().reset_index(drop=True)

target = (flats.pop("rent").to_numpy() / 1000).astype("float32")
district = flats.pop("district").to_numpy()
numbers = flats.to_numpy("float32")
numbers = (numbers - numbers.mean(0)) / numbers.std(0)

number_in = keras.Input((numbers.shape[1],))
district_in = keras.Input((1,), dtype="int32")
e = layers.Flatten()(layers.Embedding(12, 4)(district_in))
x = layers.Concatenate()([number_in, e])
x = layers.Dense(64, activation="relu")(x)
x = layers.Dense(32, activation="relu")(x)
model = keras.Model([number_in, district_in], layers.Dense(1)(x))
model.compile(keras.optimizers.RMSprop(1e-3), "mse", metrics=["mae"])
model.fit(
    (numbers, district),
    target,
    batch_size=32,
    epochs=10,
    validation_split=0.2,
    shuffle=True,
    verbose=2,
)
