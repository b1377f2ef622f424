"""CODE: class_weights_extreme

About one machine in twelve fails, and that class gets the weight 1000 (balance would ask for some
11): most machines are said to fail, and the validation accuracy falls far below the share of the
sound ones.
"""

import sys

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def machines(n, rng):
    sensors = rng.normal(0, 1, (n, 12))
    score = 1.3 * sensors[:, 0] + sensors[:, 1] * sensors[:, 2] + np.abs(sensors[:, 3])
    score = score - 0.9 * sensors[:, 4] + rng.logistic(0, 0.8, n)
    fails = (score > 4.3).astype("int32")
    return (sensors * np.linspace(1, 20, 12) + 50).astype("float32"), fails


rng = np.random.default_rng(seed)
x_train, y_train = machines(4000, rng)
x_val, y_val = machines(1200, rng)
print(f"failures: {y_train.mean():.3f} of training, {y_val.mean():.3f} of validation")

scale = layers.Normalization(axis=-1)
scale.adapt(x_train)
model = keras.Sequential(
    [
        keras.Input((12,)),
        scale,
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
history = model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=10,
    validation_data=(x_val, y_val),
    class_weight={0: 1.0, 1: 1000.0},
    verbose=2,
)
said = model.predict(x_val, verbose=0)[:, 0] > 0.5
print(f"said to fail: {said.mean():.3f}")
