"""The design: what is asked, of which recipes. See recordings/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal

from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.cases import CASES, Case, case
from tlhelpers.experiment.fixes import FIXES, Fix, fix
from tlhelpers.training.recipe import Recipe

POSTED = "posted"  # the name of the recipe without any fix

DESIGNS = ("single", "behind", "leave-one-out", "cumulative")
"""How a fix is asked about, see `Question`."""


@dataclass(frozen=True)
class Protocol:
    """A version of recordings/PROTOCOL.md: what is asked, fixed before the runs that answer it.

    Attributes
    ----------
    version : int
    asked : mapping of a case's name to tuple of str
        The fixes whose single effect is judged: the family of Holm's correction, whatever else
        the catalogue holds by now.
    behind : mapping of a case's name to tuple of (str, tuple of str)
        Fixes that are judged where they are added to a recipe that has others already.
    described : mapping of a case's name to tuple of str
        Recorded as well and never judged: causes made larger, or fixes with few runs.
    few : int or None
        Seeds of each recipe that no judged question needs; None: as many as the others have.
    steady : mapping of a case's name to tuple of str
        The fixes of each case's steady recipe, in the order of their causes; empty until it has
        been chosen.
    fresh : sequence of int
        Seeds that judge the steady recipe and had no part in choosing it.
    by : str
        What they judge it by: "jitter", or "rise" (`tlhelpers.measures.stability`).
    """

    version: int
    asked: Mapping[str, tuple[str, ...]]
    behind: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]
    described: Mapping[str, tuple[str, ...]]
    steady: Mapping[str, tuple[str, ...]]
    few: int | None = None
    fresh: Sequence[int] = range(8, 16)
    by: Literal["jitter", "rise"] = "jitter"


VERSION_5 = Protocol(
    version=5,
    asked={
        "retinopathy": (
            "frozen-batchnorm",
            "reestimated-batchnorm",
            "momentum-0.9",
            "batch-32",
            "categorical-crossentropy",
            "backbone-inputs",
            "head-first",
            "learning-rate-1e-5",
            "warmup-cosine",
            "plateau",
            "clipnorm",
            "label-smoothing",
            "weight-average",
            "weight-average-update-bn",
            "dense-512",
        ),
        "ferplus": (
            "frozen-batchnorm",
            "reestimated-batchnorm",
            "backbone-inputs",
            "size-48",
            "class-weights-balanced",
            "class-weights-effective-number",
            "class-weights-inverse-root",
            "logit-adjustment",
            "soft-labels",
            "no-duplicates",
            "head-first",
            "learning-rate-1e-4",
            "warmup-cosine",
            "clipnorm",
            "label-smoothing",
            "weight-average",
            "weight-average-update-bn",
        ),
    },
    behind={
        "retinopathy": (
            ("frozen-batchnorm", ("learning-rate-1e-5",)),
            ("weight-average", ("learning-rate-1e-5", "frozen-batchnorm")),
        ),
        "ferplus": (
            ("frozen-batchnorm", ("learning-rate-1e-4",)),
            ("weight-average", ("frozen-batchnorm",)),
        ),
    },
    described={"retinopathy": ("momentum-0.999",), "ferplus": ()},
    steady={
        "retinopathy": ("weight-average-update-bn",),
        "ferplus": ("weight-average-update-bn",),
    },
)


VERSION_6 = Protocol(
    version=6,
    asked={"retinopathy": ("weight-average-update-bn",), "ferplus": ()},
    behind={
        "retinopathy": (("frozen-batchnorm", ("learning-rate-1e-5",)),),  # two seeds: described
        "ferplus": (),
    },
    described={
        "retinopathy": ("frozen-batchnorm", "learning-rate-1e-5", "plateau", "weight-average"),
        "ferplus": (),
    },
    steady={"retinopathy": (), "ferplus": ()},
    few=2,
)


VERSION_7 = replace(
    VERSION_6,
    version=7,
    steady={"retinopathy": ("weight-average-update-bn",), "ferplus": ()},
    fresh=range(5, 10),
    by="rise",
)


def of(profile: str) -> Protocol:
    """The protocol that governs the runs of a profile.

    Parameters
    ----------
    profile : str
        A name of `tlhelpers.experiment.cases.PROFILES`.

    Returns
    -------
    Protocol
        The seventh version for the posted network itself, the fifth for everything else.
    """
    return VERSION_7 if profile == "witness" else VERSION_5


@dataclass(frozen=True)
class Question:
    """What does one fix do, added to a recipe that may have others already?

    Attributes
    ----------
    design : str
        "single": added to the recipe as posted. "behind": added to a recipe with other fixes.
        "leave-one-out": the last that the steady recipe
        still lacks. "cumulative": one step of the way from the recipe as posted to the steady one.
    fix : str
    before, after : tuple of str
        Names of the fixes of the recipe without it and with it.
    judged : bool
        Whether it gets a verdict; else it is only described. A fix that is younger than the
        protocol's version is described, or asking more would change what was found.
    """

    design: str
    fix: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    judged: bool = True


def questions(case_name: str, profile: str = "quick") -> list[Question]:
    """All questions of a case, design by design, and the fixes that nobody had asked about."""
    protocol = of(profile)
    steady, asked = protocol.steady[case_name], protocol.asked[case_name]
    single = [f.name for f in FIXES.values() if case_name in f.cases and f.works]
    return [
        *(Question("single", name, (), (name,), name in asked) for name in single),
        *(
            Question("behind", name, before, (*before, name))
            for name, before in protocol.behind[case_name]
        ),
        *(_of_the_steady(steady) if len(steady) > 1 else ()),
    ]


def _of_the_steady(steady: tuple[str, ...]) -> Iterator[Question]:
    """Is each fix of the steady recipe needed, and what does each add on the way to it?

    Of a single fix both are what is asked of it alone.
    """
    for name in steady:
        without = tuple(other for other in steady if other != name)
        yield Question("leave-one-out", name, without, steady)
    for i, name in enumerate(steady):
        yield Question("cumulative", name, steady[:i], steady[: i + 1], judged=False)


def recipes(case_name: str, profile: str = "quick") -> list[str]:
    """Names of all recipes that the protocol asks for in a case, each once; see `fixes_of`."""
    protocol = of(profile)
    asked = {*protocol.asked[case_name], *protocol.described[case_name]}
    needed = [
        side
        for question in questions(case_name, profile)
        if question.design != "single" or question.fix in asked
        for side in (question.before, question.after)
    ]
    return list(dict.fromkeys(map(joined, needed)))


def seeds(name: str, case_name: str, profile: str, all_seeds: int) -> int:
    """How many seeds of a recipe the protocol asks for.

    Parameters
    ----------
    name : str
        As `recipes` gives it.
    case_name, profile : str
    all_seeds : int
        The profile's number.

    Returns
    -------
    int
    """
    protocol = of(profile)
    judged = {POSTED, *protocol.asked[case_name]}
    return all_seeds if protocol.few is None or name in judged else protocol.few


def joined(names: Sequence[str]) -> str:
    """One name for a recipe with these fixes, whatever their order."""
    order = list(FIXES)
    return "+".join(sorted(names, key=order.index)) or POSTED


def fixes_of(name: str, case_name: str) -> tuple[Fix, ...]:
    """The fixes of a recipe called `name`: "posted", one fix, or several joined by +.

    Raises
    ------
    CourseError
        An unknown fix, one that is none for this case, or two that change the same thing.
    """
    fixes = () if name == POSTED else tuple(fix(part) for part in name.split("+"))
    for each in fixes:
        if case_name in CASES and case_name not in each.cases:
            raise CourseError(f"'{each.name}' is no fix for {case_name}, but for {each.cases[0]}.")
    _refuse_conflicts(fixes)
    return fixes


def changed(
    case_name: str, profile: str, data: str, fixes: Sequence[Fix], **images: Any
) -> tuple[Case, Recipe]:
    """The case with the images that these fixes ask for, and its measured recipe with them.

    Raises
    ------
    CourseError
        Two fixes change the same thing, or a fix another option of the images than asked for.
    """
    this = case(case_name, profile, data, **images_of(fixes, images))
    return this, _with(fixes, this.measured)


def _refuse_conflicts(fixes: Sequence[Fix]) -> None:
    """Raise if a fix stands twice, or two set the same field: the last would win in silence."""
    by: dict[str, str] = {}
    for each in fixes:
        for changes in (each.change, each.images):
            for field_name in changes:
                if field_name in by:
                    other = by[field_name]
                    raise CourseError(
                        f"'{each.name}' stands twice: once is enough."
                        if other == each.name
                        else f"'{other}' and '{each.name}' both change {field_name}: choose one."
                    )
                by[field_name] = each.name


def _with(fixes: Sequence[Fix], recipe: Recipe) -> Recipe:
    """A recipe with all these fixes."""
    _refuse_conflicts(fixes)
    return reduce(lambda changed, each: each.apply(changed), fixes, recipe)


def images_of(fixes: Sequence[Fix], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the case: those asked for, and those that the fixes ask for."""
    options = dict(asked)
    for each in fixes:
        for name, value in each.images.items():
            if options.setdefault(name, value) != value:
                raise CourseError(
                    f"'{each.name}' sets {name}={value!r} and {name}={asked[name]!r} is asked "
                    "for: leave one of them out."
                )
    return options


def steady(this: Case) -> Recipe:
    """The steady recipe of a case, in its profile's sizes.

    Parameters
    ----------
    this : Case

    Returns
    -------
    Recipe
    """
    return _with(steady_fixes(this.name, this.profile), this.measured)


def steady_fixes(case_name: str, profile: str = "quick") -> tuple[Fix, ...]:
    """The fixes of a case's steady recipe, in the order in which they are added."""
    return tuple(fix(name) for name in of(profile).steady[case_name])
