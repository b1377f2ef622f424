"""CODE: step_too_long
Letters on noisy paper, plain convolutional net, no BatchNorm. I took the rate from a paper
that trains on eight cards. It learns, but loss and val_loss leap about, and no run ends well.
"""

import sys
import numpy as np
import keras

keras.utils.set_random_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

glyphs = {
    "T": ["11111", "00100", "00100", "00100", "00100"],
    "L": ["10000", "10000", "10000", "10000", "11111"],
    "H": ["10001", "10001", "11111", "10001", "10001"],
    "X": ["10001", "01010", "00100", "01010", "10001"],
    "O": ["01110", "10001", "10001", "10001", "01110"],
    "F": ["11111", "10000", "11110", "10000", "10000"],
    "E": ["11111", "10000", "11110", "10000", "11111"],
    "U": ["10001", "10001", "10001", "10001", "01110"],
}
masks = [
    np.kron(np.array([[int(c) for c in row] for row in g]), np.ones((2, 2)))
    for g in glyphs.values()
]


def sheet(n):
    xs, ys = [], []
    for _ in range(n):
        k = np.random.randint(len(masks))
        page = np.random.normal(0, 0.55, (18, 18))
        r, c = np.random.randint(0, 9, 2)
        page[r : r + 10, c : c + 10] += masks[k] * np.random.uniform(0.8, 1.3)
        xs.append(page), ys.append(k)
    return np.array(xs, "float32")[..., None], keras.utils.to_categorical(ys, len(masks))


x_train, y_train = sheet(2000)
x_test, y_test = sheet(600)

model = keras.Sequential()
model.add(keras.Input((18, 18, 1)))
model.add(keras.layers.Conv2D(16, 5, activation="leaky_relu", kernel_initializer="he_normal"))
model.add(keras.layers.MaxPooling2D())
model.add(keras.layers.Conv2D(32, 3, activation="leaky_relu", kernel_initializer="he_normal"))
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(32, activation="leaky_relu"))
model.add(keras.layers.Dropout(0.3))
model.add(keras.layers.Dense(8, activation="softmax"))

EPOCHS, BATCH = 14, 32
LR = 0.038
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=LR, momentum=0.9, nesterov=True),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train, batch_size=BATCH, epochs=EPOCHS, validation_data=(x_test, y_test), verbose=2
)
print(history.history)
