"""CODE: none

Predicting the remaining life from a sensor window. After four epochs neither loss nor val_loss
falls any more (both about 0.25). Is my network stuck? I know that the labels were estimated by
people, with an error of half a unit or so.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

M = 4000
life = rng.uniform(-1.7, 1.7, M)
t = np.arange(96)
x = (
    np.sin(t * (0.35 + 0.06 * life[:, None]) + rng.uniform(0, 6.3, (M, 1)))
    * (1 + 0.3 * life[:, None])
    + rng.normal(0, 0.2, (M, 96))
)[..., None].astype("float32")
y = (life + rng.normal(0, 0.5, M)).astype("float32")

ds = tf.data.Dataset.from_tensor_slices((x, y))
train = ds.take(3000).cache().shuffle(3000).batch(50).prefetch(2)
valid = ds.skip(3000).batch(100).cache()

net = keras.Sequential([keras.Input((96, 1))])
for f in (12, 24, 24):
    net.add(layers.Conv1D(f, 7, strides=2, padding="same", use_bias=False))
    net.add(layers.BatchNormalization(momentum=0.9))
    net.add(layers.Activation("relu"))
net.add(layers.GlobalAveragePooling1D())
net.add(layers.Dense(1))
net.compile(
    keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, 12 * 60)),
    "mse",
    metrics=["mae"],
)
h = net.fit(train, validation_data=valid, epochs=12, verbose=2)
print({k: [round(float(a), 4) for a in v] for k, v in h.history.items()})
