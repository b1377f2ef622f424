"""The recipe: what it refuses, its key, and what differs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment import recordings
from tlhelpers.training.recipe import Recipe, difference, difference_text


def test_but_changes_one_thing():
    before = Recipe()
    after = before.but(batchnorm="frozen")
    assert difference(before, after) == {"batchnorm": ("live", "frozen")}
    assert difference_text(before, after) == "batchnorm: live → frozen"
    assert difference_text(before, before) == "nothing"


def test_unknown_field_names_the_nearest():
    with pytest.raises(CourseError, match="no field 'batch_norm': did you mean 'batchnorm'"):
        Recipe().but(batch_norm="frozen")


@pytest.mark.parametrize(
    "change",
    [
        {"batchnorm": "warm"},
        {"backbone": "nope"},
        {"backbone": None},
        {"truncate_at": "nope"},
        {"truncate_at": "block5"},  # another backbone's
        {"frozen_up_to": 3},
        {"frozen_up_to": "conv4_block1", "truncate_at": "conv3_block4"},
        {"loss": "mse"},
        {"epochs": 0},
        {"batch_size": 1.5},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"hidden_units": (32,), "dropout": ()},
        {"warmup_epochs": 2},
        {"warmup_epochs": 0.5, "schedule": "cosine"},
        {"hidden_units": (8,), "dropout": (1.5,)},
        {"hidden_units": (8,), "dropout": (1.0,)},
        {"hidden_units": (8,), "dropout": (-0.1,)},
        {"hidden_units": (8,), "dropout": 0.5},
        {"hidden_units": (0,), "dropout": (0.5,)},
        {"hidden_units": ("8",), "dropout": (0.5,)},
        {"hidden_units": 3},
        {"early_stopping_patience": -3},
        {"early_stopping_patience": 1.5},
        {"label_smoothing": 7},
        {"head_epochs": 1.5},
        {"head_epochs": -1},
        {"batchnorm_momentum": 2},
        {"learning_rate": "a"},
        {"learning_rate": float("inf")},
        {"clipnorm": 0},
        {"clipnorm": "1"},
        {"weight_average_epochs": -1},
        {"weight_average_epochs": None},
        {"logit_adjustment": "1"},
        {"upsample_from": "48"},
        {"upsample_from": 500},
        {"epochs": True},
        {"soft_labels": "no"},
        {"kernel_scale": 0},
        {"kernel_scale": -1.0},
        {"kernel_scale": None},
    ],
)
def test_bad_values_are_refused_in_one_line(change):
    with pytest.raises(CourseError) as error:
        Recipe().but(**change)
    said = str(error.value)
    assert "\n" not in said and any(name in said for name in change)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "batchnorm": st.sampled_from(["live", "frozen", "reestimated"]),
            "learning_rate": st.floats(1e-6, 1),
            "epochs": st.integers(1, 100),
            "hidden_units": st.just((32, 32)),
            "dropout": st.just((0.5, 0.3)),
            "clipnorm": st.none() | st.floats(0.1, 10),
        },
    )
)
def test_survives_json_and_key_is_of_the_content(change):
    if ("hidden_units" in change) != ("dropout" in change):
        return
    recipe = Recipe().but(**change)
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe and hash(again) == hash(recipe) and again.key() == recipe.key()
    assert (recipe.key() == Recipe().key()) == (recipe == Recipe())


def test_key_does_not_depend_on_fields_left_at_their_default():
    # An old recording lacks a field that came later; its recipe must keep its key.
    fields = Recipe().but(batchnorm="frozen").to_dict()
    del fields["clipnorm"]
    assert Recipe.from_dict(fields).key() == Recipe().but(batchnorm="frozen").key()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"learning_rate": 1}, {"learning_rate": 1.0}),
        ({"clipnorm": 1}, {"clipnorm": 1.0}),
        ({"weight_average_epochs": 1}, {"weight_average_epochs": 1.0}),
        ({"logit_adjustment": 1}, {"logit_adjustment": 1.0}),
        ({"label_smoothing": 0}, {}),
        ({"batchnorm_momentum": 0}, {"batchnorm_momentum": 0.0}),
        ({"kernel_scale": 1}, {}),
        ({"hidden_units": [8], "dropout": [0]}, {"hidden_units": (8,), "dropout": (-0.0,)}),
    ],
)
def test_equal_recipes_have_equal_keys(one, other):
    one, other = Recipe().but(**one), Recipe().but(**other)
    assert one == other
    assert (one.key(), one.table()) == (other.key(), other.table())


def test_a_recipe_from_before_kernels_were_rescaled_keeps_its_key():
    """As the first rebuild of the retina was recorded, whose runs are in the history of git."""
    old = Recipe(
        backbone="efficientnet-lite0",
        image_size=48,
        hidden_units=(32, 32),
        dropout=(0.5, 0.3),
        loss="binary_crossentropy",
        learning_rate=1e-4,
        epochs=10,
    )
    assert old.kernel_scale == 1
    assert old.key() == "aaa4d6f2b8"
    assert old.but(kernel_scale=1 / 8).key() != old.key()


def test_the_rescaled_retina_recipe_keeps_its_key():
    """Runs of it were recorded before it became the rebuild."""
    rebuilt = Recipe(
        backbone="efficientnet-lite0",
        image_size=48,
        batch_size=8,
        input_scaling="1/255",
        horizontal_flip=True,
        kernel_scale=1 / 8,
        hidden_units=(32, 32),
        dropout=(0.5, 0.3),
        loss="binary_crossentropy",
        learning_rate=1e-4,
        epochs=10,
    )
    assert rebuilt.key() == "fe4297763c"


FOLDERS = [path for path in sorted(paths.RECORDINGS.glob("*/*")) if path.is_dir()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_committed_recordings_keep_their_keys(folder):
    for path in folder.glob("seed-*.json"):
        assert folder.name.endswith(f"-{recordings.load(path).recipe.key()}")


def test_table_has_a_line_a_field():
    assert len(Recipe().table().splitlines()) == len(Recipe().to_dict())
