"""Digests of images: equal images have equal numbers, however they lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.trees import leaves

# Values up to which an image enters its digest whole, and those of a grid on a larger one.
_WHOLE, _GRID = 4096, 2048


def digests(x: Any, flips: bool = True) -> np.ndarray:
    """A number for each image: equal images have equal numbers, others practically never.

    Parameters
    ----------
    x : array of shape (n, ...), or a dict or tuple of such
        Images as (n, height, width), with channels last, or first where these are 1, 3 or 4.
        Anything else is compared as it is. The values count, not their type: a uint8 image equals
        the same one in float32.
    flips : bool
        Whether a mirrored image, or one that is turned by a multiple of 90°, gets the number of
        its original.

    Returns
    -------
    array of shape (n,), uint64

    Notes
    -----
    Of an image with more than 4,096 values about 2,000 enter, from a grid that lies the same way
    under flips. With 20 bits a value and 20 bits a weight their weighted sum is exact in float64,
    so it is the same in any order, and a matrix product makes it. Each of the 8 ways an image can
    lie has such sums; what is added up over the 8 does not depend on how it lay.
    """
    arrays = [np.asarray(leaf) for leaf in leaves(x)]
    if not arrays or any(array.dtype.kind not in "biuf" or array.ndim < 1 for array in arrays):
        raise TypeError("digests takes arrays of numbers, images along the first axis")
    total = np.zeros(len(arrays[0]), np.uint64)
    for array in arrays:
        total = total * np.uint64(0x9E3779B97F4A7C15) + _digests(array, flips)
    return total


def _digests(x: np.ndarray, flips: bool) -> np.ndarray:
    n = len(x)
    if flips and x.ndim in (3, 4):
        if x.ndim == 3:
            x = x[..., None]
        elif x.shape[1] in (1, 3, 4) and x.shape[3] not in (1, 3, 4):
            x = np.moveaxis(x, 1, 3)
        if x.shape[1] > x.shape[2]:
            x = x.swapaxes(1, 2)  # a quarter turn makes a tall image of a wide one
        _, height, width, channels = x.shape
        if height * width * channels <= _WHOLE:
            rows, columns, depth = np.arange(height), np.arange(width), channels
        else:
            depth = min(channels, _GRID)
            rows = _symmetric(height, math.isqrt(_GRID // depth))
            columns = _symmetric(width, _GRID // depth // len(rows)) if height != width else rows

        def chosen(part: np.ndarray) -> np.ndarray:
            return part[..., :depth].take(rows, axis=1).take(columns, axis=2)

        ways = _ways(len(rows), len(columns), depth, height == width)
    else:
        x = x.reshape(n, -1)
        stride = 1 if x.shape[1] <= _WHOLE else -(-x.shape[1] // _GRID)

        def chosen(part: np.ndarray) -> np.ndarray:
            return part[:, ::stride]

        ways = _ways(1, len(range(0, x.shape[1], stride)), 1, None)
    found = np.empty(n, np.uint64)
    matrix = np.ascontiguousarray(ways.T)
    step = max(1, 2**20 // max(1, matrix.shape[0]))
    for start in range(0, n, step):
        part = chosen(x[start : start + step])
        sums = _twenty_bits(part.reshape(len(part), -1)) @ matrix
        pairs = sums.astype(np.uint64).reshape(len(part), -1, 2)
        mixed = _mixed(pairs[..., 0] * np.uint64(0xD6E8FEB86659FD93) + _mixed(pairs[..., 1]))
        found[start : start + step] = mixed.sum(axis=1, dtype=np.uint64)
    return found


def _symmetric(length: int, most: int) -> np.ndarray:
    """At most about so many places of an axis, the same ones from either end."""
    if length <= most:
        return np.arange(length)
    half = np.linspace(0, (length - 1) // 2, max(1, most // 2)).astype(int)
    return np.unique(np.concatenate([half, length - 1 - half]))


def _ways(height: int, width: int, channels: int, square: bool | None) -> np.ndarray:
    """Two sets of weights, for each way an image may lie; `square` None: for one way."""
    rng = np.random.default_rng(20_240_517)
    weights = rng.integers(1, 2**20, (2, height, width, channels)).astype(np.float64)
    ways = []
    for turned in (weights, weights.swapaxes(1, 2)) if square else (weights,):
        ways += [turned, turned[:, ::-1], turned[:, :, ::-1], turned[:, ::-1, ::-1]]
    if square is None:
        ways = ways[:1]
    return np.concatenate([way.reshape(2, -1) for way in ways])


def _twenty_bits(values: np.ndarray) -> np.ndarray:
    """Each value as a whole number below 2**20, in float64; -0.0 is 0.0."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)
    bits = bits * np.uint32(0x9E3779B1)
    bits ^= bits >> np.uint32(15)
    bits *= np.uint32(0x85EBCA77)
    bits >>= np.uint32(12)
    return bits.astype(np.float64)


def _mixed(values: np.ndarray) -> np.ndarray:
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    return values ^ (values >> np.uint64(29))
