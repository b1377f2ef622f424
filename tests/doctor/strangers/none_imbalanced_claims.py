"""CODE: none

An imbalanced table (about one positive in ten), stratified split, output bias set to the base
rate, AUC beside accuracy.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n = 9000
claims = pd.DataFrame(
    {
        "age": rng.integers(18, 80, n).astype(float),
        "amount": rng.lognormal(7, 1, n),
        "delay": rng.exponential(12, n),
        "earlier": rng.poisson(0.7, n),
        "hour": rng.integers(0, 24, n).astype(float),
        "witness": rng.integers(0, 2, n),
    }
)
claims["amount"] = np.log(claims["amount"])
score = (
    0.9 * (claims["amount"] - 7)
    + 0.05 * claims["delay"]
    + 0.7 * claims["earlier"]
    - 1.1 * claims["witness"]
    + 0.8 * np.cos(claims["hour"] / 24 * 2 * np.pi)
    - 3.4
)
y = (rng.random(n) < 1 / (1 + np.exp(-score.to_numpy()))).astype("float32")
x_train, x_val, y_train, y_val = train_test_split(
    claims.to_numpy("float32"), y, test_size=0.25, stratify=y, random_state=seed
)
scaler = StandardScaler().fit(x_train)
x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)
print("positives", y_train.mean(), y_val.mean())

rate = y_train.mean()
model = keras.Sequential(
    [
        keras.Input((x_train.shape[1],)),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(16, activation="relu"),
        layers.Dense(
            1,
            activation="sigmoid",
            bias_initializer=keras.initializers.Constant(float(np.log(rate / (1 - rate)))),
        ),
    ]
)
model.compile(
    keras.optimizers.Adam(1e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc"), keras.metrics.AUC(curve="PR", name="pr")],
)
model.fit(
    x_train,
    y_train[:, None],
    batch_size=64,
    epochs=10,
    validation_data=(x_val, y_val[:, None]),
    verbose=2,
)
