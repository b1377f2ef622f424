"""What the field survey's logs say, and how little 723 logs of 35 authors may mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.data import field_survey
from tlhelpers.data.field_survey import Log
from tlhelpers.measures import stability
from tlhelpers.measures.statistics import clustered_share, wilson

if TYPE_CHECKING:
    import pandas as pd

FAMILIES = ("ResNet50", "EfficientNet", "MobileNet", "other")
"""Families of backbones, from the longest step to the shortest as far as steps were measured."""


def jitter(log: Log) -> float:
    """Jitter of a log's ``val_loss``, in log units per step between two epochs."""
    return stability.jitter(log.val_loss)


def spiked(log: Log, factor: float = 1.5) -> bool:
    """Whether a log's ``val_loss`` spikes at least once (`stability.spikes`)."""
    return bool(stability.spikes(log.val_loss, factor))


def family(backbone: str) -> str:
    """One of `FAMILIES`: "EfficientNetB5" is an "EfficientNet"."""
    return next((name for name in FAMILIES if backbone.startswith(name)), "other")


@dataclass(frozen=True)
class Share:
    """How many logs have something, with two intervals of 95 % that answer two questions.

    Attributes
    ----------
    hits, logs, authors : int
        Logs that have it, all logs, and whose they are.
    low, high : float
        Of other authors' logs: the share lies within, whatever ties the logs of one author
        together (`statistics.clustered_share`). Nearly 0 to 1 where one author has nearly all logs:
        such a group says that something happens, not how often elsewhere.
    own_low, own_high : float
        Of further logs of the same authors, if those were independent (Wilson). Too narrow as far
        as they share code and images; it says nothing about other people.
    """

    hits: int
    logs: int
    authors: int
    low: float
    high: float
    own_low: float
    own_high: float

    @property
    def share(self) -> float:
        """Hits of all, from 0 to 1."""
        return self.hits / self.logs

    def __str__(self) -> str:
        whose = "1 author" if self.authors == 1 else f"{self.authors} authors"
        return (
            f"{self.hits} of {self.logs} logs ({100 * self.share:.0f} %) of {whose}; elsewhere "
            f"anything from {100 * self.low:.0f} to {100 * self.high:.0f} %"
        )


def share(logs: Sequence[Log], has: Callable[[Log], bool] = spiked) -> Share:
    """How many of some logs have something.

    Parameters
    ----------
    logs : sequence of Log
        At least one.
    has : function of a Log
        Whether it has it; a spike of ``val_loss`` unless told otherwise.

    Returns
    -------
    Share

    Raises
    ------
    CourseError
        There are no logs.
    """
    if not logs:
        raise CourseError("No log of the field survey is like that: ask for fewer facts at a time.")
    sizes = Counter(log.author for log in logs)
    hits = Counter(log.author for log in logs if has(log))
    low, high = clustered_share([hits[author] for author in sizes], list(sizes.values()))
    own_low, own_high = wilson(hits.total(), len(logs))
    return Share(hits.total(), len(logs), len(sizes), low, high, own_low, own_high)


def summary(groups: Mapping[str, Sequence[Log]]) -> pd.DataFrame:
    """One row a group of logs: how many there are, how unsteady, how sure that is.

    Parameters
    ----------
    groups : mapping of a group's name to its logs

    Returns
    -------
    DataFrame
        "logs", "authors", "median jitter" (log units per step), "with a spike" (%), "elsewhere"
        (interval of that for other authors' logs, %; see `Share`) and "worst spike" (factor).

    Raises
    ------
    CourseError
        A group is empty.
    """
    import pandas as pd

    rows = {}
    for name, logs in groups.items():
        its = share(logs)
        worst = max((_worst_spike(log) for log in logs), default=1.0)
        rows[name] = {
            "logs": its.logs,
            "authors": its.authors,
            "median jitter": round(float(np.median([jitter(log) for log in logs])), 3),
            "with a spike": f"{100 * its.share:.0f} %",
            "elsewhere": f"{100 * its.low:.0f} to {100 * its.high:.0f} %",
            "worst spike": f"×{worst:.1f}" if its.hits else "",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _worst_spike(log: Log) -> float:
    """Factor of the largest spike; 1 without one."""
    losses = log.val_loss
    return max((losses[t - 1] / losses[t - 2] for t in stability.spikes(losses)), default=1.0)


def by_rate(logs: Sequence[Log] | None = None) -> dict[str, dict[float, list[Log]]]:
    """Logs that the figure compares, by family of backbone and learning rate.

    Parameters
    ----------
    logs : sequence of Log, optional
        If not given: those of Keras, Adam and a backbone with BatchNorm whose pretrained layers
        train.

    Returns
    -------
    dict
        Name in `FAMILIES` to learning rate to logs, rates upwards; a family without logs is left
        out.
    """
    if logs is None:
        logs = [
            log
            for log in field_survey.select(framework="keras", optimizer="Adam", fine_tunes=True)
            if not log.backbone.startswith("VGG")  # has no BatchNorm
        ]
    found: dict[str, dict[float, list[Log]]] = {}
    for name in FAMILIES:
        its = [log for log in logs if family(log.backbone) == name and log.learning_rate]
        for rate in sorted({log.learning_rate for log in its if log.learning_rate}):
            found.setdefault(name, {})[rate] = [log for log in its if log.learning_rate == rate]
    return found
