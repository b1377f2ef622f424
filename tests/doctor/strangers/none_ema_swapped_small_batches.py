"""CODE: none
Small batches (8), a restless training loss within the epoch, weight averaging by SwapEMAWeights. Validation starts off
better than training and ends a bit worse; odd?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def digits(n):
    seg = [
        "1110111",
        "0010010",
        "1011101",
        "1011011",
        "0111010",
        "1101011",
        "1101111",
        "1010010",
        "1111111",
        "1111011",
    ]
    y = rng.integers(0, 10, n)
    out = rng.normal(0, 0.5, (n, 20, 16))
    for i, k in enumerate(y):
        r, c, b = rng.integers(1, 5), rng.integers(1, 6), rng.uniform(0.8, 1.4)
        on = [v == "1" for v in seg[k]]
        p = np.zeros((15, 9))
        for flag, (a, e, f, g) in zip(
            on,
            [
                (0, 2, 1, 8),
                (1, 7, 0, 2),
                (1, 7, 7, 9),
                (6, 8, 1, 8),
                (8, 14, 0, 2),
                (8, 14, 7, 9),
                (13, 15, 1, 8),
            ],
        ):
            p[a:e, f:g] += flag
        out[i, r : r + 15, c : c + 9] += b * np.minimum(p, 1)
    return out.astype("float32")[..., None], y


xt, yt = digits(1600)
xv, yv = digits(700)
inp = keras.Input((20, 16, 1))
z = layers.Conv2D(16, 3, activation="relu")(inp)
z = layers.GroupNormalization(4)(z)
z = layers.MaxPooling2D()(z)
z = layers.Conv2D(24, 3, activation="relu")(z)
z = layers.GroupNormalization(4)(z)
z = layers.Flatten()(z)
z = layers.Dropout(0.4)(z)
z = layers.Dense(10)(z)
m = keras.Model(inp, z)
m.compile(
    keras.optimizers.SGD(0.01, momentum=0.9, use_ema=True, ema_momentum=0.995),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
h = m.fit(
    xt,
    yt,
    batch_size=8,
    epochs=7,
    validation_data=(xv, yv),
    callbacks=[keras.callbacks.SwapEMAWeights()],
    verbose=0,
)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
print("evaluate:", m.evaluate(xv, yv, verbose=0))
