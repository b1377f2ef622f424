"""CODE: leak

Split by image_dataset_from_directory(validation_split=0.25), once for training and once for
validation. val_accuracy 0.9, but on fresh photos of another day hardly better than dice. (Spot
the seeds.)
"""

import pathlib
import sys
import tempfile

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(9 + SEED)
folder = pathlib.Path(tempfile.mkdtemp())
CLASSES = 4


def photos(n, seed):
    r = np.random.default_rng(seed)
    y = np.arange(n) % CLASSES
    x = (
        r.normal(110, 45, (n, 6, 6, 3)).repeat(4, 1).repeat(4, 2)
    )  # the background is something else each time
    x[..., 1] += 5 * (y[:, None, None] - 1.5)
    return np.clip(x, 0, 255).astype("uint8"), y


x, y = photos(480, 1)
for k, (image, label) in enumerate(zip(x, y)):
    where = folder / f"kind{label}"
    where.mkdir(exist_ok=True)
    keras.utils.array_to_img(image, scale=False).save(where / f"p{k}.png")

common = {
    "image_size": (24, 24),
    "validation_split": 0.25,
    "batch_size": 32,
    "label_mode": "categorical",
    "verbose": False,
}
train = keras.utils.image_dataset_from_directory(folder, subset="training", seed=1, **common)
val = keras.utils.image_dataset_from_directory(folder, subset="validation", seed=2, **common)

model = keras.Sequential(
    [
        keras.Input((24, 24, 3)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 4, strides=4, activation="relu"),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(CLASSES, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=val, epochs=30, verbose=2)
xn, yn = photos(400, 77)
print("new photos:", model.evaluate(xn.astype("float32"), np.eye(CLASSES)[yn], verbose=0))
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
