"""Training: the post's recipe, same seed same run, stopping and going on, compiled once."""

import dataclasses
import json
import math
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.data.dataset import Split
from tlhelpers.experiment import checks
from tlhelpers.experiment.cases import case
from tlhelpers.training import inputs, model
from tlhelpers.training.backbones import batchnorm_layers
from tlhelpers.training.inputs import Batches, one_hot
from tlhelpers.training.trainer import Trainer, image_nll

ABOUT = {
    **dict.fromkeys(("spec", "data_words", "date", "device"), ""),
    **{"case": "a", "data": "b", "profile": "c", "classes": ["no", "yes"], "versions": {}},
}


def same(a, b):
    """Two runs agree in everything but the clock."""
    assert np.array_equal(a.probabilities, b.probabilities)
    for name in a.history.keys() - {"seconds"}:
        assert a.history[name] == b.history[name], name
    return True


# --- as posted ---------------------------------------------------------------------------


def test_parameter_counts_of_the_post():
    posted = case("retinopathy", "full").posted
    network = model.build(posted, classes=2, steps=1, weights=None)
    counts = model.parameter_counts(network.model)
    assert counts == {"total": 23_654_402, "trainable": 23_601_282, "not trainable": 53_120}
    layers = batchnorm_layers(network.base)
    assert len(layers) == 53 and all(layer.trainable for layer in layers)


def test_callbacks_of_the_post():
    posted = case("retinopathy", "full").posted
    (stop,) = model.callbacks(posted)  # and no ReduceLROnPlateau
    assert isinstance(stop, keras.callbacks.EarlyStopping)
    assert (stop.monitor, stop.mode, stop.patience) == ("val_loss", "min", 5)
    assert stop.restore_best_weights
    _, plateau = model.callbacks(posted.but(schedule="plateau"))
    assert (plateau.patience, plateau.factor, plateau.min_lr) == (3, 0.5, 1e-6)


def test_profiles_set_sizes_and_never_the_science():
    full, quick, smoke = (case("retinopathy", p).posted for p in ("full", "quick", "smoke"))
    sizes = {"backbone", "image_size", "truncate_at", "batch_size", "epochs", "precision"}
    # What public runs of the recipe did, and what gives a smaller network the posted one's step.
    sizes |= {"input_scaling", "horizontal_flip", "kernel_scale"}
    for other in (quick, smoke):
        changed = {k for k, v in other.to_dict().items() if v != full.to_dict()[k]}
        assert changed <= sizes


# --- knobs reach Keras -------------------------------------------------------------------


def test_knobs_reach_keras():
    recipe = TINY.but(clipnorm=1.0, schedule="cosine", warmup_epochs=1, label_smoothing=0.1)
    network = model.build(recipe, 2, steps=10, weights=None)
    optimizer = network.model.optimizer
    assert optimizer.global_clipnorm == 1.0
    rate = optimizer._learning_rate
    at = [float(rate(step)) for step in (0, 5, 10, 40)]
    assert at == pytest.approx([0, recipe.learning_rate / 2, recipe.learning_rate, 0], abs=1e-9)
    assert network.model.loss.label_smoothing == 0.1


def test_input_scaling_inside_the_model():
    for scaling in ("backbone", "1/255"):
        network = model.build(TINY.but(input_scaling=scaling), 2, 1, weights=None)
        layer = network.model.get_layer("scaling")
        ends = keras.ops.convert_to_numpy(layer(np.array([[[[0.0] * 3, [255.0] * 3]]])))
        wanted = (-127 / 128, 1.0) if scaling == "backbone" else (0.0, 1.0)
        assert (ends.min(), ends.max()) == pytest.approx(wanted)


