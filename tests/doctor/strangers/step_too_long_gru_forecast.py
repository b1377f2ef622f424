"""CODE: step_too_long

RMSprop with a learning rate of 0.1 on a recurrent regression without BatchNorm; the loss leaps
and never settles.
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

hours = np.arange(24 * 150)
load = (
    1.0
    + 0.5 * np.sin(2 * np.pi * hours / 24)
    + 0.25 * np.sin(2 * np.pi * hours / 12 + 1)
    + 0.2 * np.sin(2 * np.pi * hours / 168)
)
noise = np.zeros(len(hours))
for k in range(1, len(hours)):
    noise[k] = 0.8 * noise[k - 1] + rng.normal(0, 0.08)
load = load + noise

split = 24 * 110
mean, std = load[:split].mean(), load[:split].std()
load = ((load - mean) / std).astype("float32")[:, None]

LOOKBACK = 36
make = keras.utils.timeseries_dataset_from_array
train = make(
    load[: split - 1], load[LOOKBACK:split], LOOKBACK, batch_size=64, shuffle=True, seed=seed
)
val = make(load[split:-1], load[split + LOOKBACK :], LOOKBACK, batch_size=128)

model = keras.Sequential(
    [
        keras.Input((LOOKBACK, 1)),
        layers.GRU(24),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.RMSprop(learning_rate=0.1), loss="mse", metrics=["mae"])
model.fit(train, validation_data=val, epochs=10, verbose=2)
