"""Equal images have equal numbers, and others do not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doctor.samples.sources import N, X, Y
from tlhelpers.doctor.samples import digests

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