@pytest.mark.slow
@pytest.mark.backend
def test_mixed_precision_spares_scaling_softmax_loss_and_weights(split):
    before = keras.config.dtype_policy().name
    trainer = Trainer(TINY.but(precision="mixed_bfloat16", epochs=2), split)
    assert keras.config.dtype_policy().name == before
    network = trainer.network.model
    computes = {layer.name: layer.compute_dtype for layer in network.layers}
    assert computes["scaling"] == computes["logits"] == computes["probabilities"] == "float32"
    assert computes["dense0"] == "bfloat16"
    assert {layer.compute_dtype for layer in trainer.network.base.layers[1:]} == {"bfloat16"}
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}
    run = trainer.run(0)
    assert np.isfinite(run.curve("val_nll")).all()
    assert np.allclose(run.probabilities.sum(axis=1), 1, atol=1e-6)


def test_wrong_size_of_images_is_said(split):
    with pytest.raises(ValueError, match="images are 32 px, the recipe wants 64 px"):
        Trainer(TINY.but(image_size=64), split)


def test_the_network_is_built_once_and_only_when_it_is_needed(split, monkeypatch):
    built, build = [], model.build
    monkeypatch.setattr(model, "build", lambda *a, **b: built.append(1) or build(*a, **b))
    trainer = Trainer(TINY, split, weights=None)
    other, few = trainer.of(TINY.but(epochs=2)), trainer.of(TINY, Split(split.train, split.train))
    assert checks.no_duplicates_across(other).passed and not checks.no_duplicates_across(few).passed
    assert not built
    assert trainer.network is other.network is few.network
    assert trainer.inputs is other.inputs is not few.inputs
    assert built == [1]


# --- the numbers of a history ------------------------------------------------------------


@pytest.mark.backend
def test_history_is_what_keras_measures(trainer, split):
    run = trainer.run(3)
    assert run.epochs == TINY.epochs and run.ended == "all epochs"
    validation = split.validation
    network = trainer.network.model
    loss, accuracy = network.evaluate(validation.images, one_hot(validation), verbose=0)
    assert run.history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert run.history["val_accuracy"][-1] == pytest.approx(accuracy)
    nll = image_nll(network.predict(validation.images, verbose=0), validation.labels).mean()
    assert run.history["val_nll"][-1] == pytest.approx(nll, rel=1e-4)
    assert run.history["val_flips"][0] is None and run.history["val_nll_se"][1] > 0


def test_image_nll_by_hand():
    p = np.array([[0.25, 0.75], [1.0, 0.0]])
    assert image_nll(p, np.array([0, 1])) == pytest.approx([math.log(4), -math.log(1e-7)])


def test_every_image_once_an_epoch_in_an_order_of_seed_and_epoch(split):
    batches = Batches(split.train.images, one_hot(split.train), 16, seed=5)
    first = batches.order.copy()
    assert sorted(first) == list(range(64)) and len(batches) == 4
    batches.on_epoch_end()
    second = batches.order.copy()
    assert not np.array_equal(first, second)
    assert np.array_equal(
        Batches(split.train.images, one_hot(split.train), 16, 5, epoch=1).order, second
    )
    assert not np.array_equal(Batches(split.train.images, one_hot(split.train), 16, 6).order, first)


@pytest.mark.backend
def test_large_batches_come_from_threads_and_are_the_same(trainer, known, monkeypatch):
    images = trainer.inputs.train
    assert Batches(images, np.zeros((64, 2)), 16, seed=0).workers == 1
    plain = known(1)
    monkeypatch.setattr(inputs, "_LARGE_BATCH", 1)
    monkeypatch.setattr("tlhelpers.core.machine.cores", lambda: 4)
    assert Batches(images, np.zeros((64, 2)), 16, seed=0).workers == 4
    assert same(trainer.run(1), plain)


