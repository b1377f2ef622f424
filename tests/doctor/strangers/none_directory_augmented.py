"""CODE: none

Pictures from folders, flips, shifts and contrast changed on the training side only, plain
pictures for validation.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import pathlib
import tempfile
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

ROOT = pathlib.Path(tempfile.mkdtemp())
SIZE = 32


def tile(kind):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    cy, cx, r = *rng.uniform(11, 21, 2), rng.uniform(6, 10)
    if kind == "disc":
        shape = np.hypot(yy - cy, xx - cx) < r
    elif kind == "ring":
        shape = np.abs(np.hypot(yy - cy, xx - cx) - r) < 2
    elif kind == "square":
        shape = np.maximum(abs(yy - cy), abs(xx - cx)) < 0.85 * r
    else:
        shape = np.minimum(abs(yy - cy), abs(xx - cx)) < 2
        shape &= np.maximum(abs(yy - cy), abs(xx - cx)) < r
    ground, ink = rng.uniform(60, 120, 3), rng.uniform(130, 220, 3)
    picture = np.where(shape[..., None], ink, ground) + rng.normal(0, 25, (SIZE, SIZE, 3))
    return np.clip(picture, 0, 255)


for part, each in (("train", 350), ("validation", 120)):
    for kind in ("cross", "disc", "ring", "square"):
        folder = ROOT / part / kind
        folder.mkdir(parents=True)
        for k in range(each):
            keras.utils.save_img(folder / f"{kind}_{k:04d}.png", tile(kind), scale=False)

train = keras.utils.image_dataset_from_directory(
    ROOT / "train", image_size=(SIZE, SIZE), batch_size=32, seed=seed
)
val = keras.utils.image_dataset_from_directory(
    ROOT / "validation", image_size=(SIZE, SIZE), batch_size=60, shuffle=False
)
augment = keras.Sequential(
    [
        layers.RandomFlip(),
        layers.RandomTranslation(0.08, 0.08, fill_mode="reflect"),
        layers.RandomContrast(0.15, value_range=(0, 255)),
    ]
)
train = train.map(lambda x, y: (augment(x, training=True), y)).prefetch(2)

model = keras.Sequential(
    [
        keras.Input((SIZE, SIZE, 3)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(4, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, epochs=10, validation_data=val, verbose=2)
