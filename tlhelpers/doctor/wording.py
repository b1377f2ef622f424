"""Words and numbers that text, page and figures have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from tlhelpers.doctor.diagnosis import Diagnosis, Examination

SHARE_OF: dict[str, tuple[str, str]] = {
    "training_flag_overridden": ("explains", "of the jumping"),
    "loss_wants_probabilities": ("concerns", "of the predictions"),
    "metric_threshold": ("miscounts", "of the predictions"),
    "inputs_out_of_range": ("concerns", "of the images"),
    "validation_prepared_otherwise": ("concerns", "of the validation images"),
    "validation_augmented": ("changes", "of the validation images"),
    "validation_images_change": ("replaces", "of the validation images"),
    "label_order": ("misplaces", "of the labels"),
    "validation_split_of_sorted_data": ("keeps", "of the classes out of validation"),
    "training_order": ("concerns", "of the batches"),
    "leak": ("gives away", "of the validation images"),
    "average_not_validated": ("explains", "of the validation loss"),
    "optimizer_state_lost": ("happens in", "of the epochs"),
    "float16_overflow": ("spoils", "of the epochs"),
    "loss_not_finite": ("spoils", "of the epochs"),
    "class_weights_extreme": ("costs", "of each batch"),
    "stuck_at_chance": ("gives one answer for", "of the validation images"),
    "bn_averages_lag": ("explains", "of the jumping"),
    "bn_averages_of_few_images": ("explains", "of the jumping"),
    "bn_batch_too_small": ("explains", "of the jumping"),
    "step_too_long": ("explains", "of the jumping"),
    "too_few_validation_images": ("explains", "of the jumping"),
    "overfitting": ("explains", "of the climb"),
    "overconfidence": ("explains", "of the climb"),
}
"""By code: what a share says, before and behind the number."""

CAPTIONS: dict[str, str] = {
    "training_flag_overridden": "Same weights, same images: measured statistics give another loss.",
    "loss_wants_probabilities": "The loss is not what it looks like: it misreads the outputs.",
    "metric_threshold": "Same predictions, counted again: the accuracy is another one.",
    "inputs_out_of_range": "This is as far as it gets with inputs in the wrong range.",
    "validation_prepared_otherwise": "Validation sees images that were prepared another way.",
    "validation_augmented": "Some of the ups and downs is augmentation.",
    "validation_images_change": "Each epoch is measured on other images.",
    "label_order": "Predictions are compared with the labels of other images.",
    "validation_split_of_sorted_data": "Validation asks for other classes than training shows.",
    "training_order": "The weights follow the class that came last.",
    "leak": "This looks better than it is: training has seen some of these images.",
    "average_not_validated": "The weights that you keep are not the weights that are validated.",
    "optimizer_state_lost": "Each epoch begins with an optimizer that knows nothing of the last.",
    "float16_overflow": "Where a line breaks off, numbers left the range of float16.",
    "loss_not_finite": "Where a line breaks off, the loss is not a number.",
    "class_weights_extreme": "The curve follows the few images that weigh most.",
    "stuck_at_chance": "It stays where a single answer for all images would be.",
    "bn_averages_lag": "Same weights, same images: measured statistics take {much} of the jumping "
    "away.",
    "bn_averages_of_few_images": "Same weights, same images: statistics over more images take "
    "{much} of the jumping away.",
    "bn_batch_too_small": "Same weights, same images: normalized in small batches, the loss is "
    "another.",
    "step_too_long": "Weights averaged over each epoch take {much} of the jumping away.",
    "too_few_validation_images": "The band shows the noise of so few images: {much} of the jumping "
    "is no more than that.",
    "overfitting": "Recalibration leaves {much} of the climb.",
    "overconfidence": "Recalibration takes {much} of the climb away.",
}
"""By code: what to see in the figure. ``{much}`` follows the share."""

TWO_LOSSES = (
    "The doctor computes the plain crossentropy, on sampled images. Keras shows another number: "
    "its loss may have weights, smoothing or regularization, or misread a softmax. Compare the "
    "doctor's numbers with each other."
)
"""Beside curves where Keras's validation loss and the doctor's differ."""

READINGS_OF: dict[str, tuple[str, ...]] = {
    "training_flag_overridden": ("fresh",),
    "average_not_validated": ("fresh", "averaged"),
    "bn_averages_lag": ("fresh",),
    "bn_averages_of_few_images": ("fresh",),
    "step_too_long": ("averaged",),
    "overfitting": ("recalibrated",),
    "overconfidence": ("recalibrated",),
}
"""By code: the readings that show it, beside the loss as it was validated."""


def finite(value: float | None) -> TypeGuard[float]:
    """Whether there is a number that can be shown."""
    return value is not None and math.isfinite(value)


def percent(share: float) -> str:
    """A share in words: "65 %"; never "0 %" or "100 %" of what is neither."""
    hundred = 100 * min(max(share, 0.0), 1.0)
    if 0 < hundred < 1:
        return "less than 1 %"
    if 99 < hundred < 100:
        return "over 99 %"
    return f"{hundred:.0f} %"


def interval(diagnosis: Diagnosis) -> str:
    """Such as "40 to 80 %"; empty without one, and where both ends are the same."""
    inside = [min(max(e, 0.0), 1.0) for e in (diagnosis.low, diagnosis.high) if finite(e)]
    if len(inside) < 2:
        return ""
    ends = [f"{100 * end:.0f}" for end in inside]
    return f"{ends[0]} to {ends[1]} %" if ends[0] != ends[1] else ""


def share_noun(diagnosis: Diagnosis) -> str:
    """What the share is of, such as "of the jumping"."""
    return diagnosis.share_of or SHARE_OF.get(diagnosis.code, ("explains", "of it"))[1]


def caption(diagnosis: Diagnosis) -> str:
    """What to see in the figure; empty for a code without one."""
    words = CAPTIONS.get(diagnosis.code, "").format(much=much(diagnosis.share))
    return words.replace("of the jumping", share_noun(diagnosis)) if diagnosis.share_of else words


def share_words(diagnosis: Diagnosis) -> str:
    """Such as "explains 65 % of the jumping (40 to 80 %)"; empty without a share."""
    if not finite(diagnosis.share):
        return ""
    before = SHARE_OF.get(diagnosis.code, ("explains",))[0]
    behind = share_noun(diagnosis)
    ends = interval(diagnosis)
    return f"{before} {percent(diagnosis.share)} {behind}" + (f" ({ends})" if ends else "")


def much(share: float | None) -> str:
    """How much of it, without a number."""
    if not finite(share):
        return "some"
    return "nearly all" if share >= 0.9 else "most" if share > 0.5 else "some"


def number(value: float) -> str:
    """Two significant digits: "0.41", "13", "2400", "3.1e+05"."""
    if not math.isfinite(value):
        return "–"
    rounded = float(f"{value:.1e}")
    if rounded == 0:
        return "0"
    if not 1e-4 <= abs(rounded) < 1e5:
        return f"{rounded:.1e}"
    decimals = max(0, 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:.{decimals}f}"


def plain(text: object) -> str:
    """One line without anything that would move a terminal's cursor."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def counted(count: int, thing: str) -> str:
    """Such as "1 epoch" or "12 epochs"."""
    return f"{count} {thing}" + ("" if count == 1 else "s")


