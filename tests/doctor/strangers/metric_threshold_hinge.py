"""CODE: metric_threshold
SVM-like head with hinge loss, labels -1 and +1. The loss falls nicely, accuracy and
val_accuracy are stuck below one half. The confusion matrix I made by hand is fine, though.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rs = np.random.RandomState(seed)

n = 1800
X = rs.normal(size=(n, 14)).astype("float32")
score = (
    X[:, 0] * X[:, 1]
    + X[:, 2]
    - 0.7 * X[:, 3]
    + 0.5 * np.sin(2 * X[:, 4])
    + 0.25 * rs.normal(size=n)
)
y = np.where(score > 0.1, 1.0, -1.0).astype("float32")


class SvmNet(keras.Model):
    def __init__(self, width=40):
        super().__init__()
        self.body = keras.Sequential(
            [
                keras.layers.Dense(width, activation="relu"),
                keras.layers.Dense(width // 2, activation="relu"),
            ]
        )
        self.head = keras.layers.Dense(1, activation="tanh", kernel_regularizer="l2")

    def call(self, x):
        return self.head(self.body(x))


net = SvmNet()
net.compile(loss="hinge", optimizer=keras.optimizers.Adam(2e-3), metrics=["accuracy"])
hist = net.fit(
    X,
    y,
    validation_split=1 / 3,
    epochs=14,
    batch_size=50,
    verbose=0,
    callbacks=[keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=3)],
)
print({k: np.round(v, 3).tolist() for k, v in hist.history.items()})
p = np.sign(net.predict(X[1200:], verbose=0)[:, 0])
print("by hand:", np.mean(p == y[1200:]))
