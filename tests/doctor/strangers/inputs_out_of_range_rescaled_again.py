"""CODE: inputs_out_of_range
I reuse the feature extractor which our group trained last year (it was trained on raw camera
frames). With my usual pipeline, where every frame is divided by 255, the new head hardly
learns, training and validation alike. Nobody else in the group has this trouble.
"""

import sys
import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rs = np.random.RandomState(seed)
S = 24


def frame(cls):
    """a leaf: class = number of lobes, colour varies"""
    yy, xx = np.mgrid[0:S, 0:S] - S / 2 + rs.uniform(-2, 2, (2, 1, 1))
    r, phi = np.hypot(yy, xx), np.arctan2(yy, xx)
    edge = rs.uniform(6, 8) * (1 + 0.35 * np.cos(cls * phi + rs.uniform(0, 6.3)))
    img = np.where(
        (r < edge)[..., None], rs.uniform(60, 255, 3), rs.uniform(0, 160, 3)
    ) + rs.normal(0, 22, (S, S, 3))
    return np.clip(img, 0, 255).astype("uint8")


def folder(n, lobes):
    y = rs.randint(0, len(lobes), n)
    return np.stack([frame(lobes[k]) for k in y]), y


# --- what the group did last year -------------------------------------------------
old_x, old_y = folder(2200, [2, 3, 4, 5])
extractor = keras.Sequential(
    [
        keras.Input((S, S, 3)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
    ],
    name="extractor",
)
last_year = keras.Sequential([extractor, layers.Dense(4, activation="softmax")])
last_year.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
last_year.fit(old_x.astype("float32"), old_y, epochs=7, batch_size=64, verbose=0)
extractor.trainable = False

# --- my project -------------------------------------------------------------------
x, y = folder(1000, [2, 3, 5])


def prepare(img, label):
    return tf.cast(img, tf.float32) / 255.0, tf.one_hot(label, 3)


AUTO = tf.data.AUTOTUNE
train = (
    tf.data.Dataset.from_tensor_slices((x[:700], y[:700]))
    .shuffle(700, seed=seed)
    .map(prepare, AUTO)
    .batch(32)
    .prefetch(1)
)
val = tf.data.Dataset.from_tensor_slices((x[700:], y[700:])).map(prepare, AUTO).batch(32)

inp = keras.Input((S, S, 3))
z = extractor(inp)
z = layers.Dropout(0.2)(z)
model = keras.Model(inp, layers.Dense(3, activation="softmax")(z))
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="categorical_crossentropy", metrics=["accuracy"]
)
hist = model.fit(
    train,
    validation_data=val,
    epochs=12,
    verbose=0,
    callbacks=[keras.callbacks.ReduceLROnPlateau(patience=4)],
)
for k, v in hist.history.items():
    print(f"{k:15s}", *[f"{a:.3f}" for a in v])
