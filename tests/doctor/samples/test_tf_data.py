"""What is read of a `tf.data.Dataset`."""

import keras
import numpy as np
import pytest

from tests.doctor.samples.sources import (
    BATCH,
    HAS_TF,
    N,
    X,
    Y,
    needs_tf,
    rows_of,
    tf_cached,
    tf_slices,
)
from tlhelpers.doctor.samples import NotRead, read

if HAS_TF:
    import tensorflow as tf


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


@needs_tf
def test_datasets_without_batches():
    assert "not batched" in read(tf_slices()).why
