"""What is read is what fit will get, and fit gets the same as if nobody had read."""

import functools
import importlib.util
import itertools
import random
import sys
import threading
import time

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.doctor import samples
from tlhelpers.doctor.samples import NotRead, digests, random_ops, read

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


# --- sources --------------------------------------------------------------------------


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


# --- no harm --------------------------------------------------------------------------


class Reader(keras.callbacks.Callback):
    """Reads the training source while it trains, as the doctor does."""

    def __init__(self, source):
        super().__init__()
        self.source = source
        self.found = []

    def on_train_begin(self, logs=None):
        self.look()
        if self.source is not None:
            random_ops(self.source)

    def on_epoch_end(self, epoch, logs=None):
        self.look()

    def look(self):
        if self.source is not None:
            self.found.append(read(self.source, images=20, passes=2))


def trained(name, reading):
    """History, weights and the next random numbers of a training, and what was read in it."""
    make, fit = SOURCES[name]
    keras.utils.set_random_seed(5)
    source = make()
    model = keras.Sequential(
        [
            keras.layers.Input((8, 8, 3)),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    # A compiled step takes longer to compile than all else takes; for a few sources it is worth it.
    compiled = name in ("arrays", "own generator", "keras layers", "tf random")
    model.compile(
        "sgd",
        "sparse_categorical_crossentropy",
        run_eagerly=BACKEND == "tensorflow" and not compiled,
        jit_compile=BACKEND == "jax",
    )
    reader = Reader(source if reading else None)
    data = source if isinstance(source, tuple) else (source,)
    history = model.fit(*data, epochs=3, verbose=0, callbacks=[reader], **fit).history
    after = [np.random.random(), random.random()]
    if HAS_TF:
        after.append(float(tf.random.uniform(())))
    if HAS_TORCH:
        after.append(float(torch.rand(())))
    after.append(float(keras.random.uniform(())))
    after.append(keras.layers.Dense(1).name[:5])
    return history["loss"], model.get_weights(), after, reader.found


unread = functools.cache(functools.partial(trained, reading=False))


def assert_no_harm(name):
    loss, weights, after, _ = unread(name)
    loss_read, weights_read, after_read, found = trained(name, reading=True)
    assert not [one for one in found if isinstance(one, NotRead)]
    assert len(found) == 4
    assert loss_read == loss
    for one, other in zip(weights_read, weights, strict=True):
        np.testing.assert_array_equal(one, other)
    if name != "endless":  # how far TensorFlow has read ahead at the end depends on the machine
        assert after_read == after


@pytest.mark.parametrize("name", SOURCES)
def test_training_is_the_same_bit_by_bit(name):
    assert_no_harm(name)


@needs_tf
@pytest.mark.parametrize("name", TF_SOURCES)
def test_training_is_the_same_when_a_dataset_is_too_large_for_its_graph(name, monkeypatch):
    monkeypatch.setattr(samples, "_SMALL_GRAPH", 100)
    monkeypatch.setattr(samples, "_from_graph", None)
    assert_no_harm(name)


def test_iterating_the_original_would_be_seen(monkeypatch):
    # What the tests above are worth: without a copy and without the states put back they fail.
    monkeypatch.setattr(samples._Copier, "__call__", lambda self, thing: thing)
    with pytest.raises(AssertionError):
        assert_no_harm("own generator")
    monkeypatch.undo()
    monkeypatch.setattr(samples._Kept, "restore", lambda self: None)
    with pytest.raises(AssertionError):
        assert_no_harm("module level")


# --- what is read ---------------------------------------------------------------------


def test_arrays_in_part_and_whole():
    weight = np.arange(N, dtype=np.float32)
    [whole] = read((X, Y, weight), batch_size=16)
    assert whole.complete and whole.rows.tolist() == list(range(N)) and whole.sizes == (16, 16, 8)
    assert np.shares_memory(whole.x, X) and not whole.x.flags.writeable
    part, again = read((X.astype(np.float64), Y, weight), images=10, passes=2)
    assert part is again and not part.complete and part.x.dtype == np.float32
    assert len(set(part.rows)) == 10 and (np.diff(part.rows) > 0).all()
    np.testing.assert_array_equal(part.x, X[part.rows])
    np.testing.assert_array_equal(part.y, Y[part.rows])
    np.testing.assert_array_equal(part.weight, weight[part.rows])
    np.testing.assert_array_equal(part.labels.y, Y)
    other = read((X, Y), images=10, seed=1)[0]
    assert other.rows.tolist() != part.rows.tolist()


def test_arrays_of_other_packages():
    makers = [np.asarray, lambda a: np.asarray(a).tolist()]
    if HAS_TF:
        makers.append(tf.constant)
    if HAS_TORCH:
        makers.append(torch.as_tensor)
    if importlib.util.find_spec("jax"):
        import jax.numpy

        makers.append(jax.numpy.asarray)
    for make in makers:
        [sample] = read((make(X), make(Y)), images=10)
        np.testing.assert_array_equal(sample.x, X[sample.rows])
        np.testing.assert_array_equal(sample.y, Y[sample.rows])
        assert isinstance(sample.x, np.ndarray) and sample.x.dtype == np.float32


def test_several_inputs_and_outputs():
    [sample] = read(({"a": X, "b": Y}, (Y, Y + 1)), images=10)
    assert set(sample.x) == {"a", "b"}
    np.testing.assert_array_equal(sample.x["a"], X[sample.rows])
    np.testing.assert_array_equal(sample.y[1], Y[sample.rows] + 1)
    assert read(([X, Y],))[0].x[1].shape == (N,)


@pytest.mark.parametrize("images", [1000, 20, 1])
def test_batches_in_order(images):
    sources = [Plain()]
    if HAS_TF:
        sources += [tf_slices().batch(BATCH), tf_slices().batch(BATCH).filter(lambda x, y: True)]
    if HAS_TORCH:
        sources.append(torch_tensors())
    for source in sources:
        first, second = read(source, images=images, passes=2)
        for sample in (first, second):
            assert rows_of(sample) == list(range(min(images, N)))
            np.testing.assert_array_equal(sample.x, X[: len(sample.x)])
            np.testing.assert_array_equal(sample.y, Y[: len(sample.x)])
        assert first.complete == (images >= N) and first.weight is None and first.rows is None
        assert first.sizes == (8,) * 5
        np.testing.assert_array_equal(first.labels.y, Y)
        assert first.labels.complete and second.labels is None


def test_the_second_pass_is_another_epoch():
    sources = [OwnGenerator(), GlobalGenerators()]
    if HAS_TF:
        sources.append(tf_random())
    if HAS_TORCH:
        sources.append(torch_tensors(shuffle=True))
    for source in sources:
        first, second = read(source, passes=2)
        assert first.complete and second.complete
        assert sorted(first.y) == sorted(second.y) and (first.x != second.x).any()


def test_between_gets_the_copy():
    source, copies = Plain(), []
    read(source, passes=3, between=copies.append)
    assert len(copies) == 2 and copies[0] is copies[1] is not source
    assert isinstance(copies[0], Plain)


def test_time_and_labels_end_a_pass():
    class Slow(Plain):
        def __getitem__(self, index):
            time.sleep(0.05)
            return super().__getitem__(index)

    first, second = read(Slow(), seconds=0.12, passes=2)
    assert 1 <= len(first.sizes) <= 3 and not first.complete and not first.labels.complete
    assert len(second.sizes) >= 1
    assert len(read(Slow(), seconds=0)[0].sizes) == 1
    assert read(Plain(), images=4, labels=10)[0].sizes == (8, 8)
    assert read(Endless(), images=20)[0].sizes == (8, 8, 8)


def test_weights_and_labels_of_batches():
    class Weighted(Plain):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return {"a": x, "b": y}, np.eye(3)[y], y + 0.5

    [sample] = read(Weighted(), images=12)
    np.testing.assert_array_equal(sample.x["a"], X[:12])
    np.testing.assert_array_equal(sample.y, np.eye(3)[Y[:12]])
    np.testing.assert_array_equal(sample.weight, Y[:12] + 0.5)
    np.testing.assert_array_equal(sample.labels.weight, Y + 0.5)


def test_flow_from_directory(tmp_path):
    image = pytest.importorskip("PIL.Image")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    for number in range(12):
        folder = tmp_path / "abc"[number % 3]
        folder.mkdir(exist_ok=True)
        image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(folder / f"{number:02}.png")
    for mode in ("categorical", "sparse"):
        source = ImageDataGenerator().flow_from_directory(
            tmp_path, target_size=(8, 8), batch_size=5, class_mode=mode, save_to_dir=tmp_path / "a"
        )
        [sample] = read(source)
        assert sample.complete and sample.sizes == (5, 5, 2)
        classes = sample.y if mode == "sparse" else sample.y.argmax(1)
        np.testing.assert_array_equal(classes, sample.x[:, 0, 0, 0] % 3)
        assert sample.y.shape == ((12, 3) if mode == "categorical" else (12,))
        assert source.index_array is None and source.save_to_dir
    assert len(list((tmp_path / "a").iterdir())) == 4


@needs_tf
def test_image_dataset_from_directory(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for number in range(12):
        folder = tmp_path / "abc"[number % 3]
        folder.mkdir(exist_ok=True)
        image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(folder / f"{number:02}.png")
    source = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(8, 8), batch_size=5, seed=3, verbose=False
    )
    first, second = read(source, passes=2)
    np.testing.assert_array_equal(first.y, first.x[:, 0, 0, 0].round() % 3)
    assert first.complete and (first.y != second.y).any()
    fresh = np.concatenate([y.numpy() for _, y in source])
    np.testing.assert_array_equal(first.y, fresh)


@needs_tf
def test_random_ops():
    assert random_ops(tf_random()) and random_ops(tf_layer()) and random_ops(tf_variables())
    for plain in (tf_slices(), tf_no_seed(), tf_endless(), tf_slices().map(lambda x, y: (x, y))):
        assert not random_ops(plain)
    mixed = tf.data.Dataset.sample_from_datasets([tf_slices(), tf_slices()], [0.5, 0.5], seed=1)
    assert not random_ops(mixed)
    assert not random_ops((X, Y)) and not random_ops(None) and not random_ops(Plain())


@needs_tf
def test_random_ops_of_a_large_dataset(monkeypatch):
    monkeypatch.setattr(samples, "_SMALL_GRAPH", 100)
    assert random_ops(tf_random()) and not random_ops(tf_no_seed())


@needs_tf
def test_a_cache_is_not_filled_by_us_and_a_second_pass_waits_for_it(tmp_path):
    source = tf_cached()
    first, second = read(source, passes=2)
    np.testing.assert_array_equal(np.sort(first.x[:, 0, 0, 0]), np.sort(second.x[:, 0, 0, 0]))
    assert len(read(source, images=8, labels=8, passes=2)) == 1
    on_disk = tf_slices().cache(str(tmp_path / "cache")).batch(BATCH)
    assert rows_of(read(on_disk)[0]) == list(range(N))
    assert not list(tmp_path.iterdir())


@needs_tf
def test_other_datasets():
    inner = tf_slices().shuffle(N)
    sources = [
        tf.data.Dataset.zip((tf_slices().map(lambda x, y: x), tf.data.Dataset.range(N))),
        tf_slices().concatenate(tf_slices()),
        tf.data.Dataset.range(4).interleave(lambda i: tf_slices().shuffle(5)),
        tf.data.Dataset.range(3).flat_map(lambda i: inner),
        tf_slices().window(5).flat_map(lambda x, y: tf.data.Dataset.zip((x, y))),
    ]
    for source in sources:
        assert not isinstance(read(source.batch(BATCH)), NotRead)
    stream = iter(tf.data.Dataset.range(N))
    drawn = tf.data.Dataset.range(3).map(lambda i: next(stream)).batch(BATCH)
    assert "once only" in read(drawn).why
    assert next(stream) == 0


@needs_torch
def test_loaders_with_workers_and_streams():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(zip(X, Y, strict=True))

    [sample] = read(DataLoader(Stream(), batch_size=BATCH))
    assert sample.complete and rows_of(sample) == list(range(N))
    with_workers = torch_tensors(num_workers=2, persistent_workers=True)
    [sample] = read(with_workers)
    assert rows_of(sample) == list(range(N)) and with_workers._iterator is None


@needs_torch
def test_large_tensors_cannot_be_changed_in_place():
    class Changes(torch.utils.data.Dataset):
        def __init__(self):
            self.x = torch.ones(40, 100, 100, 3)

        def __len__(self):
            return N

        def __getitem__(self, index):
            return self.x[index].mul_(2), 1

    source = Changes()
    assert "in place" in read(DataLoader(source, batch_size=BATCH)).why
    assert (source.x == 1).all()


# --- what is not read -----------------------------------------------------------------


def test_once_only_sources_are_untouched():
    def batches():
        for index in itertools.count():
            yield index, X[:BATCH], Y[:BATCH]

    generator, chained = batches(), zip(range(3), range(3), strict=True)
    for source in (generator, chained):
        found = read(source)
        assert "once only" in found.why and found.why.endswith(".")
    assert next(generator)[0] == 0 and next(chained) == (0, 0)


@needs_tf
def test_datasets_of_python_are_untouched():
    calls = []

    def images():
        for x, y in zip(X, Y, strict=True):
            calls.append(y)
            yield x, y

    signature = tf.TensorSpec((8, 8, 3)), tf.TensorSpec((), tf.int64)
    python = tf.data.Dataset.from_generator(images, output_signature=signature).batch(BATCH)
    mapped = tf_slices().map(lambda x, y: (tf.numpy_function(calls.append, [y], []) and x or x, y))
    for source in (python, mapped.batch(BATCH)):
        assert "runs Python code" in read(source).why
    assert not calls


def test_what_cannot_be_copied(tmp_path):
    class Holds(Plain):
        def __init__(self, thing):
            super().__init__()
            self.thing = thing

    with open(tmp_path / "file", "w", encoding="utf-8") as file:
        assert "TextIOWrapper" in read(Holds(file)).why
    stream = (index for index in range(3))
    assert "generator" in read(Holds(stream)).why
    assert next(stream) == 0
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "h5", "w") as file:
        assert "h5py" in read(Holds(file)).why


def test_shuffling_a_large_array_in_place_is_refused():
    class InPlace(Plain):
        def __init__(self):
            super().__init__()
            self.x = np.repeat(X, 80, axis=0)

        def on_epoch_end(self):
            np.random.shuffle(self.x)

    source = InPlace()
    before = source.x.copy()
    assert not isinstance(read(source), NotRead)
    assert "read-only" in read(source, passes=2).why
    np.testing.assert_array_equal(source.x, before)
    assert source.x.flags.writeable


def test_a_source_that_is_being_read_is_left_alone():
    inside, go_on = threading.Event(), threading.Event()

    class Waits(Plain):
        def __getitem__(self, index):
            inside.set()
            go_on.wait()
            return super().__getitem__(index)

    source = Waits()
    thread = threading.Thread(target=source.__getitem__, args=(0,))
    thread.start()
    inside.wait()
    try:
        assert "another thread" in read(source, seconds=0.01).why
    finally:
        go_on.set()
        thread.join()


class Raises(Plain):
    def __getitem__(self, index):
        raise RuntimeError("no such image\nand more")


class Ragged(Plain):
    def __getitem__(self, index):
        return np.zeros((2, 8 + index, 8, 3)), np.zeros(2)


class Empty(Plain):
    def __len__(self):
        return 0


class Unequal(Plain):
    def __getitem__(self, index):
        return X[:4], Y[:3]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (None, "None is not"),
        ("folder/images", "is not a source"),
        (7, "type int"),
        (object(), "once only"),
        ((), "0 parts"),
        ((X, Y, Y, Y), "4 parts"),
        ((X, Y[:3]), "40 inputs and 3 labels"),
        ((X, "labels"), "no array"),
        ((np.array(["a", "b"]),), "not numbers"),
        ((np.zeros((0, 8, 8, 3)),), "empty"),
        ((np.float32(3.0),), "not batched"),
        ((None, Y), "no inputs"),
        (Raises(), "RuntimeError: no such image)"),
        (Ragged(), "different sizes"),
        (Empty(), "no images"),
        (Unequal(), "4 inputs and 3 labels"),
    ],
)
def test_bad_input_is_a_sentence(source, word):
    found = read(source)
    assert isinstance(found, NotRead) and word in found.why
    assert "\n" not in found.why and found.why.endswith(".")
    assert random_ops(source) is False


