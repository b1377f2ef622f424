"""CODE: overfitting

Telling columns, useless columns, and rows of which a third has a wrong label. At first the network
finds what the labels share, then it learns row by row: training accuracy goes to 1, validation
accuracy (checked labels) has its peak early and falls far, the validation loss climbs.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def genes(n, wrong):
    """Tabular: activity of 80 genes in three tissues; `wrong` of the rows are mixed up."""
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 1, (n, 80))
    for k in range(3):
        x[:, 5 * k : 5 * k + 5] += 1.3 * (y == k)[:, None]
    y = np.where(rng.random(n) < wrong, rng.integers(0, 3, n), y)
    return x.astype("float32"), keras.utils.to_categorical(y, 3)


model = keras.Sequential(
    [
        keras.Input((80,)),
        layers.Dense(256, activation="relu"),
        layers.Dense(128, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.SGD(0.02, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"]
)
x, y = genes(600, wrong=0.5)
history = model.fit(x, y, batch_size=25, epochs=40, validation_data=genes(800, 0), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
