"""What the protocol makes of the comparisons: does a fix count? See recordings/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers import comparisons, evidence, metrics, paths, protocol
from tlhelpers.cases import case
from tlhelpers.errors import CourseError
from tlhelpers.evidence import Comparison
from tlhelpers.protocol import Question
from tlhelpers.run import Experiment
from tlhelpers.stability import noise_floor, noise_jitter

if TYPE_CHECKING:
    import pandas as pd

MARGINS = {"auc": 0.02, "macro_f1": 0.03}
"""How much worse a score may be and still count as not worse; set before the runs."""

COUNTS = "counts"
STEADIER = "steadier, but not shown to keep the score"
NOT_SHOWN = "not shown to be steadier"
LESS_STEADY = "less steady"
VERDICTS = (COUNTS, STEADIER, NOT_SHOWN, LESS_STEADY, evidence.DESCRIBED)


@dataclass(frozen=True)
class Finding:
    """The answer to one question of the protocol.

    Attributes
    ----------
    question : Question
    before, after : Experiment
        Paired by seed.
    jitter, climb, mode_gap, score : Comparison
    p : float or None
        Of jitter, after Holm's correction over the questions of the same design.
    not_worse : bool or None
        Whether the interval of the score's change lies above minus the margin.
    better_than_nothing : bool or None
        Whether the interval of the mean score lies above that of the best constant answer.
    """

    question: Question
    before: Experiment
    after: Experiment
    jitter: Comparison
    climb: Comparison
    mode_gap: Comparison
    score: Comparison
    p: float | None
    not_worse: bool | None
    better_than_nothing: bool | None

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        if self.p is None:
            return evidence.DESCRIBED
        if self.p >= 0.05:
            return NOT_SHOWN
        if self.jitter.effect > 0:
            return LESS_STEADY
        return COUNTS if self.not_worse and self.better_than_nothing else STEADIER


def found(
    case_name: str, data: str = "synthetic", profile: str = "quick", root: Path | None = None
) -> list[Finding]:
    """The answered questions of a case, in the order of `protocol.questions`.

    Parameters
    ----------
    case_name, data, profile : str
    root : path, optional
        Folder of recordings; the repository's if not given.
    """
    score = case(case_name, profile, data).score
    asked = ("jitter", "climb", "mode_gap", score)
    answers = comparisons.answered(case_name, data, profile, root or paths.RECORDINGS)
    rows = [
        (q, old, new, [comparisons.compare(old, new, m, q.design) for m in asked])
        for q, old, new in answers
    ]
    corrected = _corrected([(q.design, compared[0]) for q, _, _, compared in rows])
    return [
        Finding(
            question,
            old,
            new,
            *compared,
            p,
            None if p is None else compared[3].low > -MARGINS[score],
            None if p is None else _beats_nothing(new, score, compared[3].seeds),
        )
        for (question, old, new, compared), p in zip(rows, corrected, strict=True)
    ]


@dataclass(frozen=True)
class Steadiness:
    """Is the steady recipe steady, on seeds that had no part in choosing it?

    Attributes
    ----------
    posted, steady : Experiment
        Runs of fresh seeds.
    jitter, score : Comparison
    noise : float
        Jitter that noise of the pictures alone would give the steady runs; log units an epoch.
    """

    posted: Experiment
    steady: Experiment
    jitter: Comparison
    score: Comparison
    noise: float

    @property
    def halved(self) -> bool:
        """Mean jitter is at most half of the posted recipe's."""
        return self.jitter.after <= self.jitter.before / 2

    @property
    def within_noise(self) -> bool:
        """Mean jitter is not above what noise of the pictures alone would give."""
        return self.jitter.after <= self.noise

    @property
    def not_worse(self) -> bool:
        """The interval of the score's change lies above minus the margin."""
        return self.score.low is not None and self.score.low > -MARGINS[self.score.metric]

    @property
    def holds(self) -> bool:
        """What the protocol asks of a steady recipe."""
        return (self.halved or self.within_noise) and self.not_worse


def steadiness(
    case_name: str,
    data: str = "synthetic",
    profile: str = "quick",
    seeds: Sequence[int] = protocol.FRESH_SEEDS,
) -> Steadiness:
    """The steady recipe of a case against the posted one, on fresh seeds.

    Raises
    ------
    CourseError
        A run is not recorded.
    """
    fixes = protocol.fixes_of(protocol.joined(protocol.STEADY[case_name]), case_name)
    sides = []
    for recipe_fixes in ((), fixes):
        this, recipe = protocol.changed(case_name, profile, data, recipe_fixes)
        runs = [this.find(recipe, seed) for seed in seeds]
        if None in runs:
            raise CourseError(
                f"Seed {seeds[runs.index(None)]} of {recipe_fixes and 'steady' or 'posted'} is "
                f"not recorded for {this.data_words}."
            )
        sides.append(Experiment(recipe, tuple(runs)))
    posted, steady = sides
    noise = [noise_jitter(run.curve("val_nll"), run.curve("val_nll_se")[1:]) for run in steady]
    jitter, score = (
        comparisons.compare(posted, steady, metric, "steady") for metric in ("jitter", this.score)
    )
    return Steadiness(posted, steady, jitter, score, float(np.mean(noise)))


def table(findings: Sequence[Finding]) -> pd.DataFrame:
    """A readable table, one row a finding; effects with their 95 % intervals."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "design": f.question.design,
                "fix": f.question.fix,
                **{
                    c.metric: evidence.effect_words(c)
                    for c in (f.jitter, f.climb, f.mode_gap, f.score)
                },
                "p (Holm)": "–" if f.p is None else f"{f.p:.3f}",
                "seeds": f.jitter.seeds,
                "verdict": f.verdict,
            }
            for f in findings
        ]
    )


def trivial_score(experiment: Experiment, score: str) -> float:
    """What the best constant answer gets: AUC 0.5, macro-F1 of saying the commonest class."""
    if score == "auc":
        return 0.5
    counts = np.bincount(experiment[0].labels, minlength=experiment[0].probabilities.shape[1])
    share = counts.max() / counts.sum()
    return float(2 * share / (1 + share) / len(counts))


def _beats_nothing(experiment: Experiment, score: str, seeds: int) -> bool:
    scores = list(metrics.values(experiment, score).values())[:seeds]
    return noise_floor(scores).low > trivial_score(experiment, score)


def _corrected(rows: Sequence[tuple[str, Comparison]]) -> list[float | None]:
    """p-values of the comparisons, corrected within each design; None where nothing is judged."""
    p = [evidence.p_value(comparison) for _, comparison in rows]
    for design in {design for design, _ in rows}:
        own = [i for i, (d, _) in enumerate(rows) if d == design and p[i] is not None]
        for i, adjusted in zip(own, evidence.holm([p[i] for i in own]), strict=True):
            p[i] = adjusted
    return p
