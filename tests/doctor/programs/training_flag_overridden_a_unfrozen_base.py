"""CODE: training_flag_overridden

Fine-tuning after a head-only stage. `base(inputs, training=False)` is meant to keep BatchNorm
still once the base is unfrozen, as the guides of Keras 2 say. In a Functional model of Keras 3,
`fit` runs it in training mode all the same: the averages of pre-training are overwritten.
The validation loss goes up when the second stage begins, while the training loss falls.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
FONT = ["757", "262", "717", "737", "571", "747", "447", "711", "727", "771"]  # rows of 3 bits


def digits(n, classes, low, high):
    y = rng.integers(0, classes, n)
    x = rng.normal(0, 0.2, (n, 16, 16, 1))
    for k, label in enumerate(y):
        glyph = np.array([[int(r) >> b & 1 for b in (2, 1, 0)] for r in FONT[label]])
        glyph = np.kron(glyph, np.ones((3, 3)))
        a, b = rng.integers(0, 7, 2)
        x[k, a : a + 9, b : b + 9, 0] += glyph
    return (x * (high - low) + low).astype("float32"), y


def backbone():
    inputs = keras.Input((16, 16, 1))
    x = inputs
    for width in (16, 32, 48):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.99)(x)
        x = layers.MaxPooling2D()(layers.ReLU()(x))
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="backbone")


base = backbone()
inputs = keras.Input((16, 16, 1))
old = keras.Model(inputs, layers.Dense(10, "softmax")(base(inputs)))
old.compile("adam", "sparse_categorical_crossentropy")
old.fit(*digits(1500, 10, 0, 1), epochs=12, batch_size=32, verbose=0)

train, val = digits(400, 5, 0.5, 0.2), digits(500, 5, 0.5, 0.2)  # new scanner: dark on grey
base.trainable = False
inputs = keras.Input((16, 16, 1))
model = keras.Model(inputs, layers.Dense(5, "softmax")(base(inputs, training=False)))
for stage, rate, epochs in (("head", 1e-2, 5), ("all", 2e-4, 10)):
    base.trainable = stage == "all"
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = model.fit(*train, epochs=epochs, batch_size=25, validation_data=val, verbose=0)
    for name, values in history.history.items():
        print(f"{stage} {name:14}", " ".join(f"{v:.3f}" for v in values))
