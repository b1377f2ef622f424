"""CODE: training_flag_overridden
Two-stage fine-tuning as in the guide: base(inputs, training=False) so that BatchNorm stays in
inference mode. Stage one is fine; as soon as I unfreeze the base with a tiny rate, the training loss
jumps up and so does val_loss; they creep back slowly. I thought training=False protects me?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
g = np.random.default_rng(seed)


def blob_pictures(n, shapes, bright=(0.2, 0.4), noise=0.15):
    yy, xx = np.mgrid[0:20, 0:20]
    x = np.empty((n, 20, 20, 3), "float32")
    y = g.integers(0, len(shapes), n)
    for i in range(n):
        cy, cx, r = g.uniform(7, 13), g.uniform(7, 13), g.uniform(3.5, 6)
        d = {
            "disc": np.hypot(yy - cy, xx - cx) < r,
            "ring": abs(np.hypot(yy - cy, xx - cx) - r) < 1.2,
            "square": np.maximum(abs(yy - cy), abs(xx - cx)) < r * 0.85,
            "cross": (np.minimum(abs(yy - cy), abs(xx - cx)) < 1.3)
            & (np.maximum(abs(yy - cy), abs(xx - cx)) < r),
            "bar": (abs(yy - cy) < 1.6) & (abs(xx - cx) < r),
            "pole": (abs(xx - cx) < 1.6) & (abs(yy - cy) < r),
            "ell": ((abs(xx - cx + r / 2) < 1.5) & (abs(yy - cy) < r))
            | ((abs(yy - cy - r / 2) < 1.5) & (abs(xx - cx) < r)),
            "diag": (abs((yy - cy) - (xx - cx)) < 2) & (np.maximum(abs(yy - cy), abs(xx - cx)) < r),
        }[shapes[y[i]]]
        colour = g.uniform(0.3, 0.9, 3)
        x[i] = g.uniform(*bright) + d[..., None] * colour + g.normal(0, noise, (20, 20, 3))
    return x, y


def make_base():
    i = keras.Input((20, 20, 3))
    z = i
    for f in (16, 24, 32):
        z = layers.SeparableConv2D(f, 3, padding="same", use_bias=False)(z)
        z = layers.BatchNormalization(momentum=0.9)(z)
        z = layers.ReLU()(z)
        if f != 32:
            z = layers.MaxPooling2D()(z)
    z = layers.GlobalAveragePooling2D()(z)
    return keras.Model(i, z, name="home_net")


base = make_base()
src_x, src_y = blob_pictures(2400, ["disc", "ring", "square", "cross", "bar", "pole"])
pre = keras.Sequential([base, layers.Dense(6, activation="softmax")])
pre.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
pre.fit(src_x, src_y, batch_size=32, epochs=6, verbose=0)

# my own data: fewer pictures, other shapes, taken in brighter light
x, y = blob_pictures(700, ["ell", "diag", "ring", "square"], bright=(0.3, 0.9), noise=0.18)
x_train, y_train, x_val, y_val = x[:300], y[:300], x[300:], y[300:]

base.trainable = False
inputs = keras.Input((20, 20, 3))
features = base(inputs, training=False)
outputs = layers.Dense(4, activation="softmax")(features)
model = keras.Model(inputs, outputs)

model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
h1 = model.fit(
    x_train, y_train, batch_size=16, epochs=7, validation_data=(x_val, y_val), verbose=0
).history

base.trainable = True
model.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
h2 = model.fit(
    x_train, y_train, batch_size=16, epochs=7, validation_data=(x_val, y_val), verbose=0
).history
for k in h1:
    print(k, np.round(h1[k], 3), "|", np.round(h2[k], 3))
