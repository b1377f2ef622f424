"""CODE: label_order

A callback predicts on a validation dataset that is shuffled anew in each pass and compares with
labels collected in another pass: its own recall stands at chance, although val_accuracy (computed
by Keras) is good.
"""

import sys

import numpy as np
import keras
import tensorflow as tf

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(SEED)
CLASSES = 5

# each class is a smooth random relief, the same for both sides
templates = np.random.default_rng(77).normal(0, 1, (CLASSES, 4, 4, 1))
templates = np.kron(templates, np.ones((1, 4, 4, 1)))


def samples(count, rng):
    target = rng.integers(0, CLASSES, count)
    image = templates[target] * rng.uniform(0.4, 1.0, (count, 1, 1, 1))
    image = image + rng.normal(0, 1.0, (count, 16, 16, 1))
    return image.astype("float32"), target


rng = np.random.default_rng(SEED + 1)
x_train, y_train = samples(1600, rng)
x_valid, y_valid = samples(500, rng)
train_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(1600).batch(40)
valid_ds = tf.data.Dataset.from_tensor_slices((x_valid, y_valid)).shuffle(500).batch(50)


class MacroRecall(keras.callbacks.Callback):
    """Mean over the classes of the share found, which Keras has no metric for."""

    def __init__(self, data):
        super().__init__()
        self.data = data
        self.truth = np.concatenate([labels.numpy() for _, labels in data])

    def on_epoch_end(self, epoch, logs=None):
        guess = np.argmax(self.model.predict(self.data, verbose=0), axis=-1)
        recall = [np.mean(guess[self.truth == k] == k) for k in range(CLASSES)]
        logs["val_macro_recall"] = float(np.mean(recall))


inputs = keras.Input((16, 16, 1), name="relief")
x = keras.layers.RandomTranslation(0.08, 0.08, fill_mode="constant")(inputs)
x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
x = keras.layers.MaxPooling2D(2)(x)
x = keras.layers.Conv2D(24, 3, padding="same", activation="relu")(x)
x = keras.layers.MaxPooling2D(2)(x)
x = keras.layers.Flatten()(x)
x = keras.layers.Dropout(0.3)(x)
outputs = keras.layers.Dense(CLASSES, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile(
    keras.optimizers.AdamW(2e-3, weight_decay=1e-4),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    train_ds,
    epochs=9,
    validation_data=valid_ds,
    callbacks=[
        MacroRecall(valid_ds),
        keras.callbacks.EarlyStopping("val_macro_recall", mode="max", patience=7),
    ],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name:18}", " ".join(f"{v:.3f}" for v in values))
