"""CODE: none

Gearbox sounds with averaged weights (use_ema and the callback that goes with it). In validation the network
is smoother than in training, and the first epoch behaves differently from the others.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def sounds(n):
    y = rng.integers(0, 4, n)
    t = np.arange(80)
    beat = 1 + 0.9 * np.sin((0.15 + 0.12 * y)[:, None] * t + rng.uniform(0, 6.3, (n, 1)))
    x = beat * rng.normal(size=(n, 80))
    power = np.log(0.05 + x**2)
    return (power[..., None] / 2).astype("float32"), np.eye(4, dtype="float32")[y]


model = keras.Sequential(
    [
        keras.Input((80, 1)),
        layers.Conv1D(16, 9, padding="same"),
        layers.LayerNormalization(),
        layers.Activation("gelu"),
        layers.Conv1D(24, 9, strides=2),
        layers.LayerNormalization(),
        layers.Activation("gelu"),
        layers.Conv1D(24, 5, strides=2, activation="gelu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(4, activation="softmax"),
    ]
)
optimizer = keras.optimizers.Adam(1.5e-3, use_ema=True, ema_momentum=0.95)
model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
x, y = sounds(1800)
history = model.fit(
    x,
    y,
    batch_size=32,
    epochs=8,
    validation_data=sounds(800),
    verbose=0,
    callbacks=[keras.callbacks.SwapEMAWeights()],
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
