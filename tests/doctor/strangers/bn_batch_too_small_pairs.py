"""CODE: bn_batch_too_small

Batches of two, both crops of one photograph: in training BatchNorm takes out the light of just
that photograph, in validation it subtracts the average light of all. The averages are fresh;
the two modes are two networks, and only the first one is trained.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 222)
cells = 4 * np.linalg.qr(rng.normal(size=(16, 16)))[0][:4].reshape(4, 4, 4)
cells = cells.repeat(4, axis=1).repeat(4, axis=2)


def photographs(n):
    """Two crops of each photograph, with labels of their own, under the same light."""
    kind = rng.integers(0, 4, (n, 2))
    crop = 0.6 * cells[kind] + rng.normal(size=(n, 2, 16, 16))
    gain = np.exp(rng.uniform(np.log(0.4), np.log(2.5), (n, 1, 1, 1)))
    crop = gain * crop + rng.normal(0, 1.5, (n, 1, 1, 1))
    return crop[..., None].astype("float32"), kind.astype("int32")


class OnePhotograph(keras.utils.PyDataset):
    def __init__(self, crops, kinds):
        super().__init__()
        self.crops, self.kinds = crops, kinds

    def __len__(self):
        return len(self.crops)

    def __getitem__(self, k):
        return self.crops[k], self.kinds[k]


train = OnePhotograph(*photographs(320))
crops, kinds = photographs(250)
validation = (crops.reshape(-1, 16, 16, 1), kinds.reshape(-1))

image = keras.Input((16, 16, 1))
h = layers.Conv2D(12, 3, use_bias=False)(image)
h = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(h))
h = layers.Conv2D(16, 3, strides=2, use_bias=False)(h)
h = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(h))
h = layers.Flatten()(h)
model = keras.Model(image, layers.Dense(4, activation="softmax")(h))
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["acc"])
history = model.fit(train, epochs=7, validation_data=validation, verbose=0)
for name, values in history.history.items():
    print(f"{name:10}", " ".join(f"{v:.3f}" for v in values))
