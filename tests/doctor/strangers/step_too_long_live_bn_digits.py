"""CODE: step_too_long

sklearn's digits with some noise, a ConvNet with BatchNorm and SGD with momentum. Somebody copied a
learning rate meant for batches of thousands. Validation loss leaps, and training loss with it.
"""

import sys
import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
keras.utils.set_random_seed(seed)

digits = load_digits()
X = digits.images[..., np.newaxis].astype("float32") / 16.0
X += np.random.normal(0, 0.15, X.shape).astype("float32")
X_train, X_val, y_train, y_val = train_test_split(
    X, digits.target, test_size=0.3, random_state=seed, stratify=digits.target
)

model = keras.models.Sequential()
model.add(keras.layers.Input(shape=(8, 8, 1)))
for filters in (16, 32, 32):
    model.add(keras.layers.Conv2D(filters, (3, 3), padding="same"))
    model.add(keras.layers.BatchNormalization(momentum=0.8))
    model.add(keras.layers.Activation("relu"))
    if filters == 16:
        model.add(keras.layers.MaxPooling2D((2, 2)))
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(10, activation="softmax"))

opt = keras.optimizers.SGD(learning_rate=0.4, momentum=0.9, nesterov=True)
model.compile(optimizer=opt, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(X_train, y_train, batch_size=32, epochs=12, verbose=0, validation_data=(X_val, y_val))

print("epoch  loss  acc  val_loss  val_acc")
for i in range(len(h.history["loss"])):
    print(
        i + 1, *("%.4f" % h.history[k][i] for k in ("loss", "accuracy", "val_loss", "val_accuracy"))
    )
