"""What the trained part of a network reads: images, or the kept output of its frozen blocks."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.core import machine
from tlhelpers.core.errors import CourseError
from tlhelpers.core.progress import bar
from tlhelpers.core.quiet import keras
from tlhelpers.data.dataset import Dataset, Split
from tlhelpers.training.model import outputs
from tlhelpers.training.recipe import Recipe

if TYPE_CHECKING:
    from tlhelpers.training.model import Network

_AT_A_TIME = 500  # images through the frozen blocks
_LARGE_BATCH = 2**20  # bytes; below, a thread costs more than the copy that it saves


class Inputs:
    """The images of a split as `Network.model` reads them.

    A frozen part gives the same output in every epoch, so each image goes through it once, and
    once mirrored if a recipe mirrors. Without such blocks these are the images themselves.

    Parameters
    ----------
    network : Network
    split : Split
    """

    def __init__(self, network: Network, split: Split):
        self.network, self.split = network, split

    @cached_property
    def train(self) -> np.ndarray:
        """Inputs of the training images, in their order."""
        return self.of(self.split.train.images)

    @cached_property
    def mirrored(self) -> np.ndarray:
        """Inputs of the training images mirrored left to right."""
        return self.of(self.split.train.images[:, :, ::-1])

    @cached_property
    def validation(self) -> np.ndarray:
        """Inputs of the validation images, in their order."""
        return self.of(self.split.validation.images)

    def of(self, images: np.ndarray) -> np.ndarray:
        """Inputs of any images.

        Parameters
        ----------
        images : uint8 array, shape (n, size, size, channels)

        Returns
        -------
        array, shape (n, height, width, features)
            The images themselves if no block is frozen, else float32.
        """
        frozen = self.network.frozen
        if frozen is None or not len(images):
            return images
        kept = np.empty((len(images), *frozen.output.shape[1:]), "float32")
        starts = range(0, len(images), _AT_A_TIME)
        for start in bar(starts, desc="frozen blocks, once") if len(starts) > 1 else starts:
            part = slice(start, start + _AT_A_TIME)
            kept[part] = outputs(frozen, images[part], 100)
        return kept


def kept_bytes(frozen: keras.Model, split: Split) -> int:
    """Memory of the frozen blocks' outputs: both sides of the split, training mirrored too."""
    numbers = math.prod(frozen.output.shape[1:])
    return 4 * numbers * (2 * len(split.train) + len(split.validation))


class Batches(keras.utils.PyDataset):
    """Training batches in an order, and mirrored by coins, that only seed and epoch decide.

    The coins are thrown here and not in a Keras layer, so that a run on kept outputs of the frozen
    blocks sees
    the same mirrored images as one that computes them. Images stay uint8: a quarter of the
    bytes travel to the device, and the network makes floats of them there. Large batches are
    put together by threads, ahead of the step that needs them.

    Parameters
    ----------
    inputs : array, shape (n, ...)
    targets : float32 array, shape (n, classes)
    batch_size : int
    seed : int
    epoch : int
        Epoch to begin with, counted from 0.
    mirrored : array, shape (n, ...), optional
        What takes the place of half of the inputs, chosen anew in each epoch.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        batch_size: int,
        seed: int,
        epoch: int = 0,
        mirrored: np.ndarray | None = None,
    ):
        large = batch_size * inputs[:1].nbytes >= _LARGE_BATCH
        super().__init__(workers=min(4, machine.cores()) if large else 1)
        self.inputs, self.targets, self.mirrored = inputs, targets, mirrored
        self.batch_size, self.seed = batch_size, seed
        self._start(epoch)

    def __len__(self) -> int:
        return math.ceil(len(self.inputs) / self.batch_size)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        index = self.order[i * self.batch_size : (i + 1) * self.batch_size]
        x = self.inputs[index]
        if self.mirrored is not None:
            turned = self.coins[index]
            x[turned] = self.mirrored[index[turned]]
        return x, self.targets[index]

    def on_epoch_end(self) -> None:
        """Next order, next coins."""
        self._start(self.epoch + 1)

    def _start(self, epoch: int) -> None:
        self.epoch = epoch
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.inputs))
        self.coins = np.random.default_rng([self.seed, epoch, 1]).random(len(self.inputs)) < 0.5


def one_hot(data: Dataset) -> np.ndarray:
    """Labels as float32 array, shape (n, classes)."""
    return np.eye(len(data.classes), dtype="float32")[data.labels]


def targets(recipe: Recipe, data: Dataset) -> np.ndarray:
    """What training aims at, float32 array of shape (n, classes): one-hot or shares of votes.

    Raises
    ------
    CourseError
        The recipe wants soft labels and the images have no votes.
    """
    if not recipe.soft_labels:
        return one_hot(data)
    if data.votes is None:
        raise CourseError("soft_labels needs images with votes; these have one label each.")
    return (data.votes / data.votes.sum(axis=1, keepdims=True)).astype("float32")
