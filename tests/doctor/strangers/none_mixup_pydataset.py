"""CODE: none
With mixup the training loss stays at 0.46 whatever I do and training accuracy lags, validation is much better
than training. Does the network not learn?
"""

import sys
import math
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)


def chirp(k, n=100):
    t = np.linspace(0, 1, n)
    f = [(4, 4), (3, 9), (9, 3), (7, 7), (5, 12)][k]
    f0, f1 = np.array(f) + rng.normal(0, 0.5, 2)
    return np.sin(2 * np.pi * (f0 * t + (f1 - f0) * t**2 / 2) + rng.uniform(0, 6.3)) + rng.normal(
        0, 0.8, n
    )


lab = rng.integers(0, 5, 2400)
sig = np.stack([chirp(k) for k in lab]).astype("float32")[..., None]
one = np.eye(5, dtype="float32")[lab]


class Mixup(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=40, alpha=0.3, **kw):
        super().__init__(**kw)
        self.x, self.y, self.b, self.alpha = x, y, batch_size, alpha
        self.r = np.random.default_rng(SEED + 1)
        self.order = self.r.permutation(len(x))

    def __len__(self):
        return math.ceil(len(self.x) / self.b)

    def __getitem__(self, i):
        k = self.order[i * self.b : (i + 1) * self.b]
        j = self.r.permutation(k)
        lam = self.r.beta(self.alpha, self.alpha, len(k)).astype("float32")
        return (
            lam[:, None, None] * self.x[k] + (1 - lam[:, None, None]) * self.x[j],
            lam[:, None] * self.y[k] + (1 - lam[:, None]) * self.y[j],
        )

    def on_epoch_end(self):
        self.order = self.r.permutation(len(self.x))


inp = layers.Input((100, 1))
z = layers.Conv1D(16, 9, strides=2, activation="relu")(inp)
z = layers.SpatialDropout1D(0.1)(z)
z = layers.Conv1D(24, 7, strides=2, activation="relu")(z)
z = layers.Conv1D(24, 5, activation="relu")(z)
z = layers.Concatenate()(
    [layers.GlobalMaxPooling1D()(z[:, :9]), layers.GlobalMaxPooling1D()(z[:, 9:])]
)
z = layers.Dense(32, activation="relu")(z)
model = keras.Model(inp, layers.Dense(5, activation="softmax")(z))
model.compile(keras.optimizers.AdamW(2e-3), "categorical_crossentropy", metrics=["accuracy"])
h = model.fit(
    Mixup(sig[:1800], one[:1800]), validation_data=(sig[1800:], one[1800:]), epochs=14, verbose=0
)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
