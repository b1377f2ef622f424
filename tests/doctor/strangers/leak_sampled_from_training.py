"""CODE: leak

The validation images are drawn from the very array that trains. A third of the labels is random,
so an honest accuracy could not pass about 0.78; here it follows training above that, because the
images are known by heart. Fresh images at the end tell the truth.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 11)
themes = 7 * np.linalg.qr(rng.normal(size=(49, 49)))[0][:3].reshape(3, 7, 7)
themes = themes.repeat(2, axis=1).repeat(2, axis=2)


def slides(n):
    truth = rng.integers(0, 3, n)
    x = 0.3 * themes[truth] + rng.normal(size=(n, 14, 14))
    unsure = rng.random(n) < 1 / 3
    return x[..., None].astype("float32"), np.where(unsure, rng.integers(0, 3, n), truth)


all_x, all_y = slides(600)
picked = rng.choice(len(all_x), 200, replace=False)

image = keras.Input((14, 14, 1))
a = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)
a = layers.Dense(128, activation="relu")(layers.Flatten()(a))
model = keras.Model(image, layers.Dense(3, activation="softmax")(a))
model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    all_x,
    all_y,
    batch_size=16,
    epochs=12,
    validation_data=(all_x[picked], all_y[picked]),
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
fresh = model.evaluate(*slides(500), verbose=0)
print(f"fresh images: loss {fresh[0]:.3f}, accuracy {fresh[1]:.3f}")
