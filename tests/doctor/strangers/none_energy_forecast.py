"""CODE: none
Forecast of tomorrow's consumption, mean absolute error. val_loss is lower than loss all the time, it wobbles, and the error
stays at 0.17 whatever I do. (Regression, not classification.)
"""

import sys
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
rng = np.random.default_rng(int(sys.argv[1]) + 4 if len(sys.argv) > 1 else 4)

hours = np.arange(24 * 160)
temp = (
    8 * np.sin(2 * np.pi * hours / (24 * 365))
    + 4 * np.sin(2 * np.pi * hours / 24)
    + np.convolve(rng.normal(0, 1, len(hours)), np.ones(12) / 4, "same")
)
load = 3 + 1.5 * np.sin(2 * np.pi * (hours - 7) / 24) + 0.8 * ((hours // 24) % 7 >= 5) - 0.06 * temp
for t in range(1, len(load)):
    load[t] += 0.35 * (load[t - 1] - 3)
load += rng.normal(0, 0.35, len(load))
table = np.c_[
    load,
    temp,
    np.sin(2 * np.pi * hours / 24),
    np.cos(2 * np.pi * hours / 24),
    (hours // 24) % 7 >= 5,
].astype("float32")
split = 24 * 115
mean, std = table[:split].mean(0), table[:split].std(0)
table = (table - mean) / std

kw = dict(sequence_length=24, batch_size=64)
train = keras.utils.timeseries_dataset_from_array(
    table[: split - 1], table[24:split, 0], shuffle=True, **kw
)
val = keras.utils.timeseries_dataset_from_array(table[split:-1], table[split + 24 :, 0], **kw)

model = keras.Sequential(
    [
        keras.Input((24, 5)),
        layers.LSTM(16),
        layers.Dropout(0.25),
        layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.RMSprop(3e-3), loss="mae", metrics=["mse"])
hist = model.fit(
    train,
    validation_data=val,
    epochs=10,
    verbose=0,
    callbacks=[keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5)],
)
for k, v in hist.history.items():
    print(k, np.round(v, 4).tolist())
