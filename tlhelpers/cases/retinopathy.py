"""Case 1: diabetic retinopathy with ResNet50 (DataScience StackExchange 121657)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tlhelpers import paths
from tlhelpers.case import Case
from tlhelpers.data.dataset import Split
from tlhelpers.recipe import Recipe

POSTED = Recipe(
    backbone="resnet50",
    image_size=224,
    hidden_units=(32, 32),
    dropout=(0.5, 0.3),
    loss="binary_crossentropy",
    learning_rate=1e-4,
    schedule="constant",
    early_stopping_patience=5,
    epochs=30,
)
"""The recipe to the letter. A ReduceLROnPlateau is built in the post, but the list of callbacks
holds only the EarlyStopping: the schedule is "constant"."""

ASSUMPTIONS = (
    "Batch size: 32, what Keras takes when nothing is said.",
    "Input scaling: the backbone's own preprocess_input.",
    "Split: whole patients, so that no patient is on both sides.",
    "Order of the pictures: shuffled anew in each epoch.",
    "Augmentation: none.",
    "Seeds: 0, 1, 2 and so on.",
)


@dataclass(frozen=True)
class _Sizes:
    pictures: int  # px
    train: int
    validation: int
    epochs: int  # of the runs that are measured
    seeds: int
    posted: dict  # what is smaller than in the post


_LITE = {"backbone": "efficientnet-lite0", "epochs": 6}
_SIZES = {
    ("smoke", "synthetic"): _Sizes(
        32, 64, 48, 3, 2, _LITE | {"truncate_at": "block2", "batch_size": 16, "epochs": 4}
    ),
    ("quick", "synthetic"): _Sizes(64, 1000, 800, 10, 8, _LITE),
    ("quick", "real"): _Sizes(96, 3000, 1200, 10, 3, _LITE),
    ("full", "synthetic"): _Sizes(224, 8000, 2000, 10, 8, {}),
    ("full", "real"): _Sizes(224, 28000, 7000, 10, 3, {}),
}
_SEED = 1  # of the pictures and of the split


def make(profile: str, data: str) -> Case:
    """The retinopathy case at one profile; see `tlhelpers.case`."""
    # A smoke test of real pictures is the quick one: there is nothing smaller to draw.
    sizes = _SIZES.get((profile, data)) or _SIZES["quick", data]
    posted = POSTED.but(image_size=sizes.pictures, **sizes.posted)
    spec = (
        f"{data} {sizes.train}+{sizes.validation} {sizes.pictures}px split-by-patient seed {_SEED}"
    )
    return Case(
        name="retinopathy",
        profile=profile,
        data=data,
        posted=posted,
        measured=posted.but(early_stopping_patience=None, epochs=sizes.epochs),
        assumptions=ASSUMPTIONS,
        seeds=sizes.seeds,
        spec=spec,
        data_words=(
            f"{'EyePACS' if data == 'real' else 'synthetic fundus pictures'}, "
            f"{sizes.train:,} for training and {sizes.validation:,} for validation, "
            f"{sizes.pictures} px"
        ),
        draw=partial(_draw, data, sizes),
    )


def _draw(data: str, sizes: _Sizes) -> Split:
    from tlhelpers.data import files, synthetic
    from tlhelpers.data.splits import split_by_group

    if data == "real":
        pictures = files.eyepacs(paths.data() / f"eyepacs-{sizes.pictures}")
    else:
        patients = (sizes.train + sizes.validation) // 2
        pictures = synthetic.fundus(patients, sizes.pictures, _SEED, progress=True)
    return split_by_group(pictures, sizes.validation, _SEED, sizes.train)
