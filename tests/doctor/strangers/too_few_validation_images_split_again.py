"""CODE: too_few_validation_images

`validation_split=0.02` of 2000 (well mixed) pictures leaves 40 for validation: a healthy training
whose validation curve jumps by several points from epoch to epoch.
"""

import sys

import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

# four kinds of gradient, 16 px, under much noise
n = 2000
labels = rng.integers(0, 4, n)
angle = (labels * np.pi / 2 + rng.normal(0, 0.35, n))[:, None, None]
i, j = np.mgrid[-1:1:16j, -1:1:16j]
slope = rng.uniform(0.05, 0.5, (n, 1, 1))
images = slope * (np.cos(angle) * i + np.sin(angle) * j) + rng.normal(0, 1.0, (n, 16, 16))
images = images.astype("float32")[..., None]
one_hot = keras.utils.to_categorical(labels, 4)


class Slope(keras.Model):
    def __init__(self):
        super().__init__()
        self.convolutions = [
            keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(12, 3, strides=2, padding="same", activation="relu"),
        ]
        self.flatten = keras.layers.Flatten()
        self.dropout = keras.layers.Dropout(0.4)
        self.answer = keras.layers.Dense(
            4, activation="softmax", kernel_regularizer=keras.regularizers.L2(1e-3)
        )

    def call(self, inputs, training=False):
        x = inputs
        for layer in self.convolutions:
            x = layer(x)
        return self.answer(self.dropout(self.flatten(x), training=training))


model = Slope()
model.compile(
    keras.optimizers.SGD(0.02, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    images, one_hot, batch_size=32, epochs=12, validation_split=0.02, shuffle=True, verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
