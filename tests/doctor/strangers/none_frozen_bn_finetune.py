"""CODE: none
Two-stage fine-tuning with all BatchNorm layers kept frozen. In stage two val_accuracy only gains a little and the curves are
bumpy. Did I miss a step? (I do everything as in the transfer learning guide.)
"""

import sys
import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.RandomState(seed)


def bacteria(n, kinds):
    """rods, chains, clusters, spirals on a plate"""
    y = rng.randint(0, len(kinds), n)
    x = rng.normal(0.4, 0.06, (n, 22, 22, 3)).astype("float32")
    gy, gx = np.mgrid[0:22, 0:22]
    for i in range(n):
        kind = kinds[y[i]]
        cy, cx = rng.uniform(7, 15, 2)
        th = rng.uniform(0, np.pi)
        t = np.linspace(-7, 7, 15)
        if kind == "rod":
            py, px, w = t * np.sin(th), t * np.cos(th), 1.2
        elif kind == "chain":
            py, px, w = t[::4] * np.sin(th), t[::4] * np.cos(th), 1.2
        elif kind == "cluster":
            py, px, w = *rng.normal(0, 2.5, (2, 8)), 1.2
        elif kind == "spiral":
            s = 2.5 * np.sin(t)
            py, px, w = t * np.sin(th) + s * np.cos(th), t * np.cos(th) - s * np.sin(th), 0.9
        else:
            py, px, w = np.zeros(1), np.zeros(1), 4.0
        m = np.max(
            [
                np.exp(-((gy - cy - a) ** 2 + (gx - cx - b) ** 2) / (2 * w * w))
                for a, b in zip(py, px)
            ],
            axis=0,
        )
        x[i] += rng.uniform(0.15, 0.4) * m[..., None] * np.array([1, 0.5, 0.8])
    return x, y


def body():
    i = layers.Input((22, 22, 3))
    z = layers.Rescaling(4.0, offset=-1.6)(i)
    for k, f in enumerate((16, 24, 32)):
        z = layers.Conv2D(f, 3, padding="same", use_bias=False, name=f"conv{k}")(z)
        z = layers.BatchNormalization(momentum=0.9, name=f"bn{k}")(z)
        z = layers.Activation("relu")(z)
        if k < 2:
            z = layers.MaxPooling2D()(z)
    return keras.Model(i, layers.GlobalAveragePooling2D()(z), name="body")


net = body()
bx, by = bacteria(2000, ["rod", "chain", "cluster", "blob"])
old = keras.Sequential([net, layers.Dense(4, activation="softmax")])
old.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
old.fit(bx, by, epochs=5, batch_size=40, verbose=0)

x, y = bacteria(1400, ["rod", "spiral", "chain"])
y = keras.utils.to_categorical(y, 3)
fit = dict(x=x[:900], y=y[:900], validation_data=(x[900:], y[900:]), batch_size=30, verbose=0)

net.trainable = False
i = layers.Input((22, 22, 3))
z = net(i, training=False)
z = layers.Dropout(0.2)(z)
model = keras.Model(i, layers.Dense(3, activation="softmax")(z))
model.compile(keras.optimizers.Adam(1e-2), "categorical_crossentropy", metrics=["accuracy"])
first = model.fit(epochs=6, **fit).history

net.trainable = True
for layer in net.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
model.compile(keras.optimizers.Adam(2e-4), "categorical_crossentropy", metrics=["accuracy"])
second = model.fit(epochs=8, **fit).history
for k in first:
    print(k, np.round(first[k], 3).tolist(), np.round(second[k], 3).tolist())
