"""What many tests share: quiet TensorFlow, and a network small enough to train in a second."""

from __future__ import annotations

import functools
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tlhelpers.data.dataset import Dataset, Split
from tlhelpers.training.recipe import Recipe

# Before Keras is imported, which none of the above does.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TLHELPERS_PROGRESS", "0")

# A busy machine makes any example slow, and proves nothing by it. CI draws the same examples every
# time; elsewhere a failure prints what draws its example again.
settings.register_profile(
    "course",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
)
settings.load_profile("course")


TOGETHER = {
    *("test_site", "test_handout", "test_regression", "test_cluster", "test_runner", "test_pages"),
    *("test_inputs", "test_backbones", "test_keras_facts", "test_pretraining", "test_install"),
    *("test_synthetic_fundus", "test_synthetic_faces"),
}
"""Modules whose fixtures take seconds: in one process each, or both would make them."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    """The longest tests first, then the slow ones: no process is left with one at the end.

    What may take longest is what was given most time.
    """
    for item in items:
        if item.get_closest_marker("nightly"):  # so that -m "not slow" leaves it out as well
            item.add_marker("slow")
        if item.path.stem in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}-{item.path.stem}"))

    def order(item):
        time = item.get_closest_marker("timeout")
        return -(time.args[0] if time else 0), item.get_closest_marker("slow") is None

    items.sort(key=order)


TINY = Recipe(
    backbone="efficientnet-lite0",
    truncate_at="block2",
    image_size=32,
    hidden_units=(8, 8),
    dropout=(0.5, 0.3),
    loss="binary_crossentropy",
    learning_rate=1e-3,
    batch_size=16,
    epochs=4,
)


def noise_images(n: int, seed: int) -> Dataset:
    """Noise; images of class b have a bright corner. Two images a group."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    images[labels == 1, :8, :8] = 255
    return Dataset(images, labels, np.arange(n) // 2 + 1000 * seed, labels, ("a", "b"))


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return TINY


@pytest.fixture(scope="session")
def split() -> Split:
    return Split(noise_images(64, 0), noise_images(48, 1))


@pytest.fixture(scope="session")
def trainer_of(split):
    """A trainer of any recipe on these images; recipes of one architecture share a network."""
    from tlhelpers.training.trainer import Trainer

    made = {}

    def get(recipe: Recipe) -> Trainer:
        key = recipe.architecture()
        if key not in made:
            made[key] = Trainer(recipe, split)
        return made[key].of(recipe)

    return get


@pytest.fixture(scope="session")
def trainer(trainer_of, tiny):
    """A compiled network; every test resets it through `run` or a check."""
    return trainer_of(tiny)


@pytest.fixture(scope="session")
def known(trainer):
    """The run of a seed by `trainer`, made once, for tests that compare another one with it."""
    return functools.cache(trainer.run)


@pytest.fixture(scope="session", autouse=True)
def no_builds_of_this_machine(tmp_path_factory):
    """What was trained here must not decide a test, nor a test what is found here afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLHELPERS_BUILD", str(tmp_path_factory.mktemp("builds")))
        yield


@pytest.fixture
def build_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_BUILD", str(tmp_path / "build"))
    return tmp_path / "build"
