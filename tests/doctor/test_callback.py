"""The doctor beside real, small trainings: it does no harm, crashes none, and finds things."""

from __future__ import annotations

import numpy as np
import pytest

from tlhelpers.core.quiet import keras
from tlhelpers.doctor import Doctor
from tlhelpers.doctor.attach import attached


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    """What the doctor would hide from a stranger fails here."""
    from tlhelpers.doctor import callback

    monkeypatch.setattr(callback.Doctor, "debug", True)


def data(n=128, classes=3, seed=0, size=8):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = rng.normal(size=(n, size, size, 1)) + y[:, None, None, None]
    return x.astype("float32"), y


def layers(classes=3, momentum=0.9, activation="softmax"):
    return [
        keras.layers.Conv2D(6, 3, strides=2, use_bias=False),
        keras.layers.BatchNormalization(momentum=momentum),
        keras.layers.ReLU(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(classes, activation),
    ]


def network(**more):
    return keras.Sequential([keras.Input((8, 8, 1)), *layers(**more)])


def compiled(model=None, loss="sparse_categorical_crossentropy", **more):
    model = model or network()
    model.compile(keras.optimizers.Adam(0.01, **more), loss, metrics=["accuracy"])
    return model


def fitted(doctor, **more):
    """One seeded training; its history and weights."""
    keras.utils.clear_session()  # the seed alone leaves Keras 3.3's own generator as it is
    keras.utils.set_random_seed(0)
    model = compiled()
    options = {"epochs": 3, "batch_size": 16, "verbose": 0, "validation_data": data(64, seed=1)}
    callbacks = [doctor] if doctor else []
    history = model.fit(*data(), callbacks=callbacks, **{**options, **more}).history
    after = np.random.random(), keras.random.normal((1,), seed=None)
    weights = [keras.ops.convert_to_numpy(v) for v in model.variables]
    return history, weights, [float(keras.ops.convert_to_numpy(a).sum()) for a in after]


@pytest.mark.backend
@pytest.mark.parametrize("given", ["nothing", "arrays"])
def test_training_is_the_same_bit_by_bit(given):
    doctor = Doctor() if given == "nothing" else Doctor(data(), data(64, seed=1))
    without, with_it = fitted(None), fitted(doctor)
    assert without[0] == with_it[0] and without[2] == with_it[2]
    assert all(np.array_equal(a, b) for a, b in zip(without[1], with_it[1], strict=True))
    (seen,) = doctor.examinations
    assert seen.epochs == (1, 2, 3)
    (said,) = seen.not_looked_at
    assert "Only 3 epochs" in said
    assert np.isfinite(seen.curve("fresh")).all() and np.isfinite(seen.curve("averaged")).all()


def test_what_it_reads_is_what_keras_says():
    doctor = Doctor()
    history, _, _ = fitted(doctor)
    seen = doctor.examinations[0]
    assert np.allclose(seen.curve("as_validated"), history["val_loss"], rtol=1e-5)
    assert np.allclose(seen.curve("accuracy_as_validated"), history["val_accuracy"])


def test_a_doctor_that_fails_says_so_once_and_training_goes_on(monkeypatch, capsys):
    from tlhelpers.doctor import callback, checkup

    monkeypatch.setattr(callback.Doctor, "debug", False)

    def broken(*_):
        raise ValueError("no such thing\nand more")

    monkeypatch.setattr(checkup.Watch, "read", broken)
    doctor = Doctor()
    history, _, _ = fitted(doctor)
    assert len(history["loss"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "doctor" in line] == [
        "doctor: The doctor stopped here: ValueError: no such thing"
    ]
    assert "ValueError" in doctor.report()


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = layers()

    def call(self, x, training=None):
        for layer in self.parts:
            # On JAX, Keras does not tell the layers of a subclassed model by itself.
            told = "dropout" in layer.name or "normalization" in layer.name
            x = layer(x, training=training) if told else layer(x)
        return x


def nested():
    base = keras.Sequential([keras.Input((8, 8, 1)), *layers()[:4]])
    inputs = keras.Input((8, 8, 1))
    return keras.Model(inputs, keras.layers.Dense(3, "softmax")(base(inputs)))


@pytest.mark.parametrize("build", [network, Subclassed, nested])
def test_kinds_of_models(build):
    doctor = Doctor()
    compiled(build()).fit(*data(), epochs=3, validation_data=data(64, seed=1), verbose=0,
                          callbacks=[doctor])  # fmt: skip
    (seen,) = doctor.examinations
    assert seen.facts["batchnorm_layers_live"] == 1 and np.isfinite(seen.curve("fresh")).all()


def two_outputs():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(inputs)
    outputs = [keras.layers.Dense(3, "softmax", name="a")(x), keras.layers.Dense(1, name="b")(x)]
    model = keras.Model(inputs, outputs)
    model.compile("adam", ["sparse_categorical_crossentropy", "mse"])
    return model


def test_several_outputs_are_not_looked_at_and_no_crash():
    x, y = data()
    doctor = Doctor()
    model = two_outputs()
    model.fit(x, [y, y.astype("float32")], validation_data=(x[:32] + 1, [y[:32], y[:32]]),
              verbose=0, callbacks=[doctor])  # fmt: skip
    (seen,) = doctor.examinations
    assert seen.not_looked_at and not seen.diagnoses, seen.diagnoses


def regression(rate, norm=True):
    parts = [keras.layers.Flatten(), keras.layers.Dense(8), keras.layers.ReLU()]
    parts[2:2] = [keras.layers.BatchNormalization()] if norm else []
    model = keras.Sequential([keras.Input((8, 8, 1)), *parts, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model


def test_a_regression_is_read_as_every_other_training():
    x, y = data()
    doctor = Doctor()
    model = regression(0.01)
    past = model.fit(x, 3.5 * y, validation_data=(data(64, seed=1)[0], 3.5 * data(64, seed=1)[1]),
                     verbose=0, epochs=4, callbacks=[doctor]).history  # fmt: skip
    (seen,) = doctor.examinations
    for name in ("as_validated", "fresh", "averaged"):
        assert np.isfinite(seen.curve(name)).all()
    # On all validation images the reading is Keras's own loss.
    np.testing.assert_allclose(seen.curve("as_validated"), past["val_loss"], rtol=1e-4)
    assert not np.isfinite(seen.curve("accuracy_as_validated")).any()
    assert any("model's own, 'mse'" in line for line in seen.not_looked_at)
    assert doctor.report() and doctor._repr_html_()


def test_a_regression_with_steps_that_are_too_long():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8, 8, 1)).astype("float32")
    y = x[:, 0, 0, 0] + x[:, 1, 1, 0] ** 2
    doctor = Doctor()
    regression(0.3, norm=False).fit(
        x[:400], y[:400], validation_data=(x[400:], y[400:]), verbose=0, epochs=10, batch_size=8,
        callbacks=[doctor],
    )  # fmt: skip
    assert doctor.examinations[0].diagnoses[0].code == "step_too_long"


@pytest.mark.parametrize(
    "more",
    [
        {"class_weight": {0: 1.0, 1: 2.0, 2: 1.0}},
        {"steps_per_epoch": 4},
        {"initial_epoch": 1},
        {"validation_data": None, "validation_split": 0.25},
        {"validation_freq": 2},
        {"validation_data": None},
        {"epochs": 1},
        {"sample_weight": np.ones(128)},
    ],
)
def test_options_of_fit(more):
    doctor = Doctor()
    fitted(doctor, **more)
    assert len(doctor.examinations) == 1 and doctor.report()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        doctor = Doctor()
        fitted(doctor)
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(doctor.examinations[0].curve("fresh")).all()


def test_averaged_weights_that_nobody_validates():
    doctor = Doctor()
    model = compiled(use_ema=True, ema_momentum=0.9)
    model.fit(*data(), validation_data=data(64, seed=1), epochs=3, verbose=0, callbacks=[doctor])
    assert doctor.examinations[0].diagnoses[0].code == "average_not_validated"


def test_a_compile_in_the_loop():
    doctor, model = Doctor(), network()
    for _ in range(4):
        compiled(model).fit(
            *data(), validation_data=data(64, seed=1), verbose=0, callbacks=[doctor]
        )
    codes = [[one.code for one in seen.diagnoses] for seen in doctor.examinations]
    assert "optimizer_state_lost" not in codes[0] and "optimizer_state_lost" in codes[-1]


def test_a_model_built_anew_goes_on_where_its_weights_go_on():
    doctor, model = Doctor(), compiled()
    for _ in range(4):
        model.fit(*data(), validation_data=data(64, seed=1), verbose=0, callbacks=[doctor])
        weights, model = model.get_weights(), compiled()
        model.set_weights(weights)
    assert "optimizer_state_lost" in [one.code for one in doctor.examinations[-1].diagnoses]


@pytest.mark.parametrize("stages", ["layer by layer", "six epochs each"])
def test_stages_of_fine_tuning_are_no_lost_state(stages):
    doctor, model = Doctor(), network()
    for k in range(4):
        if stages == "layer by layer":
            for i, layer in enumerate(model.layers):
                layer.trainable = i >= len(model.layers) - 2 * k - 1
        compiled(model).fit(*data(32), epochs=1 if stages == "layer by layer" else 6, verbose=0,
                            validation_data=data(64, seed=1), callbacks=[doctor])  # fmt: skip
    codes = [one.code for seen in doctor.examinations for one in seen.diagnoses]
    assert "optimizer_state_lost" not in codes


def test_a_flag_that_fit_overrides():
    base = keras.Sequential([keras.Input((8, 8, 1)), *layers()[:4]])
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(base(inputs, training=False)))
    doctor = Doctor()
    compiled(model).fit(*data(), validation_data=data(64, seed=1), verbose=0, callbacks=[doctor])
    assert doctor.examinations[0].diagnoses[0].code == "training_flag_overridden"
    base.layers[1].trainable = False  # this does freeze it
    doctor = Doctor()
    compiled(model).fit(*data(), validation_data=data(64, seed=1), verbose=0, callbacks=[doctor])
    assert not [d for d in doctor.examinations[0].diagnoses if d.code == "training_flag_overridden"]


class Normed(keras.layers.Layer):
    """A layer of somebody's own whose call says training=False, as many do."""

    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()

    def call(self, x, training=False):
        return self.norm(x, training=training)


def test_a_layer_that_is_off_by_default_is_no_flag():
    inputs = keras.Input((8, 8, 1))
    pooled = keras.layers.Flatten()(Normed()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(pooled))
    doctor = Doctor()
    compiled(model).fit(*data(), validation_data=data(64, seed=1), verbose=0, callbacks=[doctor])
    assert not [d for d in doctor.examinations[0].diagnoses if d.code == "training_flag_overridden"]


@pytest.mark.parametrize(
    ("activation", "loss", "found"),
    [
        (None, keras.losses.SparseCategoricalCrossentropy(), True),
        # TensorFlow takes the logits from behind the softmax, whatever it is told.
        (
            "softmax",
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            keras.config.backend() != "tensorflow",
        ),
        ("softmax", "sparse_categorical_crossentropy", False),
        (None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), False),
    ],
)
def test_logits_and_probabilities(activation, loss, found):
    doctor = Doctor()
    model = compiled(network(activation=activation), loss)
    model.fit(*data(), validation_data=data(64, seed=1), epochs=4, verbose=0, callbacks=[doctor])
    codes = [one.code for one in doctor.examinations[0].diagnoses]
    assert ("loss_wants_probabilities" in codes) == found


