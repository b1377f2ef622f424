"""Images that stand in a set more than once: exact ones by their pixels, near ones by dHash."""

from __future__ import annotations

import hashlib

import numpy as np

HASH_SIDE = 16
"""Side of the difference hash: 16 × 16 = 256 bits."""

NEAR = 10
"""Bits of 256 within which two difference hashes count as the same image."""

CHUNK = 512
"""Images compared with all others at a time; bounds memory (0.1 GB against 28,000)."""


def pixel_hashes(images: np.ndarray) -> np.ndarray:
    """A checksum of each image's pixels; equal for exact duplicates only.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size, channels)
        May be a memory map.

    Returns
    -------
    bytes array, shape (n,)
        32 hexadecimal digits of BLAKE2b.
    """
    digests = [
        hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest().encode() for image in images
    ]
    return np.array(digests, dtype="S32")


def duplicate_groups(images: np.ndarray) -> np.ndarray:
    """Numbers that exact duplicates share and others do not, int64 array of shape (n,)."""
    _, group = np.unique(pixel_hashes(images), return_inverse=True)
    return group.astype(np.int64)


def has_duplicate(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the images have an exact duplicate among others, bool array of shape (n,).

    With validation images and training images: what leaks through the split.
    """
    return np.isin(pixel_hashes(images), pixel_hashes(others))


def conflicting(group: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Groups of duplicates whose labels differ, int64 array of their numbers in ascending order.

    Parameters
    ----------
    group : int array, shape (n,)
        From `duplicate_groups`.
    labels : int array, shape (n,)
    """
    pairs = np.unique(np.stack([group, labels], axis=1), axis=0)
    numbers, count = np.unique(pairs[:, 0], return_counts=True)
    return numbers[count > 1]


def difference_hashes(images: np.ndarray) -> np.ndarray:
    """Perceptual hash of each image: where it gets brighter from left to right.

    dHash of the package imagehash on an image made grey and 17 × 16 pixels small: it hardly
    changes when an image is scaled, compressed or made brighter, but does when it is flipped.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size, 1 or 3)

    Returns
    -------
    uint64 array, shape (n, 4)
        256 bits each.
    """
    import imagehash
    from PIL import Image

    bits = np.zeros((len(images), HASH_SIDE**2), bool)
    for row, image in zip(bits, images, strict=True):
        small = Image.fromarray(np.asarray(image[..., 0] if image.shape[-1] == 1 else image))
        row[:] = imagehash.dhash(small, HASH_SIDE).hash.ravel()
    return np.packbits(bits, axis=1).view(np.uint64)


def distance_to_nearest(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Fewest bits in which each hash differs from any of the others, int64 array of shape (n,).

    Parameters
    ----------
    hashes, others : uint64 array, shape (n, 4) and (m, 4), m at least 1
        From `difference_hashes`.
    """
    nearest = np.empty(len(hashes), np.int64)
    for start in range(0, len(hashes), CHUNK):
        chunk = hashes[start : start + CHUNK]
        distance = np.zeros((len(chunk), len(others)), np.uint16)
        for word in range(hashes.shape[1]):  # Word by word: no array of (chunk, m, 4).
            distance += np.bitwise_count(chunk[:, word, None] ^ others[None, :, word])
        nearest[start : start + CHUNK] = distance.min(axis=1)
    return nearest


def has_near_duplicate(images: np.ndarray, others: np.ndarray, bits: int = NEAR) -> np.ndarray:
    """Which of the images look like one of the others, bool array of shape (n,).

    Counts images whose difference hashes differ in at most `bits` of 256, exact duplicates among
    them. Look at some before you call them duplicates: plain images have similar hashes.
    """
    hashes = difference_hashes(images), difference_hashes(others)
    return distance_to_nearest(*hashes) <= bits
