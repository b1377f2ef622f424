"""CODE: overfitting

A wide net learns 260 grainy digit pictures by heart; training loss goes to 0 while validation
stays near half right and its loss near 1.4.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

digits = load_digits()
grey = (digits.images / 16.0).repeat(2, axis=1).repeat(2, axis=2)
grey = grey + rng.normal(0, 0.9, grey.shape)
x_train, x_val, y_train, y_val = train_test_split(
    grey.astype("float32")[..., None],
    digits.target,
    test_size=600,
    stratify=digits.target,
    random_state=seed,
)
x_train, y_train = x_train[:260], y_train[:260]

train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(16)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dense(128, activation="relu"),
        layers.Dense(10),
    ]
)
model.compile(
    keras.optimizers.Adam(1e-3),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["sparse_categorical_accuracy"],
)
model.fit(train, epochs=12, validation_data=val, verbose=2)
