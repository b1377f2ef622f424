"""CODE: none

House prices (log), columns of very different size through a Normalization layer, Huber loss, rate decaying.
The first epoch is far off, then nothing
moves any more from the sixth epoch on. Is it stuck?
"""

import sys
import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 19)


def houses(n):
    area = rng.lognormal(4.6, 0.35, n)
    year = rng.integers(1900, 2021, n)
    rooms = np.clip(np.round(area / 25 + rng.normal(0, 0.8, n)), 1, 12)
    income = rng.normal(42000, 9000, n)
    lat, lon = rng.uniform(48, 49, n), rng.uniform(8, 10, n)
    price = (
        0.8 * np.log(area)
        + 0.004 * (year - 1950)
        + 0.03 * rooms
        + income / 60000
        - 0.8 * np.hypot(lat - 48.6, lon - 9.1)
        + rng.normal(0, 0.15, n)
    )
    return np.stack([area, year, rooms, income, lat, lon], 1).astype("float32"), (price - 4).astype(
        "float32"
    )


x, y = houses(2500)
xv, yv = houses(800)
normalize = layers.Normalization()
normalize.adapt(x)
inputs = keras.Input((6,))
h = normalize(inputs)
h = layers.Dense(64, activation="swish")(h)
h = layers.Dense(32, activation="swish")(h)
model = keras.Model(inputs, layers.Dense(1)(h))
rate = keras.optimizers.schedules.ExponentialDecay(3e-3, decay_steps=80, decay_rate=0.8)
model.compile(keras.optimizers.Adam(rate), loss=keras.losses.Huber(0.5), metrics=["mae"])
history = model.fit(x, y, batch_size=32, epochs=12, validation_data=(xv, yv), verbose=0).history
for name, values in history.items():
    print(name, np.array(values).round(4))
