"""CODE: none

Healthy: augmentation layers inside the model (so off in validation), warm-up and cosine decay,
AdamW, label smoothing.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(22 + SEED)
rng = np.random.default_rng(22)


def tokens(n):
    """Three Gaussian blobs in a row, an L, or a triangle."""
    y = rng.integers(0, 3, n)
    form = np.array(
        [[[-6, 0], [0, 0], [6, 0]], [[-6, 0], [0, 0], [0, 6]], [[-5, -4], [5, -4], [0, 5]]], float
    )
    i, j = np.mgrid[:32, :32]
    x = rng.normal(100, 35, (n, 32, 32))
    for k, c in enumerate(y):
        a = rng.uniform(0, 6.3)
        turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        for p, q in form[c] @ turn + rng.uniform(13, 19, 2):
            x[k] += 110 * np.exp(-((i - p) ** 2 + (j - q) ** 2) / 5)
    return np.clip(x, 0, 255)[..., None].astype("float32"), np.eye(3, dtype="float32")[y]


train = tf.data.Dataset.from_tensor_slices(tokens(1500)).shuffle(1500).batch(50)
val = tf.data.Dataset.from_tensor_slices(tokens(600)).batch(100)
model = keras.Sequential(
    [
        keras.Input((32, 32, 1)),
        layers.Rescaling(1 / 127.5, -1),
        layers.RandomFlip(),
        layers.RandomTranslation(0.1, 0.1, fill_mode="reflect"),
        layers.Conv2D(16, 5, strides=2, padding="same"),
        layers.GroupNormalization(4),
        layers.ReLU(),
        layers.Conv2D(32, 3, strides=2, padding="same"),
        layers.GroupNormalization(4),
        layers.ReLU(),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ]
)
rate = keras.optimizers.schedules.CosineDecay(1e-4, 420, warmup_target=3e-3, warmup_steps=60)
model.compile(
    keras.optimizers.AdamW(rate, weight_decay=1e-3),
    keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    metrics=["accuracy"],
)
history = model.fit(train, validation_data=val, epochs=16, verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
