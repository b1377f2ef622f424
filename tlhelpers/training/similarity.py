"""Making a small experiment similar to a large one: the numbers without a unit must agree.

A ship's model behaves like the ship if such numbers are alike, whatever its size. Two of them
decide whether a fine-tuning jumps: how far one step of Adam turns the filters of a network, and how
many epochs BatchNorm's moving statistics remember.
"""

from __future__ import annotations

import functools
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.training.backbones import backbone
from tlhelpers.training.recipe import Recipe

if TYPE_CHECKING:
    import keras
    import pandas as pd

STEP_LENGTHS = Path(__file__).with_name("step_lengths.json")
"""Step lengths at learning rate 1 of networks whose weights are not at hand everywhere.

data_scripts/measure_step_length.py writes it."""


def rescale(model: keras.Model, factor: float) -> None:
    """Give a network another step length without changing what it computes.

    Each convolution's kernel (and bias) is multiplied by `factor`, the moving mean of the
    BatchNormalization behind it as well, its moving variance and epsilon by the square. Every
    output stays what it was, in training and in inference, to float precision. Adam moves a weight
    by about the learning rate, however large the weight is, so one step now turns the filters
    1/`factor` times as far.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential. It may hold others. It must not have been trained or asked for
        a prediction before: epsilon is part of what Keras traces. Rescale a whole backbone. Cut or
        freeze it afterwards: a cut may part a convolution from its BatchNormalization.
    factor : float
        Above 0; 1/8 makes steps eight times as long.

    Raises
    ------
    CourseError
        A convolution's output does not go into one BatchNormalization and nowhere else, or
        something is done to it before (an activation). Nothing has been changed then.

    Notes
    -----
    Source: a convolution followed by BatchNorm does not depend on the scale of its kernel (van
    Laarhoven 2017, arXiv 1706.05350; Hoffer et al. 2018, arXiv 1803.01814). The kernels' gradients
    become 1/`factor` times as large, so a threshold for clipping them means something else
    afterwards, and a penalty on large weights becomes another one.
    """
    if not factor > 0:
        raise CourseError(f"Kernels cannot be rescaled by {factor!r}: it must be above 0.")
    for convolution, norm in _pairs(model):
        for weights in (convolution.kernel, convolution.bias):
            if weights is not None:
                weights.assign(weights * factor)
        norm.moving_mean.assign(norm.moving_mean * factor)
        norm.moving_variance.assign(norm.moving_variance * factor**2)
        norm.epsilon *= factor**2


def _pairs(model: keras.Model) -> list[tuple[keras.Layer, keras.Layer]]:
    """Each convolution of a model with the BatchNormalization that reads its output."""
    from tlhelpers.core.quiet import keras

    norms = keras.layers.BatchNormalization
    calls = list(_calls(model))
    readers: dict[int, list] = {}
    for node in calls:
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node.operation)
    ends = {id(tensor) for part in _functional_parts(model) for tensor in part.outputs}
    times = Counter(id(node.operation) for node in calls)
    pairs = []
    for node in calls:
        layer = node.operation
        if not _is_convolution(layer):
            continue
        (output,) = node.outputs
        read_by = readers.get(id(output), [])
        alone = len(read_by) == 1 and id(output) not in ends and times[id(layer)] == 1
        if not (alone and isinstance(read_by[0], norms) and times[id(read_by[0])] == 1):
            names = ", ".join(reader.name for reader in read_by) or "nothing inside the model"
            raise CourseError(
                f"The kernel of '{layer.name}' cannot be rescaled: its output must go into one "
                f"BatchNormalization and nowhere else, and it goes into {names}."
            )
        if layer.activation is not keras.activations.linear:
            raise CourseError(
                f"The kernel of '{layer.name}' cannot be rescaled: an activation stands between "
                f"it and '{read_by[0].name}'."
            )
        pairs.append((layer, read_by[0]))
    found = {id(layer) for layer, _ in pairs}
    for layer in model._flatten_layers(include_self=False):
        if "Conv" in type(layer).__name__ and id(layer) not in found:
            raise CourseError(
                f"The kernel of '{layer.name}' cannot be rescaled: a {type(layer).__name__} is not "
                "known to this function, or it is hidden inside another layer."
            )
    return pairs


def _calls(model: keras.Model) -> Iterator[Any]:
    """Each call of a layer in the graph of a model and of the models nested in it."""
    for part in _functional_parts(model):
        for nodes in part._nodes_by_depth.values():
            yield from (node for node in nodes if not node.is_input)


