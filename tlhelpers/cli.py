"""The command line."""

from __future__ import annotations

import collections
import contextlib
import datetime
import functools
import itertools
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from tlhelpers.core import machine, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages

# Everything else is imported where it is needed: `tlhelpers --help` must not wait for it.

_EXIT_CODES = """Exit codes: 0 all is well; 1 a page, a run or a check failed; 2 wrong use, or the
machine lacks something; 130 interrupted."""

app = typer.Typer(
    help="Steady Fine-Tuning from the command line.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Numbers = Annotated[
    list[str] | None, typer.Argument(help="Pages, such as: 0 3. All if none is given.")
]

Profile = Annotated[
    str,
    typer.Option(
        help="How much work: smoke (a check), quick, full (a GPU) and others, docs/full.md."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Use the workers of a Dask cluster: tcp://HOST:8786, or 'local', one worker a GPU.",
        metavar="ADDRESS",
    ),
]


@app.command(epilog=_EXIT_CODES)
def run(
    numbers: Numbers = None,
    profile: Profile = "quick",
    live: Annotated[
        bool | None,
        typer.Option("--live/--no-live", help="Train what is recorded too.", show_default=False),
    ] = None,
    seeds: Annotated[
        int | None,
        # One run has no spread, and the pages are about spread.
        typer.Option(help="Runs of each recipe, if not the profile's number; at least 2.", min=2),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(help="Pages at a time; two if there are two cores, one on a GPU.", min=1),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the executed pages and the report. [default: build/course]"),
    ] = None,
    timeout: Annotated[
        int, typer.Option(help="Seconds that one cell may take.", min=1)
    ] = pages.TIMEOUT,
    scheduler: Scheduler = None,
) -> None:
    """Execute pages and report how they went, as HTML, JSON and JUnit XML.

    The pages in the repository are left as they are.
    """
    from tlhelpers.course import report, runner
    from tlhelpers.experiment.cases import PROFILES

    if profile not in PROFILES:
        raise CourseError(f"Unknown profile '{profile}': choose one of {', '.join(PROFILES)}.")
    parameters = {"profile": profile, "live": live, "seeds": seeds}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    out = out or paths.build() / "course"
    notebooks = pages.find(numbers or (), paths.NOTEBOOKS)

    if jobs and scheduler:
        raise CourseError("--jobs is for one machine: a cluster executes a page on each worker.")
    # Pages share a GPU badly: each kernel takes most of its memory.
    jobs = jobs or (1 if machine.gpus() else min(2, machine.cores()))
    clock = time.monotonic()
    with contextlib.ExitStack() as stack:
        elsewhere = {}
        if scheduler:
            from tlhelpers.course import cluster

            client = stack.enter_context(cluster.connect(scheduler))
            jobs = len(client.nthreads())
            elsewhere["execute"] = functools.partial(cluster.execute, client)
        viewer = stack.enter_context(contextlib.closing(runner.viewer(jobs)))
        results = runner.run(notebooks, out, parameters, jobs, timeout, viewer, **elsewhere)

    width = max(len(result.name) for result in results)
    for result in results:
        seconds = report.duration(result.seconds)
        typer.echo(f"{result.name:{width}}  {result.status:11}  {seconds:>12}")
        if result.problem:
            typer.echo(f"    {result.problem}")
    total = report.duration(time.monotonic() - clock)
    typer.echo(f"{report.count(results)} in {total}. See {out / 'index.html'}")
    codes = {report.PASSED: 0, report.FAILED: 1, report.INTERRUPTED: 130}
    raise typer.Exit(codes[report.overall(results)])


