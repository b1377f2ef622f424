"""Mechanism: does each fix do what it says, and does its check notice when it does not?"""

import re

import keras
import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.core.errors import CourseError
from tlhelpers.data.dataset import Dataset, Split
from tlhelpers.experiment import protocol
from tlhelpers.experiment.cases import CASES, case
from tlhelpers.experiment.checks import MechanismError, batchnorm_moves, momentum_is
from tlhelpers.experiment.fixes import FIXES, fix
from tlhelpers.training import batchnorm
from tlhelpers.training.recipe import difference
from tlhelpers.training.trainer import Trainer

# Small, but with everything that the FER+ fixes change.
FACES = TINY.but(
    frozen_up_to="block0",
    image_size=64,
    upsample_from=48,
    input_scaling="1/255",
    batchnorm_momentum=0.999,
    hidden_units=(),
    dropout=(),
    loss="categorical_crossentropy",
    horizontal_flip=True,
)
# What these do has nothing to do with a case's recipe or images, so one case is enough.
SAME_IN_EACH_CASE = (
    *("training-false", "warmup-cosine", "clipnorm", "weight-average", "weight-average-update-bn"),
    "backbone-inputs",
)
PAIRS = [
    (name, fix.name)
    for fix in FIXES.values()
    for name in (fix.cases[:1] if fix.name in SAME_IN_EACH_CASE else fix.cases)
]


def faces(n: int, seed: int) -> Dataset:
    """Grey noise with a bright stripe a class, three unequal classes, ten votes."""
    rng = np.random.default_rng(seed)
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 2])[np.arange(n) % 8]
    images = rng.integers(0, 200, (n, 48, 48, 1), dtype=np.uint8)
    images[np.arange(n), labels * 12] = 255
    votes = np.full((n, 3), 1)
    votes[np.arange(n), labels] = 8
    return Dataset(images, labels, np.arange(n), labels, ("a", "b", "c"), votes)


def face_split(duplicates: bool = True) -> Split:
    """With duplicates, four validation faces stand in training as well."""
    train, validation = faces(64, 0), faces(32, 1)
    if duplicates:
        train.images[:4] = validation.images[:4]
    return Split(train, validation)


@pytest.fixture(scope="module")
def of(trainer_of):
    """Trainers of each case's tiny recipes; those that can share a network do."""
    made = {}

    def get(name: str, changed=None) -> Trainer:
        recipe = {"retinopathy": TINY, "ferplus": FACES}[name]
        recipe = changed.apply(recipe) if changed else recipe
        if name == "retinopathy":
            return trainer_of(recipe)
        options = dict(changed.images) if changed else {}
        key = (recipe.architecture(), tuple(options.items()))
        if key not in made:
            made[key] = Trainer(recipe, face_split(**options))
        return made[key].of(recipe)

    return get


@pytest.mark.parametrize(("name", "fix_name"), PAIRS)
def test_each_fix_does_what_it_says_and_the_myth_does_not(of, name, fix_name):
    this = fix(fix_name)
    check = this.check(of(name, this))
    assert check.passed == this.works, check.found
    assert str(check).startswith("PASSED" if this.works else "FAILED")
    if not this.works:
        with pytest.raises(MechanismError, match="layers moved"):
            check.require()


@pytest.mark.parametrize(("name", "fix_name"), PAIRS)
def test_take_the_fix_out_and_its_check_fails(of, name, fix_name):
    """The check of a fix on the unchanged recipe."""
    check = fix(fix_name).check(of(name))
    if fix_name == "categorical-crossentropy" and keras.backend.backend() != "tensorflow":
        assert check.passed  # only on TensorFlow is the posted loss another one
    else:
        assert not check.passed


def test_without_a_live_layer_there_is_no_momentum(of):
    check = momentum_is(of("retinopathy", fix("frozen-batchnorm")), 0.999)
    assert not check.passed and re.fullmatch(
        r"none of the \d+ BatchNorm layers is live", check.found
    )


def test_behind_frozen_blocks_only_the_live_layers_move(of):
    trainer = of("ferplus")
    live, layers = batchnorm.live_layers(trainer.network.base)
    assert 0 < live < layers
    assert batchnorm_moves(trainer).passed


@pytest.mark.parametrize("name", list(CASES))
def test_each_fix_changes_the_posted_recipe_of_its_cases(name):
    posted, asked = case(name).posted, protocol.of("quick")
    for this in map(fix, asked.asked[name] + asked.described[name]):
        assert difference(posted, this.apply(posted)).keys() == this.change.keys()
        changed = this.case(name).spec != case(name).spec
        assert changed == bool(this.images) != bool(this.change)


def test_what_a_fix_changes_in_the_loss_reaches_a_whole_run(of):
    """Runs of one epoch from the same weights, on the same images."""
    changes = (None, fix("class-weights-balanced"), fix("soft-labels"))
    trainers = [of("ferplus", change) for change in changes]
    runs = [trainer.of(trainer.recipe.but(epochs=1)).run(0) for trainer in trainers]
    plain, *others = (run.history["loss"][0] for run in runs)
    for loss in others:
        assert abs(plain - loss) > 0.01 * plain


def test_unknown_option_of_a_case():
    with pytest.raises(
        CourseError, match="retinopathy has no option 'duplicates': known: fellow_eyes"
    ):
        case("retinopathy", duplicates=False)
    with pytest.raises(
        CourseError, match="ferplus has no option 'duplicate': known: duplicates, everything"
    ):
        case("ferplus", duplicate=False)
    with pytest.raises(CourseError, match="everything=True needs data='real'"):
        case("ferplus", everything=True)


@pytest.mark.parametrize(
    ("name", "option", "values", "message"),
    [
        ("retinopathy", "photographs", (["aptos"], {}, None, 1, "apto"), "is unknown: choose one"),
        (
            "retinopathy",
            "fellow_eyes",
            ("x", [0.8], True, 2, -0.1, float("nan")),
            "must be a number from 0 to 1, or None",
        ),
        ("ferplus", "duplicates", ("no", 0, None, []), "must be True or False"),
        ("ferplus", "everything", ("no", 1, None), "must be True or False"),
    ],
)
def test_options_of_a_case_with_another_value(name, option, values, message):
    for value in values:
        with pytest.raises(CourseError) as error:
            case(name, "quick", "real", **{option: value})
        said = str(error.value)
        assert said.startswith(f"{option}={value!r} {message}") and "\n" not in said


def test_unknown_fix():
    with pytest.raises(CourseError, match="Unknown fix 'magic': choose one of frozen-batchnorm"):
        fix("magic")
