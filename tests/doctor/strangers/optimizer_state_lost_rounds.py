"""CODE: optimizer_state_lost

The model is compiled anew in every round, so Adam starts with empty moments each epoch.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

digits = load_digits()
x = (digits.images / 16.0).astype("float32")[..., None]
x_train, x_val, y_train, y_val = train_test_split(
    x, digits.target, test_size=0.3, stratify=digits.target, random_state=seed
)

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)


def shifted(images):
    out = np.zeros_like(images)
    for k, image in enumerate(images):
        out[k] = np.roll(image, rng.integers(-1, 2, 2), axis=(0, 1))
    return out + rng.normal(0, 0.1, out.shape).astype("float32")


history = {}
for round_ in range(10):
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    result = model.fit(
        shifted(x_train),
        y_train,
        batch_size=210,
        initial_epoch=round_,
        epochs=round_ + 1,
        validation_data=(x_val, y_val),
        verbose=2,
    )
    for name, values in result.history.items():
        history.setdefault(name, []).extend(values)
print({name: np.round(values, 3).tolist() for name, values in history.items()})
