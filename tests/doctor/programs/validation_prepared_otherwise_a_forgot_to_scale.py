"""CODE: validation_prepared_otherwise

The training pipeline brings pictures to -1 to 1, the validation pipeline leaves them at 0 to 255.
Training is perfect; validation accuracy stays far below and the loss lies in the tens or hundreds.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def faces(n):
    """Round faces that smile, frown, or keep the mouth straight."""
    mood = rng.integers(0, 3, n)
    i, j = np.mgrid[:28, :28].astype(float)
    out = np.empty((n, 28, 28, 3))
    for k in range(n):
        a, b = rng.uniform(12, 16, 2)
        face = np.hypot(i - a, j - b) < 10
        eyes = (np.abs(i - a + 4) < 1.2) & (np.abs(np.abs(j - b) - 4) < 1.2)
        bend = (mood[k] - 1) * ((j - b) ** 2 / 8 - 2)
        mouth = (np.abs(i - a - 4 - bend) < 1) & (np.abs(j - b) < 5)
        skin, ground = rng.uniform(120, 220, 3), rng.uniform(0, 100, 3)
        out[k] = np.where((face & ~eyes & ~mouth)[..., None], skin, ground)
    out += rng.normal(0, 25, out.shape)
    return np.clip(out, 0, 255).astype("uint8"), mood


def scale(image, label):
    return tf.cast(image, tf.float32) / 127.5 - 1.0, label


AUTO = tf.data.AUTOTUNE
train = tf.data.Dataset.from_tensor_slices(faces(1000)).shuffle(1000)
train = train.map(scale, num_parallel_calls=AUTO).batch(32).prefetch(AUTO)
val = tf.data.Dataset.from_tensor_slices(faces(500)).batch(32).prefetch(AUTO)

model = keras.Sequential(
    [
        keras.Input((28, 28, 3)),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=8, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
