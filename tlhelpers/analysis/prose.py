"""Numbers in prose: each says where it comes from, and is put in when a page is built.

In the source of a page stands ``{{effect ferplus frozen-batchnorm macro_f1}}``, in the notebook
``+0.20``. In README.md, which is its own source, both stand side by side:
``<!--{{effect ferplus frozen-batchnorm macro_f1}}-->+0.20<!--/-->``.

A reference is: what, case, fix, metric, and perhaps "real" for real images, "everything" for all
real faces, "fresh" for the seeds that judge the steady recipe (recordings/PROTOCOL.md), or
"witness" for ResNet50. With "against" and another fix at the end, that one stands in place of the
recipe as posted. It may go over two lines.

========== ==========================================================================
before     mean over the seeds of the recipe as posted, or of the other one
after      mean over the seeds with the fix, or with several joined by +
base       the same as before, always with three decimals; for tables
mean       the same as after, always with three decimals; for tables, "posted" too
spread     standard deviation over the seeds with the fix, with three decimals; for tables
effect     mean paired difference
interval   its 95 % interval
points     the effect in hundredths, for shares
verdict    "helps", "hurts", "no clear effect" and so on
seeds      pairs behind it
pairs      the difference of each pair; for few seeds
========== ==========================================================================

Code comes in the same way. ``{{program ferplus weight-average}}`` is the script of the recipe as
posted, at the post's own sizes, with that fix; ``{{changes ferplus weight-average}}`` are the lines
that the fix changes in it, perhaps "against" another recipe; ``{{callback}}`` is the code of
`UpdateBatchNorm` (`tlhelpers.training.program`). ``{{steadiness ferplus}}`` says in a sentence how
the answer of a case did on the seeds that had no part in choosing it; with "witness" at the end,
how it did in ResNet50.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import numpy as np

from tlhelpers.analysis import metrics, wording
from tlhelpers.analysis.comparisons import Comparison, compare
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment import protocol
from tlhelpers.experiment.cases import CASES, LETTERS
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.run import Experiment

_REFERENCE = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
_WHICH = ("", "real", "everything", "fresh", "witness")
_BESIDE = re.compile(r"(<!--\{\{(.+?)\}\}-->).*?(<!--/-->)", re.DOTALL)


def render(text: str) -> str:
    """The text with each reference replaced by its value.

    Raises
    ------
    CourseError
        A reference that cannot be read, or nothing is recorded for it.
    """
    return _REFERENCE.sub(lambda found: value(found[1]), text)


def refresh(text: str) -> str:
    """The text with the value behind each reference put in anew; the references stay."""
    return _BESIDE.sub(lambda found: found[1] + value(found[2]) + found[3], text)


def value(reference: str) -> str:
    """What one reference says, such as "effect ferplus frozen-batchnorm macro_f1"."""
    words = reference.split()
    what, *rest = words or [""]
    if what in _CODE:
        return _code(reference, what, rest)
    if what == "steadiness":
        return _steadiness(reference, rest)
    base = protocol.POSTED
    if rest[-2:-1] == ["against"]:
        *rest, _, base = rest
    if what not in _KINDS or len(rest) not in (3, 4) or "".join(rest[3:]) not in _WHICH:
        raise CourseError(
            f"Cannot read the reference '{reference}': it is one of {', '.join(_KINDS)}, then "
            "case, recipe and metric. Behind that may stand 'real' or 'everything' (real images), "
            "'fresh' (the seeds that judge), 'witness' (ResNet50), or 'against' and another recipe."
        )
    case_name, recipe, metric = rest[:3]
    if case_name not in CASES:
        raise CourseError(f"Reference '{reference}': unknown case '{case_name}'.")
    try:
        metrics.metric(metric)
        which = "".join(rest[3:])
        if what in _OF_ONE_RECIPE:
            runs = metrics.values(_runs(case_name, recipe, which), metric)
            return _OF_ONE_RECIPE[what](np.array(list(runs.values())))
        of = (case_name, recipe, metric, which, base)
        return _OF_TWO[what](_comparison(*of), *of)
    except CourseError as problem:
        raise CourseError(f"Reference '{reference}': {problem}") from None


def _steadiness(reference: str, rest: list[str]) -> str:
    from tlhelpers.analysis import verdicts

    if not rest or rest[0] not in CASES or rest[1:] not in ([], ["witness"]):
        raise CourseError(
            f"Cannot read the reference '{reference}': it is steadiness and a case, perhaps with "
            "'witness' (ResNet50) behind it."
        )
    try:
        found = verdicts.steadiness(rest[0], profile="witness" if rest[1:] else "quick")
    except CourseError as problem:
        raise CourseError(f"Reference '{reference}': {problem}") from None
    score = metrics.metric(found.score.metric).title
    kept = "is ruled out" if found.not_worse else "is not ruled out"
    held = "less than half, interval included" if found.halved else "not shown to be less than half"
    old, new = found.unsteadiness.before, found.unsteadiness.after
    if found.unsteadiness.metric == "rise":
        measured = (
            f"a run's largest rise of the loss within one epoch was {_fold(old)} without the "
            f"change and {_fold(new)} with it (geometric means). On the log scale that is {held}"
        )
    else:
        measured = f"jitter was {old:.2g} without the change and {new:.2g} with it: {held}"
    return (
        f"{measured}. "
        f"{score} was {found.score.before:.2f} and {found.score.after:.2f}; a loss of more than "
        f"{verdicts.MARGINS[found.score.metric]} {kept}."
        + (
            ""
            if found.posted_jumps
            else " On these seeds alone, the question's recipe is not shown to jump beyond noise."
        )
    )


def _fold(log_rise: float) -> str:
    """A rise in words: "2.5-fold", and "1.04-fold" where two digits would say "1-fold"."""
    fold = np.exp(log_rise)
    return f"{fold:.{2 if fold >= 1.1 else 3}g}-fold"


def _code(reference: str, what: str, rest: list[str]) -> str:
    from tlhelpers.training import program

    if what == "callback" and not rest:
        return program.update_batchnorm()
    base = protocol.POSTED
    if rest[-2:-1] == ["against"]:
        *rest, _, base = rest
    if what == "callback" or len(rest) != 2 or rest[0] not in CASES:
        raise CourseError(
            f"Cannot read the reference '{reference}': it is callback alone, or program or "
            "changes, then case and recipe, then perhaps 'against' and another recipe."
        )
    before, after = (_to_copy(rest[0], name) for name in (base, rest[1]))
    if what == "changes":
        return program.changes(before, after, *_SHAPES[rest[0]]).rstrip()
    return program.program(after, *_SHAPES[rest[0]]).rstrip()


def _to_copy(case_name: str, recipe: str) -> Recipe:
    """The recipe at the post's own sizes, as a reader has them."""
    fixes = protocol.fixes_of(recipe, case_name)
    _, changed = protocol.changed(case_name, "full", "synthetic", fixes)
    posted = LETTERS[case_name]
    return changed.but(
        precision="float32",
        epochs=posted.epochs,
        early_stopping_patience=posted.early_stopping_patience,
    )


