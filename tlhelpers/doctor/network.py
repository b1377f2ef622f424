"""A model's outputs without `fit`, leaving no trace, with statistics of our choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def values(variables: list) -> list[np.ndarray]:
    """Copies of variables' values, never views of memory that training goes on to use."""
    import keras

    return [np.array(keras.ops.convert_to_numpy(variable), copy=True) for variable in variables]


def rows(x: Any, chosen: Any) -> Any:
    """Some rows of the inputs: of one array, or of each in a tuple or dict."""
    import keras

    return keras.tree.map_structure(lambda array: array[chosen], x)


def the_only(tree: Any) -> Any:
    """The only leaf of a dict, list or tuple; anything else as it is."""
    import keras

    leaves = keras.tree.flatten(tree) if isinstance(tree, (dict, list, tuple)) else []
    return leaves[0] if len(leaves) == 1 else tree


def count(x: Any) -> int:
    """Images in the inputs."""
    import keras

    return len(keras.tree.flatten(x)[0])


def first_input(x: Any) -> np.ndarray:
    """The inputs, or the first of several, as an array."""
    if isinstance(x, dict):
        x = next(iter(x.values()))
    return np.asarray(x[0] if isinstance(x, (tuple, list)) else x)


def floats(x: Any) -> Any:
    """Inputs as `fit` would convert them: 64-bit floats become Keras's."""
    import keras

    def convert(array: Any) -> Any:
        array = np.asarray(array)
        return array.astype(keras.config.floatx()) if array.dtype == np.float64 else array

    return keras.tree.map_structure(convert, x)


def built(model: Any) -> bool:
    """Whether all layers have their weights: subclassed models get them in the first step."""
    return all(getattr(layer, "built", True) for layer in model._flatten_layers())


def fingerprint(model: Any) -> int:
    """A number that differs as soon as the last weights that train differ."""
    return hash(tuple(value.tobytes() for value in values(model.trainable_variables[-4:])))


def _plain(tensor: Any) -> np.ndarray:
    """A tensor as an array that NumPy can count with: bfloat16 becomes float32."""
    import keras

    if keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype)):
        tensor = keras.ops.cast(tensor, "float32")
    return np.array(keras.ops.convert_to_numpy(tensor))


