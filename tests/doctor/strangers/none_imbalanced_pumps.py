"""CODE: none

Seven percent positives with class weights, so the training loss lies above the validation loss by
design. Nothing is wrong.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)

X, y = make_classification(
    n_samples=9000,
    n_features=16,
    n_informative=7,
    n_redundant=3,
    n_clusters_per_class=1,
    weights=[0.93],
    class_sep=1.1,
    flip_y=0.01,
    random_state=seed,
)
X_train, X_val, y_train, y_val = train_test_split(
    X.astype("float32"), y, test_size=0.3, stratify=y, random_state=seed
)
norm = layers.Normalization()
norm.adapt(X_train)
share = y_train.mean()
class_weight = {0: 0.5 / (1 - share), 1: 0.5 / share}

inputs = keras.Input((16,))
h = norm(inputs)
h = layers.Dense(32, activation="relu")(h)
h = layers.Dropout(0.2)(h)
h = layers.Dense(16, activation="relu")(h)
outputs = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="binary_crossentropy",
    metrics=[keras.metrics.AUC(name="auc"), keras.metrics.Recall(name="recall")],
)
model.fit(
    X_train,
    y_train,
    batch_size=64,
    epochs=10,
    validation_data=(X_val, y_val),
    class_weight=class_weight,
    verbose=2,
)
