"""CODE: inputs_out_of_range

Loading divides the pixels by 255 and the input pipeline does so again: the network gets numbers
from 0 to 0.004, nearly one and the same black picture, and both losses stand at that of guessing.
"""

import sys

import numpy as np
import keras
import tensorflow as tf
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
KINDS = 5

reliefs = np.random.default_rng(11).uniform(-1, 1, (KINDS, 6, 6, 3))
reliefs = np.kron(reliefs, np.ones((1, 4, 4, 1)))


def load_images(n, rng):
    """Five fixed reliefs of 24 px in colour, under noise; scaled to 0..1."""
    kind = rng.integers(0, KINDS, n)
    pixels = 128 + 60 * reliefs[kind] * rng.uniform(0.5, 1, (n, 1, 1, 1))
    pixels = np.clip(pixels + rng.normal(0, 50, pixels.shape), 0, 255).astype("uint8")
    return pixels.astype("float32") / 255.0, keras.utils.to_categorical(kind, KINDS)


def scale(image, kind):
    return tf.cast(image, tf.float32) / 255.0, kind


def pipeline(images, kinds, shuffle):
    data = tf.data.Dataset.from_tensor_slices((images, kinds))
    if shuffle:
        data = data.shuffle(2000)
    return data.map(scale, num_parallel_calls=1).batch(32)


rng = np.random.default_rng(SEED)
train = pipeline(*load_images(1600, rng), shuffle=True)
valid = pipeline(*load_images(500, rng), shuffle=False)

model = keras.Sequential(
    [
        keras.Input((24, 24, 3)),
        layers.Conv2D(12, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(32, activation="relu"),
        layers.Dense(KINDS, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(0.03, momentum=0.9, nesterov=True),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=6, restore_best_weights=True)
history = model.fit(train, epochs=9, validation_data=valid, callbacks=[stop], verbose=2)
print("val_accuracy", [round(v, 3) for v in history.history["val_accuracy"]])
