"""CODE: none

Default BatchNorm (0.99) but enough steps, heavy Dropout so that validation is *better* than
training, mild balanced class weights, one-hot labels with label smoothing. Colleague says val >
train is always a bug.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(33 + SEED)
pattern = np.random.default_rng(9).normal(0, 0.16, (3, 12, 12, 1)).repeat(2, 1).repeat(2, 2)


def weave(n, seed):
    r = np.random.default_rng(seed)
    y = r.choice(3, n, p=[0.5, 0.3, 0.2])
    x = pattern[y] + r.normal(0, 1, (n, 24, 24, 1))
    return x.astype("float32"), keras.utils.to_categorical(y, 3)


x, y = weave(4000, 1)
val = weave(1000, 2)
counts = y.sum(0)
model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.Conv2D(8, 4, strides=4, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(3, activation="softmax"),
    ]
)
loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.05)
model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
weights = {k: float(len(y) / 3 / counts[k]) for k in range(3)}
h = model.fit(x, y, batch_size=16, epochs=8, class_weight=weights, validation_data=val, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
