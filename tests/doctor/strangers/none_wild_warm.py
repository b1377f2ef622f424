"""CODE: none

Adam with 0.1 at first, then a tenth and a hundredth (a staircase). The first epochs look wild,
the last ones are calm, val = train. Fine?
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(52 + SEED)


def flows(n, seed):
    r = np.random.default_rng(seed)
    y = r.integers(0, 3, n)
    t = np.linspace(0, 1, 64)
    shape = np.stack([t, t**3, np.sqrt(t)])[y]
    x = shape * r.uniform(0.7, 1.3, (n, 1)) + r.normal(0, 0.25, (n, 64)) + r.normal(0, 0.3, (n, 1))
    return x[..., None].astype("float32"), y


x, y = flows(4000, 1)
val = flows(1500, 2)
model = keras.Sequential([keras.Input((64, 1))])
for c in (8, 8):
    model.add(layers.Conv1D(c, 9, strides=4, padding="same"))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.ReLU())
model.add(layers.Flatten())
model.add(layers.Dense(3, activation="softmax"))
steps = [63 * 6, 63 * 10]
rate = keras.optimizers.schedules.PiecewiseConstantDecay(steps, [0.1, 0.004, 0.0004])
model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x, y, batch_size=64, epochs=16, validation_data=val, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
