"""CODE: label_order

tf.data: pictures and labels are two datasets; the validation pictures are shuffled, and then
zipped with the labels in their old order. Training accuracy passes 0.9; validation accuracy is
at chance and the validation loss climbs from epoch to epoch.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def dice(n):
    """Dice with one to four eyes, in colour."""
    y = rng.integers(0, 4, n)
    eyes = [[(8, 8)], [(4, 4), (12, 12)], [(4, 4), (8, 8), (12, 12)]]
    eyes.append([(4, 4), (4, 12), (12, 4), (12, 12)])
    i, j = np.mgrid[:17, :17]
    x = np.empty((n, 17, 17, 3), "float32")
    for k in range(n):
        points = np.array(eyes[y[k]]) + rng.integers(-1, 2, 2)
        dots = np.any([np.hypot(i - a, j - b) < 2 for a, b in points], 0)
        x[k] = np.where(dots[..., None], rng.uniform(0, 0.4, 3), rng.uniform(0.6, 1, 3))
    return x + rng.normal(0, 0.2, x.shape).astype("float32"), y


def zipped(x, y):
    x, y = tf.data.Dataset.from_tensor_slices(x), tf.data.Dataset.from_tensor_slices(y)
    return tf.data.Dataset.zip((x, y))


train = zipped(*dice(1200)).shuffle(1200).batch(30)
x_val, y_val = dice(500)
pictures = tf.data.Dataset.from_tensor_slices(x_val)
pictures = pictures.shuffle(500, seed=seed, reshuffle_each_iteration=False)
val = tf.data.Dataset.zip((pictures, tf.data.Dataset.from_tensor_slices(y_val))).batch(50)

model = keras.Sequential(
    [
        keras.Input((17, 17, 3)),
        layers.Conv2D(16, 3, strides=2, activation="elu"),
        layers.Conv2D(24, 3, activation="elu"),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.SGD(0.01, momentum=0.9),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(train, epochs=8, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
