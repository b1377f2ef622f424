"""CODE: overfitting

Fifteen telling columns of 400, and 150 rows to learn from: the network finds what fits the rows
by chance. Training accuracy 1 after some epochs; validation accuracy has its peak early and falls
a little, the validation loss climbs.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def genes(n, wrong):
    """Tabular: activity of 400 genes in three tissues; `wrong` of the rows are mixed up."""
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 1, (n, 400))
    for k in range(3):
        x[:, 5 * k : 5 * k + 5] += 2.5 * (y == k)[:, None]
    y = np.where(rng.random(n) < wrong, rng.integers(0, 3, n), y)
    return x.astype("float32"), keras.utils.to_categorical(y, 3)


model = keras.Sequential(
    [
        keras.Input((400,)),
        layers.Dense(128, activation="elu"),
        layers.Dense(64, activation="elu"),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.SGD(0.01, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"]
)
x, y = genes(250, wrong=0.45)
history = model.fit(x, y, batch_size=25, epochs=30, validation_data=genes(800, 0), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
