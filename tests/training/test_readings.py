"""An epoch read several ways: each reading is what it says, and training does not notice."""

import numpy as np
import pytest

from tests.conftest import TINY
from tlhelpers.measures.calibration import image_nll
from tlhelpers.training import batchnorm, model
from tlhelpers.training.readings import READINGS, Readings

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("change", [{}, {"weight_average_epochs": 1.0}, {"batchnorm": "frozen"}])
def test_reading_changes_nothing(trainer_of, change):
    trainer = trainer_of(TINY.but(epochs=2, **change))
    plain, read = trainer.run(0), trainer.run(0, read=True)
    assert set(read.history) - set(plain.history) == {
        *READINGS,
        "val_accuracy_fresh",
        "val_accuracy_averaged_fresh",
    }
    for column in set(plain.history) - {"seconds"}:
        assert read.history[column] == plain.history[column], column
    assert np.array_equal(read.probabilities, plain.probabilities)


def test_frozen_batchnorm_has_nothing_to_measure(trainer_of):
    history = trainer_of(TINY.but(epochs=2, batchnorm="frozen")).run(0, read=True).history
    assert history["val_nll_fresh"] == pytest.approx(history["val_nll"], rel=1e-5)
    assert history["val_nll_averaged_fresh"] == pytest.approx(history["val_nll_averaged"], rel=1e-5)


def test_readings_by_hand(trainer_of):
    """Fresh statistics and averaged weights, put together from what the steps left."""
    trainer = trainer_of(TINY.but(epochs=1))
    steps, seen = [], {}

    class Watch(Readings):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            model.settle(self.model)
            steps.append(model.values(self.model.trainable_variables))

        def read(self, probabilities):
            seen.update(super().read(probabilities))
            trainer, labels = self.trainer, self.trainer.split.validation.labels

            def nll():
                logits = trainer.logits(trainer.inputs.validation)
                return image_nll(trainer.probabilities(logits), labels).mean()

            mean = [np.mean(each, axis=0) for each in zip(*steps, strict=True)]
            for variable, value in zip(self.model.trainable_variables, mean, strict=True):
                variable.assign(value)
            assert seen["val_nll_averaged"] == pytest.approx(nll(), rel=1e-4)
            with batchnorm.kept_statistics(trainer.network.base):
                trainer.reestimate()
                assert seen["val_nll_averaged_fresh"] == pytest.approx(nll(), rel=1e-4)
            for variable, value in zip(self.model.trainable_variables, steps[-1], strict=True):
                variable.assign(value)
            with batchnorm.kept_statistics(trainer.network.base):
                trainer.reestimate()
                assert seen["val_nll_fresh"] == pytest.approx(nll(), rel=1e-4)
            return seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tlhelpers.training.trainer.Readings", Watch)
        trainer.run(0, read=True)
    assert len(steps) == 4 and len(seen) == 6
    assert seen["val_nll_averaged"] != seen["val_nll_averaged_fresh"]