@needs_tf
def test_datasets_without_batches():
    assert "not batched" in read(tf_slices()).why


def test_nothing_is_imported():
    if BACKEND != "torch" and not HAS_TORCH:
        assert "torch" not in sys.modules


# --- digests --------------------------------------------------------------------------

WAYS = [
    lambda x: x,
    lambda x: x[:, ::-1],
    lambda x: x[:, :, ::-1],
    lambda x: np.rot90(x, 1, (1, 2)),
    lambda x: np.rot90(x, 2, (1, 2)),
    lambda x: np.rot90(x, 3, (1, 2)),
    lambda x: x.swapaxes(1, 2),
    lambda x: np.rot90(x.swapaxes(1, 2), 2, (1, 2)),
]


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 90),
    st.integers(2, 90),
    st.sampled_from([None, 1, 3]),
    st.sampled_from(["uint8", "float32", "float64", "int16"]),
)
def test_digests_do_not_see_how_an_image_lies(seed, height, width, channels, dtype):
    draw = np.random.default_rng(seed)
    shape = (4, height, width) if channels is None else (4, height, width, channels)
    x = draw.integers(0, 200, shape).astype(dtype)
    if np.dtype(dtype).kind == "f":
        x = x / x.dtype.type(-7)
    found = digests(x)
    assert found.dtype == np.uint64 and len(set(found)) == len({image.tobytes() for image in x})
    for way in WAYS:
        np.testing.assert_array_equal(digests(way(x)), found)
    plain = digests(x, flips=False)
    np.testing.assert_array_equal(digests(x.astype("float32"), flips=False), plain)
    changed = x.copy()
    changed[:, 0, 0] += 1
    assert (digests(changed) != found).all() and (digests(changed, flips=False) != plain).all()
    mirrored = x[:, ::-1]
    differs = np.array([(a != b).any() for a, b in zip(x, mirrored, strict=True)])
    assert ((digests(mirrored, flips=False) != plain) == differs)[height * width < 500 :].all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_digests_do_not_depend_on_the_other_images(seed):
    draw = np.random.default_rng(seed)
    x = draw.random((30, 12, 9, 3)).astype("float32")
    some = draw.choice(30, 7, replace=False)
    np.testing.assert_array_equal(digests(x[some]), digests(x)[some])
    np.testing.assert_array_equal(digests(x.transpose(0, 3, 1, 2)), digests(x))


def test_digests_tell_similar_images_apart():
    # Drawings: two values only, so that many have the same number of each.
    drawings = np.random.default_rng(0).random((20_000, 28, 28)) < 0.1
    assert len(set(digests(drawings))) == len(drawings)
    plain = np.arange(256, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    assert len(set(digests(plain))) == 256
    assert digests(np.full((1, 4, 4), -0.0)) == digests(np.zeros((1, 4, 4)))


def test_digests_of_many_images_differ_and_take_trees():
    x = np.random.default_rng(0).random((2_000, 48, 48, 3), dtype=np.float32)
    assert len(set(digests(x))) == 2_000
    both = digests({"a": X, "b": Y})
    assert len(set(both)) == N and (both != digests({"a": X, "b": Y + 1})).all()
    with pytest.raises(TypeError, match="numbers"):
        digests(np.array(["a"]))
