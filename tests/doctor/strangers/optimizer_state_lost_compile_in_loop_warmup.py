"""CODE: optimizer_state_lost

I log by hand after each epoch, so I have a loop with fit(epochs=1). With the warm-up
and decay schedule the paper recommends, loss and val_loss go down very slowly, in fact like with
a tiny learning rate; a friend needs five epochs with "the same" settings.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


# gestures: 3 accelerometer channels, 5 gestures
def gestures(n):
    lab = rng.integers(0, 5, n)
    t = np.linspace(0, 1, 80)
    x = np.zeros((n, 80, 3))
    for i, g in enumerate(lab):
        f = np.random.default_rng(g).uniform(1, 5, 3)
        ph = np.random.default_rng(g + 10).uniform(0, 6.3, 3) + rng.normal(0, 0.5)
        x[i] = rng.uniform(0.6, 1.4) * np.sin(
            2 * np.pi * np.outer(t * rng.uniform(0.85, 1.15), f) + ph
        )
    return (x + rng.normal(0, 0.8, x.shape)).astype("float32"), lab.astype("int32")


x, y = gestures(2400)
train = tf.data.Dataset.from_tensor_slices((x[:1800], y[:1800])).shuffle(1800).batch(30).prefetch(1)
valid = tf.data.Dataset.from_tensor_slices((x[1800:], y[1800:])).batch(100)
EPOCHS, STEPS = 9, 60

inp = keras.Input((80, 3))
h = inp
for f in (16, 32):
    h = layers.Conv1D(f, 7, strides=2, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.9)(h)
    h = layers.ReLU()(h)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dense(5, activation="softmax")(h)
model = keras.Model(inp, h)


def make_optimizer():
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, EPOCHS * STEPS, warmup_target=0.02, warmup_steps=4 * STEPS
    )
    return keras.optimizers.SGD(rate, momentum=0.9)


log = {}
for epoch in range(EPOCHS):
    model.compile(make_optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    one = model.fit(train, validation_data=valid, epochs=epoch + 1, initial_epoch=epoch, verbose=2)
    for k, v in one.history.items():
        log.setdefault(k, []).extend(v)
for k, v in log.items():
    print(k, np.round(v, 4).tolist())
