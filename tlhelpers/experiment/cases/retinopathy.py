"""Case 1: diabetic retinopathy with ResNet50 (DataScience StackExchange 121657)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.data.dataset import Split
from tlhelpers.experiment.cases.base import Case, Sizes, count_words
from tlhelpers.training import starts
from tlhelpers.training.recipe import Recipe

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
    "Order of the images: shuffled again in each epoch.",
    "Augmentation: none.",
    "Seeds: 0, 1, 2 and so on.",
)


_LITE = {"backbone": "efficientnet-lite0", "epochs": 6}
_FULL = {"precision": "mixed_bfloat16"}
_FULL_LITE = _FULL | {"backbone": "efficientnet-lite0", "kernel_scale": 1 / 8}
_FEW = {"batch_size": 16, "epochs": 4}
_AS_IN_PUBLIC_RUNS = {
    "Batch size": "Batch size: 8, as in most public runs of this recipe.",
    "Input scaling": "Input scaling: divided by 255, as in the public runs.",
    "Augmentation": "Augmentation: random horizontal flips, as in the public runs.",
}
# What decides whether a run jumps, near what it is in the post: tlhelpers.training.similarity and
# recordings/PROTOCOL.md. A third of the backbone's time; the blocks left out see 2 x 2 pixels.
_SCALE = _LITE | {
    "truncate_at": "block10",
    "batch_size": 8,
    "input_scaling": "1/255",
    "horizontal_flip": True,
    "kernel_scale": 1 / 8,
    "epochs": 10,
}
# The post's own network. As `_SCALE` in all that public runs of the recipe did, so that the two
# differ in nothing but the network, its step length and two epochs; 1/255 is also what its first
# weights were trained on (tlhelpers.training.pretraining), so these are the backbone's own inputs.
_WITNESS = {
    "pretrained_on": "drawn-faces",
    "image_size": 48,
    "batch_size": 8,
    "input_scaling": "1/255",
    "horizontal_flip": True,
    "precision": "mixed_bfloat16",
    "epochs": 8,
}
_FIRST_WEIGHTS = {
    images: f"First weights: ResNet50 from scratch on {words}. The post starts from ImageNet's, "
    "which are in no package that pip can fetch; what decides, how far a step turns the filters, "
    "is alike."
    for images, words in (
        ("drawn-faces", "20,000 drawn faces"),
        ("real-faces", "the faces of FER+"),
    )
}
_SMOKE = _LITE | {"truncate_at": "block0", "input_scaling": "1/255"} | _FEW
SIZES = {
    ("smoke", "synthetic"): Sizes(64, 48, 3, 2, _SMOKE | {"image_size": 32}, read=True),
    ("smoke", "real"): Sizes(64, 48, 3, 2, _SMOKE | {"image_size": 96}, read=True),
    ("quick", "synthetic"): Sizes(1600, 800, 10, 8, _SCALE | {"image_size": 48}, read=True),
    ("quick", "real"): Sizes(3000, 1200, 10, 3, _SCALE | {"image_size": 96}, read=True),
    ("witness", "synthetic"): Sizes(1600, 800, 8, 5, _WITNESS, read=True),
    ("full", "synthetic"): Sizes(8000, 2000, 10, 8, _FULL),
    ("full", "real"): Sizes(None, 0.2, 10, 3, _FULL),
    ("full-lite", "synthetic"): Sizes(8000, 2000, 10, 8, _FULL_LITE),
    ("full-lite", "real"): Sizes(None, 0.2, 10, 3, _FULL_LITE),
    ("full-smoke", "synthetic"): Sizes(48, 32, 3, 2, _FULL | _FEW),
    ("full-smoke", "real"): Sizes(48, 32, 3, 2, _FULL | _FEW),
    ("full-lite-smoke", "synthetic"): Sizes(48, 32, 3, 2, _FULL_LITE | _FEW),
    ("full-lite-smoke", "real"): Sizes(48, 32, 3, 2, _FULL_LITE | _FEW),
}  # fmt: skip
_SEED = 1  # of the images and of the split

PHOTOGRAPHS = {"eyepacs": "EyePACS", "aptos": "APTOS 2019", "retinamnist": "RetinaMNIST"}
"""The sets of real photographs, and what they are called in captions."""

# What is taken of the sets that are smaller than EyePACS, whatever the profile.
_SMALL = {"aptos": (2930, 732), "retinamnist": (1080, 400)}
_BY_PICTURE = {
    "aptos": "Split: by image. Which images belong to one patient is not known, so that a "
    "patient may be on both sides.",
    "retinamnist": "Split: the set's own training and test images, which come from two parts of "
    "DeepDRiD.",
}


def make(
    profile: str,
    data: str,
    fellow_eyes: float | None = None,
    photographs: str = "eyepacs",
    pretrained_on: str | None = None,
) -> Case:
    """The retinopathy case at one profile; see `tlhelpers.experiment.cases.base`.

    With `fellow_eyes`, validation holds one eye of each patient, and of this share of them the
    other eye is trained on: 0 is honest, 0.8 is what a split by image has that keeps a fifth for
    validation. `photographs` says which set of real images is taken: a name in `PHOTOGRAPHS`.
    `pretrained_on` says which faces the first weights of the profile "witness" come from
    (`tlhelpers.training.starts.IMAGES`).

    Raises
    ------
    CourseError
        An option has another value than these, or does not fit the others.
    """
    # Whatever JSON can hold may come from the command line, a list as well.
    if not isinstance(photographs, str) or photographs not in PHOTOGRAPHS:
        raise CourseError(
            f"photographs={photographs!r} is unknown: choose one of {', '.join(PHOTOGRAPHS)}."
        )
    if fellow_eyes is not None and not (
        isinstance(fellow_eyes, int | float)
        and type(fellow_eyes) is not bool
        and 0 <= fellow_eyes <= 1
    ):
        raise CourseError(f"fellow_eyes={fellow_eyes!r} must be a number from 0 to 1, or None.")
    if photographs != "eyepacs" and data != "real":
        raise CourseError(
            f"photographs='{photographs}' needs data='real': drawn images are no photographs."
        )
    if photographs != "eyepacs" and fellow_eyes is not None:
        raise CourseError(
            f"fellow_eyes needs photographs='eyepacs': the patients of {photographs} are not known."
        )
    if pretrained_on is not None and (profile != "witness" or pretrained_on not in starts.IMAGES):
        raise CourseError(
            f"pretrained_on={pretrained_on!r} must be one of {', '.join(starts.IMAGES)}, and needs "
            "the profile 'witness'."
        )
    sizes = SIZES[profile, data]
    posted = POSTED.but(**sizes.posted)
    if pretrained_on is not None:
        posted = posted.but(pretrained_on=pretrained_on)
    measured = posted.but(early_stopping_patience=None, epochs=sizes.epochs)
    size = posted.image_size
    which, how, words = data, "split-by-patient", ""
    called = PHOTOGRAPHS[photographs] if data == "real" else "synthetic fundus images"
    assumptions = ASSUMPTIONS
    if profile in ("quick", "witness"):
        assumptions = tuple(_AS_IN_PUBLIC_RUNS.get(a.split(":")[0], a) for a in ASSUMPTIONS)
    if profile == "witness":
        assumptions = (*assumptions, _FIRST_WEIGHTS[posted.pretrained_on])
    if photographs in _SMALL:
        train, validation = _SMALL[photographs]
        if not profile.endswith("smoke"):
            sizes = replace(sizes, train=train, validation=validation)
        which = f"{data} {photographs}"
        how = "own-split-test" if photographs == "retinamnist" else "split-by-picture"
        assumptions = tuple(
            _BY_PICTURE[photographs] if a.startswith("Split:") else a for a in assumptions
        )
    if fellow_eyes is not None:
        if not (isinstance(sizes.train, int) and isinstance(sizes.validation, int)):
            raise CourseError(f"fellow_eyes needs numbers of images, which {profile} has not.")
        how = f"one-eye-a-patient {fellow_eyes:g} fellows"
        words = f", one eye a patient, {100 * fellow_eyes:.0f} % of them with the other in training"
    return Case(
        name="retinopathy",
        profile=profile,
        data=data,
        posted=posted,
        measured=measured,
        assumptions=assumptions,
        seeds=sizes.seeds,
        score="auc",
        spec=f"{which} {sizes.train}+{sizes.validation} {size}px {how} seed {_SEED}",
        data_words=(
            f"{called}, {count_words(sizes.train)} for training and "
            f"{count_words(sizes.validation)} for validation, "
            f"{size} px{words}"
        ),
        read=sizes.read,
        draw=partial(_draw, data, sizes, size, fellow_eyes, photographs),
    )


def _draw(data: str, sizes: Sizes, size: int, fellow_eyes: float | None, photographs: str) -> Split:
    from tlhelpers.data import real, synthetic
    from tlhelpers.data.splits import part_of, split_by_group, split_fellows

    folder = paths.data() / f"{photographs}-{size}"
    if photographs == "retinamnist":
        split = real.retinamnist(folder, size)
        if (len(split.train), len(split.validation)) != _SMALL[photographs]:
            raise CourseError(f"{folder} holds a part of RetinaMNIST: prepare the whole of it")
        return Split(
            part_of(split.train, sizes.train, _SEED),
            part_of(split.validation, sizes.validation, _SEED),
        )
    if data == "real":
        images = (real.aptos if photographs == "aptos" else real.eyepacs)(folder, size)
    else:
        validation = sizes.validation if fellow_eyes is not None else sizes.validation // 2
        images = synthetic.fundus(sizes.train // 2 + validation, size, _SEED, progress=True)
    if fellow_eyes is not None:
        return split_fellows(images, sizes.validation, _SEED, sizes.train, fellow_eyes)
    return split_by_group(images, sizes.validation, _SEED, sizes.train)
