"""The catalogue: every change that the course tries, with its proof and its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tlhelpers.core.errors import CourseError
from tlhelpers.experiment import checks
from tlhelpers.experiment.cases import case
from tlhelpers.training.recipe import Recipe

if TYPE_CHECKING:
    from tlhelpers.experiment.cases import Case
    from tlhelpers.experiment.checks import Check
    from tlhelpers.training.trainer import Trainer


@dataclass(frozen=True)
class Fix:
    """A named change to a recipe.

    Attributes
    ----------
    name : str
    cause : int
        Number in `tlhelpers.experiment.causes`.
    title : str
        As a sentence begins with it.
    why : str
        One paragraph: what it should do, and how.
    change : mapping of recipe fields to values
    images : mapping of options of `tlhelpers.experiment.cases.case` to values
        What it changes about the images; validation stays the same.
    check : function of a Trainer of the changed recipe
        The mechanism check. For a change that does not do what people believe, the check of that
        belief; `works` is False then.
    source : str
    cases : tuple of str
        The questions that it is an answer to try on.
    works : bool
        Whether the check is expected to pass in the Keras this course is written for.
    remedy : bool
        False for a change that makes a cause larger, to show what that does.
    """

    name: str
    cause: int
    title: str
    why: str
    check: Callable[[Trainer], Check]
    source: str
    cases: tuple[str, ...] = ("retinopathy", "ferplus")
    change: MappingProxyType[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    images: MappingProxyType[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    works: bool = True
    remedy: bool = True

    def apply(self, recipe: Recipe) -> Recipe:
        """The recipe with this change."""
        return recipe.but(**self.change)

    def case(self, name: str, profile: str = "quick", data: str = "synthetic") -> Case:
        """The case called `name` with the images of this fix."""
        return case(name, profile, data, **self.images)


FIXES = {
    fix.name: fix
    for fix in (
        Fix(
            name="frozen-batchnorm",
            cause=1,
            title="Frozen BatchNorm",
            why=(
                "Each BatchNorm layer gets trainable = False. It then normalizes with ImageNet's "
                "statistics in training and in validation alike, so there is nothing to lag."
            ),
            change=MappingProxyType({"batchnorm": "frozen"}),
            check=checks.batchnorm_stands_still,
            source="Keras guide on transfer learning; keras-team/keras issues 9214, 10666",
        ),
        Fix(
            name="reestimated-batchnorm",
            cause=1,
            title="Fresh BatchNorm statistics (PreciseBN)",
            why=(
                "Training goes on as posted. Before each validation the statistics are measured "
                "again on training images, with the weights held still."
            ),
            change=MappingProxyType({"batchnorm": "reestimated"}),
            check=checks.validation_sees_fresh_statistics,
            source="Wu & Johnson 2021, arXiv 2105.07576",
        ),
        Fix(
            name="momentum-0.9",
            cause=1,
            title="BatchNorm momentum 0.9",
            why=(
                "The moving statistics remember ten steps and not a hundred, so they lag a tenth "
                "as long behind the weights."
            ),
            cases=("retinopathy",),
            change=MappingProxyType({"batchnorm_momentum": 0.9}),
            check=partial(checks.momentum_is, wanted=0.9),
            source="keras-team/keras issue 10666; PyTorch's default",
        ),
        Fix(
            name="batch-32",
            cause=1,
            title="Batch size 32",
            why=(
                "Four times as many images a step: each batch's own statistics, and the moving "
                "ones made from them, are less noisy. An epoch has a quarter of the steps."
            ),
            cases=("retinopathy",),
            change=MappingProxyType({"batch_size": 32}),
            check=partial(checks.a_step_has, images=32),
            source="Wu & Johnson 2021, arXiv 2105.07576; Keras's default",
        ),
        Fix(
            name="training-false",
            cause=2,
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
            cause=1,
            title="BatchNorm momentum 0.999",
            why=(
                "MobileNetV2's value: the moving statistics remember ten times more steps than "
                "with 0.99, so they lag ten times longer."
            ),
            cases=("retinopathy",),
            remedy=False,
            change=MappingProxyType({"batchnorm_momentum": 0.999}),
            check=partial(checks.momentum_is, wanted=0.999),
            source="keras.applications source: MobileNetV2 0.999, ResNet50 0.99",
        ),
        Fix(
            name="categorical-crossentropy",
            cause=14,
            title="Categorical cross-entropy",
            why=(
                "On the TensorFlow backend, binary_crossentropy after a softmax is computed from "
                "the logits as if there were sigmoids. Categorical cross-entropy is the softmax's "
                "own loss."
            ),
            cases=("retinopathy",),
            change=MappingProxyType({"loss": "categorical_crossentropy"}),
            check=checks.loss_is_nll,
            source="Keras source, backend/tensorflow/nn.py: _get_logits; keras issue 15271",
        ),
        Fix(
            name="backbone-inputs",
            cause=3,
            title="The backbone's own preprocess_input",
            why=(
                "Each backbone was trained on inputs of one range. With 1/255 the first layers "
                "see a fraction of that range, and frozen ones cannot get used to it."
            ),
            cases=("ferplus", "retinopathy"),
            change=MappingProxyType({"input_scaling": "backbone"}),
            check=checks.inputs_are_the_backbones,
            source="Keras applications documentation: preprocess_input",
        ),
        Fix(
            name="size-48",
            cause=14,
            title="No upsampling",
            why=(
                "The faces have 48 by 48 pixels. Enlarging adds no information; it only changes "
                "at which scale the backbone sees a face."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"image_size": 48, "upsample_from": None}),
            check=partial(checks.backbone_sees, size=48),
            source="the post",
        ),
        Fix(
            name="class-weights-balanced",
            cause=8,
            title="Balanced class weights",
            why=(
                "Each class weighs the same in total: an image counts 1 over its class's size. "
                "A rare class then shouts, and few images decide a batch."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"class_weights": "balanced"}),
            check=partial(checks.step_counts_classes, kind="balanced"),
            source="the post; Byrd & Lipton 2019, arXiv 1812.03372",
        ),
        Fix(
            name="class-weights-effective-number",
            cause=8,
            title="Effective-number class weights",
            why=(
                "The weight falls with the number of images only as long as a further image "
                "still shows something new."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"class_weights": "effective-number"}),
            check=partial(checks.step_counts_classes, kind="effective-number"),
            source="Cui et al. 2019, arXiv 1901.05555",
        ),
        Fix(
            name="class-weights-inverse-root",
            cause=8,
            title="Inverse-root class weights",
            why=(
                "An image counts 1 over the root of its class's size: between no weights and "
                "balanced ones."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"class_weights": "inverse-root"}),
            check=partial(checks.step_counts_classes, kind="inverse-root"),
            source="common practice; see Cui et al. 2019, arXiv 1901.05555",
        ),
        Fix(
            name="logit-adjustment",
            cause=8,
            title="Logit adjustment",
            why=(
                "Training stays as posted. Afterwards each logit is lowered by the logarithm of "
                "its class's share, so that predictions aim at every class alike."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"logit_adjustment": 1.0}),
            check=checks.odds_move_by_the_prior,
            source="Menon et al. 2021, arXiv 2007.07314",
        ),
        Fix(
            name="soft-labels",
            cause=8,
            title="Soft labels",
            why=(
                "Ten people voted on each face. Training aims at the shares of their votes and "
                "not at the winner alone, so a doubtful face does not shout."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"soft_labels": True}),
            check=checks.step_aims_at_votes,
            source="Barsoum et al. 2016, arXiv 1608.01041",
        ),
        Fix(
            name="no-duplicates",
            cause=10,
            title="No duplicates across the split",
            why=(
                "Some faces stand in training and in validation, pixel by pixel. Training "
                "without them shows what the network knows of faces it has not seen."
            ),
            cases=("ferplus",),
            images=MappingProxyType({"duplicates": False}),
            check=checks.no_duplicates_across,
            source="measured on FER+: tlhelpers/data/ferplus_figures.json",
        ),
        Fix(
            name="head-first",
            cause=4,
            title="The head alone first",
            why=(
                "A head with random weights sends random gradients into the backbone. Trained "
                "alone before, on a backbone that stands still, it begins fine-tuning with a "
                "direction."
            ),
            change=MappingProxyType({"head_epochs": 10}),
            check=checks.backbone_waits_for_the_head,
            source="Kumar et al. 2022, arXiv 2202.10054; Keras guide on transfer learning",
        ),
        Fix(
            name="learning-rate-1e-5",
            cause=5,
            title="Learning rate 1e-5, a tenth",
            why=(
                "Each step is a tenth as long, so the weights go less far from ImageNet's and the "
                "moving statistics can follow them."
            ),
            cases=("retinopathy",),
            change=MappingProxyType({"learning_rate": 1e-5}),
            check=partial(checks.rate_is, wanted=1e-5),
            source="Keras guide on transfer learning: 1e-5 for fine-tuning",
        ),
        Fix(
            name="learning-rate-1e-4",
            cause=5,
            title="Learning rate 1e-4, a tenth",
            why=(
                "Each step is a tenth as long, so the weights go less far from ImageNet's and the "
                "moving statistics can follow them."
            ),
            cases=("ferplus",),
            change=MappingProxyType({"learning_rate": 1e-4}),
            check=partial(checks.rate_is, wanted=1e-4),
            source="Keras guide on transfer learning: low learning rates for fine-tuning",
        ),
        Fix(
            name="warmup-cosine",
            cause=5,
            title="Warm-up and cosine",
            why=(
                "The learning rate climbs from 0 in the first epoch, while the head is random. "
                "Then it falls along a cosine to 0, so that the last epochs hardly move "
                "anything. It needs no validation signal."
            ),
            change=MappingProxyType({"schedule": "cosine", "warmup_epochs": 1}),
            check=checks.rate_follows_warmup_and_cosine,
            source="Loshchilov & Hutter 2017, arXiv 1608.03983; Goyal et al. 2017, 1706.02677",
        ),
        Fix(
            name="plateau",
            cause=6,
            title="ReduceLROnPlateau",
            why=(
                "The post builds a ReduceLROnPlateau and never passes it to fit. With it, the "
                "learning rate is halved after 3 epochs without a better validation loss."
            ),
            cases=("retinopathy",),
            change=MappingProxyType({"schedule": "plateau"}),
            check=checks.rate_halves_on_a_plateau,
            source="the post",
        ),
        Fix(
            name="clipnorm",
            cause=7,
            title="Gradient clipping",
            why=(
                "The whole gradient is scaled down to a norm of 1 whenever it is longer, so that "
                "no single batch can throw the weights far."
            ),
            change=MappingProxyType({"clipnorm": 1.0}),
            check=partial(checks.gradient_norm_is_at_most, wanted=1.0),
            source="Pascanu et al. 2013, arXiv 1211.5063; Keras: global_clipnorm",
        ),
        Fix(
            name="label-smoothing",
            cause=9,
            title="Label smoothing",
            why=(
                "A tenth of each label is spread over all classes, so that the loss no longer asks "
                "for certainty, and a wrong answer costs less."
            ),
            change=MappingProxyType({"label_smoothing": 0.1}),
            check=partial(checks.loss_does_not_reward_certainty, smoothing=0.1),
            source="Szegedy et al. 2016, arXiv 1512.00567; Guo et al. 2017, arXiv 1706.04599",
        ),
        Fix(
            name="weight-average",
            cause=13,
            title="Averaged weights (EMA)",
            why=(
                "A moving average of the weights with a memory of one epoch is validated and kept, "
                "not the weights of whatever step came last. BatchNorm's statistics are no "
                "weights: they are not averaged."
            ),
            change=MappingProxyType({"weight_average_epochs": 1.0}),
            check=checks.averaged_weights_are_scored,
            source="Morales-Brotons et al. 2024, arXiv 2411.18704; Keras: SwapEMAWeights",
        ),
        Fix(
            name="weight-average-update-bn",
            cause=16,
            title="Averaged weights, fresh BatchNorm statistics",
            why=(
                "The averaged weights are another network than the raw ones, so BatchNorm's "
                "statistics are measured for it before it is validated and kept."
            ),
            change=MappingProxyType({"weight_average_epochs": 1.0, "batchnorm": "reestimated"}),
            check=checks.averaged_weights_have_their_statistics,
            source="Izmailov et al. 2018, arXiv 1803.05407; torch.optim.swa_utils.update_bn",
        ),
        Fix(
            name="dense-512",
            cause=14,
            title="Dense layers of 512 units",
            why=(
                "The post tried dense layers of up to 512 units in place of 32. A larger head "
                "changes nothing about BatchNorm or the learning rate."
            ),
            cases=("retinopathy",),
            change=MappingProxyType({"hidden_units": (512, 512)}),
            check=partial(checks.head_has, units=512),
            source="the post",
        ),
    )
}


def fix(name: str) -> Fix:
    """The fix called `name`.

    Parameters
    ----------
    name : str
        A key of `FIXES`, such as "frozen-batchnorm".

    Returns
    -------
    Fix

    Raises
    ------
    CourseError
        Unknown name; the message lists the known ones.
    """
    if name not in FIXES:
        raise CourseError(f"Unknown fix '{name}': choose one of {', '.join(FIXES)}.")
    return FIXES[name]