def test_a_generator_given_by_hand_is_not_touched():
    def batches():
        yield data(16)

    source = batches()
    doctor = Doctor(source, source)
    fitted(doctor)
    assert next(source)[0].shape == (16, 8, 8, 1)
    assert any("once" in line for line in doctor.examinations[0].not_looked_at)


def walking(seed):
    k = 0
    while True:
        yield data(16, seed=seed + k)
        k += 1


def test_attached_it_sees_generators_pass():
    with attached() as doctor:
        compiled().fit(walking(0), steps_per_epoch=6, epochs=3, verbose=0,
                       validation_data=walking(1000), validation_steps=4)  # fmt: skip
    codes = [one.code for one in doctor.examinations[0].diagnoses]
    assert "validation_images_change" in codes


def test_attached_it_sees_all_training_images_of_a_generator():
    """Keras reads two batches ahead; a verdict on those alone would be one on sorted data."""

    def by_class():
        while True:
            x, y = data(96)
            for label in range(3):
                for k in range(2):
                    yield x[y == label][k * 8 : k * 8 + 8], y[y == label][k * 8 : k * 8 + 8]

    with attached() as doctor:
        compiled().fit(by_class(), steps_per_epoch=6, epochs=2, verbose=0,
                       validation_data=data(64, seed=1))  # fmt: skip
    (seen,) = doctor.examinations
    codes = [one.code for one in seen.diagnoses]
    assert seen.facts["training_images_seen"] == 48
    assert "training_order" in codes and "validation_split_of_sorted_data" not in codes
    assert np.isfinite(seen.curve("fresh")).all()  # from the images that have passed


