"""How often `tlhelpers check` raises the alarm although nothing has changed.

Run ``python benchmarks/live_checks.py --checks 50``; a check takes ten minutes on two cores, so
this takes a night. Each check has seeds of its own. One that is stopped is made again, and one that
has come to its end is kept in ``build/live_checks``. It prints the table of alarms, with Wilson's
95 % intervals, and writes it into ``docs/nightly.md`` if all checks were whole ones.

``--recorded`` takes no time: recorded runs on seeds that no limit was made from stand for new ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tlhelpers.analysis import metrics
from tlhelpers.core import files, paths
from tlhelpers.core.console import run_script
from tlhelpers.core.errors import CourseError
from tlhelpers.core.marks import put_between
from tlhelpers.core.progress import bar
from tlhelpers.course import regression
from tlhelpers.course.junit import FAILED, INTERRUPTED, PASSED
from tlhelpers.experiment import protocol
from tlhelpers.measures.statistics import wilson

PAGE = paths.PROJECT / "docs" / "nightly.md"
FIRST_SEED = 1000  # no recorded run has such a seed
SEEDS_A_CHECK = 10  # more than one check can use, its second tries included

Counts = dict[str, list[bool]]
"""Of each check by name, whether it failed, once for each time that it was made."""


def made(folder: Path) -> dict | None:
    """The report of a check that came to its end; None if there is none."""
    file = folder / "check.json"
    if not file.exists():
        return None
    record = json.loads(file.read_text(encoding="utf-8"))
    return None if record["status"] == INTERRUPTED else record


def check(number: int, folder: Path, options: list[str]) -> dict:
    """Make a check with seeds that no other one has, or read what it found before."""
    record = made(folder)
    if record is None:
        seed = FIRST_SEED + SEEDS_A_CHECK * number
        command = [sys.executable, "-m", "tlhelpers", "check", "--first-seed", str(seed)]
        done = subprocess.run(
            [*command, "--out", str(folder), *options], capture_output=True, text=True
        )
        record = made(folder)
        if record is None:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise CourseError(f"check {number} did not come to its end: {last}")
    return record


def counted(records: list[dict]) -> Counts:
    """Alarms of each check, and of a whole run of all of them."""
    alarms: Counts = defaultdict(list)
    for record in records:
        for one in record["checks"]:
            if one["status"] in (PASSED, FAILED):
                alarms[one["name"]].append(one["status"] == FAILED)
        alarms["any of them"].append(record["status"] == FAILED)
    return alarms


def table(alarms: Counts) -> str:
    """A row for each outcome check; all mechanism checks share one."""
    rows: Counts = defaultdict(list)
    for name, failed in alarms.items():
        rows["all mechanism checks" if name.endswith(" mechanism") else name] += failed
    lines = ["| check | alarms | share, 95 % interval |", "| --- | --- | --- |"]
    for name, failed in sorted(rows.items(), key=lambda row: (row[0] == "any of them", row[0])):
        low, high = wilson(sum(failed), len(failed))
        interval = f"{100 * low:.0f} to {100 * high:.0f} %"
        lines.append(f"| {name} | {sum(failed)} of {len(failed)} | {interval} |")
    return "\n".join(lines) + "\n"


def of_recorded(plans: list[regression.Plan], seeds: range) -> str:
    """A row for each plan: of all choices of recorded seeds, how many would raise the alarm.

    Parameters
    ----------
    plans : list of Plan
        Of one case, the posted recipe first.
    seeds : range
        No limit is made from them. Plans that were not recorded with them are left out.
    """
    rows = []
    for plan in plans:
        sides = [plans[0], plan] if plan.target and plan.target.fix else [plan]
        runs = [
            {
                seed: run
                for seed in seeds
                if (run := one.case.find(one.recipe, seed, committed=True))
            }
            for one in sides
        ]
        both = sorted(set.intersection(*map(set, runs)))
        if plan.target is None or len(both) < plan.target.runs:
            continue
        of = metrics.metric(plan.target.metric).of
        chosen = list(combinations(both, plan.target.runs))
        means = [[np.mean([of(side[seed]) for seed in each]) for side in runs] for each in chosen]
        failed = sum(not plan.target.holds(float(m[-1] - (m[0] if m[1:] else 0))) for m in means)
        rows.append(f"| {plan.name} | {failed} of {len(chosen)} | {len(both)} |\n")
    return "".join(rows)


def recorded_table() -> str:
    """What `of_recorded` says of the usual checks of both cases."""
    rows = [
        of_recorded(regression.plan(name, fixes), protocol.of("quick").fresh)
        for name, fixes in regression.USUAL.items()
    ]
    return "".join(["| check | alarms | fresh seeds |\n| --- | --- | --- |\n", *rows])


def put(name: str, text: str) -> None:
    """Write a table between its two marks in docs/nightly.md."""
    files.save(PAGE, put_between(PAGE.read_text(encoding="utf-8"), name, text))


def main(
    checks: Annotated[int, typer.Option(min=1, max=1000, help="How many, fresh ones in all.")] = 50,
    case_names: Annotated[list[str] | None, typer.Option("--case")] = None,
    fix_names: Annotated[list[str] | None, typer.Option("--fix")] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    outcomes: bool = True,
    recorded: Annotated[bool, typer.Option("--recorded", help="Train nothing.")] = False,
) -> None:
    """Make so many checks, and count the alarms; other options are those of `tlhelpers check`."""
    if recorded:
        found = recorded_table()
        typer.echo(found)
        return put("recorded", found)
    options = ["--all"] if everything else []
    options += [word for name in case_names or () for word in ("--case", name)]
    options += [word for name in fix_names or () for word in ("--fix", name)]
    options += [] if outcomes else ["--no-outcomes"]
    root = paths.build() / "live_checks" / ("-".join(options).replace("--", "") or "usual")
    records = [
        check(number, root / f"{number:04}", options)
        for number in bar(range(checks), desc="checks")
    ]
    found = table(counted(records))
    minutes = sorted(record["seconds"] / 60 for record in records)[len(records) // 2]
    typer.echo(f"{found}\nmedian time {minutes:.1f} minutes")
    if not options:
        put("alarms", found)


if __name__ == "__main__":
    run_script(main)
