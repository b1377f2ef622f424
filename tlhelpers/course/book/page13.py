"""Answers to the exercises of page 13."""

from tlhelpers.course.exercises import Exercise, Number


def _better_pairs() -> float:
    from tlhelpers.analysis.study import study

    faces = study("ferplus")
    pairs = zip(faces.runs(), faces.runs("weight-average-update-bn"), strict=True)
    return float(
        sum(new.curve("val_macro_f1")[-1] > old.curve("val_macro_f1")[-1] for old, new in pairs)
    )


EXERCISES = {
    "13-pairs": Exercise(
        Number(
            _better_pairs,
            within=0.1,
            low="More than that. Compare the last epoch of each pair: curve(...)[-1].",
            high="Fewer than that: there are eight pairs.",
        ),
        praise="A change that wins in every pair needs little statistics.",
        wrong=(0, 20, "all"),
    ),
}
