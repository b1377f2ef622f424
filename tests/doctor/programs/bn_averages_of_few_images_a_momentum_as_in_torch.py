"""CODE: bn_averages_of_few_images

Ported from another framework, where momentum=0.1 means what 0.9 means here: the running averages
are those of the last batch of 16, and exposure differs much from picture to picture. The training
loss is smooth; validation loss and accuracy jump from epoch to epoch.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 100)


def letters(n):
    """T, L or X anywhere, in grain; the exposure is strong or weak."""
    y = rng.integers(0, 3, n)
    glyphs = np.zeros((3, 7, 7))
    glyphs[0, 0] = glyphs[0, :, 3] = glyphs[1, :, 0] = glyphs[1, 6] = 1
    glyphs[2] = np.eye(7) + np.eye(7)[::-1]
    x = rng.normal(0, 0.25, (n, 18, 18, 1))
    for k in range(n):
        a, b = rng.integers(0, 12, 2)
        x[k, a : a + 7, b : b + 7, 0] += glyphs[y[k]]
    return (x * np.exp(rng.normal(0, 1, (n, 1, 1, 1)))).astype("float32"), y


def conv_block(width, stride):
    return [
        layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.1, epsilon=1e-5),
        layers.LeakyReLU(negative_slope=0.1),
    ]


model = keras.Sequential(
    [keras.Input((18, 18, 1))]
    + conv_block(16, 1)
    + conv_block(24, 2)
    + conv_block(32, 2)
    + [layers.GlobalMaxPooling2D(), layers.Dense(3)]
)
model.compile(
    keras.optimizers.SGD(0.02, momentum=0.9),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
train = tf.data.Dataset.from_tensor_slices(letters(1200)).shuffle(1200).batch(16)
history = model.fit(train, epochs=10, validation_data=letters(500), verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
