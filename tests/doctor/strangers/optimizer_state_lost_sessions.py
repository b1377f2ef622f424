"""CODE: optimizer_state_lost

Training goes on in sessions of two epochs: each loads the saved model without its optimizer and
compiles it with a new RMSprop. Its mean of squares starts at zero, so the first steps of each
session are ten times too long, and much of what was learned is lost again.
"""

import os
import sys
import tempfile

import numpy as np
import keras
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)


def make_set(n, rng):
    """Checks of three widths or a plain cloth, 20 px and three channels."""
    kind = rng.integers(0, 4, n)
    width = np.array([2.0, 3.0, 5.0, 1.0])[kind][:, None, None]
    a, b = rng.uniform(0, 10, (2, n, 1, 1))
    i, j = np.mgrid[:20, :20]
    check = np.sign(np.sin(np.pi * (i + a) / width) * np.sin(np.pi * (j + b) / width))
    check = np.where((kind == 3)[:, None, None], 0.0, check)[..., None]
    image = 0.1 * rng.normal(0, 1, (n, 1, 1, 3)) + 0.35 * check
    image = image + rng.normal(0, 0.55, (n, 20, 20, 3))
    return image.astype("float32"), keras.utils.to_categorical(kind, 4)


def build():
    inputs = keras.Input((20, 20, 3))
    x = keras.layers.Conv2D(16, 5, padding="same", strides=2, activation="relu")(inputs)
    x = keras.layers.Conv2D(24, 3, padding="same", activation="relu")(x)
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x))


rng = np.random.default_rng(SEED)
train_ds = tf.data.Dataset.from_tensor_slices(make_set(1200, rng)).shuffle(1200).batch(32)
val_ds = tf.data.Dataset.from_tensor_slices(make_set(480, rng)).batch(96)

curve = {"loss": [], "val_loss": [], "val_accuracy": []}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "cloth.keras")
    build().save(path)
    for session in range(5):
        net = keras.saving.load_model(path, compile=False)
        rmsprop = keras.optimizers.RMSprop(2e-3, rho=0.99)
        net.compile(rmsprop, loss="categorical_crossentropy", metrics=["accuracy"])
        history = net.fit(train_ds, epochs=2, validation_data=val_ds, verbose=0).history
        for key in curve:
            curve[key] += history[key]
        net.save(path)
for key, values in curve.items():
    print(f"{key:13}", " ".join(f"{v:.3f}" for v in values))
