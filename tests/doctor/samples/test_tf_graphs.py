"""Whether a `tf.data.Dataset` changes its images at random."""

from tests.doctor.samples.sources import (
    HAS_TF,
    Plain,
    X,
    Y,
    needs_tf,
    tf_endless,
    tf_layer,
    tf_no_seed,
    tf_random,
    tf_slices,
    tf_variables,
)
from tlhelpers.doctor.samples import random_ops, tf_graphs

if HAS_TF:
    import tensorflow as tf


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
    monkeypatch.setattr(tf_graphs, "_SMALL_GRAPH", 100)
    assert random_ops(tf_random()) and not random_ops(tf_no_seed())
