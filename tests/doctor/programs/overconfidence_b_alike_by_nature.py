"""CODE: overconfidence

Twins: two of the four kinds of pictures are alike but for a trait that is weak. The network grows
surer and surer also about those, for 40 epochs. The validation loss has its least value early and
climbs by half; accuracy stays or rises a little, and a temperature mends the loss.
"""
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def stones(n):
    """Grey stones, dark or light, with many or few grains."""
    y = rng.integers(0, 4, n)
    light = 0.8 * (y // 2) + rng.normal(0, 0.3, n)
    grains = 0.12 + 0.06 * (y % 2) + rng.normal(0, 0.02, n)
    x = rng.normal(0, 0.4, (n, 12, 12, 1)) + light[:, None, None, None]
    x += 1.2 * (rng.random((n, 12, 12, 1)) < grains[:, None, None, None])
    return x.astype("float32"), y


train = tf.data.Dataset.from_tensor_slices(stones(800)).shuffle(800).batch(32)
val = tf.data.Dataset.from_tensor_slices(stones(1000)).batch(200)
inputs = keras.Input((12, 12, 1))
x = layers.Conv2D(32, 3, activation="relu")(inputs)
x = layers.AveragePooling2D(2)(x)
x = layers.Flatten()(x)
x = layers.Dense(32, activation="relu")(x)
model = keras.Model(inputs, layers.Dense(4)(x))
model.compile(
    keras.optimizers.Adam(1e-3),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(train, epochs=40, validation_data=val, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
