"""CODE: none

The first epochs are rough (BatchNorm averages young, rate warming up), then both losses run down
smoothly together. Nothing is wrong.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def chirps(n):
    """Spectrogram-like pictures of sounds: rising, falling, steady, two tones."""
    y = rng.integers(0, 4, n)
    x = rng.normal(0, 0.6, (n, 24, 32, 1))
    t = np.arange(32)
    for k in range(n):
        a, b = rng.uniform(5, 19), rng.uniform(5, 12)
        if y[k] == 0:
            tracks = [a + b * (t / 31 - 0.5)]
        elif y[k] == 1:
            tracks = [a - b * (t / 31 - 0.5)]
        elif y[k] == 2:
            tracks = [np.full(32, a)]
        else:
            tracks = [np.full(32, rng.uniform(2, 9)), np.full(32, rng.uniform(14, 22))]
        for track in tracks:
            rows = np.clip(np.round(track), 0, 23).astype(int)
            x[k, rows, t, 0] += rng.uniform(1.2, 2.2)
    return x.astype("float32"), y


EPOCHS, BATCH = 10, 32
x_train, y_train = chirps(2400)
x_val, y_val = chirps(800)
train = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train))
    .shuffle(2400, seed=seed)
    .batch(BATCH)
    .prefetch(2)
)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

model = keras.Sequential([keras.Input((24, 32, 1))])
for filters in (12, 24, 32):
    model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.95))
    model.add(layers.LeakyReLU())
    model.add(layers.MaxPooling2D())
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dropout(0.2))
model.add(layers.Dense(4, activation="softmax"))

steps = len(train) * EPOCHS
rate = keras.optimizers.schedules.CosineDecay(
    initial_learning_rate=1e-5, decay_steps=steps, warmup_target=2e-3, warmup_steps=len(train)
)
model.compile(
    optimizer=keras.optimizers.Adam(rate),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(train, validation_data=val, epochs=EPOCHS, verbose=2)
