"""CODE: step_too_long

Fine-tuning with every BatchNorm layer frozen, as the guide says, but with the rate that was good
for training from scratch. Validation loss leaps up in between although the training set is easy.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
SIZE = 20


def draw(kinds, n, rng, noise):
    """White shapes at a random place: disc, square, cross, ring, triangle, bar."""
    yy, xx = np.mgrid[:SIZE, :SIZE]
    images, labels = [], rng.integers(0, len(kinds), n)
    for label in labels:
        cy, cx = rng.uniform(7, 12, 2)
        r = rng.uniform(3.5, 6)
        dy, dx = yy - cy, xx - cx
        d = np.hypot(dy, dx)
        mask = {
            "disc": d < r,
            "square": np.maximum(abs(dy), abs(dx)) < r * 0.9,
            "cross": (np.minimum(abs(dy), abs(dx)) < 1.2) & (np.maximum(abs(dy), abs(dx)) < r),
            "ring": (d < r) & (d > r - 2),
            "triangle": (dy < r * 0.8) & (abs(dx) < (dy + r) * 0.6),
            "bar": (abs(dy) < 2) & (abs(dx) < r + 1),
        }[kinds[label]]
        images.append(mask + rng.normal(0, noise, mask.shape))
    return np.array(images, "float32")[..., None], labels


rng = np.random.default_rng(SEED + 100)

inp = keras.Input((SIZE, SIZE, 1))
h = inp
for i, f in enumerate((12, 24, 32)):
    h = layers.Conv2D(f, 3, strides=2, padding="same", use_bias=False, name=f"conv{i}")(h)
    h = layers.BatchNormalization(momentum=0.9, name=f"bn{i}")(h)
    h = layers.ReLU()(h)
backbone = keras.Model(inp, layers.GlobalAveragePooling2D()(h), name="backbone")

# first task: disc / square / cross / ring
x0, y0 = draw(["disc", "square", "cross", "ring"], 1500, rng, 0.4)
first = keras.Sequential([backbone, layers.Dense(4, activation="softmax")])
first.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
first.fit(x0, y0, batch_size=32, epochs=5, verbose=0)

# second task: triangle / bar / disc, fine-tune the whole backbone with frozen BatchNorm
for layer in backbone.layers:
    layer.trainable = not isinstance(layer, layers.BatchNormalization)
out = layers.Dense(3, activation="softmax")(backbone(inp))
model = keras.Model(inp, out)
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
x, y = draw(["triangle", "bar", "disc"], 900, rng, 0.5)
xv, yv = draw(["triangle", "bar", "disc"], 500, rng, 0.5)
hist = model.fit(x, y, batch_size=32, epochs=12, validation_data=(xv, yv), verbose=0)

for k, v in hist.history.items():
    print(k, [round(float(a), 3) for a in v])
