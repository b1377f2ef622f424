"""CODE: overfitting

Left or right hand imagined, 300 trials of EEG. Training accuracy goes to 1.0, validation accuracy
stops after a few epochs and rather falls, val_loss leaves the picture at the top.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
pattern = rng.normal(size=(32, 4))
pattern /= np.linalg.norm(pattern)


def trials(n):
    y = rng.integers(0, 2, n)
    x = 1.3 * (2 * y - 1)[:, None, None] * pattern + rng.normal(size=(n, 32, 4))
    y = np.where(rng.random(n) < 0.25, 1 - y, y)  # the mind wanders
    return x.astype("float32"), y.astype("float32")[:, None]


train = tf.data.Dataset.from_tensor_slices(trials(300)).shuffle(300).batch(16)
valid = tf.data.Dataset.from_tensor_slices(trials(600)).batch(200)
model = keras.Sequential(
    [
        keras.Input((32, 4)),
        layers.Conv1D(32, 5, padding="same", activation="elu"),
        layers.Flatten(),
        layers.Dense(64, activation="elu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adamax(2e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
log = model.fit(train, validation_data=valid, epochs=15, verbose=0)
for key, values in log.history.items():
    print(f"{key:14}", " ".join(f"{v:.3f}" for v in values))
