"""CODE: average_not_validated
My averaging callback (averages of the trainable weights, put in for validation, taken out afterwards).
val_loss is restless and far too high for most of the run, although averaging ought to make it smoother. Without
the callback val_loss is about the training loss.
"""

import sys
import keras
import numpy as np
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rs = np.random.RandomState(seed + 1)


def spectrogram(kind):
    t, f = np.meshgrid(np.arange(24), np.arange(20))
    f0, sl = rs.uniform(6, 13), rs.uniform(0.12, 0.3)
    line = [
        f0 + sl * (t - 12),
        f0 - sl * (t - 12),
        f0 + 2.2 * np.sin(t * rs.uniform(0.5, 0.8)),
        f0 + 0 * t,
    ][kind]
    s = 0.5 * np.exp(-(((f - line) / 1.0) ** 2)) + 0.3 * np.exp(-(((f - line / 2) / 1.0) ** 2))
    return s + rs.gamma(1.2, 0.45, s.shape)


lab = rs.randint(0, 4, 2000)
spec = np.log1p(np.stack([spectrogram(k) for k in lab]))[..., None].astype("float32")
spec = (spec - spec.mean()) / spec.std()


class MeanWeights(keras.callbacks.Callback):
    def __init__(self, decay=0.99):
        super().__init__()
        self.decay = decay
        self.mean = None

    def on_train_batch_end(self, batch, logs=None):
        now = [v.numpy() for v in self.model.trainable_variables]
        if self.mean is None:
            self.mean = now
        self.mean = [self.decay * m + (1 - self.decay) * n for m, n in zip(self.mean, now)]

    def on_test_begin(self, logs=None):
        self.kept = [v.numpy() for v in self.model.trainable_variables]
        for v, m in zip(self.model.trainable_variables, self.mean):
            v.assign(m)

    def on_test_end(self, logs=None):
        for v, k in zip(self.model.trainable_variables, self.kept):
            v.assign(k)


inp = keras.Input(spec.shape[1:])
z = inp
for width in (12, 16, 24):
    z = layers.Conv2D(width, 3, padding="same", use_bias=False)(z)
    z = layers.BatchNormalization(momentum=0.9)(z)
    z = layers.ReLU()(z)
    z = layers.MaxPooling2D()(z)
z = layers.Flatten()(z)
z = layers.Dense(4)(z)
model = keras.Model(inp, z)
model.compile(
    keras.optimizers.Adam(1e-2),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
hist = model.fit(
    spec[:1500],
    lab[:1500],
    batch_size=25,
    epochs=10,
    validation_data=(spec[1500:], lab[1500:]),
    callbacks=[MeanWeights()],
    verbose=0,
)
for k, v in hist.history.items():
    print(k, " ".join("%.3f" % a for a in v))
