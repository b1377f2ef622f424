"""Answers to the exercises of page 05."""

from __future__ import annotations

from typing import Any

from tlhelpers.course.exercises import Exercise, Matching


def _stands_still(answer: Any) -> str | None:
    """Whether one training step moves no BatchNorm statistics, and still trains convolutions."""
    import numpy as np

    from tlhelpers.core.quiet import keras

    if not isinstance(answer, keras.Model):
        return "Answer with the repaired model itself: my_answer = model."
    layers = list(answer._flatten_layers())
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    convolutions = [layer for layer in layers if hasattr(layer, "kernel_size")]
    if not norms or not convolutions:
        return "This model has no BatchNorm layers, or no convolutions. Repair the one above."
    try:
        x = np.random.default_rng(0).uniform(0, 255, (8, *answer.input_shape[1:]))
        y = np.eye(answer.output_shape[-1])[np.arange(8) % answer.output_shape[-1]]
        kept = answer.get_weights()
        old = [keras.ops.convert_to_numpy(norm.moving_mean) for norm in norms]
        kernels = [keras.ops.convert_to_numpy(each.weights[0]) for each in convolutions]
        answer.fit(x, y, batch_size=8, verbose=0)
        moved = sum(
            not np.array_equal(a, keras.ops.convert_to_numpy(norm.moving_mean))
            for a, norm in zip(old, norms, strict=True)
        )
        trained = sum(
            not np.array_equal(a, keras.ops.convert_to_numpy(each.weights[0]))
            for a, each in zip(kernels, convolutions, strict=True)
        )
        answer.set_weights(kept)
    except Exception as problem:  # not compiled, or no such input
        return f"It could not take one step: {type(problem).__name__}. Did you compile it again?"
    live = sum(norm.trainable for norm in norms)
    if moved and not live:
        return "Every BatchNorm layer says that it is frozen, but some move. Compile it again."
    if moved:
        return (
            f"{moved} of {len(norms)} BatchNorm layers still move, and {live} are trainable. They "
            "are layers of the backbone: look into model.layers[2].layers."
        )
    if trained < len(convolutions):
        return (
            f"BatchNorm stands still, but only {trained} of {len(convolutions)} convolutions "
            "train. Freeze the BatchNorm layers and nothing else."
        )
    return None


EXERCISES = {
    "05-repair": Exercise(
        _stands_still,
        praise="BatchNorm stands still, and the convolutions train. You looked, and did not hope.",
        wrong=("model", 0, True, ["base"]),
    ),
    "05-freeze-or-leave": Exercise(
        Matching(
            {"A": "freeze", "B": "leave", "C": "leave"},
            {
                "A": "How good are a mean and a variance of two images?",
                "B": "How long is a step of that network at that rate?",
                "C": "What do its running statistics hold?",
            },
        ),
        praise="Freeze where batches are tiny, not where steps are long or nothing was trained.",
        wrong=(
            "A",
            {"A": "freeze"},
            dict.fromkeys("ABC", "freeze"),
            dict.fromkeys("ABC", "leave"),
            dict.fromkeys("ABC", None),
        ),
    ),
}
