"""Samples of arrays."""

import importlib.util

import numpy as np

from tests.doctor.samples.sources import HAS_TF, HAS_TORCH, N, X, Y
from tlhelpers.doctor.samples import read

if HAS_TF:
    import tensorflow as tf
if HAS_TORCH:
    import torch


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
