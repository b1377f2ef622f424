"""What the protocol makes of the comparisons: does a fix count? See recordings/PROTOCOL.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.analysis import answers, metrics
from tlhelpers.analysis.comparisons import (
    DESCRIBED,
    FEWEST_SEEDS,
    HELPS,
    HURTS,
    NOISE,
    Comparison,
    compare,
)
from tlhelpers.analysis.wording import effect_words
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment import protocol
from tlhelpers.experiment.cases import case
from tlhelpers.experiment.protocol import Question
from tlhelpers.measures import stability
from tlhelpers.measures.statistics import NoiseFloor, holm, noise_floor
from tlhelpers.training.run import Experiment

if TYPE_CHECKING:
    import pandas as pd

MARGINS = {"auc": 0.02, "macro_f1": 0.03}
"""How much worse a score may be and still count as not worse; set before the runs."""

SCHEMA = 1
"""Of what `to_json` gives; `findings.schema.json` beside this module says what stands in it."""

COUNTS = "counts"
STEADIER = "steadier, score uncertain"
NOT_SHOWN = "not shown to be steadier"
LESS_STEADY = "less steady"
NOTHING = "nothing to steady"
NEEDED = "needed"
NOT_NEEDED = "not shown to be needed"
DIVERGED = "diverged"
CONCLUSIONS = (
    COUNTS, STEADIER, NOT_SHOWN, LESS_STEADY, NOTHING, NEEDED, NOT_NEEDED, DIVERGED,
    DESCRIBED,
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """The answer to one question of the protocol.

    Attributes
    ----------
    question : Question
    before, after : Experiment
        Paired by seed.
    jitter, climb, train_inference_gap, score : Comparison or None
        None if a run diverged.
    p : float or None
        Of jitter, after Holm's correction over all questions of the same design, those that no
        run answers yet included. None if it is only described, or a run diverged.
    score_p : float or None
        The same of the score.
    not_worse : bool or None
        Whether the interval of the score's change lies above minus the margin.
    better_than_nothing : bool or None
        Whether the interval of the mean score lies above that of a constant answer.
    jumps : bool
        Whether the recipe as posted jumps beyond its noise, so that there is something to steady.
    diverged : str or None
        The run that diverged, if one did.
    """

    question: Question
    before: Experiment
    after: Experiment
    jitter: Comparison | None
    climb: Comparison | None
    train_inference_gap: Comparison | None
    score: Comparison | None
    p: float | None
    score_p: float | None
    not_worse: bool | None
    better_than_nothing: bool | None
    jumps: bool
    diverged: str | None

    @property
    def verdict(self) -> str:
        """One of `CONCLUSIONS`."""
        if self.diverged:
            return DIVERGED
        if self.p is None or self.jitter is None:
            return DESCRIBED
        shown = self.p < 0.05
        if self.question.design == "leave-one-out":
            return NEEDED if shown and self.jitter.effect < 0 else NOT_NEEDED
        if shown and self.jitter.effect > 0:
            return LESS_STEADY
        if not self.jumps:
            return NOTHING
        if not shown:
            return NOT_SHOWN
        return COUNTS if self.not_worse and self.better_than_nothing else STEADIER

    @property
    def seeds(self) -> list[int]:
        """Seeds that ran on both sides."""
        return sorted(set(self.before.seeds) & set(self.after.seeds))

    @property
    def spikes(self) -> tuple[int, int] | None:
        """Spikes of Keras's own ``val_loss`` without and with the change, all seeds together.

        As the field survey counts them (`tlhelpers.measures.stability.spikes`). Nothing is judged
        by them. None if a run diverged.
        """
        if self.diverged:
            return None
        before, after = (
            sum(len(stability.spikes(r.curve("val_loss"))) for r in side if r.seed in self.seeds)
            for side in (self.before, self.after)
        )
        return before, after

    @property
    def on_jitter(self) -> str:
        """What the change does to jitter: `HELPS`, `HURTS` or `NOISE`, as pages say it."""
        return in_a_word(self.jitter, self.p)

    @property
    def on_score(self) -> str:
        """The same of the score."""
        return in_a_word(self.score, self.score_p)

    def to_dict(self) -> dict[str, Any]:
        """What was asked and what came out, as plain values that `json.dumps` takes."""
        compared = {
            "jitter": self.jitter,
            "climb": self.climb,
            "train_inference_gap": self.train_inference_gap,
            "score": self.score,
        }
        return {
            "question": asdict(self.question),
            "verdict": self.verdict,
            "p": self.p,
            "score_p": self.score_p,
            "seeds": self.seeds,
            "spikes": self.spikes and dict(zip(("before", "after"), self.spikes, strict=True)),
            "not_worse": self.not_worse,
            "better_than_nothing": self.better_than_nothing,
            "jumps": self.jumps,
            "diverged": self.diverged,
            "comparisons": {name: c and c.to_dict() for name, c in compared.items()},
        }


def found(
    case_name: str, data: str = "synthetic", profile: str = "quick", root: Path | None = None
) -> list[Finding]:
    """The answered questions of a case, in the order of `protocol.questions`.

    Parameters
    ----------
    case_name, data, profile : str
    root : path, optional
        Folder of recordings; the repository's if not given.

    Returns
    -------
    list of Finding
    """
    score = case(case_name, profile, data).score
    rows = []
    for question, old, new in answers.answered(case_name, data, profile, root or paths.RECORDINGS):
        lost = answers.diverged(question, old, new)
        compared = {
            column: None if lost else compare(old, new, metric, question.design)
            for column, metric in (
                *((name, name) for name in ("jitter", "climb", "train_inference_gap")),
                ("score", score),
            )
        }
        rows.append((question, old, new, compared, lost))
    corrected = [
        _corrected(case_name, profile, [(row[0], row[3][column]) for row in rows])
        for column in ("jitter", "score")
    ]
    posted = next((old for question, old, *_ in rows if not question.before), None)
    # Where a posted run diverged, no verdict asks whether the others jump.
    jumps = posted is not None and not any(run.diverged for run in posted) and _jumps(posted)
    return [
        Finding(
            question,
            old,
            new,
            **compared,
            p=p,
            score_p=score_p,
            not_worse=None if p is None else _not_worse(compared["score"]),
            better_than_nothing=None if p is None else _beats_nothing(new, score),
            jumps=jumps,
            diverged=lost,
        )
        for (question, old, new, compared, lost), p, score_p in zip(rows, *corrected, strict=True)
    ]


def in_a_word(comparison: Comparison | None, p: float | None) -> str:
    """`HELPS` or `HURTS` where the corrected p is below 0.05, else `NOISE`."""
    if comparison is None or p is None or p >= 0.05:
        return NOISE
    return HELPS if (comparison.effect < 0) == (comparison.better == "lower") else HURTS


def _not_worse(score: Comparison | None) -> bool:
    """Whether the interval of the score's change lies above minus the margin."""
    return score is not None and score.low is not None and score.low > -MARGINS[score.metric]


