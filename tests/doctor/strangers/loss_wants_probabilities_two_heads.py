"""CODE: loss_wants_probabilities

Two small branches, each with its own softmax, averaged; the loss keeps from_logits=True from an
older version: softmax twice (and here Keras cannot find the logits and mend it silently).
"""

import sys
import numpy as np
import keras
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
    return (x + rng.normal(0, 1, x.shape))[..., None].astype("float32"), y


inputs = keras.Input((20, 20, 1))
heads = []
for size in (3, 5):
    h = layers.Conv2D(16, size, activation="relu")(inputs)
    h = layers.Conv2D(24, 3, strides=2, activation="relu")(h)
    h = layers.GlobalAveragePooling2D()(h)
    heads.append(layers.Dense(4, activation="softmax")(h))
model = keras.Model(inputs, layers.Average()(heads))
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    *gratings(1000), batch_size=32, epochs=10, validation_data=gratings(500), verbose=0
)
for k, v in history.history.items():
    print(k, np.round(v, 3))