@pytest.mark.slow
def test_a_run_that_diverges_is_recorded_and_not_compared(trainer, tmp_path, monkeypatch):
    from tlhelpers.analysis import comparisons, metrics
    from tlhelpers.core.errors import CourseError
    from tlhelpers.experiment import recordings
    from tlhelpers.training.run import Experiment

    about = {**ABOUT, "case": "retinopathy", "data": "b", "profile": "smoke"}
    fine = trainer.run(0, about)

    def break_weights(history):
        kernel = trainer.network.model.get_layer("logits").kernel
        kernel.assign(np.full(kernel.shape, np.nan))

    second = trainer.run(0, about, on_epoch=break_weights)
    nothing = np.full((64, 2), np.nan)
    monkeypatch.setattr("tlhelpers.training.trainer.targets", lambda *_: nothing)
    first = trainer.run(0, about)
    for run, epoch in ((first, 1), (second, 2)):
        assert run.ended == "loss is not a number" and run.epochs == run.diverged == epoch
        assert run.history["val_nll_se"][-1] is run.history["val_auc"][-1] is None
        again = recordings.load(recordings.save(run, tmp_path))
        assert again.diverged == epoch and {len(c) for c in again.history.values()} == {epoch}
        after = Experiment(run.recipe, (again,))
        wrong = f"Seed 0 of recipe {TINY.key()} .retinopathy-b-smoke. diverged: in epoch {epoch}"
        for ask in (
            lambda after=after: comparisons.compare(Experiment(fine.recipe, (fine,)), after),
            lambda after=after: metrics.unsteadiness(after),
        ):
            with pytest.raises(CourseError, match=wrong):
                ask()
    assert fine.diverged is None


# --- same seed, same run; compiled once --------------------------------------------------


@pytest.mark.backend
def test_same_seed_same_run_other_seed_other_run(trainer, known):
    first, other, again = known(0), known(1), trainer.run(0)
    assert same(first, again)
    assert first.history["loss"] != other.history["loss"]


@pytest.mark.backend
def test_compiled_once_equals_built_anew(trainer, split):
    """From the same first weights, the tutorials' way gives the same history as ours."""
    ours = trainer.run(2)
    trainer.reset(2)
    start = [v.numpy() for v in trainer.network.model.variables]
    fresh = model.build(TINY, 2, 4)
    for variable, value in zip(fresh.model.variables, start, strict=True):
        variable.assign(value)
    theirs = fresh.model.fit(
        Batches(split.train.images, one_hot(split.train), TINY.batch_size, 2),
        epochs=TINY.epochs,
        validation_data=(split.validation.images, one_hot(split.validation)),
        shuffle=False,
        verbose=0,
    ).history
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert ours.history[name] == pytest.approx(theirs[name], rel=1e-3), name


def test_second_seed_traces_nothing(trainer, known):
    known(0)
    if keras.backend.backend() != "tensorflow":
        pytest.skip("counts TensorFlow's traces")
    train = next(
        c.cell_contents
        for c in trainer.network.model.train_function.__closure__
        if hasattr(c.cell_contents, "experimental_get_tracing_count")
    )
    before = train.experimental_get_tracing_count()
    trainer.run(1)
    assert train.experimental_get_tracing_count() == before


@pytest.mark.backend
def test_one_network_trains_all_recipes_of_its_architecture(trainer, split):
    recipe = TINY.but(epochs=2, batchnorm="reestimated", early_stopping_patience=1)
    shared = trainer.of(recipe)
    assert shared.network is trainer.network and trainer.recipe == TINY
    assert same(shared.run(0), Trainer(recipe, split).run(0))
    for other in ({"learning_rate": 1e-4}, {"batchnorm": "frozen"}, {"schedule": "cosine"}):
        with pytest.raises(ValueError, match="needs another network"):
            trainer.of(TINY.but(**other))


@pytest.mark.backend
def test_head_only_stage_comes_before_the_epochs_and_is_kept(trainer, known, tmp_path):
    from tlhelpers.experiment import recordings

    recipe = TINY.but(head_epochs=3, epochs=2)
    run = trainer.of(recipe).run(0)
    assert len(run.head_history["loss"]) == 3 and run.epochs == 2
    assert run.head_history["loss"][-1] < run.head_history["loss"][0]
    assert same(trainer.of(recipe).run(0), run)  # its optimizer starts anew as well
    assert known(0).head_history == {}
    path = recordings.save(dataclasses.replace(run, about=ABOUT), tmp_path)
    assert recordings.load(path).head_history["loss"] == pytest.approx(run.head_history["loss"])