@dataclass(frozen=True)
class Steadiness:
    """Is the steady recipe steady, on seeds that had no part in choosing it?

    Attributes
    ----------
    posted, steady : Experiment
        Runs of fresh seeds.
    unsteadiness : Comparison
        What the protocol judges by (`Protocol.by`): jitter or the largest rise.
    score : Comparison
    """

    posted: Experiment
    steady: Experiment
    unsteadiness: Comparison
    score: Comparison

    @property
    def halved(self) -> bool:
        """The 95 % interval of jitter (or rise) less half of the posted one lies below zero."""
        return noise_floor(self._beyond_half).high < 0

    @property
    def posted_jumps(self) -> bool:
        """Whether the recipe as posted jumps beyond its noise."""
        return _jumps(self.posted, self.unsteadiness.metric)

    @property
    def jumps(self) -> bool:
        """Whether the steady recipe jumps beyond its noise."""
        return _jumps(self.steady, self.unsteadiness.metric)

    @property
    def not_worse(self) -> bool:
        """The interval of the score's change lies above minus the margin."""
        return _not_worse(self.score)

    @property
    def words(self) -> str:
        """What was asked and what came out, a line each."""
        seeds = [run.seed for run in self.posted]
        score, margin = metrics.metric(self.score.metric).title, MARGINS[self.score.metric]
        old, new, by = self.unsteadiness.before, self.unsteadiness.after, self.unsteadiness.metric
        name = metrics.metric(by).title
        lines = [f"seeds {seeds[0]} to {seeds[-1]}: {name} {old:.3f} as posted, {new:.3f} steady"]
        if self.posted_jumps:
            lines.append(f"steady minus half of posted: {_floor(noise_floor(self._beyond_half))}")
        else:
            beyond = [metrics.beyond_noise(runs, by) for runs in (self.posted, self.steady)]
            lines += [
                f"{name} beyond the noise of the images:",
                *(
                    f"  {name} {_floor(each)}: {_jump_words(each)}"
                    for name, each in zip(("posted", "steady"), beyond, strict=True)
                ),
            ]
        lines += [
            f"change of {score}: {effect_words(self.score)}; "
            f"a loss of more than {margin} must be ruled out",
            f"steady by the protocol: {'yes' if self.holds else 'no'}",
        ]
        return "\n".join(lines)

    @property
    def _beyond_half(self) -> dict[int, float]:
        by = self.unsteadiness.metric
        old, new = (metrics.values(runs, by) for runs in (self.posted, self.steady))
        return {seed: new[seed] - old[seed] / 2 for seed in new}

    @property
    def holds(self) -> bool:
        """What the protocol asks: half the jitter, or none where the posted recipe has none."""
        return (self.halved if self.posted_jumps else not self.jumps) and self.not_worse

    def to_dict(self) -> dict[str, Any]:
        """What was asked and what came out, as plain values that `json.dumps` takes."""
        return {
            "seeds": list(self.posted.seeds),
            "holds": self.holds,
            "posted_jumps": self.posted_jumps,
            "jumps": self.jumps,
            "halved": self.halved,
            "not_worse": self.not_worse,
            "comparisons": {
                self.unsteadiness.metric: self.unsteadiness.to_dict(),
                "score": self.score.to_dict(),
            },
        }


