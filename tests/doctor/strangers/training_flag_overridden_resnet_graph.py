"""CODE: training_flag_overridden

A detector's backbone, written as in Mask R-CNN with its TRAIN_BN = False. Weights come from the old
camera, then all layers are tuned on the new one. Train accuracy is good, validation is not.
"""

import sys
import numpy as np
import keras
from keras import layers as KL

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED + 5)


class Config:
    CLASSES = 4
    TRAIN_BN = False  # small data set, so keep the batch norm layers as they were trained
    LEARNING_RATE = 5e-4
    BATCH = 16


def photos(n, gain, offset, noise):
    y = rng.integers(0, Config.CLASSES, n)
    i, j = np.mgrid[:24, :24]
    turn = (y * np.pi / 4)[:, None, None]
    wave = np.sin(0.9 * (np.cos(turn) * i + np.sin(turn) * j) + rng.uniform(0, 6.3, (n, 1, 1)))
    x = wave[..., None] * rng.uniform(0.3, 1.0, (n, 1, 1, 3)) + rng.normal(0, noise, (n, 24, 24, 3))
    return (gain * x + offset).astype("float32"), y


def conv_block(x, filters, strides, train_bn):
    x = KL.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    x = KL.BatchNormalization()(x, training=train_bn)
    return KL.Activation("relu")(x)


def resnet_graph(train_bn):
    image = keras.Input((24, 24, 3))
    x = conv_block(image, 16, 2, train_bn)
    y = conv_block(x, 16, 1, train_bn)
    y = conv_block(y, 16, 1, train_bn)
    x = KL.Add()([x, y])
    x = conv_block(x, 32, 2, train_bn)
    x = conv_block(x, 32, 1, train_bn)
    return keras.Model(image, KL.GlobalAveragePooling2D()(x))


def with_head(backbone):
    return keras.Model(
        backbone.input, KL.Dense(Config.CLASSES, activation="softmax")(backbone.output)
    )


# the weights of the old camera
old = resnet_graph(train_bn=None)
first = with_head(old)
first.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
x0, y0 = photos(1600, 1.0, 0.0, 0.8)
for step in range(220):
    pick = rng.integers(0, len(x0), 32)
    first.train_on_batch(x0[pick], y0[pick])

# the new camera
backbone = resnet_graph(train_bn=Config.TRAIN_BN)
backbone.set_weights(old.get_weights())
model = with_head(backbone)
x, y = photos(240, 0.35, 0.9, 0.9)
x_val, y_val = photos(400, 0.35, 0.9, 0.9)
model.compile(
    keras.optimizers.Adam(Config.LEARNING_RATE),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x, y, batch_size=Config.BATCH, epochs=8, validation_data=(x_val, y_val), verbose=0
).history
for key, values in history.items():
    print(f"{key:>13}:", "  ".join(f"{v:.3f}" for v in values))
