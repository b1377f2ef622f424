"""CODE: bn_averages_lag

How many blobs are on the slide? 1, 2 or 3. Training accuracy is nearly perfect after a few
epochs, val_accuracy is stuck at a third. BatchNormalization is Keras's default. What is wrong
with it?
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(11 + SEED)


def slides(n, rng):
    yy, xx = np.mgrid[:28, :28]
    images = np.zeros((n, 28, 28, 1), "float32")
    labels = rng.integers(1, 4, n)
    for image, count in zip(images, labels):
        for cx, cy in rng.uniform(4, 24, (count, 2)):
            image[..., 0] += np.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / 5)
    images += rng.normal(0, 0.08, images.shape)
    return images.astype("float32"), keras.utils.to_categorical(labels - 1, 3)


rng = np.random.default_rng(1)
x_train, y_train = slides(640, rng)
x_val, y_val = slides(400, rng)

inp = keras.Input((28, 28, 1))
h = inp
for filters in [16, 32, 48]:
    h = layers.Conv2D(filters, 3, padding="same")(h)
    h = layers.BatchNormalization()(h)
    h = layers.Activation("relu")(h)
    h = layers.MaxPooling2D()(h)
h = layers.GlobalAveragePooling2D()(h)
h = layers.Dense(32)(h)
h = layers.BatchNormalization()(h)
h = layers.Activation("relu")(h)
out = layers.Dense(3, activation="softmax")(h)
model = keras.Model(inp, out)
model.compile(
    optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
h = model.fit(x_train, y_train, batch_size=64, epochs=10, validation_data=(x_val, y_val), verbose=2)
print({k: [round(float(v), 3) for v in vs] for k, vs in h.history.items()})