def steadiness(
    case_name: str,
    data: str = "synthetic",
    profile: str = "quick",
) -> Steadiness:
    """The steady recipe of a case against the posted one, on the protocol's fresh seeds.

    Parameters
    ----------
    case_name, data, profile : str

    Returns
    -------
    Steadiness

    Raises
    ------
    CourseError
        A run is not recorded, or no recipe has been chosen yet.
    """
    sides, fixes = [], protocol.steady_fixes(case_name, profile)
    if not fixes:
        raise CourseError("no steady recipe has been chosen yet")
    for recipe_fixes in ((), fixes):
        this, recipe = protocol.changed(case_name, profile, data, recipe_fixes)
        runs = []
        for seed in protocol.of(profile).fresh:
            if (run := this.find(recipe, seed, committed=True)) is None:
                raise CourseError(
                    f"Seed {seed} of {'steady' if recipe_fixes else 'posted'} is not recorded for "
                    f"{this.data_words}."
                )
            runs.append(run)
        sides.append(Experiment(recipe, tuple(runs)))
    posted, steady = sides
    by = protocol.of(profile).by
    unsteady, score = (compare(posted, steady, metric, "steady") for metric in (by, this.score))
    return Steadiness(posted, steady, unsteady, score)


@dataclass(frozen=True)
class Judgement:
    """All that the protocol makes of the recordings of a case; the JSON of ``tlhelpers findings``.

    Attributes
    ----------
    case, data, profile : str
    findings : tuple of Finding
    steady : Steadiness or None
        None where the steady recipe is not judged.
    not_judged : str or None
        Why not.
    """

    case: str
    data: str
    profile: str
    findings: tuple[Finding, ...]
    steady: Steadiness | None
    not_judged: str | None

    def to_dict(self) -> dict[str, Any]:
        """Its fields in order, as plain values that `json.dumps` takes."""
        fixes = protocol.of(self.profile).steady[self.case]
        steady = {"fixes": list(fixes), "not_judged": self.not_judged}
        return {
            "case": self.case,
            "data": self.data,
            "profile": self.profile,
            "findings": [finding.to_dict() for finding in self.findings],
            "steady": steady | (self.steady.to_dict() if self.steady else {}),
        }


