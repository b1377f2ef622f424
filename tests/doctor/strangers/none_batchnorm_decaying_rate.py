"""CODE: none

From scratch with BatchNorm of momentum 0.9 and 80 steps an epoch: the averages are fresh at
each validation, and the rate falls from 0.003 to below 0.0001, so the first epochs move and the
last ones hardly do.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(1000 + seed)
SIDE, WAVELENGTHS = 18, np.array([4.0, 6.0, 9.0])


def ripples(n):
    target = rng.integers(0, len(WAVELENGTHS), n)
    k = (2 * np.pi / WAVELENGTHS[target])[:, None, None]
    theta = rng.uniform(0, np.pi, (n, 1, 1))
    shift = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    yy, xx = np.mgrid[:SIDE, :SIDE]
    ripple = np.sin(k * (np.cos(theta) * yy + np.sin(theta) * xx) + shift)
    tint = rng.uniform(0.4, 1.0, (n, 1, 1, 3))
    photo = 0.5 + 0.2 * ripple[..., None] * tint + rng.normal(0, 0.16, (n, SIDE, SIDE, 3))
    return photo.astype("float32"), target


train_images, train_targets = ripples(2560)
test_images, test_targets = ripples(800)

net = keras.Sequential([keras.Input((SIDE, SIDE, 3)), layers.Rescaling(4.0, offset=-2.0)])
for filters, strides in ((8, 1), (16, 2), (24, 2)):
    net.add(layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False))
    net.add(layers.BatchNormalization(momentum=0.9))
    net.add(layers.ReLU())
net.add(layers.GlobalAveragePooling2D())
net.add(layers.Dense(3, activation="softmax"))

schedule = keras.optimizers.schedules.ExponentialDecay(3e-3, decay_steps=80, decay_rate=0.6)
net.compile(
    optimizer=keras.optimizers.Adam(schedule),
    loss="sparse_categorical_crossentropy",
    metrics=["sparse_categorical_accuracy"],
)
record = net.fit(
    train_images,
    train_targets,
    batch_size=32,
    epochs=8,
    validation_data=(test_images, test_targets),
    verbose=0,
)
for name, values in record.history.items():
    print(f"{name:32}", " ".join(f"{v:.3f}" for v in values))
