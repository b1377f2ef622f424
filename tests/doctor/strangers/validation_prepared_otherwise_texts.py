"""CODE: validation_prepared_otherwise

Complaints sorted into four desks, words to numbers by TextVectorization. Training reaches nearly everything
within a few epochs, validation hardly beats guessing, whatever the dropout.
"""

import sys
import numpy as np
import keras
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)
syllables = ["ka", "lo", "mi", "ter", "su", "ban", "ri", "do", "fen", "pa", "gul", "ne"]
words = np.array(
    sorted({a + b + c for a in syllables for b in syllables for c in ("s", "n", "")})[:400]
)
rng.shuffle(words)
DESKS = 4
topic = np.full((DESKS, len(words)), 1.0)
for d in range(DESKS):
    topic[d, d * 40 : (d + 1) * 40] = 4.0
topic *= rng.uniform(0.5, 1.5, len(words))
topic /= topic.sum(1, keepdims=True)


def write_complaints(n):
    desk = rng.integers(0, DESKS, n)
    return np.array(
        [" ".join(rng.choice(words, rng.integers(15, 30), p=topic[d])) for d in desk]
    ), desk


def load(texts, desks, shuffle=False):
    vectorize = keras.layers.TextVectorization(max_tokens=1000, output_sequence_length=30)
    vectorize.adapt(texts)
    ds = tf.data.Dataset.from_tensor_slices((vectorize(tf.constant(texts)), desks))
    if shuffle:
        ds = ds.shuffle(len(texts), seed=SEED)
    return ds.batch(32).prefetch(1)


train = load(*write_complaints(1200), shuffle=True)
val = load(*write_complaints(600))

tokens = keras.Input((30,), dtype="int64")
h = keras.layers.Embedding(1000, 24, mask_zero=True)(tokens)
h = keras.layers.GlobalAveragePooling1D()(h)
h = keras.layers.Dropout(0.3)(h)
h = keras.layers.Dense(24, activation="relu")(h)
desk = keras.layers.Dense(DESKS, activation="softmax")(h)
model = keras.Model(tokens, desk)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.optimizer.learning_rate = 3e-3
history = model.fit(train, validation_data=val, epochs=10, verbose=0).history
print({k: [round(float(a), 3) for a in v] for k, v in history.items()})
