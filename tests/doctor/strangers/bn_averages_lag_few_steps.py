"""CODE: bn_averages_lag

BatchNorm with the default momentum 0.99 and only 8 steps an epoch, 64 in all, at a rate that
moves the weights: half of each average is still its initial value at the end. Training climbs,
validation stays near chance or is wild.
"""

import sys
import numpy as np
import keras
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 300)


def leaves(n):
    species = rng.integers(0, 4, n)
    angle = (species * np.pi / 4)[:, None, None]
    r, c = np.mgrid[:20, :20]
    veins = np.sin(0.9 * (np.cos(angle) * r + np.sin(angle) * c) + rng.uniform(0, 6.28, (n, 1, 1)))
    colour = rng.uniform(0.6, 1.0, (n, 1, 1, 3))
    x = 0.5 + 0.15 * veins[..., None] * colour + rng.normal(0, 0.13, (n, 20, 20, 3))
    return np.clip(x, 0, 1).astype("float32"), keras.utils.to_categorical(species, 4)


train = tf.data.Dataset.from_tensor_slices(leaves(512)).shuffle(512, seed=seed).batch(64)
val = tf.data.Dataset.from_tensor_slices(leaves(400)).batch(64)

inputs = keras.Input(shape=(20, 20, 3))
z = inputs
for filters, stride in [(12, 1), (16, 2), (24, 2), (24, 1), (32, 1)]:
    z = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(z)
    z = layers.BatchNormalization()(z)
    z = layers.ReLU()(z)
z = layers.GlobalAveragePooling2D()(z)
outputs = layers.Dense(4, activation="softmax")(z)
model = keras.Model(inputs, outputs)

model.compile(keras.optimizers.Adam(5e-3), "categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=8, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
