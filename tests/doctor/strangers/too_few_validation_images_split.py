"""CODE: too_few_validation_images

1-D vibration signals, shuffled; validation_split=0.02 of 1500 leaves 30 signals.
"""

import sys

import keras
import numpy as np
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(16 + SEED)
rng = np.random.default_rng(16)
n = 1500
y = rng.integers(0, 4, n)
t = np.arange(128)
freq = np.array([0.25, 0.31, 0.38, 0.46])[y][:, None] * rng.normal(1, 0.07, (n, 1))
x = np.sin(freq * t + rng.uniform(0, 6.3, (n, 1))) * rng.uniform(0.4, 1.2, (n, 1))
x = (x + rng.normal(0, 1, (n, 128)))[..., None].astype("float32")
y = keras.utils.to_categorical(y, 4)

inputs = keras.Input((128, 1))
h = layers.Conv1D(16, 15, strides=2, activation="relu")(inputs)
h = layers.LayerNormalization()(h)
h = layers.Conv1D(24, 9, strides=2, activation="relu")(h)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dropout(0.25)(h)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(h))
model.compile(
    keras.optimizers.SGD(0.03, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(x, y, batch_size=32, epochs=16, validation_split=0.02, verbose=0)
for k, v in history.history.items():
    print(k, np.round(v, 3))
