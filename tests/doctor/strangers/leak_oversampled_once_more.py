"""CODE: leak

Few pictures show a defect, so the defects are repeated until both classes are equal, and then
everything is split. Validation looks splendid; on next month's pictures nearly no defect is found.
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 3)


def plates(n, share):
    """Grey plates; a defect is a faint scratch somewhere."""
    y = (rng.random(n) < share).astype("int64")
    x = rng.normal(0.5, 0.15, (n, 16, 16, 1))
    for k in np.flatnonzero(y):
        r, c = rng.integers(2, 14), rng.integers(0, 9)
        x[k, r, c : c + 7] += 0.12
    return x.astype("float32"), y


x, y = plates(900, 0.08)
good, bad = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
bad = np.resize(bad, len(good))  # as many defects as good ones
index = rng.permutation(np.concatenate([good, bad]))
cut = int(0.75 * len(index))
train, val = index[:cut], index[cut:]

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Rescaling(4.0, offset=-2.0),
        layers.Conv2D(24, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
h = model.fit(
    x[train], y[train], validation_data=(x[val], y[val]), batch_size=32, epochs=10, verbose=0
)
for k, v in h.history.items():
    print(k, " ".join("%.3f" % a for a in v))
x_new, y_new = plates(1500, 0.08)
found = model.predict(x_new, verbose=0)[:, 0] > 0.5
print(
    "next month: defects found %.2f, false alarms %.2f"
    % (found[y_new == 1].mean(), found[y_new == 0].mean())
)
