"""CODE: step_too_long

Electricity load for the next hour from the last two days. Val MAE halves and doubles between neighbouring epochs;
the best epoch is a matter of luck and a linear model is better on most of them.
"""

import sys
import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

hours = np.arange(3600)
weather = np.zeros(len(hours))
for t in range(1, len(hours)):
    weather[t] = 0.98 * weather[t - 1] + rng.normal(0, 0.1)
load = (
    50
    + 9 * np.sin(2 * np.pi * hours / 24)
    + 4 * np.sin(2 * np.pi * hours / 12 + 1)
    + 3 * np.sin(2 * np.pi * hours / 168)
    + 6 * weather
    + rng.normal(0, 0.7, len(hours))
)
border = 2600
scaled = ((load - load[:border].mean()) / load[:border].std()).astype("float32")


def windows(series):
    return keras.utils.timeseries_dataset_from_array(
        series[:-1],
        series[48:],
        sequence_length=48,
        batch_size=32,
        shuffle=series is past,
        seed=SEED,
    )


past, future = scaled[:border], scaled[border:]
inp = keras.Input((48,))
h = keras.layers.Dense(64, activation="gelu")(inp)
h = keras.layers.Dense(64, activation="gelu")(h)
h = keras.layers.Dense(32, activation="gelu")(h)
model = keras.Model(inp, keras.layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.06), loss="mse", metrics=["mae"])
fit = model.fit(windows(past), validation_data=windows(future), epochs=11, verbose=0)
for k, v in fit.history.items():
    print(k.rjust(8), " ".join(f"{a:8.3f}" for a in v))
