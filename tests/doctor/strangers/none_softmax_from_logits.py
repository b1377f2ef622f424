"""CODE: none

Healthy in Keras 3 after all: Dense(softmax) with from_logits=True; Keras keeps the logits of the
softmax, warns, and uses them, so the loss is the right one (compare loss with -log p).
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(7 + SEED)
rng = np.random.default_rng(7)


def gratings(n):
    y = rng.integers(0, 4, n)
    i, j = np.mgrid[:20, :20]
    fx, fy = np.array([0.5, 1.1, 0.5, 1.1])[y], np.array([0.5, 0.5, 1.1, 1.1])[y]
    p, q = rng.uniform(0, 6.3, (2, n, 1, 1))
    x = np.sin(fx[:, None, None] * i + p) * np.sin(fy[:, None, None] * j + q)
    return (x + rng.normal(0, 0.6, x.shape))[..., None].astype("float32"), y


def Classifier(classes):
    return keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            layers.Conv2D(16, 5, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


x, y = gratings(1200)
xv, yv = gratings(500)
model = Classifier(4)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(x, y, batch_size=32, epochs=12, validation_data=(xv, yv), verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
p = model.predict(xv, verbose=0)
print("own -log p:", -np.log(p[np.arange(len(yv)), yv] + 1e-9).mean())
