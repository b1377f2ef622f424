"""Case 2: facial expressions, FER+, with ResNet50 or MobileNetV2 (CrossValidated 642170)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.data.dataset import Split
from tlhelpers.experiment.cases.base import Case, Sizes, count_words
from tlhelpers.training.recipe import Recipe

POSTED = Recipe(
    backbone="resnet50",
    truncate_at="conv4_block6",
    image_size=224,
    upsample_from=48,
    input_scaling="1/255",
    frozen_up_to="conv3_block4",
    loss="categorical_crossentropy",
    learning_rate=1e-3,
    horizontal_flip=True,
    epochs=100,
)
"""The recipe to the letter, where it has letters; see `ASSUMPTIONS` for the rest."""

MOBILENETV2 = {
    "backbone": "mobilenetv2",
    "truncate_at": "block_12",
    "frozen_up_to": "block_9",
}
"""What changes for the post's other backbone."""

ASSUMPTIONS = (
    "Where the backbone ends: ResNet50 after conv4, MobileNetV2 after block 12, EfficientNet-Lite0 "
    "after block 7. Its last group of blocks of one width trains; all before are frozen. The post "
    "says: truncated, first blocks frozen, the block next to the head trainable.",
    "BatchNorm: live in the blocks that train, as Keras leaves it.",
    "Head: global average pooling and a softmax. The post says: own head.",
    "Labels: the emotion with most votes, the first of them if two are level. Faces in which "
    "nobody saw an emotion are left out.",
    "Batch size: 32, what Keras takes when nothing is said.",
    "Upsampling: bilinear; gray is copied to red, green and blue.",
    "Split: FER+'s own training and validation faces, duplicates left in.",
    "Seeds: 0, 1, 2 and so on.",
)

_LITE = {"backbone": "efficientnet-lite0", "truncate_at": "block7", "frozen_up_to": "block4"}
# ResNet50's BatchNorm memory in epochs and its step length: tlhelpers.training.similarity.
_SCALE = _LITE | {
    "image_size": 64,
    "epochs": 10,
    "batchnorm_momentum": 0.9,
    "kernel_scale": 1 / 8,
}
_FULL = {"precision": "mixed_bfloat16"}
_FULL_LITE = _FULL | _LITE | {"kernel_scale": 1 / 8}
_FEW = {"batch_size": 16, "epochs": 3}
_SMOKE = _SCALE | _FEW | {"truncate_at": "block3", "frozen_up_to": "block1"}
SIZES = {
    ("smoke", "synthetic"): Sizes(96, 64, 3, 2, _SMOKE, read=True),
    ("smoke", "real"): Sizes(96, 64, 3, 2, _SMOKE, read=True),
    ("quick", "synthetic"): Sizes(3000, 3000, 10, 8, _SCALE, read=True),
    ("quick", "real"): Sizes(
        5000, None, 10, 3, _SCALE | {"batchnorm_momentum": 0.94}, read=True
    ),
    ("full", "synthetic"): Sizes(25000, 3500, 10, 8, _FULL),
    ("full", "real"): Sizes(None, None, 10, 3, _FULL),
    ("full-lite", "synthetic"): Sizes(25000, 3500, 10, 8, _FULL_LITE),
    ("full-lite", "real"): Sizes(None, None, 10, 3, _FULL_LITE),
    ("full-smoke", "synthetic"): Sizes(96, 64, 3, 2, _FULL | _FEW),
    ("full-smoke", "real"): Sizes(96, 64, 3, 2, _FULL | _FEW),
    ("full-lite-smoke", "synthetic"): Sizes(96, 64, 3, 2, _FULL_LITE | _FEW),
    ("full-lite-smoke", "real"): Sizes(96, 64, 3, 2, _FULL_LITE | _FEW),
}  # fmt: skip
_SEED = 1  # of the faces and of the choice among real ones


def make(profile: str, data: str, duplicates: bool = True, everything: bool = False) -> Case:
    """The FER+ case at one profile; see `tlhelpers.experiment.cases.base`.

    Without `duplicates`, no training image stands among the validation images as well. With
    `everything`, all real faces are taken and not the profile's number.

    Raises
    ------
    CourseError
        An option is neither True nor False, or `everything` is asked of drawn faces.
    """
    for option, value in (("duplicates", duplicates), ("everything", everything)):
        if type(value) is not bool:
            raise CourseError(
                f"{option}={value!r} must be True or False (on the command line true or false)."
            )
    if everything and data != "real":
        raise CourseError("everything=True needs data='real': drawn faces have no end.")
    sizes = SIZES[profile, data]
    if everything:
        sizes = replace(sizes, train=None, validation=None)
        if profile == "quick":  # as many steps an epoch as in the post, so its momentum as well
            sizes = replace(sizes, posted={**sizes.posted, "batchnorm_momentum": 0.99})
    posted = POSTED.but(**sizes.posted)
    measured = posted.but(early_stopping_patience=None, epochs=sizes.epochs)
    train, validation = count_words(sizes.train), count_words(sizes.validation)
    return Case(
        name="ferplus",
        profile=profile,
        data=data,
        posted=posted,
        measured=measured,
        assumptions=ASSUMPTIONS,
        seeds=sizes.seeds,
        score="macro_f1",
        spec=(
            # "twins" is what recordings have been saying for duplicates since the first of them.
            f"{data} {train}+{validation} plurality {'twins' if duplicates else 'no twins'} seed "
            f"{_SEED}"
        ),
        data_words=(
            f"{'FER+' if data == 'real' else 'synthetic faces'}, "
            f"{train} for training and {validation} for validation, 48 px"
            f"{'' if duplicates else ', no duplicates across the split'}"
        ),
        read=sizes.read,
        draw=partial(_draw, data, sizes, duplicates),
    )


def _draw(data: str, sizes: Sizes, duplicates: bool) -> Split:
    from tlhelpers.data import real, synthetic

    if data == "real":
        return real.ferplus(
            paths.data() / "ferplus",
            duplicates=duplicates,
            train=sizes.train,
            seed=_SEED,
            validation=sizes.validation,
        )
    return synthetic.faces(
        sizes.train, sizes.validation, _SEED, POSTED.upsample_from, duplicates, progress=True
    )
