"""CODE: none

Noisy target, so the loss soon rests near the noise; the rate is lowered on the plateau. Nothing
is wrong.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n = 5000
temp = rng.normal(14, 7, n)
humid = np.clip(rng.normal(65, 15, n), 15, 100)
wind = rng.gamma(2, 2.2, n)
cloud = rng.beta(0.7, 0.7, n)
hour = rng.integers(5, 21, n)
sun = np.clip(np.sin((hour - 5) / 16 * np.pi), 0, 1)
power = 40 * sun * (1 - 0.7 * cloud) * (1 - 0.004 * (temp - 25)) + 0.8 * wind - 0.03 * humid
power = power + rng.normal(0, 3.5, n)
X = np.column_stack(
    [temp, humid, wind, cloud, np.sin(hour / 12 * np.pi), np.cos(hour / 12 * np.pi)]
)

X_train, X_val, y_train, y_val = train_test_split(X, power, test_size=0.3, random_state=seed)
xs, ys = StandardScaler().fit(X_train), StandardScaler().fit(y_train[:, None])
X_train, X_val = xs.transform(X_train).astype("float32"), xs.transform(X_val).astype("float32")
y_train = ys.transform(y_train[:, None]).astype("float32")
y_val = ys.transform(y_val[:, None]).astype("float32")

model = keras.Sequential(
    [
        keras.Input((6,)),
        layers.Dense(32, activation="swish"),
        layers.Dense(32, activation="swish"),
        layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="huber", metrics=["mae"])
slow = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2)
model.fit(
    X_train,
    y_train,
    batch_size=64,
    epochs=12,
    validation_data=(X_val, y_val),
    callbacks=[slow],
    verbose=2,
)