@functools.cache
def _runs(case_name: str, recipe: str, which: str) -> Experiment:
    data = "real" if which in ("real", "everything") else "synthetic"
    images = {"everything": True} if which == "everything" else {}
    fixes = protocol.fixes_of(recipe, case_name)
    profile = "witness" if which == "witness" else "quick"
    this, changed = protocol.changed(case_name, profile, data, fixes, **images)
    seeds = protocol.of(profile).fresh if which == "fresh" else None
    runs = this.recorded(changed, seeds, committed=True)
    if seeds and runs.seeds != tuple(seeds):  # the sentence says how many there are
        raise CourseError(f"of {recipe} only seeds {runs.seeds} are recorded, not all of {seeds}")
    return runs


@functools.cache
def _comparison(case_name: str, recipe: str, metric: str, which: str, base: str) -> Comparison:
    before, after = (_runs(case_name, name, which) for name in (base, recipe))
    return compare(before, after, metric)


def _pairs(c: Comparison, case_name: str, recipe: str, metric: str, which: str, base: str) -> str:
    before, after = (_runs(case_name, name, which) for name in (base, recipe))
    changes = metrics.differences(before, after, metric).values()
    return ", ".join(_signed(wording.number(c, change)) for change in changes)


def _interval(c: Comparison, *_: str) -> str:
    if c.low is None:
        raise CourseError(f"{c.seeds} pairs have no interval: use 'pairs'.")
    return wording.interval_words(c)


def _signed(number: str) -> str:
    return number if number.startswith("−") or not number.strip("0.") else f"+{number}"


def _three(number: float) -> str:
    return f"{round(number, 3) + 0.0:.3f}".replace("-", "−")


_OF_ONE_RECIPE: dict[str, Callable[[np.ndarray], str]] = {
    "mean": lambda values: _three(values.mean()),
    "spread": lambda values: f"{values.std(ddof=1):.3f}",
}
_OF_TWO: dict[str, Callable[..., str]] = {
    "before": lambda c, *_: wording.number(c, c.before),
    "base": lambda c, *_: _three(c.before),
    "after": lambda c, *_: wording.number(c, c.after),
    "effect": lambda c, *_: _signed(wording.number(c, c.effect)),
    "interval": _interval,
    "points": lambda c, *_: _signed(f"{round(100 * c.effect)}".replace("-", "−")),
    "verdict": lambda c, *_: c.verdict,
    "seeds": lambda c, *_: str(c.seeds),
    "pairs": _pairs,
}
_KINDS = (*_OF_ONE_RECIPE, *_OF_TWO)
_CODE = ("program", "changes", "callback")
_SHAPES = {"retinopathy": (2, 3), "ferplus": (8, 1)}  # classes, channels