def test_validation_batches_that_keras_repeats_are_the_same_images():
    with attached() as doctor:
        compiled().fit(*data(), epochs=3, verbose=0,
                       validation_data=walking(1000), validation_steps=2)  # fmt: skip
    assert "validation_images_change" not in [one.code for one in doctor.examinations[0].diagnoses]


def test_attached_to_every_fit_with_validation_and_gone_afterwards():
    before = keras.Model.fit
    with attached() as doctor:
        model = compiled()
        model.fit(*data(), verbose=0)  # without validation data: none
        model.fit(*data(), verbose=0, validation_data=data(64, seed=1))
        model.fit(*data(), 16, 1, 0, [keras.callbacks.TerminateOnNaN()], 0.25)  # by position
    assert len(doctor.examinations) == 2 and keras.Model.fit is before


def test_an_interrupted_fit_is_told_of():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    with attached() as doctor, pytest.raises(KeyboardInterrupt):
        compiled().fit(*data(), epochs=5, verbose=0, validation_data=data(64, seed=1),
                       callbacks=[Stop()])  # fmt: skip
    assert doctor.examinations[0].epochs == (1,) and not doctor.busy


def test_reports_are_written(tmp_path):
    doctor = Doctor()
    fitted(doctor)
    for name in ("report.html", "report.json", "report.txt"):
        assert doctor.save(tmp_path / name).stat().st_size > 50
    assert doctor._repr_html_()


