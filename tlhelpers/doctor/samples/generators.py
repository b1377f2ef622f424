"""Random generators of the program: after reading they stand where they stood."""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.kept import Kept


def keep_generators(kept: Kept) -> None:
    """Note the state of every random generator of the program."""
    state = random.getstate()
    kept.undo.append(lambda: random.setstate(state))
    legacy = np.random.get_state(legacy=False)
    kept.undo.append(lambda: np.random.set_state(legacy))
    # A generator at module level belongs to no copy. Only types are looked at: isinstance
    # would wake lazy proxies.
    things = gc.get_objects()
    ways = {kind: _way(kept, kind) for kind in set(map(type, things))}
    wanted = {kind for kind, way in ways.items() if way is not None}
    for thing in [thing for thing in things if type(thing) in wanted]:
        with contextlib.suppress(NotImplementedError):  # random.SystemRandom
            ways[type(thing)](thing)  # type: ignore[misc]  # "wanted" holds no None
    del things
    if torch := sys.modules.get("torch"):
        _keep_torch(kept, torch)
    if "keras" in sys.modules:
        _keep_keras(kept)


def _way(kept: Kept, kind: type) -> Callable[[Any], None] | None:
    """How to keep a generator of this type; None for everything that is no generator."""
    if issubclass(kind, np.random.BitGenerator):
        return functools.partial(_keep_bits, kept)
    if issubclass(kind, np.random.RandomState):
        return functools.partial(_keep_random_state, kept)
    if issubclass(kind, random.Random):
        return functools.partial(_keep_python_random, kept)
    package = str(kind.__module__).partition(".")[0]
    if (kind.__name__, package) in (("SeedGenerator", "keras"), ("Generator", "tensorflow")):
        return lambda generator: kept.variables([generator.state])
    return None


def _keep_bits(kept: Kept, generator: np.random.BitGenerator) -> None:
    state = generator.state
    kept.undo.append(lambda: setattr(generator, "state", state))


def _keep_random_state(kept: Kept, generator: np.random.RandomState) -> None:
    state = generator.get_state(legacy=False)
    kept.undo.append(lambda: generator.set_state(state))


def _keep_python_random(kept: Kept, generator: random.Random) -> None:
    state = generator.getstate()
    kept.undo.append(lambda: generator.setstate(state))


def _keep_torch(kept: Kept, torch: Any) -> None:
    state = torch.get_rng_state()
    kept.undo.append(lambda: torch.set_rng_state(state))
    for device in ("cuda", "mps", "xpu"):
        module = getattr(torch, device, None)
        if device == "mps":
            if module is None or not torch.backends.mps.is_available():
                continue
            of_mps = module.get_rng_state()
            kept.undo.append(functools.partial(module.set_rng_state, of_mps))
        elif module is not None and module.is_initialized():
            of_all = module.get_rng_state_all()
            kept.undo.append(functools.partial(module.set_rng_state_all, of_all))


def _keep_keras(kept: Kept) -> None:
    """The seed generator that Keras makes when it is first needed, and its counts of names."""
    state = sys.modules.get("keras.src.backend.common.global_state")
    if state is None:
        return
    for name in ("global_seed_generator", "object_name_uids"):
        value = state.get_global_attribute(name)
        value = copy.copy(value) if isinstance(value, dict) else value
        kept.undo.append(functools.partial(state.set_global_attribute, name, value))


@contextlib.contextmanager
def other_tensorflow_seeds() -> Iterator[None]:
    """TensorFlow draws from seeds of our own.

    An eager random op keeps its position in a kernel that is found again by its seeds. With the
    same seeds as training, even restored ones, that position would be ours. Functions run
    eagerly meanwhile: a compiled one has such kernels inside.
    """
    module = sys.modules.get("tensorflow.python.eager.context")
    if module is None:
        yield
        return
    context = module.context()
    config = sys.modules["tensorflow"].config
    # Without tf.random.set_seed there is no generator yet.
    before = {name: vars(context)[name] for name in ("_seed", "_rng") if name in vars(context)}
    eagerly = config.functions_run_eagerly()
    context._seed = 1_846_253_117
    context._rng = random.Random(context._seed)
    if not eagerly:
        config.run_functions_eagerly(True)
    try:
        yield
    finally:
        if not eagerly:
            config.run_functions_eagerly(False)
        for name in ("_seed", "_rng"):
            if name in before:
                setattr(context, name, before[name])
            else:
                delattr(context, name)


@contextlib.contextmanager
def tensorflow_seeds_kept() -> Iterator[None]:
    """A graph draws no global random numbers, but making ops might take some."""
    context = sys.modules["tensorflow.python.eager.context"].context()
    before = context._rng.getstate() if getattr(context, "_rng", None) is not None else None
    python = random.getstate()
    try:
        yield
    finally:
        random.setstate(python)
        if before is not None:
            context._rng.setstate(before)
