"""CODE: validation_prepared_otherwise

Training pictures are read as RGB, validation pictures by another library as BGR. The classes
differ by colour, so validation stays far below training.
"""

import sys

import numpy as np
import keras
import tensorflow as tf

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

FRUITS = np.array([[205, 70, 50], [110, 60, 150], [80, 165, 65], [225, 160, 60]])


def photograph(n):
    """Discs of four fruit colours on a brownish table, 20 px."""
    kind = rng.integers(0, 4, n)
    colour = FRUITS[kind] + rng.normal(0, 28, (n, 3))
    row, column = rng.uniform(7, 13, (2, n, 1, 1))
    radius = rng.uniform(3, 6, (n, 1, 1))
    i, j = np.mgrid[:20, :20]
    disc = (i - row) ** 2 + (j - column) ** 2 < radius**2
    table = np.array([140, 118, 88]) + rng.normal(0, 25, (n, 1, 1, 3))
    image = np.where(disc[..., None], colour[:, None, None, :], table)
    image = image + rng.normal(0, 35, image.shape)
    return np.clip(image, 0, 255).astype("uint8"), kind


def imread_pillow(image):
    return image


def imread_opencv(image):
    return np.ascontiguousarray(image[..., ::-1])


def dataset(images, kinds, training):
    one_hot = keras.utils.to_categorical(kinds, 4)
    data = tf.data.Dataset.from_tensor_slices((images, one_hot))
    if training:
        data = data.shuffle(len(images))
    data = data.batch(32).map(lambda a, b: (tf.cast(a, tf.float32) / 255.0, b))
    return data.prefetch(2)


images, kinds = photograph(1600)
train_data = dataset(imread_pillow(images), kinds, training=True)
images, kinds = photograph(500)
valid_data = dataset(imread_opencv(images), kinds, training=False)

inputs = keras.Input((20, 20, 3))
h = keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inputs)
h = keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(h)
h = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(h)
h = keras.layers.GlobalMaxPooling2D()(h)
h = keras.layers.Dropout(0.2)(h)
model = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(h))
model.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train_data, epochs=8, validation_data=valid_data, verbose=2)
print("last val_accuracy", history.history["val_accuracy"][-1])
