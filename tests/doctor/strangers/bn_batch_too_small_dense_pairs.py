"""CODE: bn_batch_too_small

Memory was short in the lab, so I went from batches of 32 to batches of 2.  Since then
training accuracy stays low, and validation is now above it and now below it, jumping.
The same net reached about 0.95 before.
"""

import sys
import numpy as np
import tensorflow as tf
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def stripes(n, size=24):
    labels = rng.integers(0, 4, n)
    yy, xx = np.mgrid[:size, :size] / size
    out = []
    for k in labels:
        a = k * np.pi / 4 + rng.normal(0, 0.12)
        f = rng.uniform(3, 5)
        wave = np.sin(2 * np.pi * f * (xx * np.cos(a) + yy * np.sin(a)) + rng.uniform(0, 6.3))
        out.append(0.5 + 0.25 * wave + rng.normal(0, 0.22, (size, size)))
    return np.stack(out)[..., None].astype("float32"), labels


x, y = stripes(900)
xv, yv = stripes(600)
BATCH = 2
train = (
    tf.data.Dataset.from_tensor_slices((x, y))
    .cache()
    .shuffle(len(x))
    .batch(BATCH, drop_remainder=True)
    .prefetch(2)
)
valid = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(100)

L = keras.layers
model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        L.Conv2D(12, 5, strides=2, activation="relu"),
        L.Conv2D(24, 3, strides=2, activation="relu"),
        L.Flatten(),
        L.Dense(48, use_bias=False),
        L.BatchNormalization(momentum=0.97),
        L.Activation("relu"),
        L.Dense(24, use_bias=False),
        L.BatchNormalization(momentum=0.97),
        L.Activation("relu"),
        L.Dense(4, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(train, validation_data=valid, epochs=8, verbose=2)
for k, v in history.history.items():
    print(k, np.round(v, 4).tolist())
