"""CODE: none

A recurrent multi-label tagger with sigmoid outputs and binary cross-entropy, variable length,
masked padding.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

LABELS = ["fire", "water", "power", "traffic", "medical"]
VOCAB, LONGEST = 220, 18
signs = rng.permutation(np.arange(2, VOCAB))[:40].reshape(5, 8)


def calls(n):
    y = (rng.random((n, 5)) < 0.25).astype("float32")
    x = np.zeros((n, LONGEST), "int32")
    for i in range(n):
        length = rng.integers(12, LONGEST + 1)
        x[i, :length] = rng.integers(2, VOCAB, length)
        spots = rng.permutation(length)
        on = np.flatnonzero(y[i])
        x[i, spots[: 2 * len(on)]] = [rng.choice(signs[k]) for k in on for _ in range(2)]
    return x, y


class Calls(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size, shuffle, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size, self.shuffle = x, y, batch_size, shuffle
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, k):
        rows = self.order[k * self.batch_size : (k + 1) * self.batch_size]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        if self.shuffle:
            rng.shuffle(self.order)


train = Calls(*calls(5000), batch_size=50, shuffle=True)
val = Calls(*calls(1500), batch_size=150, shuffle=False)

model = keras.Sequential(
    [
        keras.Input((LONGEST,), dtype="int32"),
        layers.Embedding(VOCAB, 24, mask_zero=True),
        layers.SpatialDropout1D(0.1),
        layers.Bidirectional(layers.GRU(20)),
        layers.Dropout(0.2),
        layers.Dense(5, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Adam(3e-3),
    "binary_crossentropy",
    metrics=[keras.metrics.BinaryAccuracy(), keras.metrics.AUC(multi_label=True, name="auc")],
)
model.fit(train, epochs=6, validation_data=val, verbose=2)
