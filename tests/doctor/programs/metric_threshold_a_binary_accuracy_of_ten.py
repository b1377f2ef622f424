"""CODE: metric_threshold

Ten classes, one-hot labels, and BinaryAccuracy as the metric: it counts every zero of ten as
right. Accuracy is 0.9 from the first epoch on, whatever the network knows; argmax of `predict`
says something else (printed at the end).
"""

import sys

import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def spectra(n):
    """Tabular: 40 channels, ten substances with three peaks each, mixed with one other."""
    peaks = np.random.default_rng(7).integers(0, 40, (10, 3))
    channel = np.arange(40)
    pure = np.exp(-((channel - peaks[..., None]) ** 2) / 4).sum(1)
    y, other = rng.integers(0, 10, (2, n))
    part = rng.uniform(0, 0.45, (n, 1))
    x = (1 - part) * pure[y] + part * pure[other] + rng.normal(0, 0.25, (n, 40))
    return x.astype("float32"), keras.utils.to_categorical(y, 10)


x_train, y_train = spectra(3000)
x_val, y_val = spectra(1000)
model = keras.Sequential(
    [
        keras.Input((40,)),
        keras.layers.Dense(48, activation="relu"),
        keras.layers.Dropout(0.25),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(3e-4),
    loss=keras.losses.CategoricalCrossentropy(),
    metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
)
history = model.fit(
    x_train, y_train, batch_size=64, epochs=15, validation_data=(x_val, y_val), verbose=0
)
right = model.predict(x_val, verbose=0).argmax(1) == y_val.argmax(1)
print(f"argmax of predict is right for {right.mean():.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
