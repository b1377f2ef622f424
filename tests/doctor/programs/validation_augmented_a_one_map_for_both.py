"""CODE: validation_augmented

One `prepare` function for both pipelines: it turns, moves and darkens at random, in validation
as well. The validation loss lies where the training loss lies, higher than for clean pictures,
and evaluating twice with the same weights gives two answers.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def arrows(n):
    """Arrows that point left, right or up, in front of a slope of grey."""
    y = rng.integers(0, 3, n)
    x = np.empty((n, 22, 22, 1), "float32")
    for k in range(n):
        arrow = np.zeros((22, 22))
        arrow[10:12, 4:18] = 1
        for step in range(6):
            arrow[10 - step, 4 + step] = arrow[11 + step, 4 + step] = 1
        arrow = [arrow, arrow[:, ::-1], arrow.T][y[k]]
        arrow = np.roll(arrow, rng.integers(-2, 3, 2), (0, 1))
        slope = np.linspace(0, rng.uniform(0, 0.3), 22)
        x[k, :, :, 0] = 0.2 + slope + 0.5 * arrow
    return x + rng.normal(0, 0.08, x.shape).astype("float32"), y


augment = keras.Sequential(
    [
        layers.RandomRotation(0.04, fill_mode="constant"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
        layers.RandomBrightness(0.4, value_range=(0, 1)),
        layers.RandomErasing(factor=0.7, scale=(0.1, 0.3), value_range=(0, 1)),
    ]
)


def prepare(x, y, batch):
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=seed)
    return data.batch(batch).map(lambda a, b: (augment(a, training=True), b)).prefetch(2)


train, val = prepare(*arrows(1000), 40), prepare(*arrows(400), 40)
inputs = keras.Input((22, 22, 1))
x = layers.Conv2D(16, 5, strides=2, activation="relu")(inputs)
x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dense(48, activation="relu")(x)
model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
model.compile(keras.optimizers.AdamW(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=11, validation_data=val, verbose=0)
print("evaluated again:", [round(model.evaluate(val, verbose=0)[0], 3) for _ in range(4)])
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
