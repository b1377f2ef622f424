"""CODE: leak

The rare fault classes are oversampled by repetition before train_test_split, so copies of
training rows sit in validation.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

NAMES = ["ok", "bearing", "imbalance", "looseness"]


def vibration(n):
    y = rng.choice(4, n, p=[0.82, 0.07, 0.06, 0.05])
    t = np.arange(96) / 96
    x = rng.normal(0, 1, (n, 96))
    for kind, (f, a) in enumerate([(3, 0.2), (11, 0.45), (5, 0.45), (17, 0.45)]):
        rows = y == kind
        phase = rng.uniform(0, 2 * np.pi, rows.sum())[:, None]
        x[rows] += a * np.sin(2 * np.pi * f * t + phase)
    return x.astype("float32"), y


x, y = vibration(2400)
x_test, y_test = vibration(2000)

parts = [(x[y == k], y[y == k]) for k in range(4)]
most = max(len(p[1]) for p in parts)
parts = [resample(a, b, replace=len(b) < most, n_samples=most, random_state=seed) for a, b in parts]
x = np.concatenate([p[0] for p in parts])
y = np.concatenate([p[1] for p in parts])
x_train, x_val, y_train, y_val = train_test_split(
    x, y, test_size=0.2, stratify=y, random_state=seed
)

scaler = StandardScaler().fit(x_train)
x_train, x_val, x_test = (scaler.transform(a)[..., None] for a in (x_train, x_val, x_test))

model = keras.Sequential(
    [
        keras.Input((96, 1)),
        layers.Conv1D(32, 9, activation="relu"),
        layers.Conv1D(32, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(64, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=64, epochs=10, validation_data=(x_val, y_val), verbose=2)
found = model.predict(x_test, verbose=0).argmax(1)
for k, name in enumerate(NAMES):
    print(f"field data, {name:10} recall {np.mean(found[y_test == k] == k):.3f}")
