"""CODE: label_order
Images in a directory, labels in a CSV. The network does not learn, the loss stays where it
started, whatever network and rate I choose. Training and validation both. Friends say the images
can be told apart by eye.
"""

import sys
import os
import tempfile
import csv
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
N = 1500

# the export that I was given: 0.npy, 1.npy, ... and a table with one row per picture, in the order of the numbers
folder = tempfile.mkdtemp()
rows = []
for i in range(N):
    kind = rng.integers(0, 3)
    y, x = np.mgrid[0:16, 0:16]
    ang = [0.2, 1.2, 2.3][kind] + rng.normal(0, 0.15)
    p = (
        np.sin(rng.uniform(0.7, 1.2) * (x * np.cos(ang) + y * np.sin(ang)) + rng.uniform(0, 6)) * 60
        + 128
    )
    np.save(
        os.path.join(folder, f"{i}.npy"),
        np.clip(p + rng.normal(0, 35, p.shape), 0, 255).astype("uint8"),
    )
    rows.append([i, ["warp", "weft", "bias"][kind]])
with open(os.path.join(folder, "labels.csv"), "w", newline="", encoding="utf-8") as f:
    csv.writer(f).writerows(rows)

# ----- my loading code
names = sorted(n for n in os.listdir(folder) if n.endswith(".npy"))
X = np.stack([np.load(os.path.join(folder, n)) for n in names]).astype("float32")[..., None] / 255.0
with open(os.path.join(folder, "labels.csv"), encoding="utf-8") as f:
    words = [r[1] for r in csv.reader(f)]
classes = sorted(set(words))
Y = keras.utils.to_categorical([classes.index(w) for w in words], len(classes))

perm = rng.permutation(N)
X, Y = X[perm], Y[perm]

model = keras.Sequential(
    [
        layers.Input(X.shape[1:]),
        layers.Conv2D(8, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(len(classes), activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="categorical_crossentropy", metrics=["accuracy"]
)
hist = model.fit(
    X,
    Y,
    validation_split=0.25,
    epochs=10,
    batch_size=32,
    verbose=0,
    callbacks=[keras.callbacks.EarlyStopping(patience=8)],
)
for k, v in hist.history.items():
    print(k, np.round(v, 3))
