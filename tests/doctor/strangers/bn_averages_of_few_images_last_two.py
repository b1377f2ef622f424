"""CODE: bn_averages_of_few_images

BatchNorm momentum 0.2 and 642 images in batches of 16: the last batch of each epoch has two
images, and four fifths of the averages come from these two. Which two changes with the shuffling,
and validation jumps with them.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 642)
PERIODS = np.array([3.5, 5.0, 7.0, 11.0])


def waves(n):
    label = rng.integers(0, 4, n)
    k = (2 * np.pi / PERIODS[label])[:, None, None]
    turn, start = rng.uniform(0, np.pi, (n, 1, 1)), rng.uniform(0, 2 * np.pi, (n, 1, 1))
    i, j = np.mgrid[:20, :20]
    wave = np.sin(k * (np.cos(turn) * i + np.sin(turn) * j) + start)
    strength = rng.uniform(0.6, 1.6, (n, 1, 1))
    level = rng.normal(0, 0.5, (n, 1, 1))
    return (level + strength * (wave + rng.normal(0, 0.5, (n, 20, 20))))[..., None].astype(
        "float32"
    ), label


images, labels = waves(642)
others, other_labels = waves(500)

model = keras.Sequential([keras.Input((20, 20, 1)), layers.RandomFlip("horizontal_and_vertical")])
for filters in (12, 20, 28):
    model.add(layers.Conv2D(filters, 3, strides=1 if filters == 12 else 2, padding="same"))
    model.add(layers.BatchNormalization(momentum=0.2))
    model.add(layers.Activation("relu"))
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(4, activation="softmax"))

model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
run = model.fit(
    images, labels, batch_size=16, epochs=12, validation_data=(others, other_labels), verbose=0
)
for name, values in run.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
