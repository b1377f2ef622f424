"""Backbones: weights, inputs, freezing, and what happens offline or with a bad file."""

import io
import pickle
import struct

import keras
import numpy as np
import pytest

from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.cases import ferplus
from tlhelpers.training import backbones, batchnorm, model
from tlhelpers.training.torch_weights import read_state_dict


@pytest.fixture(scope="module")
def classifier():
    return backbones.efficientnet_lite0(224, top=True)


@pytest.fixture(scope="module")
def lite0():
    return backbones.efficientnet_lite0(32, weights=None)


@pytest.fixture(scope="module")
def cut():
    """Recipe and backbone of the second post, by the backbone's name."""
    recipes = [ferplus.POSTED.but(image_size=64, **c) for c in ({}, ferplus.MOBILENETV2)]
    return {r.backbone: (r, model.backbone_of(r, weights=None)) for r in recipes}


@pytest.mark.backend
@pytest.mark.parametrize(
    ("name", "imagenet_class"), [("chelsea", 285), ("coffee", 967)]
)  # Egyptian cat, espresso
def test_names_images(classifier, name, imagenet_class):
    from skimage import data, transform

    image = getattr(data, name)()
    side = min(image.shape[:2])
    top, left = ((n - side) // 2 for n in image.shape[:2])
    square = image[top : top + side, left : left + side]
    square = transform.resize(square, (224, 224), preserve_range=True, anti_aliasing=True)
    inputs = backbones.backbone("efficientnet-lite0").preprocess(square[None])
    logits = keras.ops.convert_to_numpy(classifier(inputs))[0]
    assert logits.argmax() == imagenet_class


def test_parameter_counts(classifier, lite0):
    assert classifier.count_params() == 4_694_024
    assert lite0.count_params() == 3_413_024


def test_own_inputs():
    ends = np.array([[[[0, 0, 0], [255, 255, 255]]]])
    lite, resnet, mobile = (
        backbones.backbone(n).preprocess(ends)
        for n in ("efficientnet-lite0", "resnet50", "mobilenetv2")
    )
    assert lite.min() == pytest.approx(-127 / 128) and lite.max() == pytest.approx(1)
    assert mobile.min() == pytest.approx(-1) and mobile.max() == pytest.approx(1)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 4, 4, 3)).astype("float32")
    for name, module in (("resnet50", "resnet50"), ("mobilenetv2", "mobilenet_v2")):
        theirs = getattr(keras.applications, module).preprocess_input(images.copy())
        assert np.allclose(backbones.backbone(name).preprocess(images), theirs, atol=1e-4)
    assert resnet.min() < -123 and resnet.max() > 150


def test_momentum_of_the_catalogue_is_that_of_the_layers(lite0, cut):
    bases = {"efficientnet-lite0": lite0, **{name: base for name, (_, base) in cut.items()}}
    assert bases.keys() == backbones.BACKBONES.keys()
    for name, base in bases.items():
        momenta = {layer.momentum for layer in backbones.batchnorm_layers(base)}
        assert momenta == {backbones.backbone(name).momentum}


def test_freeze_up_to_a_block_and_batchnorm(lite0):
    base = lite0
    backbones.freeze(base, "block4")
    trains = {layer.name: layer.trainable for layer in base.layers}
    assert not trains["stem_conv"] and not trains["block4_project_bn"]
    assert trains["block5_expand_conv"] and trains["last_bn"]
    backbones.freeze(base, batchnorm=True)
    assert not any(layer.trainable for layer in backbones.batchnorm_layers(base))
    assert base.get_layer("stem_conv").trainable
    backbones.freeze(base)  # nothing of before is left
    assert all(layer.trainable for layer in base.layers)


@pytest.mark.parametrize(
    ("name", "width", "live"), [("resnet50", 1024, 19), ("mobilenetv2", 96, 9)]
)
def test_both_backbones_of_the_second_post_end_and_train_as_the_case_says(cut, name, width, live):
    """By hand: conv4 has six blocks of three BatchNorms and a shortcut's; blocks 10 to 12 three."""
    recipe, base = cut[name]
    assert base.output.shape == (None, 4, 4, width)
    assert batchnorm.live_layers(base)[0] == live
    # Everything up to the named block stands still.
    lower, upper = backbones.split_at(base, recipe.frozen_up_to)
    assert not lower.trainable_weights
    assert len(upper.trainable_weights) == len(base.trainable_weights) > 0


def test_block_names_are_whole_words(lite0):
    short = backbones.truncate(lite0, "block1")
    assert short.layers[-1].name == "block1_project_bn"  # not block10 to block15


