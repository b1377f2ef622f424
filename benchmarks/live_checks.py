"""How often `tlhelpers check` raises the alarm although nothing has changed.

Run ``python benchmarks/live_checks.py --checks 50``; a check takes ten minutes on two cores, so
this takes a night. Each check has seeds of its own. One that is stopped is made again, and one that
has come to its end is kept in ``build/live_checks``. It prints the table of alarms, with Wilson's
95 % intervals, and writes it into ``docs/nightly.md`` if all checks were whole ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.core.progress import bar
from tlhelpers.course.junit import FAILED, INTERRUPTED, PASSED
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


def main(
    checks: Annotated[int, typer.Option(min=1, max=1000, help="How many, fresh ones in all.")] = 50,
    case_names: Annotated[list[str] | None, typer.Option("--case")] = None,
    fix_names: Annotated[list[str] | None, typer.Option("--fix")] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    outcomes: bool = True,
) -> None:
    """Make so many checks, and count the alarms; other options are those of `tlhelpers check`."""
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
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split("<!-- alarms -->")
        after = rest.split("<!-- /alarms -->")[1]
        files.save(PAGE, f"{before}<!-- alarms -->\n{found}<!-- /alarms -->{after}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except CourseError as problem:
        sys.exit(str(problem))
