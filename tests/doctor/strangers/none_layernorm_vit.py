"""CODE: none

Healthy: a little transformer with LayerNorm, from scratch, on patches.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(20 + SEED)
rng = np.random.default_rng(20)


def colour_fields(n):
    """Two halves; class by which half is the warmer and whether they lie side by side."""
    y = rng.integers(0, 4, n)
    x = rng.normal(0.5, 0.28, (n, 24, 24, 3))
    for k, c in enumerate(y):
        s = rng.uniform(0.05, 0.25)
        warm = np.array([s, 0, -s])
        first, second = (warm, -warm) if c % 2 else (-warm, warm)
        if c < 2:
            x[k, :12] += first
            x[k, 12:] += second
        else:
            x[k, :, :12] += first
            x[k, :, 12:] += second
    return x.astype("float32"), y


inputs = keras.Input((24, 24, 3))
h = layers.Conv2D(32, 6, strides=6)(inputs)
h = layers.Reshape((16, 32))(h)
h = h + layers.Embedding(16, 32)(keras.ops.arange(16))
for _ in range(2):
    a = layers.LayerNormalization()(h)
    h = h + layers.MultiHeadAttention(4, 8)(a, a)
    a = layers.LayerNormalization()(h)
    h = h + layers.Dense(32)(layers.Dense(64, activation="gelu")(a))
h = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(h))
model = keras.Model(inputs, layers.Dense(4)(h))
model.compile(
    keras.optimizers.AdamW(5e-4, weight_decay=0.01),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    *colour_fields(2500), batch_size=64, epochs=10, validation_data=colour_fields(700), verbose=0
)
for k, v in history.history.items():
    print(k, np.round(v, 3))
