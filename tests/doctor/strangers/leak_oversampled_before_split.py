"""CODE: leak

Defects are rare (8 %), so I copied the rows of the defects until both classes are equal.
Validation accuracy went up to 0.97 - but on the measurements of the next week the
recall for defects is hardly better than before. Is the drift so strong?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def sensor(n):
    """64 samples of a sensor curve; a defect is a weak dip somewhere."""
    bad = (rng.random(n) < 0.08).astype("int32")
    t = np.linspace(0, 1, 64)
    curve = rng.normal(1, 0.2, (n, 1)) * np.sin(np.pi * t) + rng.normal(0, 0.15, (n, 64))
    where = rng.integers(12, 52, n)
    for i in np.flatnonzero(bad):
        curve[i] -= rng.uniform(0.2, 0.5) * np.exp(-0.5 * ((np.arange(64) - where[i]) / 3.0) ** 2)
    return curve[..., None].astype("float32"), bad


x, y = sensor(2200)
x_next, y_next = sensor(2200)

# balance the classes
rare = np.flatnonzero(y == 1)
copies = rng.choice(rare, (y == 0).sum() - len(rare))
x, y = np.concatenate([x, x[copies]]), np.concatenate([y, y[copies]])
# split
perm = rng.permutation(len(x))
cut = int(0.75 * len(x))
x_train, y_train = x[perm[:cut]], y[perm[:cut]]
x_val, y_val = x[perm[cut:]], y[perm[cut:]]

m = keras.Sequential([keras.Input((64, 1))])
for f in (24, 32, 48):
    m.add(layers.Conv1D(f, 5, padding="same", use_bias=False))
    m.add(layers.BatchNormalization(momentum=0.9))
    m.add(layers.ReLU())
    m.add(layers.MaxPooling1D())
m.add(layers.Flatten())
m.add(layers.Dense(32, activation="relu"))
m.add(layers.Dense(1, activation="sigmoid"))
m.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
h = m.fit(x_train, y_train, batch_size=64, epochs=9, validation_data=(x_val, y_val), verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 4).tolist())
p = m.predict(x_next, verbose=0)[:, 0] > 0.5
print(
    "next week: recall %.3f, balanced accuracy %.3f"
    % (p[y_next == 1].mean(), (p[y_next == 1].mean() + (~p[y_next == 0]).mean()) / 2)
)