@app.command("pages", epilog=_EXIT_CODES)
def pages_command(
    numbers: Numbers = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is wrong with the notebooks.")
    ] = False,
    execute: Annotated[bool, typer.Option(help="Run the cells.")] = True,
    timeout: Annotated[
        int, typer.Option(help="Seconds that one cell may take.", min=1)
    ] = pages.TIMEOUT,
) -> None:
    """For maintainers: make the notebooks from notebooks/src, executed in the quick profile."""
    from tlhelpers.analysis import prose
    from tlhelpers.core import files
    from tlhelpers.course import report

    failed = False
    for source in pages.find(numbers or (), paths.NOTEBOOKS / "src", ".py"):
        target = paths.NOTEBOOKS / f"{source.stem}.ipynb"
        if not check:
            typer.echo(f"{target.name} …")  # first: it takes seconds to minutes
            clock = time.monotonic()
            pages.build(source, target, execute, timeout)
            typer.echo(f"{target.name} made in {report.duration(time.monotonic() - clock)}")
        # Right after making it too: a print cell without output, say, is worth knowing now.
        problems = pages.check(source, target) if check or execute else []
        for problem in problems:
            typer.echo(f"{target.name}: {problem}")
        failed = failed or bool(problems)
    if not check:
        readme = paths.PROJECT / "README.md"
        files.save(readme, prose.refresh(readme.read_text(encoding="utf-8")))
        _readme_figures(paths.PROJECT / "docs")
    raise typer.Exit(1 if failed else 0)


def _readme_figures(folder: Path) -> None:
    """The figures of README.md, from the recordings as the pages' figures are."""
    from tlhelpers.analysis import plots
    from tlhelpers.experiment import protocol
    from tlhelpers.experiment.cases import case
    from tlhelpers.experiment.fixes import fix

    for name, file, title in (
        ("ferplus", "faces", "Faces: what each change does"),
        ("retinopathy", "retina", "Retina: what each change does"),
    ):
        this = case(name)
        steady = protocol.steady(this)
        steps = {
            "as posted": this.measured,
            "BatchNorm frozen": fix("frozen-batchnorm").apply(this.measured),
            "frozen, weights averaged": steady,
        }
        if this.answer != steady:
            steps["and the softmax's own loss"] = this.answer
        plots.curves(
            {words: this.recorded(recipe, committed=True) for words, recipe in steps.items()},
            title=title,
        ).save(folder / f"{file}.png")


