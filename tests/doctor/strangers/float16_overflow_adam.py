"""CODE: float16_overflow

Weights, gradients and Adam's moments are all float16: squares of small gradients vanish, Adam
divides by nearly nothing, the weights blow up and the loss becomes nan or enormous in the first
epoch.
"""

import sys

import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
keras.config.set_dtype_policy("float16")  # "half the memory"

PATTERNS = np.random.default_rng(5).normal(0, 1, (6, 7, 7))
PATTERNS = np.kron(PATTERNS, np.ones((1, 2, 2)))


def load(n, rng):
    """Six fixed patterns of 14 px under noise, as bytes."""
    target = rng.integers(0, 6, n)
    strength = rng.uniform(15, 45, (n, 1, 1))
    image = 128 + strength * PATTERNS[target] + rng.normal(0, 50, (n, 14, 14))
    return np.clip(image, 0, 255).astype("uint8"), target


rng = np.random.default_rng(SEED)
images, targets = load(2000, rng)
held_images, held_targets = load(500, rng)

model = keras.Sequential(
    [
        keras.Input((14, 14)),
        keras.layers.Rescaling(1 / 127.5, offset=-1),
        keras.layers.Flatten(),
        keras.layers.Dense(96, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(48, activation="relu"),
        keras.layers.Dense(6, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=["accuracy"],
)
history = model.fit(
    images.astype("float32"),
    targets,
    batch_size=40,
    epochs=7,
    validation_data=(held_images.astype("float32"), held_targets),
    verbose=2,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.4g}" for v in values))
