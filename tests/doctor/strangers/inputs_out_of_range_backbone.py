"""CODE: inputs_out_of_range

The backbone was trained on pixels from -1 to 1; the fine-tuning feeds it 0 to 255, in training and
validation alike. The features of the frozen backbone are a hundred times too large, and the losses
are enormous and jump.
"""

import sys

import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)


def textures(n, turns, noise):
    """Stripes of the given directions, pixels from 0 to 255."""
    label = rng.integers(0, len(turns), n)
    turn = np.array(turns)[label][:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    i, j = np.mgrid[:20, :20]
    wave = np.sin(0.95 * (np.cos(turn) * i + np.sin(turn) * j) + phase)[..., None]
    light = rng.normal(125, 15, (n, 1, 1, 1))
    image = light + 40 * wave + rng.normal(0, noise, (n, 20, 20, 3))
    return np.clip(image, 0, 255).astype("float32"), label


def preprocess_input(images):
    return images / 127.5 - 1.0


# the backbone, trained on another task
inputs = keras.Input((20, 20, 3))
x = inputs
for filters in (16, 24, 32):
    x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
x = layers.GlobalAveragePooling2D()(x)
backbone = keras.Model(inputs, x, name="backbone")
whole = keras.Sequential([backbone, layers.Dense(6, activation="softmax")])
whole.compile("adam", "sparse_categorical_crossentropy")
images, labels = textures(1500, [k * np.pi / 6 for k in range(6)], noise=40)
whole.fit(preprocess_input(images), labels, batch_size=32, epochs=3, verbose=0)

# the new task
backbone.trainable = False
images, labels = textures(900, [0.3, 1.1, 1.9, 2.7], noise=60)
val_images, val_labels = textures(500, [0.3, 1.1, 1.9, 2.7], noise=60)
picture = keras.Input((20, 20, 3))
features = backbone(picture, training=False)
features = layers.Dropout(0.2)(features)
tuned = keras.Model(picture, layers.Dense(4, activation="softmax")(features))
tuned.compile(
    optimizer=keras.optimizers.Adam(5e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = tuned.fit(
    images, labels, batch_size=32, epochs=10, validation_data=(val_images, val_labels), verbose=0
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
