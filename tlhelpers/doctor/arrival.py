"""What arrives at the first layer with a kernel: what a network has learned from, however fed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.doctor.network import Network, rows, values

_IMAGES = 64


@dataclass(frozen=True)
class Arrival:
    """Inputs of the first layer that has a kernel.

    Attributes
    ----------
    layer : keras.Layer
    size, largest : float
        Of what it gets: root mean square, and largest absolute value.
    """

    layer: Any
    size: float
    largest: float

    @property
    def kernel(self) -> int:
        """A number for the layer's kernel as it is now: another model may have the same one."""
        return hash(values([self.layer.kernel])[0].tobytes())


class _Arrived(BaseException):
    """Ends the call of a model: no `Exception`, because Keras writes those anew."""


def arrival(network: Network, x: Any) -> Arrival | None:
    """What the first layer with a kernel gets for these inputs; None if it cannot be seen.

    Parameters
    ----------
    network : Network
    x : inputs of training images
        A few are looked at.
    """
    import keras

    def arrived(layer: Any, inputs: Any) -> None:
        raise _Arrived(layer, inputs)

    layers = [
        layer
        for layer in network.model._flatten_layers(include_self=False)
        if getattr(layer, "built", False) and getattr(layer, "kernel", None) is not None
    ]
    try:
        with network.untouched(), _told(layers, arrived):
            few = rows(x, slice(0, _IMAGES))
            network.model(keras.tree.map_structure(keras.ops.convert_to_tensor, few))
    except _Arrived as one:
        layer, inputs = one.args
        numbers = np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(inputs, "float32")))
        size = float(np.sqrt(np.mean(np.square(numbers, dtype=float))))
        largest = float(np.abs(numbers).max())
        return Arrival(layer, size, largest) if np.isfinite(size) and size > 0 else None
    except Exception:  # inputs that no single tensor holds, or a model that does not run eagerly
        return None
    return None


@contextmanager
def _told(layers: list, tell: Callable[[Any, Any], None]) -> Iterator[None]:
    """While it lasts, `tell` gets each layer that is called, with its inputs."""

    def telling(layer: Any) -> Callable:
        return lambda inputs, *_, **__: tell(layer, inputs)

    own = [vars(layer).get("call") for layer in layers]
    try:
        for layer in layers:
            vars(layer)["call"] = telling(layer)  # past Keras, which would track the attribute
        yield
    finally:
        for layer, call in zip(layers, own, strict=True):
            vars(layer).pop("call", None)
            if call is not None:
                vars(layer)["call"] = call
