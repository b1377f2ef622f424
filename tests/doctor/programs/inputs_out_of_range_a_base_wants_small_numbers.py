"""CODE: inputs_out_of_range

The base was trained on numbers from -1 to 1; the new task feeds it 0 to 255, in training and in
validation alike. Its frozen features leave the range they know: the loss begins in the tens or
hundreds, and accuracy stays well below what the same base gives for prepared pictures (about
0.95).
"""

import sys

import keras
import numpy as np
import tensorflow as tf

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def rings(n, classes):
    """Rings with 1 to 5 gaps; uint8 pictures."""
    y = rng.integers(0, classes, n)
    i, j = np.mgrid[:24, :24] - 11.5
    radius, angle = np.hypot(i, j), np.arctan2(i, j)
    x = np.empty((n, 24, 24, 1), "uint8")
    for k in range(n):
        ring = np.abs(radius - rng.uniform(6, 9)) < 2
        gaps = np.cos((y[k] + 1) * angle + rng.uniform(0, 6.3)) > 0.5
        picture = 90 + 80 * (ring & ~gaps) + rng.normal(0, 20, (24, 24))
        x[k, ..., 0] = np.clip(picture, 0, 255)
    return x, y


def pipeline(x, y, prepare=None, shuffle=False):
    data = tf.data.Dataset.from_tensor_slices((x, y))
    data = data.shuffle(len(x)) if shuffle else data
    data = data.map(lambda a, b: (tf.cast(a, tf.float32), b)).batch(50)
    return data.map(lambda a, b: (prepare(a), b)) if prepare else data


base = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(48, activation="relu"),
    ]
)
old = keras.Sequential([base, keras.layers.Dense(5, activation="softmax")])
old.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
old.fit(pipeline(*rings(2000, 5), lambda a: a / 127.5 - 1, shuffle=True), epochs=10, verbose=0)

base.trainable = False
model = keras.Sequential([base, keras.layers.Dense(4, activation="softmax")])
model.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
train, val = pipeline(*rings(1000, 4), shuffle=True), pipeline(*rings(500, 4))
history = model.fit(train, epochs=12, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
