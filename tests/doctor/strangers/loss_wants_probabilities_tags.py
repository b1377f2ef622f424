"""CODE: loss_wants_probabilities

The tagger's last Dense layer is linear, but binary_crossentropy is given by name and expects
probabilities.
"""

import sys
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)

TAGS = ["python", "numpy", "plotting", "pandas", "linux", "keras"]
VOCAB, LENGTH = 500, 40
keywords = rng.permutation(np.arange(1, VOCAB))[: 10 * len(TAGS)].reshape(len(TAGS), 10)


def questions(n):
    tags = (rng.random((n, len(TAGS))) < 0.3).astype("float32")
    words = rng.integers(1, VOCAB, (n, LENGTH))
    for i in range(n):
        for t in np.flatnonzero(tags[i]):
            spots = rng.choice(LENGTH, 4, replace=False)
            words[i, spots] = rng.choice(keywords[t], 4)
    return words, tags


x_train, y_train = questions(5000)
x_val, y_val = questions(1500)

inputs = keras.Input((LENGTH,), dtype="int32")
x = layers.Embedding(VOCAB, 32)(inputs)
x = layers.Conv1D(48, 3, activation="relu")(x)
x = layers.GlobalMaxPooling1D()(x)
x = layers.Dropout(0.3)(x)
x = layers.Dense(48, activation="relu")(x)
outputs = layers.Dense(len(TAGS), name="tags")(x)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss="binary_crossentropy",
    metrics=["binary_accuracy", keras.metrics.Recall(name="recall")],
)
model.fit(x_train, y_train, batch_size=64, epochs=10, validation_data=(x_val, y_val), verbose=2)

scores = model.predict(x_val[:5], verbose=0)
for row, truth in zip(scores, y_val[:5]):
    print(np.round(row, 2), [t for t, on in zip(TAGS, truth) if on])