def _functional_parts(model: keras.Model) -> Iterator[keras.Model]:
    """The model and those nested in it, each once, as Functional models."""
    from tlhelpers.core.quiet import keras

    nested = [each for each in model._flatten_layers() if isinstance(each, keras.Model)]
    for part in nested:
        if isinstance(part, keras.Sequential):
            part = part._functional
        if part is None or not hasattr(part, "_nodes_by_depth"):
            raise CourseError(
                f"Model '{model.name}' cannot be rescaled: its graph is not known. It must be "
                "a Functional model or a Sequential one that knows the shape of its input."
            )
        yield part


def _is_convolution(layer: Any) -> bool:
    from tlhelpers.core.quiet import keras

    kinds = keras.layers
    return isinstance(
        layer,
        (kinds.Conv1D, kinds.Conv2D, kinds.Conv3D, kinds.DepthwiseConv1D, kinds.DepthwiseConv2D),
    )


@dataclass(frozen=True)
class StepLength:
    """How far one step of Adam turns the output of the convolutions of a network.

    Attributes
    ----------
    lower, median, upper : float
        Quartiles over the convolutions of rate · √fan-in / rms(kernel), in radians as long as they
        are small.
    weighted : float
        Mean over the convolutions, each weighted by the number of its parameters.
    rms : float
        Median root mean square of the kernels.
    """

    lower: float
    median: float
    upper: float
    weighted: float
    rms: float

    @property
    def quartiles(self) -> str:
        """The three as text, such as "0.032 / 0.049 / 0.1"."""
        return " / ".join(map(_two_digits, (self.lower, self.median, self.upper)))

    def __str__(self) -> str:
        weighted, rms = map(_two_digits, (self.weighted, self.rms))
        return f"{self.quartiles}, weighted {weighted}, median rms {rms}"

    def at(self, rate: float, kernel_scale: float = 1.0) -> StepLength:
        """The same network at another learning rate, and with its kernels rescaled.

        Parameters
        ----------
        rate : float
            Learning rate as a multiple of the one at which this was measured.
        kernel_scale : float
            The factor of `rescale`.

        Returns
        -------
        StepLength
        """
        lengths = (self.lower, self.median, self.upper, self.weighted)
        return StepLength(*(x * rate / kernel_scale for x in lengths), self.rms * kernel_scale)


def _two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"  # "220": .2g alone writes 2.2e+02


def step_length(model: keras.Model, rate: float = 1.0) -> StepLength:
    """How far one step of Adam at this learning rate turns the convolutions' outputs.

    Parameters
    ----------
    model : keras.Model
        Its convolutions are looked at, frozen ones and those of nested models included.
    rate : float
        Learning rate; 1 compares networks at any rate.

    Returns
    -------
    StepLength

    Raises
    ------
    CourseError
        The model has no convolution.

    Notes
    -----
    An output that sums over n inputs (the fan-in) is about rms(kernel) · √n wide where these vary
    by 1 each and independently. Adam moves each weight by about the rate, so where all n pull
    together one step moves the output by rate · n: by rate · √n / rms(kernel) of its width.
    It is the reason why Adam's rate has to fall with the width of a network (Yang et al. 2022,
    arXiv 2203.03466).
    """
    from tlhelpers.core.quiet import keras

    layers = [
        layer for layer in model._flatten_layers(include_self=False) if _is_convolution(layer)
    ]
    if not layers:
        raise CourseError(f"Model '{model.name}' has no convolution.")
    depthwise = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
    lengths, sizes, spreads = [], [], []
    for layer in layers:
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        # A depthwise kernel is (height, width, channels, outputs of each): one channel an output.
        fan_in = np.prod(kernel.shape[: -2 if isinstance(layer, depthwise) else -1])
        spreads.append(np.sqrt(np.mean(np.square(kernel, dtype=float))))
        lengths.append(rate * np.sqrt(fan_in) / spreads[-1])
        sizes.append(kernel.size)
    return StepLength(
        *map(float, np.percentile(lengths, [25, 50, 75])),
        weighted=float(np.average(lengths, weights=sizes)),
        rms=float(np.median(spreads)),
    )


def memory_in_epochs(momentum: float, steps: int) -> float:
    """How many epochs back BatchNorm's moving statistics remember.

    Parameters
    ----------
    momentum : float
        Of the layers, from 0 to below 1: the share of the old average that a step keeps.
    steps : int
        Training steps of one epoch.

    Returns
    -------
    float
        1 / (1 - momentum) / steps: the steps after which a statistic's share has fallen to 1/e, in
        epochs.
    """
    return 1 / (1 - momentum) / steps


