"""CODE: step_too_long

A table, a tanh network without any normalisation layer, and SGD at 0.8 with momentum 0.9, some
fifty times too long a step: the losses never settle, in training neither, and the accuracy
jumps.
"""

import sys
import numpy as np
import keras
import tensorflow as tf

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 15)
plan = rng.normal(size=(16, 3)) / 4


def soil(n):
    probe = rng.normal(size=(n, 16))
    score = 3 * probe @ plan + 0.8 * probe[:, :3] * probe[:, 3:6]
    crop = (score + rng.gumbel(0, 0.6, (n, 3))).argmax(axis=1)
    return probe.astype("float32"), crop.astype("int64")


class Perceptron(keras.Model):
    def __init__(self, units, classes):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="tanh")
        self.out = keras.layers.Dense(classes)

    def call(self, probe):
        return self.out(self.hidden(probe))


training = tf.data.Dataset.from_tensor_slices(soil(2000)).shuffle(2000, seed=seed).batch(32)
checking = tf.data.Dataset.from_tensor_slices(soil(600)).batch(200)
model = Perceptron(40, 3)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.8, momentum=0.9),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(training, epochs=12, validation_data=checking, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
