"""Answers to the exercises of page 06."""

import numpy as np

from tlhelpers.course.exercises import Exercise, Number


def _same_step() -> float:
    from tlhelpers.training.similarity import published

    steps = published()
    return 1e-4 * steps["efficientnet-lite0"].step.median / steps["resnet50"].step.median


def _epochs_at_a_lower_rate() -> float:
    from tlhelpers.analysis.study import study

    rates = [run.curve("learning_rate") for run in study("retinopathy").runs("plateau")]
    return float(np.mean([(rate < 0.99e-4).sum() for rate in rates]))


EXERCISES = {
    "06-same-step": Exercise(
        Number(
            _same_step,
            within=1e-6,
            low="Too low. Divide EfficientNet-Lite0's median by ResNet50's, once.",
            high="Too high. ResNet50's step is the longer one, so it needs a lower rate.",
        ),
        praise="A little above 1e-5: for ResNet50, that is what 1e-4 is for EfficientNet-Lite0.",
        wrong=(1e-4, 7.4e-4, 1e-6, "1e-5 or so"),
    ),
    "06-plateau": Exercise(
        Number(
            _epochs_at_a_lower_rate,
            within=0.2,  # "three", as the solution rounds it
            low="Too low. Count every epoch below 1e-4, in each run, then take the mean.",
            high="Too high. Count only epochs below 1e-4: they are rounded, so "
            "compare with 0.99e-4.",
        ),
        praise="Less than a third of the training. The callback acts late.",
        wrong=(0, 7, 10, "three"),
    ),
}
