"""CODE: validation_prepared_otherwise

Training images are RGB, validation images were read with OpenCV and stayed BGR. The classes
differ in shape and partly in colour (ripe, unripe, leaf).
"""

import sys

import keras
import numpy as np

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0

keras.utils.set_random_seed(6 + SEED)


def fruit(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    colours = np.array([[190, 70, 50], [150, 150, 50], [60, 140, 80]], float)
    i, j = np.mgrid[:32, :32]
    x = np.empty((n, 32, 32, 3), "float32")
    for k, c in enumerate(y):
        a, b = rng.uniform(11, 21, 2)
        stretch = 1.0 if c < 2 else rng.uniform(0.35, 0.6)
        mask = np.hypot(i - a, (j - b) * stretch) < rng.uniform(6, 10) * (1 if c < 2 else 0.6)
        sky = np.array([80, 110, 160]) + rng.normal(0, 20, 3)
        x[k] = np.where(mask[..., None], colours[c] + rng.normal(0, 28, 3), sky)
    return np.clip(x + rng.normal(0, 25, x.shape), 0, 255), y


def imread_cv2(images):
    return images[..., ::-1]


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.scale = keras.layers.Rescaling(1 / 127.5, -1)
        self.convs = [
            keras.layers.Conv2D(w, 3, strides=2, padding="same", activation="relu")
            for w in (12, 24, 32)
        ]
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.head = keras.layers.Dense(3, activation="softmax")

    def call(self, x):
        x = self.scale(x)
        for conv in self.convs:
            x = conv(x)
        return self.head(self.pool(x))


x, y = fruit(1000, 1)
xv, yv = fruit(400, 2)
model = Net()
model.compile(
    keras.optimizers.Adam(1e-3), keras.losses.CategoricalCrossentropy(), metrics=["accuracy"]
)
hot = keras.utils.to_categorical
history = model.fit(x, hot(y), epochs=12, validation_data=(imread_cv2(xv), hot(yv)), verbose=0)
for k, v in history.history.items():
    print(k, [round(float(a), 3) for a in v])
