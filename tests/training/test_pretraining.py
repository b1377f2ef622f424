"""Pre-training: weights that this machine makes, how they are kept, and that none are mixed up."""

import json

import keras
import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.core.errors import CourseError
from tlhelpers.training import model, pretraining, starts
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.trainer import Trainer

pytestmark = pytest.mark.backend

SMALL = pretraining.RECIPE.but(
    backbone="efficientnet-lite0", image_size=32, batch_size=16, epochs=2, horizontal_flip=False
)
TUNED = TINY.but(pretrained_on="drawn-faces", truncate_at=None)


def pretrain(split, **options):
    return pretraining.pretrain("drawn-faces", recipe=SMALL, split=split, **options)


@pytest.fixture(scope="module")
def made(split, tmp_path_factory):
    """Build folder with the weights of a short pre-training, and what is known about them."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("pretrained")
        patch.setenv("TLHELPERS_BUILD", str(folder))
        epochs = []
        note = pretrain(split, on_epoch=lambda history: epochs.append(len(history["loss"])))
        assert epochs == [1, 2]
        yield folder, note


def test_weights_are_kept_once_and_nothing_else(made, split):
    folder, note = made
    assert json.loads(json.dumps(note)) == note
    assert 0 <= note["accuracy"] <= 1 and note["chance"] == 0.5 and note["step"]["median"] > 0
    assert Recipe.from_dict(note["recipe"]) == SMALL
    assert not list(folder.glob("unfinished/*.npz"))
    before = starts.path("efficientnet-lite0", "drawn-faces").stat()
    assert pretrain(split, on_epoch=pytest.fail) == note
    assert starts.path("efficientnet-lite0", "drawn-faces").stat() == before


def test_a_trainer_starts_from_them(made, split):
    """The whole backbone's weights, whatever is cut, frozen or rescaled; the run says which."""
    whole = model.backbone_of(TUNED)
    random = model.backbone_of(TUNED, weights=None)
    cut = model.backbone_of(TUNED.but(truncate_at="block2", kernel_scale=0.5))
    for name in ("stem_conv", "block2_project_conv"):
        kernels = [each.get_layer(name).kernel.numpy() for each in (whole, cut, random)]
        assert np.array_equal(kernels[0] / 2, kernels[1])
        assert not np.allclose(kernels[0], kernels[2])
    again = Trainer(TUNED, split)
    weights = model.values(again.network.base.weights)
    assert starts._digest(weights) == made[1]["fingerprint"] == starts.fingerprint(TUNED)
    assert starts.fingerprint(TINY) is None


def test_same_seed_same_weights_and_an_interrupted_one_goes_on(made, split, build_folder):
    class Stop(Exception):
        pass

    def stop(history):
        # Told before the state of its own epoch is kept: so the first one is, the second not.
        if len(history["loss"]) == 2:
            raise Stop

    with pytest.raises(Stop):
        pretrain(split, on_epoch=stop)
    (kept,) = build_folder.glob("unfinished/*.npz")
    epochs = []
    note = pretrain(split, on_epoch=lambda history: epochs.append(len(history["loss"])))
    assert epochs == [2] and not kept.exists()
    assert note["fingerprint"] == made[1]["fingerprint"]


def test_a_state_of_other_first_weights_does_not_count(made, split, tmp_path, monkeypatch, capsys):
    recipe = TUNED.but(truncate_at="block0", epochs=2)
    trainer = Trainer(recipe, split)
    kept = tmp_path / "state.npz"
    trainer.run(0, unfinished=kept)
    monkeypatch.setattr(starts, "fingerprint", lambda recipe: "other weights")
    trainer.run(0, unfinished=kept)
    assert "begins anew" in capsys.readouterr().out


def test_missing_and_damaged_weights_are_one_line(build_folder):
    with pytest.raises(CourseError, match="make it with tlhelpers pretrain --images drawn-faces"):
        model.backbone_of(TUNED)
    file = starts.path("efficientnet-lite0", "drawn-faces")
    base = model.backbone_of(TUNED, weights=None)
    starts.save(base, "drawn-faces", {"backbone": "efficientnet-lite0"})
    model.backbone_of(TUNED)
    for damage in (lambda: file.write_bytes(file.read_bytes()[:-50_000]), other_weights):
        damage()
        with pytest.raises(CourseError, match="Damaged weights .* delete the file"):
            model.backbone_of(TUNED)


def other_weights():
    """A note that belongs to other weights, and weights of another network."""
    file = starts.path("efficientnet-lite0", "drawn-faces")
    note = json.dumps({"fingerprint": "0" * 16, "backbone": "efficientnet-lite0"})
    np.savez(file, note=note, a0000=np.zeros(3))


def test_random_weights_need_no_file(build_folder):
    one, two = (
        keras.utils.set_random_seed(seed) or model.backbone_of(SMALL) for seed in (0, 1)
    )
    assert not np.array_equal(*(model.values(base.weights[:1])[0] for base in (one, two)))
