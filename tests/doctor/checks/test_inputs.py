"""What the inputs of a network tell: their range, beside the one it has learned from."""

import keras
import numpy as np
import pytest

from tlhelpers.doctor import Doctor
from tlhelpers.doctor.arrival import arrival
from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.checks.inputs import not_scaled, raw, scaled_twice
from tlhelpers.doctor.network import Network

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (64, 8, 8, 3)).astype("float32")
LABELS = RNG.integers(0, 3, 64)


def backbone(*first):
    layers = [*first, keras.layers.Conv2D(4, 3, name="stem"), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers], name="backbone")


def classifier(base):
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(base(x)))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def test_a_division_by_255_inside_and_another_one_outside():
    model = backbone(keras.layers.Rescaling(1 / 255))
    assert scaled_twice(model, BYTES) is None
    assert "scaled twice" in scaled_twice(model, BYTES / 255).evidence


def test_a_first_loss_far_above_that_of_guessing():
    assert not_scaled(BYTES, first_loss=40.0, classes=3).code == "inputs_out_of_range"
    assert not_scaled(BYTES, first_loss=1.2, classes=3) is None
    assert not_scaled(BYTES / 255, first_loss=40.0, classes=3) is None


def test_raw_inputs_are_raw_only_if_they_reach_a_kernel():
    stuck = found("stuck_at_chance", "It learned nothing.")
    assert raw({"inputs_to": 80.0, "reaches_first_kernel": 2.5}, stuck) is None
    assert "goes up to 80" in raw({"reaches_first_kernel": 80.0}, stuck).evidence
    assert raw({"reaches_first_kernel": 80.0, "batchnorm_layers": 1}, stuck) is None
    assert "scaled twice" in raw({"reaches_first_kernel": 1 / 255}, stuck).evidence
    assert raw({"reaches_first_kernel": 1 / 255, "batchnorm_layers": 1}, stuck) is None
    assert raw({"reaches_first_kernel": 0.5}, stuck) is None and raw({}, stuck) is None


def test_what_arrives_is_measured_behind_layers_without_a_kernel():
    model = classifier(backbone(keras.layers.Rescaling(1 / 255)))
    before = [one.copy() for one in model.get_weights()]
    seen = arrival(Network(model), BYTES)
    assert seen.layer.name == "stem"
    assert seen.size == pytest.approx(np.sqrt(np.mean((BYTES / 255) ** 2)), rel=1e-5)
    assert seen.largest == pytest.approx(BYTES.max() / 255)
    assert seen.kernel == arrival(Network(model), BYTES / 2).kernel
    # The model is called as before, and has the same weights.
    assert model.predict(BYTES, verbose=0).shape == (64, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert arrival(Network(model), np.zeros_like(BYTES)) is None


@pytest.mark.parametrize("clone", [False, True], ids=["the same layer", "its weights"])
def test_a_backbone_that_learned_from_other_inputs_in_an_earlier_fit(clone):
    base = backbone()
    doctor = Doctor()

    def fit(model, x):
        both = (x[:40], LABELS[:40]), (x[40:], LABELS[40:])
        model.fit(*both[0], validation_data=both[1], callbacks=[doctor], epochs=2, verbose=0)
        return [one.code for one in doctor.examinations[-1].diagnoses]

    model = classifier(base)
    assert "inputs_out_of_range" not in fit(model, BYTES / 255)
    assert "inputs_out_of_range" not in fit(model, BYTES / 255 - 0.5)
    if clone:
        base, old = backbone(), base
        base.set_weights(old.get_weights())
    base.trainable = False
    second = classifier(base)
    assert fit(second, BYTES)[0] == "inputs_out_of_range"
    # Frozen, the kernel has learned nothing from them: they are wrong the next time as well.
    assert fit(second, BYTES)[0] == "inputs_out_of_range"
    assert "inputs_out_of_range" not in fit(second, BYTES / 255)
