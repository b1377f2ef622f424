"""CODE: metric_threshold

One output without a sigmoid, loss with from_logits=True, and plain 'accuracy', which compares the
logit with 0.5: the risky customers have a logit of about 0.3 and nearly all count as negative.
The accuracy hardly leaves the share of negatives while the loss falls and the AUC is good.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 500)


def contracts(n):
    facts = rng.normal(size=(n, 6))
    risky = facts[:, 0] + 0.7 * facts[:, 3] + 0.2 * rng.normal(size=n) > -0.35
    chance = np.where(risky, 1 / (1 + np.exp(-0.32)), 0.09)
    left = rng.random(n) < chance
    return facts.astype("float32"), left.astype("float32")[:, None]


facts, left = contracts(5000)
facts_val, left_val = contracts(1500)

entry = keras.Input((6,), name="facts")
hidden = layers.Dense(16, activation="tanh")(entry)
hidden = layers.Dense(8, activation="tanh")(hidden)
logit = layers.Dense(1, name="logit")(hidden)
model = keras.Model(entry, logit)
model.compile(
    optimizer=keras.optimizers.Adam(3e-3),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=["accuracy", keras.metrics.AUC(from_logits=True, name="auc")],
)
history = model.fit(
    facts, left, batch_size=50, epochs=10, validation_data=(facts_val, left_val), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
right = (model.predict(facts_val, verbose=0) > 0) == (left_val > 0.5)
print(f"right with probability one half as the border: {right.mean():.3f}")
