"""CODE: none

Does a customer come back? Validation accuracy gets to 0.61 and no further,
whatever is tried, and is above training. Is anything broken?
"""

import sys
import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 64)
weights = np.random.default_rng(3).normal(0, 1, 12) * 0.13


def customers(n):
    x = rng.normal(0, 1, (n, 12)).astype("float32")
    chance = 1 / (1 + np.exp(-(x @ weights)))
    return x, (rng.random(n) < chance).astype("float32")


x, y = customers(3000)
xv, yv = customers(2000)
model = keras.Sequential(
    [
        keras.Input((12,)),
        keras.layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3)),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(7e-4), loss="binary_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True)
h = model.fit(x, y, validation_data=(xv, yv), epochs=15, batch_size=64, callbacks=[stop], verbose=0)
for k, v in h.history.items():
    print(f"{k:14}", " ".join(f"{a:.3f}" for a in v))
