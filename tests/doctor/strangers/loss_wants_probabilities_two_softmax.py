"""CODE: loss_wants_probabilities

Small ResNet with 8 classes. The loss (training and validation alike) gets stuck at
about 1.3 to 1.4 and does not want to go lower although the accuracy is high. I have
tried three learning rates and it always stops at the same number.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def gabor(n, size=24):
    y = rng.integers(0, 8, n)
    yy, xx = np.mgrid[:size, :size] - size / 2
    x = np.empty((n, size, size, 1), "float32")
    for i, c in enumerate(y):
        th = (c % 4) * np.pi / 4 + rng.normal(0, 0.1)
        lam = (5.0, 9.0)[c // 4]
        wave = np.cos(2 * np.pi * (xx * np.cos(th) + yy * np.sin(th)) / lam + rng.uniform(0, 6.3))
        x[i, ..., 0] = rng.uniform(0.5, 1) * wave + rng.normal(0, 0.4, (size, size))
    return x, y


def res_block(x, filters, stride):
    short = x
    x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    if stride > 1:
        short = layers.Conv2D(filters, 1, strides=stride)(short)
    return layers.ReLU()(layers.add([x, short]))


inputs = keras.Input((24, 24, 1))
x = layers.Conv2D(16, 3, strides=2, padding="same")(inputs)
x = res_block(x, 16, 1)
x = res_block(x, 24, 2)
x = layers.GlobalAveragePooling2D()(x)
# two heads, their probabilities are averaged
head_a = layers.Dense(8, activation="softmax")(x)
head_b = layers.Dense(8, activation="softmax")(layers.Dropout(0.2)(x))
outputs = layers.Average(name="prediction")([head_a, head_b])
resnet = keras.Model(inputs, outputs)

xt, yt = gabor(1800)
xv, yv = gabor(600)
resnet.compile(
    optimizer=keras.optimizers.Nadam(2e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = resnet.fit(xt, yt, batch_size=60, epochs=9, validation_data=(xv, yv), verbose=2)
for k, v in history.history.items():
    print(k, [round(float(u), 4) for u in v])
