"""Why a validation loss will not hold still: its causes, and what is tried for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tlhelpers.core.marks import put_between
from tlhelpers.experiment.cases import CASES
from tlhelpers.experiment.fixes import FIXES, Fix


@dataclass(frozen=True)
class Cause:
    """One possible cause.

    Attributes
    ----------
    number : int
    title : str
    sign : str
        How to see it in a run.
    untried : mapping of a case's name to str
        Why no run is made for it in that case; a case is either here or has fixes.
    """

    number: int
    title: str
    sign: str
    untried: Mapping[str, str]


CAUSES = tuple(
    Cause(number, title, sign, MappingProxyType(untried))
    for number, (title, sign, untried) in enumerate(
        (
            (
                "BatchNorm is live: its moving statistics lag behind the weights",
                "re-estimate the statistics with the weights held still: the loss falls",
                {},
            ),
            (
                "training=False is believed to freeze BatchNorm",
                "one step of fit moves the moving means",
                {},
            ),
            (
                "inputs are not scaled as the backbone wants them",
                "smallest and largest input against those of the backbone",
                {},
            ),
            (
                "no head-only stage: a random head sends random gradients into the backbone",
                "a random head and an unfrozen backbone in one compile",
                {},
            ),
            (
                "the learning rate is too high for fine-tuning, without warm-up",
                "the loss gets worse in the first epochs; a lower learning rate does not",
                {},
            ),
            (
                "a schedule that never runs",
                "the learning rate stays the same while the validation loss stalls",
                {"ferplus": "the post names no schedule; one is tried for cause 5"},
            ),
            (
                "rare, huge gradients",
                "gradient norms beyond ten times their running median",
                {},
            ),
            (
                "extreme class weights",
                "largest over smallest weight; the images that a batch is worth",
                {
                    "retinopathy": "the post uses none, and with two classes of about 3 to 1 "
                    "balanced weights would hardly shrink a batch"
                },
            ),
            (
                "overconfidence: the loss climbs while accuracy stays",
                "a temperature fitted afterwards is far above 1",
                {},
            ),
            (
                "images of one patient, or the same face, on both sides of the split",
                "patients on both sides; faces that are equal pixel by pixel",
                {
                    "retinopathy": "the recipe splits by patient, so there is nothing to cure; "
                    "what fellow eyes would flatter needs a validation set of its own"
                },
            ),
            (
                "a validation set that is too small, or another one in each epoch",
                "the standard error of a step; two evaluations that differ",
                {
                    "retinopathy": "no training differs: it is read off the recorded predictions "
                    "(page 03)",
                    "ferplus": "no training differs: it is read off the recorded predictions "
                    "(page 10)",
                },
            ),
            (
                "labels that bound what can be reached, and twenty images of a class",
                "votes drawn again; Wilson's interval of a recall",
                {
                    "retinopathy": "there is one grade per image and no votes to draw again",
                    "ferplus": "no training can cure it; soft labels stand under cause 8, the "
                    "bound itself is on page 11",
                },
            ),
            (
                "the last epoch is kept, or the luckiest",
                "best epoch less last epoch, against the noise",
                {},
            ),
            (
                "myths: binary loss after a softmax, larger dense layers, upsampling",
                "paired runs show no effect",
                {},
            ),
            (
                "the step is long for this network: learning rate times the root of fan-in over "
                "the size of the weights",
                "the step length of each convolution; jumps that averaged weights take away",
                {
                    "retinopathy": "no fix of its own: a lower or falling learning rate (causes 5 "
                    "and 6) and averaged weights (causes 13 and 16) shorten it",
                    "ferplus": "no fix of its own: a lower or falling learning rate (cause 5) and "
                    "averaged weights (causes 13 and 16) shorten it",
                },
            ),
            (
                "averaged weights are validated with the raw weights' BatchNorm statistics",
                "measure the statistics for the averaged weights: the loss falls",
                {},
            ),
        ),
        start=1,
    )
)


def fixes_for(cause: Cause, case_name: str) -> list[Fix]:
    """What the catalogue has for a cause in a case; some of it may not work, to show that."""
    return [f for f in FIXES.values() if f.cause == cause.number and case_name in f.cases]


def refresh(text: str) -> str:
    """A text with the catalogue between its two marks put in anew.

    Parameters
    ----------
    text : str
        Such as recordings/PROTOCOL.md, with ``<!-- catalogue -->`` and ``<!-- /catalogue -->``.
    """
    return put_between(text, "catalogue", catalogue())


def catalogue() -> str:
    """All causes and what is tried for each, as a Markdown table."""
    lines = ["| | cause | " + " | ".join(CASES) + " |", "|---" * (2 + len(CASES)) + "|"]
    for cause in CAUSES:
        cells = []
        for name in CASES:
            fixes = ", ".join(
                f"`{f.name}`" + ("" if f.works else " (does nothing: not run)")
                for f in fixes_for(cause, name)
            )
            cells.append(f"yes: {fixes}" if fixes else f"no: {cause.untried[name]}")
        lines.append(f"| {cause.number} | {cause.title} | {' | '.join(cells)} |")
    return "\n".join(lines)
