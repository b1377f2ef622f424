"""CODE: class_weights_extreme

The class weights are the squares of n / count, so the rare class weighs thousands: the batches
with one of its pictures rule the training, the loss jumps, and too much is called the rare class.
"""

import sys

import numpy as np
import keras

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)

SHARES = [0.5, 0.3, 0.18, 0.02]


def clouds(n, rng):
    """Soft blobs, one to four of them, in a noisy 18 px sky."""
    kind = rng.choice(4, n, p=SHARES)
    i, j = np.mgrid[:18, :18]
    sky = np.zeros((n, 18, 18))
    for blob in range(4):
        row, column = rng.uniform(3, 15, (2, n, 1, 1))
        here = (kind >= blob)[:, None, None]
        sky += here * np.exp(-((i - row) ** 2 + (j - column) ** 2) / 6)
    sky = 0.7 * sky + rng.normal(0, 0.3, sky.shape)
    return sky.astype("float32")[..., None], kind


class Batches(keras.utils.PyDataset):
    def __init__(self, images, kinds, size=32, shuffle=True, **kwargs):
        super().__init__(**kwargs)
        self.images, self.size, self.shuffle = images, size, shuffle
        self.targets = keras.utils.to_categorical(kinds, 4)
        self.index = np.arange(len(images))
        self.on_epoch_end()

    def __len__(self):
        return len(self.index) // self.size

    def __getitem__(self, batch):
        rows = self.index[batch * self.size : (batch + 1) * self.size]
        return self.images[rows], self.targets[rows]

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.index)


rng = np.random.default_rng(SEED)
train_images, train_kinds = clouds(1920, rng)
val_images, val_kinds = clouds(640, rng)
counts = np.bincount(train_kinds, minlength=4)
weights = {k: float((len(train_kinds) / max(count, 1)) ** 2) for k, count in enumerate(counts)}
print("class weights", {k: round(w) for k, w in weights.items()})

sky = keras.Input((18, 18, 1))
y = sky
for width, stride in ((12, 1), (24, 2), (32, 2)):
    y = keras.layers.Conv2D(width, 3, strides=stride, padding="same", activation="relu")(y)
y = keras.layers.GlobalAveragePooling2D()(y)
y = keras.layers.Dense(24, activation="relu")(y)
model = keras.Model(sky, keras.layers.Dense(4, activation="softmax")(y))
model.compile(keras.optimizers.Adam(2e-3), loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    Batches(train_images, train_kinds),
    epochs=10,
    validation_data=Batches(val_images, val_kinds, shuffle=False),
    class_weight=weights,
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:14}", " ".join(f"{v:.3f}" for v in values))
guess = model.predict(val_images, verbose=0).argmax(axis=1)
print("called the rare kind:", np.mean(guess == 3), "are:", np.mean(val_kinds == 3))
