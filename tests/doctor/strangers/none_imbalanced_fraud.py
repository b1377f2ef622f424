"""CODE: none

Fraud in card payments, six in a hundred. Accuracy stands at 0.94 from the first epoch, recall is poor at first and jumps
a good deal. The output is a logit.
"""

import sys
import numpy as np
import keras
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 13)


def payments(n):
    fraud = rng.random(n) < 0.06
    x = rng.normal(0, 1, (n, 16))
    x[:, :5] += 0.9 * fraud[:, None]
    x[:, 5:8] *= 1 + 0.5 * fraud[:, None]
    return x.astype("float32"), fraud.astype("float32")


def dataset(x, y, training):
    ds = tf.data.Dataset.from_tensor_slices(({"payment": x}, y[:, None]))
    return ds.shuffle(len(x), seed=SEED).batch(128).prefetch(1) if training else ds.batch(500)


payment = keras.Input((16,), name="payment")
h = keras.layers.Dense(32, activation="relu")(payment)
h = keras.layers.Dropout(0.2)(h)
h = keras.layers.Dense(16, activation="relu")(h)
model = keras.Model(
    {"payment": payment},
    keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(-2.7))(h),
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[
        keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),
        keras.metrics.Recall(thresholds=0.0, name="recall"),
        keras.metrics.AUC(from_logits=True, name="auc"),
    ],
)
h = model.fit(
    dataset(*payments(8000), True),
    validation_data=dataset(*payments(4000), False),
    epochs=10,
    verbose=0,
)
for k, v in h.history.items():
    print(f"{k:14}", " ".join(f"{a:.3f}" for a in v))