def test_unknown_names(lite0):
    with pytest.raises(CourseError, match="Unknown backbone 'vgg': choose one of"):
        backbones.backbone("vgg")
    with pytest.raises(CourseError, match="No block or layer 'block99'"):
        backbones.freeze(lite0, "block99")


@pytest.mark.parametrize(
    ("name", "size", "file"),
    [
        ("resnet50", 64, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
        ("mobilenetv2", 96, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"),
        ("mobilenetv2", 64, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"),
    ],
)
def test_offline_error_names_file_and_choice(name, size, file, monkeypatch):
    asked = []

    def no_network(fname, *_, **__):
        asked.append(fname)
        raise Exception("URL fetch failure on https://somewhere: None -- no network")

    module = {"resnet50": "resnet", "mobilenetv2": "mobilenet_v2"}[name]
    monkeypatch.setattr(f"keras.src.applications.{module}.file_utils.get_file", no_network)
    with pytest.raises(CourseError) as error:
        backbones.backbone(name).build(size, "imagenet")
    message = str(error.value)
    assert asked == [file]  # what Keras looks for in its folder
    assert file in message and "models" in message and "efficientnet-lite0" in message
    assert "\n" not in message


# --- the restricted reader ---------------------------------------------------------------


def legacy_file(state_pickle: bytes, keys: list[str], data: bytes) -> bytes:
    """A legacy PyTorch file around a pickle."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    parts = [pickle.dumps(x, 2) for x in head] + [state_pickle, pickle.dumps(keys, 2), data]
    return b"".join(parts)


def tensor_pickle(module: str = "torch._utils", name: str = "_rebuild_tensor_v2") -> bytes:
    """{'w': 2 x 3 tensor} with a named rebuild function."""
    op = b"\x80\x02}q\x00X\x01\x00\x00\x00w" + f"c{module}\n{name}\n".encode()
    op += b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
    op += b"X\x03\x00\x00\x00cpuK\x06NtQK\x00(K\x02K\x03t(K\x03K\x01t\x89NtRs."
    return op


def test_reads_a_tensor(tmp_path):
    numbers = np.arange(6, dtype="<f4")
    path = tmp_path / "good.pth"
    path.write_bytes(legacy_file(tensor_pickle(), ["0"], struct.pack("<q", 6) + numbers.tobytes()))
    assert np.array_equal(read_state_dict(path)["w"], numbers.reshape(2, 3))


def test_refuses_code(tmp_path):
    marker = tmp_path / "ran"
    evil = io.BytesIO()

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    pickle.Pickler(evil, 2).dump({"w": Evil()})
    path = tmp_path / "evil.pth"
    path.write_bytes(legacy_file(evil.getvalue(), [], b""))
    with pytest.raises(CourseError, match="Refused weights file evil.pth: it asks for"):
        read_state_dict(path)
    assert not marker.exists()


@pytest.mark.parametrize("module", ["os", "torch", "builtins"])
def test_refuses_other_functions(tmp_path, module):
    path = tmp_path / "other.pth"
    path.write_bytes(legacy_file(tensor_pickle(module, "system"), ["0"], b""))
    with pytest.raises(CourseError, match=f"it asks for {module}.system"):
        read_state_dict(path)


def test_refuses_damaged_files(tmp_path):
    good = legacy_file(tensor_pickle(), ["0"], struct.pack("<q", 6) + bytes(24))
    for name, data in (
        ("short", good[:-4]),
        ("empty", b""),
        ("text", b"hello"),
        ("half", good[:60]),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(CourseError, match=f"Refused weights file {name}") as error:
            read_state_dict(path)
        assert "\n" not in str(error.value)
    with pytest.raises(CourseError, match="No weights file at"):
        read_state_dict(tmp_path / "missing.pth")


@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_each_block_of_the_catalogue_is_one_of_the_model_in_this_order(name):
    spec = backbones.backbone(name)
    built = spec.build(32, None)
    places = [backbones._last_of(built, block) for block in spec.blocks]
    assert places == sorted(set(places))
    # Behind the last block there is at most an activation.
    assert len(built.layers) - 1 - places[-1] <= 1


def test_weights_of_another_checksum_are_never_unpickled(tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"anything")
    monkeypatch.setattr("tlhelpers.training.torch_weights._load", lambda *_: pytest.fail("loaded"))
    with pytest.raises(CourseError, match="its SHA-256 is .* install its package again"):
        read_state_dict(path, "0" * 64)