@app.command(epilog=_EXIT_CODES)
def record(
    case_name: Annotated[
        str, typer.Option("--case", help="retinopathy or ferplus.")
    ] = "retinopathy",
    data: Annotated[str, typer.Option(help="synthetic or real.")] = "synthetic",
    profile: Profile = "quick",
    fix_names: Annotated[
        list[str] | None,
        typer.Option(
            "--fix",
            help="A fix of the catalogue, several joined by +, or 'posted'. Else each one alone.",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs of each, if not the profile's number.", min=1)
    ] = None,
    first_seed: Annotated[int, typer.Option(help="Seed to begin with.", min=0)] = 0,
    images: Annotated[
        list[str] | None,
        typer.Option(
            help="everything=true: all real faces; fellow_eyes=0.8: a split that leaks; "
            '\'photographs="aptos"\': other photographs than EyePACS (or "retinamnist").'
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is missing and how long it takes.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Train what the protocol asks for, and keep every run in recordings/.

    Recipes are those of recordings/PROTOCOL.md, or those named with --fix. A run that is recorded
    already is not made again; an interrupted one goes on where it stopped. Several of these
    commands, started side by side, share the work.
    """
    from tlhelpers.course import report
    from tlhelpers.experiment import protocol
    from tlhelpers.experiment.cases import case

    options = _options(images or ())
    this = case(case_name, profile, data, **options)
    count = this.seeds if seeds is None else seeds
    wanted = protocol.jobs(
        case_name,
        data,
        profile,
        fix_names or protocol.recipes(case_name),
        range(first_seed, first_seed + count),
        **options,
    )
    missing = [job for job in wanted if not job.recorded(paths.RECORDINGS)]
    typer.echo(f"{len(wanted) - len(missing)} of {len(wanted)} runs are recorded.")
    seconds = protocol.seconds_a_run(wanted, paths.RECORDINGS)
    if missing and seconds:
        typer.echo(
            f"{len(missing)} are missing: about {report.duration(len(missing) * seconds)}, one "
            f"after another, at {report.duration(seconds)} each (median of those recorded)."
        )
    if dry_run:
        return
    made, failed = 0, 0

    def tell(job: protocol.Job, problem: str) -> None:
        nonlocal failed
        failed += 1
        typer.echo(f"{job}: {problem}", err=True)

    with contextlib.ExitStack() as stack:
        elsewhere = {}
        if scheduler and missing:
            from tlhelpers.course import cluster

            client = stack.enter_context(cluster.connect(scheduler))
            elsewhere["train"] = functools.partial(cluster.train, client, tell)
        for job in stack.enter_context(contextlib.closing(protocol.record(missing, **elsewhere))):
            made += 1
            typer.echo(f"{job}: recorded")
    if left := sum(not job.recorded(paths.RECORDINGS) for job in missing) - failed:
        typer.echo(f"{left} are left to other processes.")
    typer.echo(f"{made} new runs, {failed} failed." if failed else f"{made} new runs.")
    raise typer.Exit(1 if failed else 0)


def _options(pairs: Iterable[str]) -> dict[str, Any]:
    """Options from "name=value", the value as JSON writes it."""
    import json

    options = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            options[name] = json.loads(value)
        except ValueError:
            raise CourseError(f"Cannot read '{pair}': write name=true or name=0.8.") from None
    return options


@app.command(epilog=_EXIT_CODES)
def evidence(
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list instead of a table.")
    ] = False,
) -> None:
    """What the recordings say about each fix, paired by seed, in every metric."""
    import json

    from tlhelpers.analysis import answers
    from tlhelpers.analysis.wording import comparison_table

    typer.echo(f"Reading {paths.RECORDINGS} …", err=True)  # it takes seconds
    found = answers.recorded(paths.RECORDINGS, functools.partial(typer.echo, err=True))
    if as_json:
        typer.echo(json.dumps([comparison.to_dict() for comparison in found], indent=1))
    elif found:
        typer.echo(comparison_table(found).to_string(index=False))
    else:
        typer.echo("Nothing to compare is recorded yet: see tlhelpers record --help.")


@app.command(epilog=_EXIT_CODES)
def findings(
    case_names: Annotated[
        list[str] | None, typer.Option("--case", help="A case. Both if none is given.")
    ] = None,
    data: Annotated[str, typer.Option(help="synthetic or real.")] = "synthetic",
    profile: Profile = "quick",
) -> None:
    """What the protocol makes of the recordings: which fixes count (recordings/PROTOCOL.md)."""
    from tlhelpers.analysis import verdicts as its
    from tlhelpers.experiment import protocol
    from tlhelpers.experiment.cases import CASES, case

    cases = case_names or list(CASES)
    for name in cases:
        case(name, profile, data)
    anything = False
    for name in cases:
        if name != cases[0]:
            typer.echo()
        typer.echo(f"{name}, {data}, {profile}:")  # first: what follows takes seconds
        found = its.found(name, data, profile)
        if not found:
            typer.echo("nothing to compare")
            continue
        anything = True
        typer.echo(its.findings_table(found).to_string(index=False))
        typer.echo(f"\nThe steady recipe, {protocol.joined(protocol.STEADY[name])}:")
        try:
            typer.echo(its.steadiness(name, data, profile).words)
        except CourseError as problem:
            typer.echo(f"not judged: {problem}")
    if not anything:
        raise CourseError(
            f"Nothing to compare is recorded for {' and '.join(cases)}, {data}, {profile}: a fix "
            "and what it is added to need runs of the same seeds, see tlhelpers record --help."
        )


@app.command(epilog=_EXIT_CODES)
def fixes(
    names: Annotated[list[str] | None, typer.Argument(help="Fixes to tell more of.")] = None,
) -> None:
    """What may go wrong, how it shows, and which fixes are tried, by the names that --fix takes."""
    from tlhelpers.experiment.causes import CAUSES
    from tlhelpers.experiment.fixes import FIXES, fix

    for one in map(fix, names or ()):
        changes = [f"{key} = {value!r}" for key, value in {**one.change, **one.images}.items()]
        typer.echo(f"{one.name}: {one.title} ({', '.join(one.cases)})")
        for what, words in (
            ("changes", ", ".join(changes) or "nothing in the recipe"),
            ("against", CAUSES[one.cause - 1].title),
            ("why", one.why),
            ("source", one.source),
        ):
            typer.echo(f"  {what:8} {words}")
    for cause in CAUSES if not names else ():
        typer.echo(f"{cause.number:2}  {cause.title}\n    to see it: {cause.sign}")
        for one in (each for each in FIXES.values() if each.cause == cause.number):
            typer.echo(f"      {one.name:32} {one.title} ({', '.join(one.cases)})")


@app.command(epilog=_EXIT_CODES)
def check(
    case_names: Annotated[
        list[str] | None, typer.Option("--case", help="A case. Both if none is given.")
    ] = None,
    fix_names: Annotated[
        list[str] | None, typer.Option("--fix", help="A fix. All of the case if none is given.")
    ] = None,
    outcomes: Annotated[
        bool,
        typer.Option(help="Train anew and compare with the recordings; minutes for each recipe."),
    ] = True,
    runs: Annotated[
        int,
        typer.Option(help="Most new runs of a recipe; each check takes as few as can tell.", min=1),
    ] = 2,
    first_seed: Annotated[int, typer.Option(help="Seed to begin with.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder of check.json and junit.xml. [default: build/check]")
    ] = None,
) -> None:
    """Is what was unsteady still unsteady, and does what helped still help?

    Mechanism checks prove on a tiny network that each fix does what it says. Outcome checks train
    anew; they fail where a result lies beyond what the spread of the recordings allows.
    """
    from tlhelpers.course import regression, report
    from tlhelpers.experiment.cases import CASES, case
    from tlhelpers.experiment.fixes import fix

    cases = case_names or list(CASES)
    for name in cases:
        case(name)
    for name in fix_names or ():
        if not set(its := fix(name).cases) & set(cases):
            raise CourseError(f"'{name}' is no fix for {', '.join(cases)}, but for {its[0]}.")
    if fix_names:
        cases = [name for name in cases if any(name in fix(one).cases for one in fix_names)]
    out = out or paths.build() / "check"
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    found: list[regression.Outcome] = []

    def write(complete: bool) -> float:
        seconds = round(time.monotonic() - clock, 3)
        about = {"started": started.isoformat(timespec="seconds"), "seconds": seconds}
        regression.write(out, found, about | {"versions": machine.versions()}, complete)
        return seconds

    typer.echo("Importing Keras and reading the recordings.", err=True)
    # Better to know now that the folder cannot be written than in an hour.
    write(complete=False)
    plans = {name: regression.plan(name, fix_names or (), runs) for name in cases if outcomes}
    if plans:
        counts, seconds = zip(*map(regression.trainings, plans.values()), strict=True)
        took = report.duration(sum(seconds))
        typer.echo(f"{sum(counts)} trainings; such runs took {took} when they were recorded.")
    for name in cases:
        typer.echo(f"{name}: mechanism checks on a tiny network, about a minute.", err=True)
        parts = [regression.mechanisms(name, fix_names or ())]
        if outcomes:
            parts.append(regression.outcomes(plans[name], first_seed))
        for outcome in itertools.chain.from_iterable(parts):
            found.append(outcome)
            typer.echo(f"{outcome.status:11}  {outcome.name}: {outcome.claim}")
            if outcome.status != report.PASSED:
                typer.echo(f"             {outcome.found}")
            write(complete=False)
    seconds = write(complete=True)
    statuses = collections.Counter(outcome.status for outcome in found)
    words = ", ".join(f"{number} {status}" for status, number in statuses.items())
    typer.echo(f"{words} in {report.duration(seconds)}. See {out / 'check.json'}")
    raise typer.Exit(1 if regression.overall(found) == report.FAILED else 0)


def main() -> None:
    """The `tlhelpers` command: a `CourseError` becomes one line and exit code 2."""
    try:
        app()
    except CourseError as problem:
        print(f"tlhelpers: {problem}", file=sys.stderr)
        sys.exit(2)