def test_callbacks_in_a_list_of_kerass_own():
    model = compiled()
    own = keras.callbacks.CallbackList([keras.callbacks.TerminateOnNaN()], True, model=model)
    with attached() as doctor:
        model.fit(*data(), epochs=2, validation_data=data(64, seed=1), verbose=0, callbacks=own)
    assert doctor.examinations[0].epochs == (1, 2)


def test_a_doctor_that_cannot_be_attached_lets_the_fit_run(monkeypatch, capsys):
    from tlhelpers.doctor import attach

    monkeypatch.setattr(attach, "_and", lambda *_: 1 / 0)
    with attached() as doctor:
        past = compiled().fit(*data(), epochs=1, validation_data=data(64, seed=1), verbose=0)
    assert "val_loss" in past.history and not doctor.examinations
    assert "not looked at" in capsys.readouterr().err


def test_an_average_that_is_put_in_behind_the_doctor_is_said():
    doctor = Doctor()
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    compiled(use_ema=True, ema_momentum=0.9).fit(
        *data(), validation_data=data(64, seed=1), epochs=3, verbose=0, callbacks=[doctor, swap]
    )
    (seen,) = doctor.examinations
    assert any("put it last" in line for line in seen.not_looked_at)
    assert not seen.diagnoses and not seen.epochs  # nothing is said of weights it did not see


def test_labels_in_a_dict_of_one_output():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, {"digit": keras.layers.Dense(3, "softmax", name="digit")(x)})
    model.compile("adam", {"digit": "sparse_categorical_crossentropy"})
    (x, y), (v, w) = data(), data(64, seed=1)
    doctor = Doctor()
    model.fit(x, {"digit": y}, validation_data=(v, {"digit": w}), epochs=4, verbose=0,
              callbacks=[doctor])  # fmt: skip
    (seen,) = doctor.examinations
    assert np.isfinite(seen.curve("accuracy_as_validated")).all() and not seen.not_looked_at


def test_inputs_that_are_no_numbers_are_told():
    (x, y), doctor = data(), Doctor()
    x[7, 0, 0] = np.nan
    compiled().fit(x, y, validation_data=data(64, seed=1), epochs=1, verbose=0, callbacks=[doctor])
    found = doctor.examinations[0].diagnoses[0]
    assert found.code == "loss_not_finite" and found.evidence.startswith("1 of 128 training")


def test_stages_with_a_rate_of_their_own_lose_no_state():
    doctor, model = Doctor(), network()
    for rate in (3e-3, 1e-3, 3e-4):
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        model.fit(*data(), validation_data=data(64, seed=1), epochs=3, verbose=0,
                  callbacks=[doctor])  # fmt: skip
    codes = [one.code for seen in doctor.examinations for one in seen.diagnoses]
    assert "optimizer_state_lost" not in codes


def test_a_fit_inside_a_fit_does_not_end_the_look_at_the_outer_one():
    class Inner(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            compiled().fit(*data(), epochs=1, validation_data=data(64, seed=1), verbose=0)

    with attached() as doctor:
        compiled().fit(*data(), epochs=3, validation_data=data(64, seed=1), verbose=0,
                       callbacks=[Inner()])  # fmt: skip
    assert [seen.epochs for seen in doctor.examinations] == [(1, 2, 3)]
