"""Images that stand in a set twice: exactly, nearly, and across a split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tlhelpers.data import duplicates


def faces(n, seed=0, side=48, channels=1):
    """Smooth noise, as different from each other as images are."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 8, 8, channels), np.uint8)
    images = [
        np.asarray(
            Image.fromarray(each.squeeze()).resize((side, side), Image.Resampling.BICUBIC)
        ).reshape(side, side, channels)
        for each in coarse
    ]
    return np.array(images, np.uint8).reshape(n, side, side, channels)


def test_exact_duplicates():
    images = faces(4)[[0, 1, 0, 2, 1, 0]]
    group = duplicates.duplicate_groups(images)
    assert group.dtype == np.int64
    assert len(set(group)) == 3
    assert group[0] == group[2] == group[5] and group[1] == group[4]
    changed = images.copy()
    changed[2, 0, 0, 0] ^= 1
    assert (
        duplicates.duplicate_groups(changed)[2] not in duplicates.duplicate_groups(changed)[[0, 5]]
    )


def test_across_a_split():
    images = faces(5)
    assert duplicates.has_duplicate(images[:3], images[2:]).tolist() == [False, False, True]
    assert duplicates.has_duplicate(images[2:], images[:3]).tolist() == [True, False, False]


@pytest.mark.parametrize("none", [faces(0), np.zeros((0, 48, 48, 3), np.uint8)])
def test_no_images(none):
    assert duplicates.duplicate_groups(none).shape == (0,)
    assert duplicates.has_duplicate(faces(2), none).tolist() == [False, False]


def test_conflicting_labels():
    group = np.array([7, 7, 3, 3, 3, 5, 1, 1])
    labels = np.array([0, 0, 1, 2, 1, 4, 6, 5])
    assert duplicates.conflicting(group, labels).tolist() == [1, 3]
    assert duplicates.conflicting(group, np.zeros(8, int)).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1))
def test_conflicting_as_counted_one_by_one(pairs):
    group, labels = np.array(pairs).T
    seen = {number: {label for g, label in pairs if g == number} for number, _ in pairs}
    expected = sorted(number for number, found in seen.items() if len(found) > 1)
    assert duplicates.conflicting(group, labels).tolist() == expected


def test_difference_hash_by_hand():
    # Columns get brighter to the right in the upper half, darker in the lower half.
    ramp = np.tile(np.arange(17, dtype=np.uint8) * 10, (16, 1))
    ramp[8:] = ramp[8:, ::-1]
    # imagehash resizes to 17 × 16: an image of 17 by 17 keeps its columns.
    image = np.vstack([ramp, ramp[-1:]])[None, ..., None]
    bits = np.unpackbits(duplicates.difference_hashes(image).view(np.uint8)).reshape(16, 16)
    assert bits[:5].all() and not bits[11:].any()  # Between, the filter mixes both halves.


@pytest.mark.parametrize("channels", [1, 3])
def test_near_duplicates(channels):
    images = faces(6, channels=channels)
    rng = np.random.default_rng(1)
    noisy = np.clip(images + rng.normal(0, 1.0, images.shape), 0, 255).astype(np.uint8)
    brighter = (images * 0.8 + 40).astype(np.uint8)
    for copy in (noisy, brighter):
        assert not duplicates.has_duplicate(copy, images).any()
        assert duplicates.has_near_duplicate(copy, images).all()
    assert not duplicates.has_near_duplicate(faces(6, seed=9, channels=channels), images).any()
    assert not duplicates.has_near_duplicate(images[:, :, ::-1], images).any()


def test_distances_are_those_counted_bit_by_bit(monkeypatch):
    monkeypatch.setattr(duplicates, "CHUNK", 3)  # So that there is a last, smaller chunk.
    rng = np.random.default_rng(0)
    hashes, others = (rng.integers(0, 2**64, (n, 4), np.uint64) for n in (7, 5))
    bits, other_bits = (np.unpackbits(h.view(np.uint8), axis=1) for h in (hashes, others))
    expected = (bits[:, None] != other_bits[None]).sum(axis=2).min(axis=1)
    assert duplicates.distance_to_nearest(hashes, others).tolist() == expected.tolist()
    assert duplicates.distance_to_nearest(others, others).tolist() == [0] * 5
    assert duplicates.distance_to_nearest(hashes, ~hashes[:1])[0] == 256


def test_within_so_many_bits(monkeypatch):
    one, other = np.zeros((1, 4), np.uint64), np.array([[2**10 - 1, 1, 0, 0]], np.uint64)
    hashes = iter([one, other] * 2)
    monkeypatch.setattr(duplicates, "difference_hashes", lambda images: next(hashes))
    assert not duplicates.has_near_duplicate(one, other).any()  # 11 bits apart.
    assert duplicates.has_near_duplicate(one, other, bits=11).all()
