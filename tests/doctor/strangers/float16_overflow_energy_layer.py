"""CODE: float16_overflow
Since I put mixed_float16 at the top of the script to save memory, loss and val_loss are nan and
accuracy is frozen. The sound clips are as they were; with the old script everything was fine.
"""

import sys
import numpy as np
import keras
from keras import layers, ops

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
keras.mixed_precision.set_global_policy("mixed_float16")
rng = np.random.default_rng(seed)


def clip(kind, n=512):
    """drum, rain, engine; sample values as the sound card gives them, in thousandths"""
    t = np.arange(n)
    if kind == 0:
        s = np.exp(-((t % 128) / rng.uniform(15, 30))) * rng.normal(0, 1, n)
    elif kind == 1:
        s = rng.normal(0, 0.5, n)
    else:
        s = np.sin(t * rng.uniform(0.1, 0.2)) * (1 + 0.5 * np.sin(t * 0.02)) * 0.6 + rng.normal(
            0, 0.3, n
        )
    return s * rng.lognormal(np.log(14), 0.5)


kinds = rng.integers(0, 3, 1600)
clips = np.stack([clip(k) for k in kinds]).astype("float32")


class Energies(layers.Layer):
    """log energy of 8 pieces and of the whole clip, and of the differences"""

    def call(self, x):
        d = x[:, 1:] - x[:, :-1]
        parts = ops.sum(ops.square(ops.reshape(x, (-1, 8, 64))), axis=2)
        whole = ops.sum(ops.square(x), axis=1, keepdims=True)
        rough = ops.sum(ops.square(d), axis=1, keepdims=True)
        e = ops.log(ops.concatenate([parts, whole, rough], axis=1) + 1.0)
        return e - e[:, 8:9]


inp = keras.Input((512,))
h = Energies()(inp)
h = layers.Dense(24, activation="relu")(h)
h = layers.Dense(24, activation="relu")(h)
out = layers.Dense(3, activation="softmax", dtype="float32")(h)
model = keras.Model(inp, out)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
hist = model.fit(
    clips[:1200],
    kinds[:1200],
    batch_size=32,
    epochs=10,
    validation_data=(clips[1200:], kinds[1200:]),
    verbose=0,
)
for k, v in hist.history.items():
    print(k, np.round(v, 3).tolist())
