"""CODE: label_order

Four shapes in class folders. Training lists the class names by hand, validation lets Keras sort
the folder names, so number 1 is 'square' here and 'cross' there.
"""

import pathlib
import sys
import tempfile

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(1 + SEED)
NAMES = ["circle", "square", "cross", "ring"]
root = pathlib.Path(tempfile.mkdtemp())
rng = np.random.default_rng(5)


def draw(kind):
    i, j = np.mgrid[:24, :24]
    ci, cj = rng.uniform(9, 15, 2)
    r = rng.uniform(5, 8)
    d = np.hypot(i - ci, j - cj)
    box = np.maximum(abs(i - ci), abs(j - cj))
    mask = {
        "circle": d < r,
        "square": box < r,
        "ring": abs(d - r) < 1.5,
        "cross": (np.minimum(abs(i - ci), abs(j - cj)) < 1.5) & (box < r),
    }[kind]
    colour = rng.uniform(90, 220, 3)
    image = np.where(mask[..., None], colour, rng.uniform(40, 120)) + rng.normal(0, 22, (24, 24, 3))
    return np.clip(image, 0, 255)


for part, n in (("train", 220), ("val", 100)):
    for name in NAMES:
        folder = root / part / name
        folder.mkdir(parents=True)
        for k in range(n):
            keras.utils.save_img(folder / f"{k}.png", draw(name), scale=False)

load = keras.utils.image_dataset_from_directory
train = load(
    root / "train", class_names=NAMES, image_size=(24, 24), batch_size=32, seed=1, verbose=False
)
val = load(root / "val", image_size=(24, 24), batch_size=32, shuffle=False, verbose=False)

model = keras.Sequential(
    [
        keras.Input((24, 24, 3)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(4, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=10, verbose=0)
for key, values in history.history.items():
    print(key, [round(v, 3) for v in values])
