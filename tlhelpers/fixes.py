"""The catalogue: every change that the course tries, with its proof and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tlhelpers import checks
from tlhelpers.errors import CourseError
from tlhelpers.recipe import Recipe

if TYPE_CHECKING:
    from tlhelpers.checks import Check
    from tlhelpers.training import Trainer


@dataclass(frozen=True)
class Fix:
    """A named change to a recipe.

    Attributes
    ----------
    name : str
    title : str
        As a sentence begins with it.
    why : str
        One paragraph: what it should do, and how.
    change : mapping of recipe fields to values
    check : function of a Trainer of the changed recipe
        The mechanism check. For a change that does not do what people believe, the check of that
        belief; `works` is False then.
    source : str
    works : bool
        Whether the check is expected to pass in the Keras this course is written for.
    """

    name: str
    title: str
    why: str
    check: Callable[[Trainer], Check]
    source: str
    change: MappingProxyType[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    works: bool = True

    def apply(self, recipe: Recipe) -> Recipe:
        """The recipe with this change."""
        return recipe.but(**self.change)


FIXES = {
    fix.name: fix
    for fix in (
        Fix(
            name="frozen-batchnorm",
            title="Frozen BatchNorm",
            why=(
                "Each BatchNorm layer gets trainable = False. It then normalises with ImageNet's "
                "statistics in training and in validation alike, so there is nothing to lag."
            ),
            change=MappingProxyType({"batchnorm": "frozen"}),
            check=checks.batchnorm_stands_still,
            source="Keras guide on transfer learning; keras-team/keras issues 9214, 10666",
        ),
        Fix(
            name="reestimated-batchnorm",
            title="Re-estimated BatchNorm (PreciseBN)",
            why=(
                "Training goes on as posted. Before each validation the statistics are measured "
                "anew on training pictures, with the weights held still."
            ),
            change=MappingProxyType({"batchnorm": "reestimated"}),
            check=checks.reestimated_is_average,
            source="Wu & Johnson 2021, arXiv 2105.07576",
        ),
        Fix(
            name="training-false",
            title="base(x, training=False)",
            why=(
                "Widely taught as a way to freeze BatchNorm. In a Functional model of Keras 3, fit "
                "passes training=True down and overrides it."
            ),
            change=MappingProxyType({"call_training_false": True}),
            check=checks.batchnorm_stands_still,
            source="keras-team/keras issue 20285",
            works=False,
        ),
        Fix(
            name="momentum-0.999",
            title="BatchNorm momentum 0.999",
            why=(
                "MobileNetV2's value: the moving statistics remember ten times more steps than "
                "with 0.99, so they lag ten times longer."
            ),
            change=MappingProxyType({"batchnorm_momentum": 0.999}),
            check=checks.momentum_is,
            source="keras.applications source: MobileNetV2 0.999, ResNet50 0.99",
        ),
        Fix(
            name="categorical-crossentropy",
            title="Categorical cross-entropy",
            why=(
                "On the TensorFlow backend, binary_crossentropy after a softmax is computed from "
                "the logits as if there were sigmoids. Categorical cross-entropy is the softmax's "
                "own loss."
            ),
            change=MappingProxyType({"loss": "categorical_crossentropy"}),
            check=checks.loss_is_nll,
            source="Keras source, backend/tensorflow/nn.py: _get_logits; keras issue 15271",
        ),
    )
}


def fix(name: str) -> Fix:
    """The fix called `name`."""
    if name not in FIXES:
        raise CourseError(f"Unknown fix '{name}': choose one of {', '.join(FIXES)}.")
    return FIXES[name]
