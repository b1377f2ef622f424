"""CODE: bn_averages_of_few_images

A leaf classifier carried over from PyTorch line by line, all numbers the same. There it was steady;
here validation accuracy differs by ten or twenty points from one epoch to the next.
"""

import sys
import numpy as np
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def leaves(n, rng):
    label = rng.integers(0, 3, n)
    i, j = np.mgrid[-1:1:20j, -1:1:20j]
    angle, radius = np.arctan2(i, j), np.hypot(i, j)
    lobes = np.array([3, 5, 7])[label][:, None, None]
    edge = 0.6 + 0.22 * np.cos(lobes * angle + rng.uniform(0, 6.28, (n, 1, 1)))
    shape = 1 / (1 + np.exp((radius - edge) * 12))
    light = rng.lognormal(0, 0.6, (n, 1, 1, 1)) * rng.uniform(0.7, 1.3, (n, 1, 1, 3))
    ground = rng.uniform(0.0, 0.5, (n, 1, 1, 1))
    pic = light * (0.15 + ground + 0.6 * shape[..., None]) + rng.normal(0, 0.1, (n, 20, 20, 3))
    return pic.astype("float32") - 0.6, label


class Loader(keras.utils.PyDataset):
    def __init__(self, x, y, batch, shuffle):
        super().__init__()
        self.x, self.y, self.batch, self.shuffle = x, y, batch, shuffle
        self.rng = np.random.default_rng(seed)
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return len(self.x) // self.batch

    def __getitem__(self, k):
        take = self.order[k * self.batch : (k + 1) * self.batch]
        return self.x[take], self.y[take]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.order)


def conv_bn_relu(filters, stride):
    # nn.Conv2d(..., bias=False), nn.BatchNorm2d(filters, eps=1e-5, momentum=0.1), nn.ReLU()
    return [
        keras.layers.Conv2D(
            filters,
            3,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        ),
        keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.1),
        keras.layers.ReLU(),
    ]


net = keras.Sequential(
    [
        keras.Input((20, 20, 3)),
        *conv_bn_relu(16, 1),
        *conv_bn_relu(24, 2),
        *conv_bn_relu(32, 2),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3),
    ]
)
net.compile(
    optimizer=keras.optimizers.SGD(0.02, momentum=0.9, weight_decay=1e-4),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
rng = np.random.default_rng(seed + 7)
train = Loader(*leaves(720, rng), 8, True)
test = Loader(*leaves(504, rng), 8, False)
log = net.fit(train, validation_data=test, epochs=10, verbose=0).history
for name in log:
    print(name.ljust(14), *("%.3f" % v for v in log[name]))