class Network:
    """A model that is asked in between, and is afterwards as it was.

    Parameters
    ----------
    model : keras.Model
        Built and compiled.
    batch : int
        Images at a time.
    """

    def __init__(self, model: Any, batch: int = 32):
        self.model = model
        self.batch = batch
        self._calls: dict[bool, Callable] = {}

    def outputs(self, x: Any, training: bool = False, batch: int | None = None) -> Any:
        """Outputs for all inputs, as arrays; with `training` the running statistics move.

        Raises
        ------
        Exception
            Whatever the model raises.
        """
        import keras

        batch = batch or self.batch
        found = [
            keras.tree.map_structure(
                _plain,
                self._call(rows(x, slice(start, start + batch)), training),
            )
            for start in range(0, count(x), batch)
        ]
        return the_only(keras.tree.map_structure(lambda *parts: np.concatenate(parts), *found))

    def _call(self, x: Any, training: bool) -> Any:
        if training not in self._calls:
            self._calls[training] = _compiled(self.model, training)
        return self._calls[training](x)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever is asked inside: variables that do not train, and random states, come back."""
        variables = self.model.non_trainable_variables
        before = values(variables)
        try:
            with kept_random_states():
                yield
        finally:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)

    @contextmanager
    def weights(self, others: Iterable[np.ndarray]) -> Iterator[None]:
        """Other values in place of the weights that train; `others` may make them one by one."""
        variables = self.model.trainable_variables
        before = values(variables)
        try:
            for variable, value in zip(variables, others, strict=True):
                variable.assign(value)
            yield
        finally:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)

    def batchnorms(self) -> list:
        """All BatchNormalization layers, however deep."""
        import keras

        return [
            layer
            for layer in self.model._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization) and layer.built
        ]

    def measure_statistics(self, x: Any, batch: int | None = None) -> int:
        """Put in place the statistics that training images have under the weights as they are.

        Call it inside `untouched`. Layers whose statistics do not move in training are left alone.

        Parameters
        ----------
        x : inputs of training images
            1,000 or so are enough. A last part of a batch is left out.
        batch : int, optional

        Returns
        -------
        int
            Layers that were measured: those that are live.

        Notes
        -----
        Each batch's statistics are worked out from how far it moved the running ones, and the plain
        mean is taken. Source: Wu & Johnson 2021, arXiv 2105.07576, section 3.
        """
        layers = [layer for layer in self.batchnorms() if layer.trainable and layer.momentum < 1]
        batch = min(batch or self.batch, count(x))
        held = [(layer.moving_mean, layer.moving_variance) for layer in layers]
        first = [values(list(pair)) for pair in held]
        for pair in held:  # from zero: small differences of large numbers lose their digits
            for variable in pair:
                variable.assign(np.zeros(variable.shape, dtype="float32"))
        before = [[np.zeros(v.shape, dtype="float64") for v in pair] for pair in held]
        sums = [[np.zeros(v.shape, dtype="float64") for v in pair] for pair in held]
        batches = count(x) // batch
        for k in range(batches):
            self._call(rows(x, slice(k * batch, (k + 1) * batch)), True)
            for i, pair in enumerate(held):
                m = layers[i].momentum
                for j, now in enumerate(values(list(pair))):
                    now = now.astype("float64")
                    sums[i][j] += (now - m * before[i][j]) / (1 - m)
                    before[i][j] = now
        measured = 0
        for pair, start, total in zip(held, first, sums, strict=True):
            live = bool(np.any(total[1]))
            measured += live
            for variable, old, summed in zip(pair, start, total, strict=True):
                variable.assign((summed / batches).astype("float32") if live else old)
        return measured


def _compiled(model: Any, training: bool) -> Callable:
    """A compiled call of the model: moves its running statistics if `training`."""
    import keras

    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda x: model(x, training=training), reduce_retracing=True)
    if backend == "jax":
        return _compiled_jax(model, training)
    if backend == "torch":
        import torch

        def call(x):
            with torch.no_grad():
                return model(x, training=training)

        return call
    return lambda x: model(x, training=training)


def _compiled_jax(model: Any, training: bool) -> Callable:
    import jax

    @jax.jit
    def pure(trainable, other, x):
        return model.stateless_call(trainable, other, x, training=training)

    def call(x):
        others = model.non_trainable_variables
        trainable = [v.value for v in model.trainable_variables]
        outputs, after = pure(trainable, [v.value for v in others], x)
        if training:
            for variable, value in zip(others, after, strict=True):
                variable.assign(value)
        return outputs

    return call


@contextmanager
def kept_random_states() -> Iterator[None]:
    """Random states of Python, NumPy, Keras and the backend are afterwards as before."""
    import random

    import keras

    kept: list[Callable[[], None]] = []
    state, numbers = random.getstate(), np.random.get_state()
    kept += [lambda: random.setstate(state), lambda: np.random.set_state(numbers)]
    backend = keras.config.backend()
    if backend == "torch":
        import torch

        torch_state = torch.get_rng_state()
        kept.append(lambda: torch.set_rng_state(torch_state))
        if torch.cuda.is_available():
            cuda = torch.cuda.get_rng_state_all()
            kept.append(lambda: torch.cuda.set_rng_state_all(cuda))
    if backend == "tensorflow":
        from tensorflow.python.eager import context

        generator = getattr(context.context(), "_rng", None)
        if generator is not None:
            inner = generator.getstate()
            kept.append(lambda: generator.setstate(inner))
    shared = _global_seed()
    if shared is not None:
        (before,) = values([shared.state])
        kept.append(lambda: shared.state.assign(before))
    try:
        yield
    finally:
        for put_back in kept:
            put_back()


def _global_seed() -> Any:
    """Keras's generator for layers that draw without one of their own; None if there is none."""
    try:
        from keras.src.backend.common import global_state

        return global_state.get_global_attribute("global_seed_generator")
    except (ImportError, AttributeError):
        return None
