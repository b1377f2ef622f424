"""Pre-training: weights that this machine makes, how they are kept, and that none are mixed up."""

import json

import keras
import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.cases import ferplus, retinopathy
from tlhelpers.training import backbones, model, pretraining, starts
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.trainer import Trainer

pytestmark = pytest.mark.backend


def two_convolutions(size, weights):
    """A backbone that trains in no time."""
    layers = keras.layers
    x = images = keras.Input((size, size, 3))
    for name in ("a", "b"):
        x = layers.Conv2D(4, 3, 4, use_bias=False, name=f"{name}_conv")(x)
        x = layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))
    return keras.Model(images, x, name="two-convolutions")


@pytest.fixture(scope="module", autouse=True)
def two_convolutions_in_the_catalogue():
    ones = (1.0,) * 3
    this = backbones.Backbone("two", two_convolutions, ones, ones, False, 0.99, ("a", "b"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backbones.BACKBONES, "two", this)
        yield


@pytest.fixture(scope="module")
def small(two_convolutions_in_the_catalogue):
    return pretraining.RECIPE.but(backbone="two", image_size=32, batch_size=16, epochs=2)


@pytest.fixture(scope="module")
def tuned(two_convolutions_in_the_catalogue):
    return TINY.but(backbone="two", truncate_at=None, pretrained_on="drawn-faces", epochs=2)


def pretrain(recipe, split, **options):
    return pretraining.pretrain("drawn-faces", recipe=recipe, split=split, **options)


@pytest.fixture(scope="module")
def made(small, split, tmp_path_factory):
    """Build folder with the weights of a short pre-training, and what is known about them."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("pretrained")
        patch.setenv("TLHELPERS_BUILD", str(folder))
        epochs = []
        note = pretrain(small, split, on_epoch=lambda history: epochs.append(len(history["loss"])))
        assert epochs == [1, 2]
        yield folder, note


def test_weights_are_kept_once_and_nothing_else(made, small, split):
    folder, note = made
    assert json.loads(json.dumps(note)) == note
    assert 0 <= note["accuracy"] <= 1 and note["chance"] == 0.5 and note["step"]["median"] > 0
    assert Recipe.from_dict(note["recipe"]) == small
    assert not list(folder.glob("unfinished/*.npz"))
    before = starts.path("two", "drawn-faces").stat()
    assert pretrain(small, split, on_epoch=pytest.fail) == note
    assert starts.path("two", "drawn-faces").stat() == before


def test_a_trainer_starts_from_them(made, tuned, split):
    """The whole backbone's weights, whatever is cut, frozen or rescaled; the run says which."""
    whole = model.backbone_of(tuned)
    random = model.backbone_of(tuned, weights=None)
    cut = model.backbone_of(tuned.but(truncate_at="a", kernel_scale=0.5))
    kernels = [model.values([each.get_layer("a_conv").kernel])[0] for each in (whole, cut, random)]
    assert np.array_equal(kernels[0] / 2, kernels[1]) and not np.allclose(kernels[0], kernels[2])
    again = Trainer(tuned, split)
    weights = model.values(again.network.base.weights)
    assert starts._digest(weights) == made[1]["fingerprint"] == starts.fingerprint(tuned)
    assert starts.fingerprint(TINY) is None


def test_same_seed_same_weights_and_an_interrupted_one_goes_on(made, small, split, build_folder):
    class Stop(Exception):
        pass

    def stop(history):
        # Told before the state of its own epoch is kept: so the first one is, the second not.
        if len(history["loss"]) == 2:
            raise Stop

    with pytest.raises(Stop):
        pretrain(small, split, on_epoch=stop)
    (kept,) = build_folder.glob("unfinished/*.npz")
    epochs = []
    note = pretrain(small, split, on_epoch=lambda history: epochs.append(len(history["loss"])))
    assert epochs == [2] and not kept.exists()
    assert note["fingerprint"] == made[1]["fingerprint"]


def test_a_state_of_other_first_weights_does_not_count(
    made, tuned, split, tmp_path, monkeypatch, capsys
):
    trainer, kept = Trainer(tuned, split), tmp_path / "state.npz"
    run = trainer.run(0, unfinished=kept)
    again = trainer.run(0, unfinished=kept)
    assert capsys.readouterr().out == "" and np.array_equal(run.probabilities, again.probabilities)
    monkeypatch.setattr(starts, "fingerprint", lambda recipe: "other weights")
    trainer.run(0, unfinished=kept)
    assert "starts over" in capsys.readouterr().out


def test_missing_and_damaged_weights_are_one_line(tuned, build_folder):
    with pytest.raises(CourseError, match="make it with tlhelpers pretrain --images drawn-faces"):
        model.backbone_of(tuned)
    file = starts.path("two", "drawn-faces")
    random = model.values(model.backbone_of(tuned, weights=None).weights)
    starts.save(random, "drawn-faces", {"backbone": "two"})
    model.backbone_of(tuned)
    note = json.dumps({"fingerprint": "0" * 16})
    for damage in (
        lambda: file.write_bytes(file.read_bytes()[:-200]),
        lambda: np.savez(file, note=note, a0000=np.zeros(3)),
    ):
        damage()
        with pytest.raises(CourseError, match="Damaged weights .* delete the file"):
            model.backbone_of(tuned)


def test_random_weights_need_no_file(small, build_folder):
    one, two = (keras.utils.set_random_seed(seed) or model.backbone_of(small) for seed in (0, 1))
    assert not np.array_equal(*(model.values(base.weights[:1])[0] for base in (one, two)))


def test_drawn_faces_are_those_of_no_case(monkeypatch):
    """Small ones here: 22,000 take a minute."""
    monkeypatch.setattr(pretraining, "_FACES", (40, 20))
    split = pretraining.faces("drawn-faces")
    assert (len(split.train), len(split.validation)) == (40, 20)
    assert split.train.images.shape[1:] == (48, 48, 1)
    assert pretraining._DRAWN_SEED not in (0, retinopathy._SEED, ferplus._SEED)


def test_real_faces_must_be_prepared(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path))
    with pytest.raises(CourseError, match="prepare_ferplus.py"):
        pretraining.faces("real-faces")
