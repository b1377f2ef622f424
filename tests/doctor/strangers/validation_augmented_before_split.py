"""CODE: validation_augmented
Sign pictures; map(augment) on the dataset, then take / skip. val_accuracy is well below what
the same model reaches on the test folder, and calling evaluate twice gives two numbers.
"""

import sys
import tensorflow as tf
import keras
import numpy as np

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(seed + 77)
CLASSES = 5


def draw(n):
    pics, labs = [], []
    yy, xx = np.mgrid[-1:1:28j, -1:1:28j]
    for _ in range(n):
        c = rng.integers(CLASSES)
        a = rng.normal(0, 0.15)
        u, v = (
            xx * np.cos(a) - yy * np.sin(a) + rng.normal(0, 0.07),
            xx * np.sin(a) + yy * np.cos(a) + rng.normal(0, 0.07),
        )
        s = rng.uniform(0.5, 0.75)
        m = [
            np.hypot(u, v) < s,
            np.maximum(abs(u), abs(v)) < s * 0.85,
            (abs(u) + abs(v)) < s * 1.15,
            (v < s * 0.6) & (v > -s + 2 * abs(u) * 0.9),
            (v > -s * 0.6) & (v < s - 2 * abs(u) * 0.9),
        ][c]
        img = np.where(m[..., None], rng.uniform(0.5, 1, 3), rng.uniform(0, 0.4, 3))
        pics.append(img + rng.normal(0, 0.12, img.shape)), labs.append(c)
    return np.array(pics, "float32"), np.array(labs)


images, labels = draw(2000)
test_x, test_y = draw(600)

augmenter = keras.Sequential(
    [
        keras.layers.RandomTranslation(0.3, 0.3, fill_mode="constant"),
        keras.layers.RandomZoom((-0.3, 0.6), fill_mode="constant"),
        keras.layers.GaussianNoise(0.25),
    ]
)

ds = tf.data.Dataset.from_tensor_slices((images, labels))
ds = ds.shuffle(2000, seed=seed, reshuffle_each_iteration=False)
ds = ds.batch(20).map(lambda x, y: (augmenter(x, training=True), y), num_parallel_calls=2)
val_ds = ds.take(20)
train_ds = ds.skip(20)

model = keras.Sequential(
    [
        keras.Input((28, 28, 3)),
        keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Conv2D(48, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(48, activation="relu"),
        keras.layers.Dense(CLASSES, activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.AdamW(3e-3, weight_decay=1e-3),
    "sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
hist = model.fit(train_ds, validation_data=val_ds, epochs=12, verbose=2)
print(hist.history)
print("evaluate, twice:", model.evaluate(val_ds, verbose=0), model.evaluate(val_ds, verbose=0))
print("test folder:", model.evaluate(test_x, test_y, verbose=0))
