"""CODE: step_too_long

I changed Adam for Lion (everybody says it is better) and kept my usual learning rate.
Now the validation loss of the text classifier goes up and down wildly and the training
loss is no better.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)

VOCAB, LENGTH, TOPICS = 800, 40, 5
rng = np.random.default_rng(seed)
topic_words = rng.dirichlet(np.full(VOCAB, 0.08), TOPICS)
common = rng.dirichlet(np.full(VOCAB, 0.5))


def documents(n):
    y = rng.integers(0, TOPICS, n)
    p = [0.35 * topic_words[t] + 0.65 * common for t in range(TOPICS)]
    x = np.stack([rng.choice(VOCAB, LENGTH, p=p[t]) for t in y])
    return x.astype("int32"), y


tx, ty = documents(3000)
vx, vy = documents(1000)

tokens = keras.Input((LENGTH,), dtype="int32")
e = layers.Embedding(VOCAB, 24)(tokens)
c = layers.Conv1D(32, 3, activation="relu")(e)
c = layers.GlobalAveragePooling1D()(c)
c = layers.Dense(32, activation="relu")(c)
probs = layers.Dense(TOPICS, activation="softmax")(c)
clf = keras.Model(tokens, probs)
clf.compile(
    optimizer=keras.optimizers.Lion(learning_rate=8e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
log = clf.fit(tx, ty, batch_size=50, epochs=10, validation_data=(vx, vy), verbose=2)
for k in log.history:
    print(f"{k:14s}", " ".join(f"{v:.4f}" for v in log.history[k]))
