"""CODE: too_few_validation_images

Ultrasound pictures from a small clinic, as many of them for training as possible. Training gets
better steadily; validation accuracy goes to and fro in tenths and its loss lies far from the other.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

n = 480
ill = rng.integers(0, 2, n)
i, j = np.mgrid[:28, :28]
ci, cj = rng.uniform(8, 20, (2, n, 1, 1))
radius = rng.uniform(3, 6, (n, 1, 1))
blob = np.exp(-((i - ci) ** 2 + (j - cj) ** 2) / (2 * radius**2))
contrast = np.where(ill, 0.85, 0.45) * rng.uniform(0.4, 1.6, n)
speckle = rng.gamma(4, 0.25, (n, 28, 28)) - 1
images = (contrast[:, None, None] * blob + speckle)[..., None].astype("float32")

model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dropout(0.4),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(images, ill, batch_size=16, epochs=14, validation_split=0.02, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