# --- side by side ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """Step length of a network with published weights, at learning rate 1.

    Attributes
    ----------
    title : str
        Network and whose weights.
    step : StepLength
        At learning rate 1, over all convolutions.
    source : str
        Where the weights, or their statistics, come from.
    """

    title: str
    step: StepLength
    source: str


@functools.cache
def published(path: Path = STEP_LENGTHS) -> dict[str, Published]:
    """Step lengths that come with the package.

    Parameters
    ----------
    path : path
        A file as ``data_scripts/measure_step_length.py`` writes it.

    Returns
    -------
    dict of str to Published
        By a recipe's name of the backbone; "resnet50-poses" shows what another training of ResNet50
        does to it; "resnet50-drawn-faces" are the first weights of the profile "witness".
    """
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Published(row["title"], StepLength(**row["step"]), row["source"])
        for name, row in rows.items()
    }


def _published(recipe: Recipe) -> Published:
    """Step length of a recipe's first weights."""
    name = recipe.backbone
    if recipe.pretrained_on != "imagenet":
        name = f"{name}-{recipe.pretrained_on}"
    if name not in published():
        raise CourseError(f"The step length of {name} is not in {STEP_LENGTHS.name}.")
    return published()[name]


_SCALINGS = {"backbone": "the backbone's own"}


@dataclass(frozen=True)
class Similarity:
    """What has to agree between a training and its scale model, and what need not.

    Attributes
    ----------
    backbone : str
        Its title, with the factor of rescaled kernels.
    images, batch_size, steps : int
        Training images, images a step, steps an epoch.
    input_scaling : str
        As in `Recipe`.
    learning_rate : float
    momentum : float or None
        Of BatchNorm's moving statistics; None where validation does not read them (frozen layers,
        or statistics that are measured anew).
    memory : float or None
        What they remember, in epochs (`memory_in_epochs`).
    step : StepLength
        At the learning rate, over all convolutions of the whole backbone, whatever is cut or
        frozen.
    """

    backbone: str
    images: int
    batch_size: int
    steps: int
    input_scaling: str
    learning_rate: float
    momentum: float | None
    memory: float | None
    step: StepLength


def of(recipe: Recipe, images: int) -> Similarity:
    """The numbers of one training. Needs neither Keras nor weights.

    Parameters
    ----------
    recipe : Recipe
        As posted, or as rebuilt.
    images : int
        Training images, at least 1.

    Returns
    -------
    Similarity

    Raises
    ------
    CourseError
        There are no images, or the backbone is not known.
    """
    if images < 1:
        raise CourseError(f"A training needs at least 1 image, got {images}.")
    network, its = backbone(recipe.backbone), _published(recipe)
    momentum = network.momentum if recipe.batchnorm_momentum is None else recipe.batchnorm_momentum
    steps = math.ceil(images / recipe.batch_size)
    read = recipe.batchnorm == "live"
    rescaled = f", kernels × {recipe.kernel_scale:.3g}" if recipe.kernel_scale != 1 else ""
    return Similarity(
        backbone=its.title + rescaled,
        images=images,
        batch_size=recipe.batch_size,
        steps=steps,
        input_scaling=recipe.input_scaling,
        learning_rate=recipe.learning_rate,
        momentum=momentum if read else None,
        memory=memory_in_epochs(momentum, steps) if read else None,
        step=its.step.at(recipe.learning_rate, recipe.kernel_scale),
    )


def side_by_side(trainings: Mapping[str, Similarity]) -> pd.DataFrame:
    """Trainings as the columns of a table: first what must agree, then what need not.

    Parameters
    ----------
    trainings : mapping of a column's title to Similarity
        Such as "the question" and "here".

    Returns
    -------
    DataFrame
        Text, ready to be shown; one row a number.
    """
    import pandas as pd

    columns = {}
    for title, its in trainings.items():
        live = its.memory is not None
        columns[title] = {
            "BatchNorm memory (epochs)": _two_digits(its.memory) if live else "not read",
            "step length, quartiles": its.step.quartiles,
            "step length, weighted by parameters": _two_digits(its.step.weighted),
            "steps an epoch": f"{its.steps:,}",
            "batch size (images)": f"{its.batch_size}",
            "input scaling": _SCALINGS.get(its.input_scaling, its.input_scaling),
            "backbone": its.backbone,
            "learning rate": f"{its.learning_rate:g}",
            "BatchNorm momentum": f"{its.momentum:g}" if live else "not read",
            "training images": f"{its.images:,}",
        }
    return pd.DataFrame(columns)
