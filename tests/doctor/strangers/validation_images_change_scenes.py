"""CODE: validation_images_change

Roof segmentation on aerial scenes. The training loss falls smoothly, but val_loss doubles and
halves again from one epoch to the next, with any learning rate. No BatchNorm in the network.
"""

import sys
import numpy as np
import keras
from keras import layers

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed)
SIDE, PATCH = 120, 24


def scene(haze):
    mask = np.zeros((SIDE, SIDE), "float32")
    for _ in range(rng.integers(20, 45)):
        a, b = rng.integers(0, SIDE - 16, 2)
        h, w = rng.integers(5, 16, 2)
        mask[a : a + h, b : b + w] = 1
    tint = rng.uniform(0.8, 1.2, 3)
    image = mask[..., None] * tint - 0.4 + haze * rng.normal(size=(SIDE, SIDE, 3))
    return image.astype("float32"), mask[..., None]


train_scenes = [scene(h) for h in np.linspace(0.2, 2.2, 14)]
val_scenes = [scene(h) for h in np.linspace(0.25, 2.15, 6)]


class RandomPatches(keras.utils.PyDataset):
    """Each batch: patches cut at random places of random scenes."""

    def __init__(self, scenes, steps, batch=16):
        super().__init__()
        self.scenes, self.steps, self.batch = scenes, steps, batch

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        xs, ys = [], []
        for _ in range(self.batch):
            x, y = self.scenes[np.random.randint(len(self.scenes))]
            i, j = np.random.randint(0, SIDE - PATCH, 2)
            xs.append(x[i : i + PATCH, j : j + PATCH])
            ys.append(y[i : i + PATCH, j : j + PATCH])
        return np.stack(xs), np.stack(ys)


class WholeScenes(keras.utils.PyDataset):
    """Validation on complete scenes, tiled; all of them would take too long, so two at a time."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        x, y = val_scenes[np.random.randint(len(val_scenes))]
        cut = range(0, SIDE, PATCH)
        tiles = lambda a: np.stack([a[i : i + PATCH, j : j + PATCH] for i in cut for j in cut])
        return tiles(x), tiles(y)


net = keras.Sequential(
    [
        keras.Input((PATCH, PATCH, 3)),
        layers.Conv2D(12, 3, padding="same", activation="relu"),
        layers.Conv2D(12, 3, padding="same", activation="relu"),
        layers.Conv2D(12, 3, padding="same", dilation_rate=2, activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid"),
    ]
)
net.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["binary_accuracy"])
log = net.fit(RandomPatches(train_scenes, 30), validation_data=WholeScenes(), epochs=14, verbose=0)
for k, v in log.history.items():
    print(f"{k:22}", " ".join(f"{a:.3f}" for a in v))
