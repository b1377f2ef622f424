"""CODE: class_weights_extreme

The class weights are the square of the inverse frequencies, about 1 : 20 : 1400, so nearly
everything near the rare class is given to it and validation suffers.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

x, y = make_classification(
    n_samples=7000,
    n_features=16,
    n_informative=8,
    n_redundant=4,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.80, 0.175, 0.025],
    class_sep=1.0,
    flip_y=0.02,
    random_state=seed,
)
x_train, x_val, y_train, y_val = train_test_split(
    x, y, test_size=0.25, stratify=y, random_state=seed
)
scaler = StandardScaler().fit(x_train)
x_train, x_val = (
    scaler.transform(x_train).astype("float32"),
    scaler.transform(x_val).astype("float32"),
)

counts = np.bincount(y_train)
class_weight = {k: float((counts.max() / c) ** 2) for k, c in enumerate(counts)}
print("class weights", class_weight)

model = keras.Sequential(
    [
        keras.Input((16,)),
        layers.Dense(48, activation="relu", kernel_regularizer="l2"),
        layers.Dense(24, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=10,
    class_weight=class_weight,
    validation_data=(x_val, y_val),
    verbose=2,
)
