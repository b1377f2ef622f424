"""CODE: step_too_long

The rate was multiplied with the batch size after a rule for big clusters (Adam 0.064); with
BatchNorm it doesn't burst, but both losses leap.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

x, y = load_digits(return_X_y=True)
x = (x.reshape(-1, 8, 8, 1) / 16).astype("float32")
x = x + rng.normal(0, 0.15, x.shape).astype("float32")
x_train, x_val, y_train, y_val = train_test_split(
    x, y, test_size=0.33, stratify=y, random_state=seed
)

BATCH = 32
PER_SAMPLE = 0.002
learning_rate = PER_SAMPLE * BATCH


def unit(x, filters):
    s = x
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.Activation("leaky_relu")(x)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    if s.shape[-1] != filters:
        s = layers.Conv2D(filters, 1)(s)
    return layers.Activation("leaky_relu")(layers.Add()([x, s]))


inputs = keras.Input((8, 8, 1))
h = unit(inputs, 16)
h = layers.MaxPooling2D()(h)
h = unit(h, 32)
h = layers.Flatten()(h)
h = layers.Dropout(0.2)(h)
model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=BATCH, epochs=12, validation_data=(x_val, y_val), verbose=2)