def to_json(judgements: Iterable[Judgement]) -> dict[str, Any]:
    """What ``tlhelpers findings --json`` prints, after ``findings.schema.json``."""
    return {"schema": SCHEMA, "cases": [one.to_dict() for one in judgements]}


def judge(case_name: str, data: str = "synthetic", profile: str = "quick") -> Judgement:
    """The findings of a case, and whether its steady recipe is steady."""
    findings = tuple(found(case_name, data, profile))
    try:
        steady, why = steadiness(case_name, data, profile), None
    except CourseError as problem:
        steady, why = None, str(problem)
    return Judgement(case_name, data, profile, findings, steady, why)


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """A readable table, one row a finding; effects with their 95 % intervals."""
    import pandas as pd

    score = next((f.score.metric for f in findings if f.score), "score")
    return pd.DataFrame(
        [
            {
                "design": f.question.design,
                "fix": f.question.fix,
                **{
                    name: effect_words(c) if c else "–"
                    for name, c in zip(
                        ("jitter", "climb", "train_inference_gap", score),
                        (f.jitter, f.climb, f.train_inference_gap, f.score),
                        strict=True,
                    )
                },
                "p (Holm)": "–" if f.p is None else f"{f.p:.3f}",
                "spikes": "–" if f.spikes is None else "{} → {}".format(*f.spikes),
                "seeds": len(f.seeds),
                "verdict": f"{f.verdict}: {f.diverged}" if f.diverged else f.verdict,
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


def _beats_nothing(experiment: Experiment, score: str) -> bool:
    found = noise_floor(metrics.values(experiment, score))
    return found.low > trivial_score(experiment, score)


def _jumps(runs: Experiment, by: str = "jitter") -> bool:
    return len(runs) >= FEWEST_SEEDS and metrics.beyond_noise(runs, by).low > 0


def _jump_words(beyond: NoiseFloor) -> str:
    if beyond.low > 0:
        return "it jumps"
    return "no jump" if beyond.high < 0 else "a jump is neither shown nor ruled out"


def _floor(floor: NoiseFloor) -> str:
    return f"{floor.mean:+.3f} ({floor.low:+.3f} to {floor.high:+.3f})".replace("-", "−")


def _corrected(
    case_name: str, profile: str, rows: Sequence[tuple[Question, Comparison | None]]
) -> list[float | None]:
    """p-values after Holm's correction over all that is asked in a design, answered or not.

    A question without a comparison, because a run diverged, counts as not answered.
    """
    p = [c.p if c and question.judged else None for question, c in rows]
    for design in ("single", "behind", "leave-one-out"):
        asked = [
            q for q in protocol.questions(case_name, profile) if q.design == design and q.judged
        ]
        own = {i: p[i] for i, (q, _) in enumerate(rows) if q.design == design}
        answered = {i: value for i, value in own.items() if value is not None}
        unanswered = len(asked) - len(answered)
        adjusted = holm([*answered.values(), *[1.0] * unanswered])
        for i, value in zip(answered, adjusted, strict=False):
            p[i] = value
    return p
