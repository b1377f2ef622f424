"""CODE: average_not_validated

Stochastic weight averaging by hand: from the second epoch on the weights are averaged, and at the
end of `fit` the mean is put into the model and kept. Each epoch validated the raw weights, none the
mean, whose BatchNorm statistics belong to other weights: evaluate after `fit` gives another loss
than the last val_loss, often twice as high.
"""

import sys

import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def sounds(n):
    """1-D: one of five chords of two tones, any phases, in noise."""
    y = rng.integers(0, 5, n)
    t = np.arange(120)[None] / 120
    x = rng.normal(0, 1.5, (n, 120))
    for step in (0, 3):
        tone = np.array([5, 8, 11, 14, 17])[y][:, None] + step
        x = x + np.sin(2 * np.pi * (tone * t + rng.uniform(0, 1, (n, 1))))
    return x[..., None].astype("float32"), y


class StochasticWeightAveraging(keras.callbacks.Callback):
    def __init__(self, start):
        super().__init__()
        self.start, self.count = start, 0

    def on_epoch_end(self, epoch, logs=None):
        if epoch < self.start:
            return
        new = [np.array(w) for w in self.model.trainable_weights]
        self.count += 1
        if self.count == 1:
            self.mean = new
        self.mean = [m + (w - m) / self.count for m, w in zip(self.mean, new, strict=True)]

    def on_train_end(self, logs=None):
        for weight, mean in zip(self.model.trainable_weights, self.mean, strict=True):
            weight.assign(mean)


model = keras.Sequential([keras.Input((120, 1))])
for width in (16, 32, 32):
    model.add(layers.Conv1D(width, 9, strides=2, use_bias=False))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.Activation("relu"))
model.add(layers.GlobalAveragePooling1D())
model.add(layers.Dense(5, activation="softmax"))
model.compile(keras.optimizers.Adam(5e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
(x, y), validation = sounds(1500), sounds(500)
history = model.fit(
    x,
    y,
    batch_size=30,
    epochs=12,
    validation_data=validation,
    callbacks=[StochasticWeightAveraging(start=1)],
    verbose=0,
)
loss, accuracy = model.evaluate(*validation, verbose=0)
print(f"evaluate right after fit: loss {loss:.3f}, accuracy {accuracy:.3f}")
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
