"""CODE: none

Four switches decide together (the sign of a product), the other inputs are beside the point. Little moves
in the first epochs, then validation accuracy goes to 0.999, higher than training. Too good to be true?
"""

import sys
import numpy as np
import tensorflow as tf
import keras

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def settings(n):
    x = rng.uniform(-1, 1, (n, 6))
    x += 0.3 * np.sign(x)
    return x.astype("float32"), (x[:, 0] * x[:, 1] * x[:, 2] * x[:, 3] > 0).astype("int32")


train = tf.data.Dataset.from_tensor_slices(settings(10000)).shuffle(10000).batch(125).prefetch(1)
valid = tf.data.Dataset.from_tensor_slices(settings(3000)).batch(500)
model = keras.Sequential(
    [
        keras.Input((6,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(2),
    ]
)
model.compile(
    keras.optimizers.Adam(8e-4),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
history = model.fit(train, epochs=15, validation_data=valid, verbose=0)
for name, values in history.history.items():
    print(f"{name:10}", " ".join(f"{v:.3f}" for v in values))
