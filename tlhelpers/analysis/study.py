"""What a page asks of one case: runs of a recipe with some fixes, and what a fix did.

A page reads like its question::

    retina = tl.study("retinopathy")
    tl.plots.curves({"as posted": retina.runs(), "averaged": retina.runs("weight-average")})
    tl.plots.effects([retina.effect("weight-average"), retina.effect("plateau")], "...")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tlhelpers.analysis import verdicts
from tlhelpers.analysis.comparisons import Comparison, compare
from tlhelpers.analysis.verdicts import Finding, Steadiness
from tlhelpers.experiment import protocol
from tlhelpers.experiment.cases import Case, case
from tlhelpers.experiment.fixes import fix
from tlhelpers.training.run import Experiment


@dataclass(frozen=True)
class Effect:
    """What one change did, on paired seeds.

    Attributes
    ----------
    fix : str
        Its name in `tlhelpers.experiment.fixes.FIXES`.
    title : str
    jitter, score : Comparison
    on_jitter, on_score : str
        "helps", "hurts" or "no clear effect"; "described only" where the runs are too few.
    p_jitter, p_score : float or None
        Corrected for the number of changes that were tried; None where nothing is corrected.
    """

    fix: str
    title: str
    jitter: Comparison
    score: Comparison
    on_jitter: str
    on_score: str
    p_jitter: float | None = None
    p_score: float | None = None

    def __str__(self) -> str:
        return f"{self.title} | steadiness: {self.on_jitter} | score: {self.on_score}"


@dataclass(frozen=True)
class Study:
    """A case as a page looks at it; made by `study`.

    Attributes
    ----------
    case : Case
    seeds : int or None
        Runs of each recipe; None is the profile's number.
    live : bool
        Train even what is recorded.
    """

    case: Case
    seeds: int | None = None
    live: bool = False

    def runs(self, recipe: str = protocol.POSTED) -> Experiment:
        """Runs of the recipe as posted with these fixes: replayed if recorded, else trained.

        Parameters
        ----------
        recipe : str
            "posted", a fix, or several joined by +.

        Returns
        -------
        Experiment

        Raises
        ------
        CourseError
            An unknown fix, or images that are not there to train on.
        """
        fixes = protocol.fixes_of(recipe, self.case.name)
        where, changed = protocol.changed(self.case.name, self.case.profile, self.case.data, fixes)
        # The same object as long as the images are: they are drawn once.
        where = self.case if where.spec == self.case.spec else where
        return where.run(changed, self.seeds, self.live, label=recipe)

    def effect(self, name: str, behind: str = protocol.POSTED) -> Effect:
        """What a fix did to jitter and score.

        Parameters
        ----------
        name : str
            A fix.
        behind : str
            The recipe that it is added to.

        Returns
        -------
        Effect
            Where the runs are the recorded ones, its words count how many changes were tried
            (Holm's correction, recordings/PROTOCOL.md); else they are those of the plain interval.
        """
        title, found = fix(name).title, self._judged.get((name, behind))
        if found and found.jitter and found.score:
            words, p = (found.on_jitter, found.on_score), (found.p, found.score_p)
            return Effect(name, title, found.jitter, found.score, *words, *p)
        after = name if behind == protocol.POSTED else f"{behind}+{name}"
        design = "single" if behind == protocol.POSTED else "behind"
        pair = self.runs(behind), self.runs(after)
        jitter, score = (compare(*pair, metric, design) for metric in ("jitter", self.case.score))
        return Effect(name, title, jitter, score, jitter.verdict, score.verdict)

    def effects(self, names: Sequence[str]) -> list[Effect]:
        """`effect` of several fixes, each alone."""
        return [self.effect(name) for name in names]

    def judged(self) -> Steadiness:
        """The recipe as posted and the answer, on the seeds that had no part in choosing it.

        Returns
        -------
        Steadiness

        Raises
        ------
        CourseError
            A run is not recorded.
        """
        return verdicts.steadiness(self.case.name, self.case.data, self.case.profile)

    def asked(self) -> tuple[list[str], list[str]]:
        """The fixes that were to be tried alone: those that can be shown, and those to come.

        Returns
        -------
        there : list of str
            Every seed is recorded with and without it. In a profile that nothing is recorded of,
            the first two, which are trained then.
        to_come : list of str
        """
        names = protocol.of(self.case.profile).asked[self.case.name]
        whole = self.case.seeds
        there = [
            f.question.fix
            for f in verdicts.found(self.case.name, self.case.data, self.case.profile)
            if f.question.design == "single" and f.question.judged and len(f.seeds) >= whole
        ]
        shown = [name for name in names if name in there] or list(names[:2])
        return shown, [name for name in names if name not in shown]

    @cached_property
    def _judged(self) -> dict[tuple[str, str], Finding]:
        if self.live or self.seeds is not None or self.case.profile == "smoke":
            return {}
        found = verdicts.found(self.case.name, self.case.data, self.case.profile)
        return {
            (f.question.fix, protocol.joined(f.question.before)): f
            for f in found
            if f.p is not None and f.question.design in _ALONE
        }


_ALONE = ("single", "behind")


def study(
    name: str,
    profile: str = "quick",
    live: bool = False,
    seeds: int = 0,
    data: str = "synthetic",
) -> Study:
    """A case, as the three parameters of a page ask for it.

    Parameters
    ----------
    name : str
        "retinopathy" or "ferplus".
    profile : str
    live : bool
        Train even what is recorded.
    seeds : int
        Runs of each recipe; 0 is the profile's number.
    data : str
        "synthetic" or "real".

    Returns
    -------
    Study

    Raises
    ------
    CourseError
        An unknown case, profile or kind of data.
    """
    return Study(case(name, profile, data), seeds or None, live)
