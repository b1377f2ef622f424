"""CODE: none

A small table (wine, 178 rows), stratified split, training statistics for both sides, a small
regularised net.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

data = load_wine()
x_train, x_val, y_train, y_val = train_test_split(
    data.data.astype("float32"), data.target, test_size=0.4, stratify=data.target, random_state=seed
)
y_train, y_val = keras.utils.to_categorical(y_train, 3), keras.utils.to_categorical(y_val, 3)

normalize = layers.Normalization()
normalize.adapt(x_train)
model = keras.Sequential(
    [
        keras.Input((13,)),
        normalize,
        layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-3)),
        layers.Dropout(0.2),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=16, epochs=12, validation_data=(x_val, y_val), verbose=2)
