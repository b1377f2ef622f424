"""CODE: leak

The rare class is multiplied before the split, so copies of the same rows lie on both sides.
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

X, y = make_classification(
    n_samples=6000,
    n_features=30,
    n_informative=8,
    n_redundant=4,
    n_clusters_per_class=4,
    weights=[0.94],
    flip_y=0.05,
    class_sep=0.6,
    random_state=seed,
)
X_all, X_test, y_all, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=seed)

rare = np.flatnonzero(y_all == 1)
common = np.flatnonzero(y_all == 0)
more = rng.choice(rare, size=len(common), replace=True)
take = rng.permutation(np.concatenate([common, more]))
X_bal, y_bal = X_all[take], y_all[take]

X_train, X_val, y_train, y_val = train_test_split(
    X_bal, y_bal, test_size=0.25, stratify=y_bal, random_state=seed
)
scaler = StandardScaler().fit(X_train)
X_train, X_val, X_test = (scaler.transform(a).astype("float32") for a in (X_train, X_val, X_test))

model = keras.Sequential(
    [
        keras.Input((30,)),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(64, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.Recall(name="recall")],
)
model.fit(X_train, y_train, batch_size=64, epochs=12, validation_data=(X_val, y_val), verbose=2)
print("held-out test:", model.evaluate(X_test, y_test, verbose=0, return_dict=True))
