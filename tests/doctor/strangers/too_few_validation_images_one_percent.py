"""CODE: too_few_validation_images
Data are scarce, so I keep nearly all of it for training: validation_split=0.01. The
training curve is smooth but val_accuracy jumps by ten points and more, and my ModelCheckpoint
picks one epoch after the other at random.
"""

import sys
import os
import tempfile
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
g = np.random.default_rng(seed)


def seeds_photo(kind):
    img = g.normal(0, 0.4, (22, 22, 3))
    for _ in range(g.integers(4, 8)):
        cy, cx = g.uniform(3, 19, 2)
        th = g.uniform(0, np.pi)
        a, b = (3.15, 1.5) if kind else (2.35, 2.0)
        a, b = a * g.uniform(0.8, 1.2), b * g.uniform(0.8, 1.2)
        yy, xx = np.mgrid[0:22, 0:22]
        u, v = (
            (xx - cx) * np.cos(th) + (yy - cy) * np.sin(th),
            -(xx - cx) * np.sin(th) + (yy - cy) * np.cos(th),
        )
        img[(u / a) ** 2 + (v / b) ** 2 < 1] += g.uniform(0.5, 1.2, 3)
    return img


labels = g.integers(0, 2, 2000)
photos = np.stack([seeds_photo(k) for k in labels]).astype("float32")

model = keras.Sequential(
    [
        keras.Input((22, 22, 3)),
        layers.Conv2D(16, 5, activation="relu", padding="same"),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.15),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, 14 * 62, alpha=0.05)),
    "binary_crossentropy",
    metrics=["accuracy"],
)
best = os.path.join(tempfile.mkdtemp(), "best.keras")
hist = model.fit(
    photos,
    labels,
    batch_size=32,
    epochs=14,
    validation_split=0.01,
    verbose=0,
    callbacks=[keras.callbacks.ModelCheckpoint(best, monitor="val_accuracy", save_best_only=True)],
)
for k, v in hist.history.items():
    print(k, np.round(v, 3).tolist())
