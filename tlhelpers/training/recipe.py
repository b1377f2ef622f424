"""A recipe: every choice of one training run, with plain values."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

from tlhelpers.core.errors import CourseError
from tlhelpers.training.backbones import backbone

_CHOICES = {
    "input_scaling": ("backbone", "1/255"),
    "batchnorm": ("live", "frozen", "reestimated"),
    "loss": ("binary_crossentropy", "categorical_crossentropy"),
    "optimizer": ("adam",),
    "schedule": ("constant", "plateau", "cosine"),
    "class_weights": (None, "balanced", "effective-number", "inverse-root"),
    "precision": ("float32", "mixed_bfloat16"),
    "pretrained_on": ("imagenet", "drawn-faces", "real-faces", "nothing"),
}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and type(value) is not bool and value >= least


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value < 1


def _floats(value: Any) -> Any:
    """A number, or those of a tuple, as float: 1 and 1.0 are equal, but not to JSON and a key."""
    if isinstance(value, tuple):
        return tuple(map(_floats, value))
    return float(value) + 0.0 if _number(value) else value  # -0.0 + 0.0 is 0.0, its equal


_RULES = (
    (
        ("image_size", "batch_size", "epochs"),
        lambda value: _whole(value, 1),
        "a whole number of 1 or more",
    ),
    (
        ("head_epochs", "warmup_epochs"),
        lambda value: _whole(value, 0),
        "a whole number of 0 or more",
    ),
    (
        ("early_stopping_patience",),
        lambda value: value is None or _whole(value, 0),
        "a whole number of 0 or more, or None",
    ),
    (
        ("learning_rate", "kernel_scale"),
        lambda value: _number(value) and value > 0,
        "a number above 0",
    ),
    (
        ("clipnorm",),
        lambda value: value is None or (_number(value) and value > 0),
        "a number above 0, or None",
    ),
    (
        ("weight_average_epochs", "logit_adjustment"),
        lambda value: _number(value) and value >= 0,
        "a number of 0 or more",
    ),
    (("label_smoothing",), _share, "a number from 0 to below 1"),
    (
        ("batchnorm_momentum",),
        lambda value: value is None or _share(value),
        "a number from 0 to below 1, or None",
    ),
    (
        ("hidden_units",),
        lambda value: isinstance(value, tuple) and all(_whole(units, 1) for units in value),
        "a tuple of whole numbers of 1 or more, such as (512,)",
    ),
    (
        ("dropout",),
        lambda value: isinstance(value, tuple) and all(map(_share, value)),
        "a tuple of numbers from 0 to below 1, such as (0.5,)",
    ),
    (
        ("call_training_false", "soft_labels", "horizontal_flip"),
        lambda value: type(value) is bool,
        "True or False",
    ),
)
"""Fields, which values they may have, and those in words."""


@dataclass(frozen=True)
class Recipe:
    """Every choice of one training run.

    Attributes
    ----------
    backbone : str
        Name in ``tlhelpers.training.backbones.BACKBONES``.
    truncate_at : str or None
        Last block of the backbone that is used; None uses all of it.
    image_size : int
        Height and width at which the backbone gets the images, in pixels.
    upsample_from : int or None
        Height and width of the stored images, which the network enlarges to `image_size`
        (bilinear); None: they are stored at `image_size`.
    input_scaling : str
        "backbone": the scaling that the backbone was trained with; "1/255": 0 to 1.
    frozen_up_to : str or None
        Last block that does not train; None trains everything.
    batchnorm : str
        "live": the layers train and keep moving statistics; "frozen": each layer has
        ``trainable = False``; "reestimated": live, but before each validation the statistics are
        measured anew with the weights held still (PreciseBN, Wu & Johnson, arXiv 2105.07576).
    batchnorm_momentum : float or None
        Momentum of the moving statistics; None keeps the backbone's own.
    call_training_false : bool
        Whether the backbone is called as ``base(x, training=False)``. Under ``fit`` this changes
        nothing in Keras 3; it is here to show that.
    hidden_units : tuple of int
        Dense layers (relu) of the head, before the softmax.
    dropout : tuple of float
        Dropout rate before each of them.
    loss : str
        "binary_crossentropy" or "categorical_crossentropy", on one-hot labels.
    label_smoothing : float
        Share of each label spread over all classes.
    soft_labels : bool
        Whether training targets are the shares of the votes, and not one-hot.
    class_weights : str or None
        Weights of the training loss, see `tlhelpers.measures.class_weights`: "balanced",
        "effective-number" or "inverse-root"; the validation loss never has any.
    logit_adjustment : float
        tau in ``logits - tau * log(class shares in training)``, applied after training, to
        predictions only (Menon et al. 2021, arXiv 2007.07314); 0 is off, 1 aims at balanced error.
    head_epochs : int
        Epochs in which the head alone trains, at 1e-3, before everything else begins; the
        backbone stands still meanwhile, BatchNorm in inference mode. They come before `epochs`.
    optimizer : str
        "adam".
    learning_rate : float
        Step size at the start, or the peak after a warm-up.
    schedule : str
        "constant"; "plateau": halved after 3 epochs without a better validation loss, down to
        1e-6; "cosine": falls to 0 at the last step.
    warmup_epochs : int
        Epochs over which the rate climbs from 0 (with "cosine").
    clipnorm : float or None
        Largest norm of the whole gradient (``global_clipnorm``).
    weight_average_epochs : float
        Memory, in epochs, of a moving average of the weights (EMA), which is what is validated
        and kept; 0 is none. Moving statistics of BatchNorm are no weights: they stay as they are.
    horizontal_flip : bool
        Whether training images are mirrored at random.
    batch_size : int
        Images a step.
    early_stopping_patience : int or None
        Epochs without a better validation loss before training stops and the best weights come
        back; None never stops.
    epochs : int
        Most epochs.
    precision : str
        "float32", or "mixed_bfloat16": the backbone computes with eight significant bits and keeps
        its weights in float32; input scaling, softmax and loss stay in float32. It is for GPUs
        that have it (NVIDIA's from 2020 on).
    kernel_scale : float
        Factor by which each convolution's kernel in the backbone is multiplied, its BatchNorm's
        moving mean too, moving variance and epsilon by its square: outputs stay the same, an Adam
        step turns the filters 1/`kernel_scale` as far (`tlhelpers.training.similarity.rescale`).
    pretrained_on : str
        Where the backbone's first weights come from: "imagenet"; "drawn-faces" or "real-faces",
        whose weights each machine makes for itself (`tlhelpers.training.pretraining`), so that a
        run also says which they were (`tlhelpers.training.run.Run.start`); "nothing": random.
    """

    backbone: str = "resnet50"
    truncate_at: str | None = None
    image_size: int = 224
    upsample_from: int | None = None
    input_scaling: str = "backbone"
    frozen_up_to: str | None = None
    batchnorm: str = "live"
    batchnorm_momentum: float | None = None
    call_training_false: bool = False
    hidden_units: tuple[int, ...] = ()
    dropout: tuple[float, ...] = ()
    loss: str = "categorical_crossentropy"
    label_smoothing: float = 0.0
    soft_labels: bool = False
    class_weights: str | None = None
    logit_adjustment: float = 0.0
    head_epochs: int = 0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_epochs: int = 0
    clipnorm: float | None = None
    weight_average_epochs: float = 0.0
    horizontal_flip: bool = False
    batch_size: int = 32
    early_stopping_patience: int | None = None
    epochs: int = 10
    precision: str = "float32"
    kernel_scale: float = 1.0
    pretrained_on: str = "imagenet"

    def __post_init__(self):
        for name in ("hidden_units", "dropout"):
            if isinstance(getattr(self, name), list):  # JSON has no tuples
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for field in dataclasses.fields(self):
            if "float" in field.type:
                object.__setattr__(self, field.name, _floats(getattr(self, field.name)))
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise CourseError(
                    f"{name} = {getattr(self, name)!r} is not known: choose one of {allowed}."
                )
        for names, fits, words in _RULES:
            for name in names:
                if not fits(getattr(self, name)):
                    raise CourseError(f"{name} = {getattr(self, name)!r} must be {words}.")
        self._check_blocks()
        if len(self.hidden_units) != len(self.dropout):
            raise CourseError("hidden_units and dropout must have the same length.")
        stored = self.upsample_from
        if stored is not None and not (_whole(stored, 1) and stored <= self.image_size):
            raise CourseError(
                f"upsample_from = {stored!r} must be a whole number from 1 to image_size "
                f"({self.image_size}), or None."
            )
        if self.warmup_epochs and self.schedule != "cosine":
            raise CourseError("warmup_epochs needs schedule='cosine'.")

    def _check_blocks(self) -> None:
        """Raise unless the backbone and the blocks at which it is cut and frozen exist."""
        blocks = backbone(self.backbone).blocks
        for name in ("truncate_at", "frozen_up_to"):
            block = getattr(self, name)
            if block is not None and block not in blocks:
                raise CourseError(
                    f"{name} = {block!r} is no block of {self.backbone}: choose one of "
                    f"{', '.join(blocks)}, or None."
                )
        last, frozen = self.truncate_at or blocks[-1], self.frozen_up_to
        if frozen is not None and blocks.index(frozen) > blocks.index(last):
            raise CourseError(
                f"frozen_up_to = '{frozen}' lies behind truncate_at = '{last}', where the "
                "backbone ends: freeze up to there at most."
            )

    def but(self, **changes: Any) -> Recipe:
        """The same recipe with some fields changed.

        Raises
        ------
        CourseError
            Unknown field (the nearest known one is named) or a value that is not allowed.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}."
                raise CourseError(f"A recipe has no field '{name}': {hint}")
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote; fields that are younger than it get their default."""
        return cls().but(**fields)

    def key(self) -> str:
        """Ten hexadecimal digits that name this recipe.

        Only fields that differ from their default count, so a field added later leaves the
        keys of old recordings as they are.
        """
        plain = Recipe().to_dict()
        changed = {k: v for k, v in self.to_dict().items() if v != plain[k]}
        return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:10]

    def architecture(self) -> Recipe:
        """A recipe that stands for all those that one compiled network can train.

        What is decided outside the compiled step (how long, when to stop, what happens before a
        validation; targets, class weights, mirrored images) is set to one value; a cosine
        schedule is part of the step.
        """
        outside: dict[str, Any] = {
            "early_stopping_patience": None,
            "head_epochs": 0,
            "class_weights": None,
            "soft_labels": False,
            "logit_adjustment": 0.0,
            "horizontal_flip": False,
        }
        if self.schedule != "cosine":
            outside |= {"epochs": 1, "schedule": "constant"}
        if self.batchnorm == "reestimated":
            outside["batchnorm"] = "live"
        return self.but(**outside)

    @property
    def stored_size(self) -> int:
        """Height and width of the images that this recipe reads, in pixels."""
        return self.upsample_from or self.image_size

    def table(self) -> str:
        """The recipe as lines of text, one field a line."""
        return "\n".join(f"{name:24} {_words(value)}" for name, value in self.to_dict().items())


def difference(before: Recipe, after: Recipe) -> dict[str, tuple[Any, Any]]:
    """Fields that differ: name to (value before, value after)."""
    a, b = before.to_dict(), after.to_dict()
    return {name: (a[name], b[name]) for name in a if a[name] != b[name]}


def difference_text(before: Recipe, after: Recipe) -> str:
    """What differs between two recipes, one line a field.

    Parameters
    ----------
    before, after : Recipe

    Returns
    -------
    str
        Lines such as "batchnorm: live → frozen", or "nothing".
    """
    lines = [
        f"{name}: {_words(old)} → {_words(new)}"
        for name, (old, new) in difference(before, after).items()
    ]
    return "\n".join(lines) or "nothing"


def _words(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