@pytest.mark.backend
def test_the_head_alone_trains_as_in_the_whole_network_with_a_frozen_backbone(split):
    """The short way, on kept features, against Keras's own: base.trainable = False, and fit."""
    from tlhelpers.training.inputs import Batches, targets

    recipe = TINY.but(head_epochs=1, dropout=(0.0, 0.0))
    trainer = Trainer(recipe, split)
    trainer.reset(0)
    trainer.train_head(0)
    short = trainer.predict(split.validation.images)
    trainer.reset(0)
    whole = trainer.network.model
    trainer.network.base.trainable = False
    whole.compile(keras.optimizers.Adam(model.HEAD_RATE), model.loss(recipe))
    batches = Batches(trainer.inputs.train, targets(recipe, split.train), recipe.batch_size, 0)
    trainer.fit(batches, epochs=1)
    assert np.allclose(trainer.predict(split.validation.images), short, atol=1e-4)


# --- stopped and gone on -----------------------------------------------------------------


class Stopped(Exception):
    pass


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": "plateau"},
        {"schedule": "plateau", "early_stopping_patience": 2},
        {"head_epochs": 2, "weight_average_epochs": 1.0, "schedule": "cosine", "warmup_epochs": 1},
    ],
)
def test_goes_on_exactly_where_it_stopped(changes, trainer_of, tmp_path):
    trainer = trainer_of(TINY.but(epochs=5, **changes))
    whole = trainer.run(0)
    for stop_after in (1, 3):
        path = tmp_path / f"{stop_after}.npz"

        def stop(history, limit=stop_after):
            if len(history["loss"]) == limit + 1:
                raise Stopped

        with pytest.raises(Stopped):
            trainer.run(0, unfinished=path, on_epoch=stop)
        assert path.exists()
        assert same(trainer.run(0, unfinished=path), whole)
        assert same(trainer.run(0, unfinished=path), whole)  # as long as it is not saved


@pytest.mark.slow
def test_stopped_between_its_last_epoch_and_its_end(trainer, split, tmp_path, monkeypatch):
    averaging = Trainer(TINY.but(weight_average_epochs=1.0, learning_rate=3e-2), split)
    stopping = {"early_stopping_patience": 1, "epochs": 30}

    def stop(*_, **__):
        raise Stopped

    for network, changes, ended in (
        (trainer, stopping, "early stopping"),
        (averaging, stopping, "early stopping"),
        (averaging, {"epochs": 2}, "all epochs"),
    ):
        this = network.of(network.recipe.but(**changes))
        path, whole = tmp_path / "state.npz", this.run(0)
        assert whole.ended == ended
        with monkeypatch.context() as patch:
            patch.setattr("tlhelpers.training.trainer.Run", stop)
            with pytest.raises(Stopped):
                this.run(0, unfinished=path)
        assert path.exists()
        assert same(this.run(0, unfinished=path), whole)


def test_damaged_state_begins_anew(trainer, known, tmp_path):
    path = tmp_path / "state.npz"
    path.write_bytes(b"half a file")
    assert same(trainer.run(0, unfinished=path), known(0))


@pytest.fixture(scope="module")
def unfinished(trainer, tmp_path_factory):
    """A trainer, and what is kept of a run that was stopped after its second epoch."""
    path = tmp_path_factory.mktemp("unfinished") / "state.npz"
    shorter = trainer.of(TINY.but(epochs=2))

    def stop(history):
        if len(history["loss"]) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        shorter.run(0, unfinished=path, on_epoch=stop)
    with np.load(path) as file:
        return shorter, dict(file)


def _note(change):
    def tamper(state):
        note = json.loads(str(state["note"]))
        change(note)
        return state | {"note": json.dumps(note)}

    return tamper


