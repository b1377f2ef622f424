"""CODE: label_order

The validation pictures are read in the order of sorted file names (scan_10 before scan_2), the
labels in the order of the table.
"""

import sys
import csv
import os
import tempfile

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def write(folder, n):
    """n scans as .npy files and a table labels.csv: 1 where there is a crack."""
    os.makedirs(folder)
    rows = []
    for k in range(n):
        scan = rng.normal(0.5, 0.1, (24, 24, 1))
        crack = int(rng.integers(0, 2))
        r, c, slope = rng.uniform(4, 20), 0, rng.uniform(-0.6, 0.6)
        if crack:
            for c in range(24):
                scan[int(np.clip(r + slope * (c - 12), 0, 23)), c] -= 0.45
        else:
            for _ in range(24):
                scan[rng.integers(0, 24), rng.integers(0, 24)] -= 0.45
        np.save(os.path.join(folder, f"scan_{k}.npy"), scan.astype("float32"))
        rows.append((f"scan_{k}.npy", crack))
    with open(os.path.join(folder, "labels.csv"), "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows(rows)


def table(folder):
    with open(os.path.join(folder, "labels.csv"), newline="", encoding="utf-8") as f:
        return [(name, int(label)) for name, label in csv.reader(f)]


root = tempfile.mkdtemp()
write(os.path.join(root, "train"), 900)
write(os.path.join(root, "val"), 300)


class Scans(keras.utils.PyDataset):
    def __init__(self, folder, batch_size):
        super().__init__()
        self.folder, self.batch_size = folder, batch_size
        self.rows = table(folder)
        rng.shuffle(self.rows)
        self.rows = [(str(name), int(label)) for name, label in self.rows]

    def __len__(self):
        return len(self.rows) // self.batch_size

    def __getitem__(self, k):
        part = self.rows[k * self.batch_size : (k + 1) * self.batch_size]
        x = np.stack([np.load(os.path.join(self.folder, name)) for name, _ in part])
        return x, np.array([label for _, label in part], "float32")


val_dir = os.path.join(root, "val")
names = sorted(name for name in os.listdir(val_dir) if name.endswith(".npy"))
x_val = np.stack([np.load(os.path.join(val_dir, name)) for name in names])
y_val = np.array([label for _, label in table(val_dir)], "float32")

model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
model.fit(
    Scans(os.path.join(root, "train"), 30), validation_data=(x_val, y_val), epochs=10, verbose=2
)
