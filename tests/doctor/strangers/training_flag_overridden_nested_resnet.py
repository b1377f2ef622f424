"""CODE: training_flag_overridden

Fine-tuning as in the guide: base(inputs, training=False) so that BatchNorm stays in inference
mode, first with a frozen base, then unfrozen with a low rate. After unfreezing the training loss
is suddenly twice as high as before and val_loss creeps. But my BatchNorm is frozen?!
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(8 + SEED)


def shapes(n, seed, kinds, bright=1.0):
    r = np.random.default_rng(seed)
    y = r.integers(0, kinds, n)
    b, a = np.mgrid[-1:1:24j, -1:1:24j]
    cx, cy = r.uniform(-0.3, 0.3, (2, n, 1, 1))
    s = r.uniform(0.35, 0.6, (n, 1, 1))
    u, v = np.abs(a - cx), np.abs(b - cy)
    square = np.maximum(u, v) < s
    disc = u**2 + v**2 < s**2
    diamond = u + v < s * 1.2
    cross = (np.minimum(u, v) < 0.13) & (np.maximum(u, v) < s)
    ring = disc & (u**2 + v**2 > (0.6 * s) ** 2)
    all_ = np.stack([square, disc, diamond, cross, ring], -1)
    m = all_[np.arange(n), ..., y].astype("float32")
    x = m[..., None] * r.uniform(0.4, 1, (n, 1, 1, 3)) + r.normal(0, 0.35, (n, 24, 24, 3))
    return (bright * x).astype("float32"), y


def res(h, c, stride=1):
    k = layers.Conv2D(c, 3, stride, "same", use_bias=False)(h)
    k = layers.ReLU()(layers.BatchNormalization()(k))
    k = layers.BatchNormalization()(layers.Conv2D(c, 3, 1, "same", use_bias=False)(k))
    if stride > 1 or h.shape[-1] != c:
        h = layers.BatchNormalization()(layers.Conv2D(c, 1, stride, use_bias=False)(h))
    return layers.ReLU()(layers.add([h, k]))


i = keras.Input((24, 24, 3))
base = keras.Model(
    i, layers.GlobalAveragePooling2D()(res(res(res(i, 16, 2), 24, 2), 32, 2)), name="backbone"
)
pre = keras.Sequential([base, layers.Dense(5, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy")
pre.fit(*shapes(2000, 1, 5), epochs=6, batch_size=32, verbose=0)

x, y = shapes(600, 2, 3, bright=0.3)
val = shapes(400, 3, 3, bright=0.3)
inputs = keras.Input((24, 24, 3))
h = base(inputs, training=False)
outputs = layers.Dense(3, activation="softmax")(layers.Dropout(0.2)(h))
model = keras.Model(inputs, outputs)
base.trainable = False
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
h1 = model.fit(x, y, epochs=5, validation_data=val, verbose=2)
base.trainable = True
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
h2 = model.fit(x, y, epochs=8, validation_data=val, verbose=2)
for h in (h1, h2):
    for name, values in h.history.items():
        print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