@pytest.mark.parametrize(
    "tamper",
    [
        _note(lambda note: note["of"]["versions"].update(backend="another")),
        _note(lambda note: note["of"]["versions"].update(keras="3.0.0")),
        _note(lambda note: note["of"]["installed"].update(tlhelpers="0.1.0, code 00000000")),
        _note(lambda note: note["of"].update(images="others")),
        _note(lambda note: note.pop("of")),
        _note(lambda note: note.pop("head_history")),
        _note(lambda note: note["counters"].append({})),
        _note(lambda note: note["history"]["val_nll"].pop()),
        lambda state: state | {"before": state["before"][1:]},
        lambda state: state | {"a0": state["a0"][..., :1]},
        lambda state: state | {"a1": state["a1"].astype("float64")},
        lambda state: state | {"best0000": state["a0"]},
        lambda state: {name: array for name, array in state.items() if name != "a3"},
    ],
)
def test_a_state_that_does_not_fit_begins_anew(tamper, unfinished, tmp_path):
    shorter, state = unfinished
    path, epochs = tmp_path / "state.npz", []
    np.savez(path, **tamper(dict(state)))

    def tell(history):
        epochs.append(len(history["loss"]))
        raise Stopped

    with pytest.raises(Stopped):
        shorter.run(0, unfinished=path, on_epoch=tell)
    assert epochs == [1] and not path.exists()


KILLED = """
import sys
from pathlib import Path
from tests.conftest import TINY, noise_images
from tlhelpers.data.dataset import Split
from tlhelpers.training.trainer import Trainer
trainer = Trainer(TINY, Split(noise_images(64, 0), noise_images(48, 1)))
say = lambda history: print(len(history["loss"]), flush=True)
trainer.run(0, unfinished=Path(sys.argv[1]), on_epoch=say)
"""


@pytest.mark.slow
def test_kill_9_loses_nothing_but_the_epoch_under_way(trainer, known, tmp_path):
    path, epochs = tmp_path / "state.npz", []
    command = [sys.executable, "-c", KILLED, str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", *sys.path])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        for line in process.stdout:
            if line.strip() == "3":  # epochs 1 and 2 are on disk now
                process.kill()
                break
    assert path.exists()
    with np.load(path) as file:
        kept = json.loads(str(file["note"]))["history"]
    assert len(kept["loss"]) >= 2
    # The run goes on in another process, which has of it what is in the file.
    run = trainer.run(0, unfinished=path, on_epoch=lambda h: epochs.append(len(h["loss"])))
    assert epochs[0] == len(kept["loss"]) + 1
    assert same(run, known(0))


def test_full_disk_is_one_line_and_keeps_the_state_before(trainer, known, tmp_path, monkeypatch):
    from tlhelpers.core.errors import CourseError

    path, save = tmp_path / "state.npz", np.savez

    def full(file, **arrays):
        if path.exists():
            file.write(b"half")
            raise OSError(28, "No space left on device")
        save(file, **arrays)

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CourseError, match="No space left on device") as error:
        trainer.run(0, unfinished=path)
    assert "\n" not in str(error.value)
    monkeypatch.undo()
    assert same(trainer.run(0, unfinished=path), known(0))


@pytest.mark.slow
@pytest.mark.backend
def test_early_stopping_brings_the_best_weights_back(trainer, split):
    run = trainer.of(TINY.but(early_stopping_patience=1, epochs=30)).run(0)
    assert run.ended == "early stopping"
    best = int(np.argmin(run.history["val_loss"]))
    final = image_nll(run.probabilities, split.validation.labels).mean()
    assert final == pytest.approx(run.history["val_nll"][best], rel=1e-4)


@pytest.mark.parametrize("name", ["retinopathy", "ferplus"])
def test_each_profile_has_its_own_sizes_for_real_images(name):
    smoke, quick = (case(name, p, "real") for p in ("smoke", "quick"))
    assert smoke.spec != quick.spec and smoke.measured.epochs < quick.measured.epochs
    assert smoke.measured.truncate_at == case(name, "smoke").measured.truncate_at
