"""CODE: class_weights_extreme

Three classes, the third with 1 row in 100; class_weight by the square of the imbalance, {0: 1,
1: 1, 2: 300}. A batch with a rare row moves the weights, others hardly. The training loss jumps;
validation loss and accuracy swing as the network calls more or less of everything rare.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def traffic(n):
    """1-D: load of a network over 48 hours: usual, weekend, or (rarely) an attack."""
    y = rng.choice(3, n, p=[0.6, 0.39, 0.01])
    t = np.arange(48)[None]
    x = np.sin(2 * np.pi * t / 24) * np.where(y == 1, 0.3, 1.0)[:, None]
    at = rng.integers(4, 42, (n, 1))
    x = x + 1.2 * (y == 2)[:, None] * (np.abs(t - at) < 3)
    return (x + rng.normal(0, 0.7, x.shape))[..., None].astype("float32"), y


train = tf.data.Dataset.from_tensor_slices(traffic(2500)).shuffle(2500).batch(25)
val = tf.data.Dataset.from_tensor_slices(traffic(1000)).batch(200)


class Watch(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv1D(16, 5, strides=2, activation="relu")
        self.flat = layers.Flatten()
        self.hidden = layers.Dense(24, activation="relu")
        self.last = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.last(self.hidden(self.flat(self.conv(x))))


model = Watch()
model.compile(
    keras.optimizers.SGD(2e-3, momentum=0.8),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
weights = {0: 1.0, 1: 1.0, 2: 300.0}
history = model.fit(train, epochs=15, class_weight=weights, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
