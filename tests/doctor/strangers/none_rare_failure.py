"""CODE: none

Pumps that fail within a week: 4 of 100. The accuracy reads 0.96 from the first epoch to the last, on both
sides, to the third digit. It looks frozen, only the AUC moves.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
bad_site = rng.normal(0, 0.5, 12)


def pumps(n):
    site = rng.integers(0, 12, n)
    x = rng.normal(size=(n, 10)).astype("float32")
    score = -3.9 + bad_site[site] + 0.8 * x[:, 0] + 0.5 * x[:, 1] * (x[:, 2] > 0)
    y = rng.random(n) < 1 / (1 + np.exp(-score))
    return {"site": site.astype("int32"), "readings": x}, y.astype("float32")


train = tf.data.Dataset.from_tensor_slices(pumps(12000)).shuffle(12000).batch(128)
valid = tf.data.Dataset.from_tensor_slices(pumps(6000)).batch(500)

site = keras.Input((), dtype="int32", name="site")
readings = keras.Input((10,), name="readings")
h = layers.Concatenate()([layers.Embedding(12, 3)(site), readings])
h = layers.Dense(12, activation="relu")(h)
out = layers.Dense(1, activation="sigmoid", bias_initializer=keras.initializers.Constant(-3.0))(h)
model = keras.Model({"site": site, "readings": readings}, out)
model.compile(
    keras.optimizers.Adam(1e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)
history = model.fit(train, epochs=8, validation_data=valid, verbose=0)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
