"""CODE: overconfidence

Few texts, many rare words, no regularisation: after some epochs the network knows its texts by
heart and gets surer of every answer. The validation loss climbs while the validation accuracy
holds.
"""

import sys

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)

VOCABULARY, LENGTH, TOPICS = 2000, 50, 3


def texts(n, rng):
    """Forty words belong to each topic; one label in ten is another one than the text's."""
    topic = rng.integers(0, TOPICS, n)
    tokens = rng.integers(1 + 40 * TOPICS, VOCABULARY, (n, LENGTH))
    aside = rng.integers(0, TOPICS, (n, 1))
    theme = np.where(rng.random((n, LENGTH)) < 0.68, topic[:, None], aside)
    of_theme = 1 + 40 * theme + rng.integers(0, 40, (n, LENGTH))
    tokens = np.where(rng.random((n, LENGTH)) < 0.25, of_theme, tokens)
    label = np.where(rng.random(n) < 0.1, rng.integers(0, TOPICS, n), topic)
    return tokens.astype("int32"), label.astype("int32")


rng = np.random.default_rng(seed)
train_texts, train_topics = texts(500, rng)
valid_texts, valid_topics = texts(800, rng)

words = keras.Input((LENGTH,), dtype="int32", name="words")
h = layers.Embedding(VOCABULARY, 32)(words)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dense(32, activation="relu")(h)
topic = layers.Dense(TOPICS, activation="softmax")(h)
model = keras.Model(words, topic)
model.compile(
    optimizer=keras.optimizers.Adam(1e-2),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    train_texts,
    train_topics,
    batch_size=16,
    epochs=12,
    validation_data=(valid_texts, valid_topics),
    verbose=2,
)
sure = model.predict(valid_texts, verbose=0).max(axis=1).mean()
print(f"mean of the highest probability {sure:.3f}, accuracy", end=" ")
print(round(history.history["val_accuracy"][-1], 3))
