"""What one may give to `fit`: a source of each kind, with each kind of randomness."""

import importlib.util
import random
import threading

import keras
import numpy as np
import pytest

BACKEND = keras.config.backend()
HAS_TF = importlib.util.find_spec("tensorflow") is not None
HAS_TORCH = importlib.util.find_spec("torch") is not None
if HAS_TF:
    import tensorflow as tf
if HAS_TORCH:
    import torch
    from torch.utils.data import DataLoader, TensorDataset
needs_tf = pytest.mark.skipif(not HAS_TF, reason="TensorFlow is not installed")
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")

N = 40
BATCH = 8
rng = np.random.default_rng(11)
X = rng.random((N, 8, 8, 3)).astype(np.float32)
X[:, 0, 0, 0] = np.arange(N)  # an image tells its row
Y = np.arange(N) % 3


def rows_of(sample) -> list[int]:
    """The rows that the images of a sample were; only of sources that leave them as they are."""
    return np.asarray(sample.x)[:, 0, 0, 0].round().astype(int).tolist()


class Plain(keras.utils.PyDataset):
    """In order, without randomness."""

    def __len__(self):
        return -(-N // BATCH)

    def __getitem__(self, index):
        rows = slice(index * BATCH, (index + 1) * BATCH)
        return X[rows], Y[rows]


class OwnGenerator(Plain):
    """Shuffles its own list with its own generator, adds noise, and has a lock."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(3)
        self.rows = list(range(N))
        self.x = np.repeat(X, 80, axis=0)  # large: shared with a copy
        self.lock = threading.Lock()
        self.calls = 0
        self.augment = lambda images: images + self.rng.normal(size=images.shape)

    def __getitem__(self, index):
        with self.lock:
            self.calls += 1
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        return self.augment(self.x[::80][rows]).astype("float32"), Y[rows]

    def on_epoch_end(self):
        self.rng.shuffle(self.rows)


class GlobalGenerators(Plain):
    """Draws from np.random and random."""

    def __init__(self):
        super().__init__()
        self.rows = np.arange(N)

    def __getitem__(self, index):
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        return X[rows] + np.float32(np.random.normal() + random.random()), Y[rows]

    def on_epoch_end(self):
        np.random.shuffle(self.rows)


MODULE = {}


def noise():
    return np.float32(MODULE["rng"].normal() + MODULE["python"].random())


class ModuleLevel(Plain):
    """Uses generators, lists and counts that lie outside it."""

    drawn = 0
    order = list(range(N))

    def __init__(self):
        super().__init__()
        global counted
        counted = 0
        MODULE.update(rng=np.random.default_rng(4), python=random.Random(4), order=np.arange(N))
        type(self).drawn = 0
        type(self).order[:] = range(N)

    def __getitem__(self, index):
        global counted
        counted += 1
        type(self).drawn += 1
        rows = MODULE["order"][index * BATCH : (index + 1) * BATCH]
        rows = np.asarray(self.order)[rows]
        return X[rows] + noise() + np.float32(0.01 * counted + 0.01 * self.drawn), Y[rows]

    def on_epoch_end(self):
        MODULE["rng"].shuffle(MODULE["order"])
        MODULE["python"].shuffle(self.order)


class KerasLayers(Plain):
    """Augments with a layer of its own and with one that lies outside, and with keras.random."""

    def __init__(self):
        super().__init__()
        self.own = keras.layers.RandomBrightness(0.3, value_range=(0, 1), seed=1)
        MODULE["layer"] = keras.layers.RandomFlip(seed=2)

    def __getitem__(self, index):
        images, labels = super().__getitem__(index)
        images = MODULE["layer"](self.own(images, training=True), training=True)
        images = images + 0.1 * keras.random.normal((1, 8, 8, 3))
        return keras.ops.convert_to_numpy(images), labels


class EagerTensorFlow(Plain):
    """Augments with random ops of TensorFlow, alone and inside a function."""

    def __init__(self):
        super().__init__()
        self.brighter = tf.function(lambda x: tf.image.random_brightness(x, 0.3, seed=5))

    def __getitem__(self, index):
        images, labels = super().__getitem__(index)
        images = self.brighter(tf.image.random_flip_left_right(images))
        return (images + tf.random.normal((1, 8, 8, 3), seed=6)).numpy(), labels


class Endless(Plain):
    """Without a length; fit needs steps_per_epoch, and TensorFlow reads ahead."""

    num_batches = None

    def __getitem__(self, index):
        rows = np.random.permutation(N)[:BATCH]
        return X[rows] + np.float32(np.random.normal()), Y[rows]


def flow(**kwargs):
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(horizontal_flip=True, channel_shift_range=0.2)
    return generator.flow(X, Y, batch_size=BATCH, shuffle=True, **kwargs)


def tf_slices():
    return tf.data.Dataset.from_tensor_slices((X, Y))


def tf_random():
    def augment(x, y):
        return tf.image.random_flip_left_right(x) + tf.random.normal(()), y

    return tf_slices().shuffle(N, seed=3).map(augment).batch(BATCH).prefetch(2)


def tf_no_seed():
    return tf_slices().shuffle(10).batch(BATCH)


def tf_layer():
    layer = keras.layers.RandomBrightness(0.4, value_range=(0, 1), seed=4)
    data = tf_slices().shuffle(N, reshuffle_each_iteration=False).batch(BATCH)
    return data.map(lambda x, y: (layer(x, training=True), y), num_parallel_calls=1)


def tf_variables():
    steps, draws = tf.Variable(0.0), tf.random.Generator.from_seed(3)
    data = tf_slices().skip(3).take(30).batch(BATCH)
    data = data.map(lambda x, y: (x + steps.assign_add(0.1) + draws.normal(()), y))
    data._kept = steps, draws
    return data


def tf_cached():
    data = tf_slices().map(lambda x, y: (x + tf.random.normal(()), y))
    return data.cache().shuffle(N).batch(BATCH)


def tf_endless():
    return tf_slices().shuffle(N).repeat().batch(BATCH).prefetch(2)


class TorchImages:
    """A data set for DataLoader, with a random transformation."""

    def __init__(self):
        self.draws = torch.Generator().manual_seed(3)
        self.seen = 0

    def __len__(self):
        return N

    def __getitem__(self, index):
        self.seen += 1
        x = torch.as_tensor(X[index]) + torch.randn(1) + torch.randn(1, generator=self.draws)
        return x + np.float32(np.random.normal() + 0.01 * self.seen), int(Y[index])


def torch_tensors(**kwargs):
    data = TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    return DataLoader(data, batch_size=BATCH, **kwargs)


def torch_generator():
    return torch_tensors(shuffle=True, generator=torch.Generator().manual_seed(2))


TF_SOURCES = {
    "tf random": (tf_random, {}),
    "tf no seed": (tf_no_seed, {}),
    "tf layer": (tf_layer, {}),
    "tf variables": (tf_variables, {}),
    "tf cached": (tf_cached, {}),
    "tf endless": (tf_endless, {"steps_per_epoch": 3}),
}
SOURCES = {
    "arrays": (lambda: (X, Y), {}),
    "own generator": (OwnGenerator, {}),
    "global generators": (GlobalGenerators, {}),
    "module level": (ModuleLevel, {}),
    "keras layers": (KerasLayers, {}),
    "endless": (Endless, {"steps_per_epoch": 3}),
    "flow": (flow, {}),
    "flow with seed": (lambda: flow(seed=3), {}),
}
if HAS_TF:
    SOURCES |= TF_SOURCES | {"eager tensorflow": (EagerTensorFlow, {})}
if HAS_TORCH:
    SOURCES |= {
        "loader": (lambda: torch_tensors(shuffle=True), {}),
        "loader with generator": (torch_generator, {}),
        "loader of images": (lambda: DataLoader(TorchImages(), BATCH, shuffle=True), {}),
    }
