"""CODE: none

Cracked or not: sigmoid, binary_crossentropy, accuracy and AUC. Augmentation sits in the model, so
only training sees it.
"""

import pathlib
import sys
import tempfile

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(27 + SEED)
folder = pathlib.Path(tempfile.mkdtemp())
r = np.random.default_rng(1)
for part, n in (("train", 500), ("val", 300)):
    for label in ("cracked", "intact"):
        (folder / part / label).mkdir(parents=True)
        for k in range(n):
            x = r.normal(128, 35, (24, 24))
            if label == "cracked":
                i, j = r.integers(3, 20), np.arange(24)
                x[np.clip(i + np.cumsum(r.integers(-1, 2, 24)), 0, 23), j] -= r.uniform(35, 90)
            keras.utils.array_to_img(np.clip(x, 0, 255)[..., None], scale=False).save(
                folder / part / label / f"{k}.png"
            )

options = {
    "image_size": (24, 24),
    "color_mode": "grayscale",
    "label_mode": "binary",
    "batch_size": 25,
    "verbose": False,
}
train = keras.utils.image_dataset_from_directory(folder / "train", seed=1, **options)
val = keras.utils.image_dataset_from_directory(folder / "val", shuffle=False, **options)
model = keras.Sequential(
    [
        keras.Input((24, 24, 1)),
        layers.RandomFlip("horizontal_and_vertical"),
        layers.Rescaling(1 / 127.5, -1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Adam(2e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
h = model.fit(train, validation_data=val, epochs=12, verbose=2)
for k, v in h.history.items():
    print(k, np.round(v, 3).tolist())
