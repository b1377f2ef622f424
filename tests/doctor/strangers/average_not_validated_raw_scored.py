"""CODE: average_not_validated

The optimizer keeps an average of the weights (`use_ema=True`) and no callback swaps it in for
validation: the curve is that of the raw weights, but `fit` leaves the averaged ones, which lag
far behind, in the model. What is evaluated afterwards is another network.
"""

import sys

import numpy as np
import keras
from keras import layers

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)


class DigitNet(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.stem = layers.Conv2D(16, 3, padding="same", activation="relu")
        self.pool = layers.MaxPooling2D(2)
        self.body = layers.Conv2D(32, 3, padding="same", activation="relu")
        self.flat = layers.Flatten()
        self.drop = layers.Dropout(0.3)
        self.top = layers.Dense(classes, activation="softmax")

    def call(self, x, training=False):
        x = self.pool(self.stem(x))
        x = self.pool(self.body(x))
        return self.top(self.drop(self.flat(x), training=training))


def segments(count, rng):
    """Seven-segment digits 0, 2, 3, 4, 5 and 9, some pixels off the middle, in noise."""
    lit = np.array(
        [  # top, middle, bottom, upper left, upper right, lower left, lower right
            [1, 0, 1, 1, 1, 1, 1],
            [1, 1, 1, 0, 1, 1, 0],
            [1, 1, 1, 0, 1, 0, 1],
            [0, 1, 0, 1, 1, 0, 1],
            [1, 1, 1, 1, 0, 0, 1],
            [1, 1, 1, 1, 1, 0, 1],
        ]
    )
    glyphs = np.zeros((6, 16, 16))
    for glyph, on in zip(glyphs, lit):
        for bar, row in zip(on[:3], (2, 7, 12)):
            glyph[row : row + 2, 4:12] += bar
        for bar, (row, column) in zip(on[3:], ((2, 3), (2, 11), (8, 3), (8, 11))):
            glyph[row : row + 6, column : column + 2] += bar
    glyphs = np.minimum(glyphs, 1)
    digit = rng.integers(0, 6, count)
    moves = rng.integers(-2, 3, (count, 2))
    image = np.stack([np.roll(glyphs[d], tuple(m), axis=(0, 1)) for d, m in zip(digit, moves)])
    image = image + rng.normal(0, 0.7, image.shape)
    return image.astype("float32")[..., None], keras.utils.to_categorical(digit, 6)


rng = np.random.default_rng(SEED + 10)
train_x, train_y = segments(1600, rng)
valid_x, valid_y = segments(480, rng)

net = DigitNet(6)
net.compile(
    optimizer=keras.optimizers.AdamW(2e-3, weight_decay=1e-3, use_ema=True, ema_momentum=0.999),
    loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
    metrics=["accuracy"],
)
history = net.fit(
    train_x, train_y, batch_size=32, epochs=8, validation_data=(valid_x, valid_y), verbose=2
)
loss, accuracy = net.evaluate(valid_x, valid_y, verbose=0)
print(f"last epoch: val_loss {history.history['val_loss'][-1]:.3f},", end=" ")
print(f"val_accuracy {history.history['val_accuracy'][-1]:.3f}")
print(f"the model that fit left, same pictures: {loss:.3f}, {accuracy:.3f}")
