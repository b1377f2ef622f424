"""CODE: training_order

Text classification, the training file lies on disk topic by topic. I do shuffle, yet
the training loss looks wonderful within the epoch and then val_accuracy is far
lower, most predictions being of one or two topics.
"""

import sys
import numpy as np
import tensorflow as tf
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

WORDS, LEN, K = 600, 30, 4
topics = rng.dirichlet(np.full(WORDS, 0.1), K)
rest = rng.dirichlet(np.ones(WORDS))


def write(n):
    y = np.sort(rng.integers(0, K, n))
    x = np.stack([rng.choice(WORDS, LEN, p=0.3 * topics[k] + 0.7 * rest) for k in y])
    return x, y


x_train, y_train = write(3600)
x_val, y_val = write(900)
EPOCHS, BATCH = 6, 40
steps = len(x_train) // BATCH
train = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train))
    .shuffle(64)
    .repeat()
    .batch(BATCH)
    .prefetch(tf.data.AUTOTUNE)
)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

model = keras.Sequential(
    [
        keras.Input((LEN,), dtype="int32"),
        layers.Embedding(WORDS, 8),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(K),
    ]
)
model.compile(
    optimizer=keras.optimizers.RMSprop(8e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(train, steps_per_epoch=steps, epochs=EPOCHS, validation_data=val, verbose=2)
for k, v in history.history.items():
    print(k, np.round(v, 4).tolist())
