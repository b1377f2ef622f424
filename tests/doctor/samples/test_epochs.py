"""Samples of epochs of batches, from each kind of source."""

import time

import numpy as np
import pytest

from tests.doctor.samples.sources import (
    BATCH,
    HAS_TF,
    HAS_TORCH,
    Endless,
    GlobalGenerators,
    N,
    OwnGenerator,
    Plain,
    X,
    Y,
    rows_of,
    tf_random,
    tf_slices,
    torch_tensors,
)
from tlhelpers.doctor.samples import read


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