def listed(things: Sequence[object]) -> str:
    """Such as "1, 2 and 5"."""
    words = [str(thing) for thing in things]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def runs(numbers: Sequence[int]) -> str:
    """Such as "1 to 6, 8 and 9"."""
    parts: list[list[int]] = []
    for each in numbers:
        if parts and each == parts[-1][-1] + 1:
            parts[-1].append(each)
        else:
            parts.append([each])
    words: list[str] = []
    for part in parts:
        words += [f"{part[0]} to {part[-1]}"] if len(part) > 2 else [str(each) for each in part]
    return listed(words)


def fits(numbers: Sequence[int]) -> str:
    """Such as "fit 6" or "fits 1 to 6, 8 and 9"."""
    return f"fit{'' if len(numbers) == 1 else 's'} {runs(numbers)}"


def cost(examinations: Sequence[Examination]) -> str:
    """Such as "The doctor took 1.2 s of 40 s.", over all fits; empty where it is not known."""
    took = sum(each.seconds for each in examinations)
    whole = sum(each.fit_seconds for each in examinations)
    if not (finite(took) and finite(whole)) or whole <= 0:
        return ""
    return f"The doctor took {_time(took)} of {_time(whole)}."


def _time(seconds: float) -> str:
    if seconds < 0.1:
        return "less than 0.1 s"
    for size, unit in ((1, "s"), (60, "min")):
        if seconds < 100 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 3600:.2g} h" if seconds < 3600 * 99 else f"{seconds / 3600:.0f} h"


def finding(examinations: Sequence[Examination]) -> str:
    """The finding in a sentence, over all fits."""
    if not examinations:
        return "The doctor has not seen a fit yet."
    found = [each for each in examinations if each.diagnoses]
    if not found:
        everything = not any(each.not_looked_at for each in examinations)
        return "The doctor found nothing wrong" + ("." if everything else " in what it could see.")
    last = found[-1]
    worst = last.diagnoses[0]
    sentence = plain(worst.title)
    if len(examinations) == 1:
        more = len(last.diagnoses) - 1
        return sentence + (f", and {counted(more, 'more finding')}." if more else ".")
    same = [each.fit for each in found if each.diagnoses[0].code == worst.code]
    others = [each.fit for each in found if each.diagnoses[0].code != worst.code]
    if len(same) == 1:
        sentence += f", in fit {same[0]} of {len(examinations)}."
    else:
        sentence += f", in {len(same)} of {len(examinations)} fits ({runs(same)})."
    return sentence + (f" Other findings in {fits(others)}." if others else "")
