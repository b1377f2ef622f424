"""CODE: none

A network trained on textures serves as a frozen backbone, with batch norm and all; only a new head learns other textures.
Validation accuracy is 1.00 from the first epoch on and above training. Too good to be true?
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 71)


def textures(n, turns, noise):
    y = rng.integers(0, len(turns), n)
    a = np.asarray(turns)[y][:, None, None]
    i, j = np.mgrid[:20, :20]
    x = np.sin(1.1 * (np.cos(a) * i + np.sin(a) * j) + rng.uniform(0, 6.3, (n, 1, 1)))
    x = x[..., None] * np.ones(3) + rng.normal(0, noise, (n, 20, 20, 3))
    return x.astype("float32"), y


backbone = keras.Sequential([keras.Input((20, 20, 3))], name="backbone")
for filters, stride in ((16, 1), (24, 2), (32, 2)):
    backbone.add(layers.Conv2D(filters, 3, stride, "same", use_bias=False))
    backbone.add(layers.BatchNormalization(momentum=0.9))
    backbone.add(layers.ReLU())
backbone.add(layers.GlobalAveragePooling2D())

# what is to be had ready-made elsewhere
x0, y0 = textures(1500, np.arange(6) * np.pi / 6, 1.5)
source = keras.Sequential([backbone, layers.Dense(6, activation="softmax")])
source.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
for step in range(200):
    pick = rng.integers(0, len(x0), 32)
    source.train_on_batch(x0[pick], y0[pick])

backbone.trainable = False
image = keras.Input((20, 20, 3))
h = backbone(image, training=False)
h = layers.Dropout(0.1)(h)
model = keras.Model(image, layers.Dense(4, activation="softmax")(h))
model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
new = np.array([0.2, 1.0, 1.8, 2.6])
x, y = textures(900, new, 2.4)
history = model.fit(
    x, y, epochs=12, batch_size=32, validation_data=textures(700, new, 2.4), verbose=0
)
for k, v in history.history.items():
    print(f"{k:14}", " ".join(f"{a:.3f}" for a in v))
