"""CODE: step_too_long

The callback of a learning-rate range test was left in: the rate grows by 36 % each epoch and
never comes down. Word counts, a subclassed model; fine for a while, then the loss flies off.
"""

import sys

import numpy as np
import keras


class TopicNet(keras.Model):
    def __init__(self, topics):
        super().__init__()
        self.squash = keras.layers.Lambda(lambda c: keras.ops.log1p(c))
        self.hidden = keras.layers.Dense(48, activation="relu")
        self.more = keras.layers.Dense(48, activation="relu")
        self.drop = keras.layers.Dropout(0.2)
        self.head = keras.layers.Dense(topics, activation="softmax")

    def call(self, counts, training=None):
        x = self.hidden(self.squash(counts))
        x = self.drop(self.more(x), training=training)
        return self.head(x)


def documents(n, words, rng):
    """Poisson word counts; each topic likes its own words a little."""
    y = rng.integers(0, len(words), n)
    return rng.poisson(words[y] * rng.gamma(3, 1 / 3, (n, 1))).astype("float32"), y


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    zipf = 12 / np.arange(1, 301) ** 0.8
    words = zipf * np.exp(rng.normal(0, 0.45, (6, 300)))
    train, valid = documents(1600, words, rng), documents(700, words, rng)

    def grow(epoch, rate):
        return rate * (1.0 if epoch == 0 else 1.36)

    model = TopicNet(len(words))
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    fit = model.fit(
        *train,
        batch_size=32,
        epochs=13,
        validation_data=valid,
        verbose=0,
        callbacks=[keras.callbacks.LearningRateScheduler(grow)],
    )
    for key, values in fit.history.items():
        print(key, np.round(values, 4).tolist())
