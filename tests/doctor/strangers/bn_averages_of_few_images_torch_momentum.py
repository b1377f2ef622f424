"""CODE: bn_averages_of_few_images

Ported from PyTorch with momentum=0.1, which there means 0.9 here: with batches of 8 the averages
are those of the last eight images or so. Training is good, validation jumps from epoch to
epoch.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 88)
stamps = 4 * np.linalg.qr(rng.normal(size=(16, 16)))[0][:5].reshape(5, 4, 4)
stamps = stamps.repeat(4, axis=1).repeat(4, axis=2)


def scans(n):
    target = rng.integers(0, 5, n)
    x = 0.5 * stamps[target] + rng.normal(size=(n, 16, 16))
    x = x * np.exp(rng.uniform(np.log(0.5), np.log(2.0), (n, 1, 1))) + rng.normal(0, 0.7, (n, 1, 1))
    return x[..., None].astype("float32"), keras.utils.to_categorical(target, 5)


class ConvNet(keras.Model):
    def __init__(self, num_classes, momentum=0.1):
        super().__init__()
        self.conv1 = layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)
        self.bn1 = layers.BatchNormalization(momentum=momentum)
        self.conv2 = layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False)
        self.bn2 = layers.BatchNormalization(momentum=momentum)
        self.flatten = layers.Flatten()
        self.fc1 = layers.Dense(32, use_bias=False)
        self.bn3 = layers.BatchNormalization(momentum=momentum)
        self.fc2 = layers.Dense(num_classes)

    def call(self, x, training=False):
        x = keras.ops.relu(self.bn1(self.conv1(x), training=training))
        x = keras.ops.relu(self.bn2(self.conv2(x), training=training))
        x = self.fc1(self.flatten(x))
        x = keras.ops.relu(self.bn3(x, training=training))
        return self.fc2(x)


x_train, y_train = scans(960)
x_valid, y_valid = scans(500)
net = ConvNet(5)
net.compile(
    optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
    loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = net.fit(
    x_train, y_train, batch_size=8, epochs=10, validation_data=(x_valid, y_valid), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
