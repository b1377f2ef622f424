"""CODE: none

Round cells, a small U-Net with GroupNorm, four pictures in a batch from a generator. The training loss of single
steps jumps, and foreground is only a tenth of the picture. Fine or not?
"""

import sys
import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
BATCH = 4


def slides(n, rng):
    i, j = np.mgrid[:32, :32]
    masks = np.zeros((n, 32, 32), bool)
    for k in range(n):
        for _ in range(rng.integers(1, 5)):
            cy, cx, r = rng.uniform(4, 28), rng.uniform(4, 28), rng.uniform(2, 4.5)
            masks[k] |= (i - cy) ** 2 + (j - cx) ** 2 < r * r
    x = masks * rng.uniform(0.7, 1.3, (n, 1, 1)) + 0.25 * np.sin(
        j / 5 + rng.uniform(0, 6, (n, 1, 1))
    )
    x = x + rng.normal(0, 0.4, x.shape)
    return x[..., None].astype("float32"), masks[..., None].astype("float32")


def batches(x, y, rng=None):
    while True:
        order = np.arange(len(x)) if rng is None else rng.permutation(len(x))
        for k in range(0, len(x), BATCH):
            yield x[order[k : k + BATCH]], y[order[k : k + BATCH]]


def block(h, filters):
    h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
    return layers.Activation("swish")(layers.GroupNormalization(4)(h))


image = keras.Input((32, 32, 1))
top = block(image, 8)
middle = block(layers.MaxPooling2D()(top), 16)
low = block(layers.MaxPooling2D()(middle), 24)
up = block(layers.Concatenate()([layers.UpSampling2D()(low), middle]), 16)
up = block(layers.Concatenate()([layers.UpSampling2D()(up), top]), 8)
model = keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(up))
model.compile(
    keras.optimizers.Adam(2e-3),
    "binary_crossentropy",
    metrics=["accuracy", keras.metrics.BinaryIoU(target_class_ids=[1], name="iou")],
)
rng = np.random.default_rng(SEED + 60)
x, y = slides(240, rng)
xv, yv = slides(160, rng)
h = model.fit(
    batches(x, y, rng),
    steps_per_epoch=60,
    epochs=7,
    validation_data=batches(xv, yv),
    validation_steps=40,
    verbose=0,
)
for k, v in h.history.items():
    print(f"{k:14}", " ".join(f"{a:.3f}" for a in v))
