"""CODE: bn_averages_of_few_images
I translated a colleague's PyTorch model line by line (BatchNorm2d(eps=1e-5, momentum=0.1)).
Training curve is as in his log, but val_loss hops up and down from epoch to epoch, his does not.
Four kinds of fabric, photographed under very different lamps.
"""

import sys
import keras
import numpy as np
import tensorflow as tf

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)


def fabrics(n, rs):
    yy, xx = np.mgrid[0:24, 0:24]
    labels = rs.randint(0, 4, n)
    pics = np.zeros((n, 24, 24, 1), "float32")
    for i, c in enumerate(labels):
        a = [0, 45, 90, 135][c] + rs.normal(0, 13)
        f = rs.uniform(0.5, 1.1)
        wave = np.sin(
            f * (np.cos(np.radians(a)) * xx + np.sin(np.radians(a)) * yy) + rs.uniform(0, 6.3)
        )
        p = wave + rs.normal(0, 0.9, (24, 24))
        pics[i, :, :, 0] = rs.lognormal(0, 0.7) * p + rs.normal(0, 1.0)
    return pics, labels


rs = np.random.RandomState(seed + 5)
Xtr, ytr = fabrics(1000, rs)
Xva, yva = fabrics(400, rs)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        bn = dict(momentum=0.1, epsilon=1e-5)
        self.c1 = keras.layers.Conv2D(12, 5, padding="same")
        self.b1 = keras.layers.BatchNormalization(**bn)
        self.c2 = keras.layers.Conv2D(16, 3, padding="same")
        self.b2 = keras.layers.BatchNormalization(**bn)
        self.pool = keras.layers.MaxPooling2D(2)
        self.flat = keras.layers.GlobalAveragePooling2D()
        self.fc1 = keras.layers.Dense(32)
        self.b3 = keras.layers.BatchNormalization(**bn)
        self.fc2 = keras.layers.Dense(4)

    def call(self, x, training=None):
        x = self.pool(keras.ops.relu(self.b1(self.c1(x), training=training)))
        x = self.pool(keras.ops.relu(self.b2(self.c2(x), training=training)))
        x = self.flat(x)
        x = keras.ops.relu(self.b3(self.fc1(x), training=training))
        return self.fc2(x)


ds_train = tf.data.Dataset.from_tensor_slices((Xtr, ytr)).shuffle(1000, seed=seed).batch(16)
ds_val = tf.data.Dataset.from_tensor_slices((Xva, yva)).batch(100)

net = Net()
net.compile(
    optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
h = net.fit(ds_train, validation_data=ds_val, epochs=12, verbose=2).history
print({k: [round(float(a), 3) for a in v] for k, v in h.items()})
