"""CODE: leak

Rare defects: 60 of 600. I balanced the classes by repeating the defects, then sklearn-style
random split 80/20. Validation says 97 % recall on defects, the factory says otherwise.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(14 + SEED)


def plates(n, share, seed):
    r = np.random.default_rng(seed)
    y = (r.random(n) < share).astype("int32")
    x = r.normal(0, 1, (n, 20, 20, 1))
    for k in np.flatnonzero(y):  # a faint scratch
        row, col = r.integers(0, 14, 2)
        x[k, row + np.arange(6), col + np.arange(6), 0] += 0.8
    return x.astype("float32"), y


x, y = plates(600, 0.1, 1)
rare = np.flatnonzero(y == 1)
more = np.random.default_rng(2).choice(rare, (y == 0).sum() - len(rare))
x, y = np.concatenate([x, x[more]]), np.concatenate([y, y[more]])
order = np.random.default_rng(3).permutation(len(x))
x, y = x[order], y[order]
cut = int(0.8 * len(x))


def batches():
    while True:
        rows = np.random.permutation(cut)
        for k in range(0, cut - 31, 32):
            yield x[rows[k : k + 32]], y[rows[k : k + 32]]


inp = keras.Input((20, 20, 1))
h = layers.Conv2D(16, 5, strides=2, activation="relu")(inp)
h = layers.Flatten()(h)
h = layers.Dense(64, activation="relu")(h)
h = layers.Dropout(0.2)(h)
model = keras.Model(inp, layers.Dense(1, activation="sigmoid")(h))
model.compile(
    keras.optimizers.Adam(1e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.Recall(name="recall")],
)
h = model.fit(
    batches(), steps_per_epoch=cut // 32, epochs=15, validation_data=(x[cut:], y[cut:]), verbose=2
)
xn, yn = plates(1000, 0.5, 4)
print("factory (balanced):", [round(float(v), 3) for v in model.evaluate(xn, yn, verbose=0)])
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
