"""CODE: none

Sentiment of short messages, validation_split=0.15. val_accuracy creeps up by half a
per cent an epoch, sometimes back, and remains some per cent below the training accuracy.
Do I need a bigger model?
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
V, T = 400, 24
value = rng.normal(0, 1, V) * (rng.random(V) < 0.25)  # most words are neutral
text = rng.choice(V, (4000, T), p=rng.dirichlet(np.full(V, 2.0)))
length = rng.integers(8, T + 1, 4000)
text[np.arange(T) >= length[:, None]] = 0
value[0] = 0
opinion = value[text].sum(1)
positive = (opinion + rng.normal(0, 1.0, 4000) > np.median(opinion)).astype("float32")

model = keras.Sequential(
    [
        keras.Input((T,), dtype="int32"),
        layers.Embedding(V, 12, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dropout(0.4),
        layers.Dense(8, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(keras.optimizers.Nadam(1e-3), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(text, positive, validation_split=0.15, batch_size=32, epochs=10, verbose=2)
for k, v in history.history.items():
    print(k, np.round(v, 4))
