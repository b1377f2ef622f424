"""Commands of the course: run, pages, site, check."""

from __future__ import annotations

import collections
import contextlib
import datetime
import functools
import itertools
import time
from pathlib import Path
from typing import Annotated

import typer

from tlhelpers.cli import outputs
from tlhelpers.cli.app import (
    EXIT_CODES,
    MOST_SECONDS,
    MOST_SEEDS,
    FirstSeed,
    Profile,
    Scheduler,
    Timeout,
    app,
    path_option,
)
from tlhelpers.core import machine, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages
from tlhelpers.course.execution import TIMEOUT

# Everything else is imported where it is needed: `tlhelpers --help` must not wait for it.

Numbers = Annotated[
    list[str] | None, typer.Argument(help="Pages, such as: 0 3. All if none is given.")
]


@app.command(epilog=EXIT_CODES)
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
        typer.Option(
            help="Runs of each recipe, if not the profile's number; at least 2.",
            min=2,
            max=MOST_SEEDS,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Pages at a time; two if there are two cores, one on a GPU.", min=1, max=100
        ),
    ] = None,
    out: Annotated[
        Path | None,
        path_option("Folder of the executed pages and the report. [default: build/course]"),
    ] = None,
    timeout: Annotated[
        int | None,
        typer.Option(
            help="Seconds that one cell may take. [default: 20 minutes; a week with --live or "
            "--seeds, or in a profile other than smoke and quick]",
            min=1,
            max=MOST_SECONDS,
        ),
    ] = None,
    scheduler: Scheduler = None,
) -> None:
    """Execute pages and report how they went, as HTML, JSON and JUnit XML.

    The pages in the repository are left as they are.
    """
    paths.require_clone("tlhelpers run")
    from tlhelpers.course import report, runner
    from tlhelpers.experiment.cases import CASES, PROFILES, has

    of_both = [name for name in PROFILES if all(has(one, name) for one in CASES)]
    if profile not in of_both:
        what = "Pages show both questions: no page has the" if profile in PROFILES else "Unknown"
        raise CourseError(f"{what} profile '{profile}': choose one of {', '.join(of_both)}.")
    parameters = {"profile": profile, "live": live, "seeds": seeds}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    out = out or paths.build() / "course"
    outputs.check_folder(out, "--out", outputs.RUN)
    notebooks = pages.find(numbers or (), paths.NOTEBOOKS)

    if jobs and scheduler:
        raise CourseError("--jobs is for one machine: a cluster executes a page on each worker.")
    # Pages share a GPU badly: each kernel takes most of its memory.
    jobs = jobs or (1 if machine.gpus() else min(2, machine.cores()))
    trains = live or seeds or profile not in ("smoke", "quick")
    timeout = timeout or (MOST_SECONDS if trains else TIMEOUT)  # a cell may train dozens
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


@app.command("pages", epilog=EXIT_CODES)
def pages_command(
    numbers: Numbers = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is wrong with the notebooks.")
    ] = False,
    execute: Annotated[
        bool,
        typer.Option(help="Run the cells; if not, outputs stay where only text has changed."),
    ] = True,
    student: Annotated[
        Path | None,
        path_option("Only write copies without solutions into this folder.", "--student"),
    ] = None,
    timeout: Timeout = TIMEOUT,
    readme: Annotated[
        bool | None,
        typer.Option(
            "--readme/--no-readme",
            help="Refresh README.md and its figures; if not said, where all pages are made.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """For maintainers: make the notebooks from notebooks/src, executed in the quick profile.

    Where all pages are made, notebooks that have no source any more are removed.
    """
    paths.require_clone("tlhelpers pages")
    from tlhelpers.analysis import prose
    from tlhelpers.core import files
    from tlhelpers.course import report

    if check and readme:
        raise CourseError("--check writes nothing, and --readme does: give one of them.")
    if student is not None:
        others = {"--check": check, "--readme": readme, "--no-execute": not execute}
        if given := " and ".join(name for name, is_given in others.items() if is_given):
            raise CourseError(f"--student only copies pages: leave {given} out.")
        outputs.check_folder(student, "--student", pages.has_students_copies)
        chosen = pages.find(numbers or (), paths.NOTEBOOKS)
        names = {notebook.name for notebook in chosen}
        for notebook in chosen:
            left_out = pages.students_copy(notebook, student / notebook.name, names)
            words = "1 solution" if left_out == 1 else f"{left_out} solutions"
            typer.echo(f"{student / notebook.name}: {words} left out")
        return
    failed = False
    for source in pages.find(numbers or (), paths.NOTEBOOKS / "src", ".py"):
        target = paths.NOTEBOOKS / f"{source.stem}.ipynb"
        if not check:
            typer.echo(f"{target.name} …")  # first: it takes seconds to minutes
            clock = time.monotonic()
            pages.build(source, target, execute, timeout)
            typer.echo(f"{target.name} made in {report.duration(time.monotonic() - clock)}")
        # Right after making it too: a print cell without output, say, is worth knowing now.
        problems = pages.check(source, target)
        for problem in problems:
            typer.echo(f"{target.name}: {problem}")
        failed = failed or bool(problems) and (check or execute)  # else it was asked for
    for notebook in () if numbers else pages.left_over():
        if check:
            typer.echo(f"{notebook.name}: has no source; `tlhelpers pages` removes it")
            failed = True
        else:
            notebook.unlink()
            typer.echo(f"{notebook.name} removed: it has no source")
    if not check and (not numbers if readme is None else readme):
        text = paths.PROJECT / "README.md"
        files.save(text, prose.refresh(files.read_text(text)))
        _readme_figures(paths.PROJECT / "docs")
    raise typer.Exit(1 if failed else 0)


def _readme_figures(folder: Path) -> None:
    """The figure of README.md, from the recordings as the pages' figures are."""
    from tlhelpers.analysis import plots, verdicts

    resnet50 = verdicts.steadiness("retinopathy", profile="witness")
    plots.curves(
        {
            "the question's recipe": resnet50.posted,
            "averaged weights, fresh statistics": resnet50.steady,
        },
        title="ResNet50 on drawn retinas, five trainings each: the jumps are gone",
    ).save(folder / "jumps.png")


@app.command("site", epilog=EXIT_CODES)
def site_command(
    out: Annotated[
        Path | None,
        path_option("Folder of the site; a site in it is replaced. [default: build/site]"),
    ] = None,
    base_url: Annotated[
        str,
        typer.Option(
            help="Where the site will be on the web: for search engines it gets the address of "
            "each page, and a sitemap.",
            metavar="URL",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Make a web site of all pages as they are committed, to be read without installing anything.

    No page is executed, and nothing is fetched. It needs the extra `site`.
    """
    paths.require_clone("tlhelpers site")
    from tlhelpers.course import report, site

    folder = out or paths.build() / "site"
    outputs.check_folder(folder, "--out", outputs.SITE)
    clock = time.monotonic()
    typer.echo("Reading the pages; under a minute on two cores.", err=True)
    number = site.write(folder, base_url)
    seconds = report.duration(time.monotonic() - clock)
    typer.echo(f"{number} pages in {seconds}. See {folder / 'index.html'}")


@app.command(epilog=EXIT_CODES)
def check(
    case_names: Annotated[
        list[str] | None, typer.Option("--case", help="A case. Both if none is given.")
    ] = None,
    fix_names: Annotated[
        list[str] | None, typer.Option("--fix", help="A fix. All of the case if none is given.")
    ] = None,
    outcomes: Annotated[
        bool,
        typer.Option(help="Train again and compare with the recordings; minutes for each recipe."),
    ] = True,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Check the outcome of each fix that helps, and not only of "
            "those that fit into ten minutes.",
        ),
    ] = False,
    runs: Annotated[
        int,
        typer.Option(
            help="Most new runs of a recipe; each check takes as few as can tell.",
            min=1,
            max=MOST_SEEDS,
        ),
    ] = 2,
    first_seed: FirstSeed = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Trainings at a time; two if there are two cores, one on a GPU.", min=1, max=100
        ),
    ] = None,
    out: Annotated[
        Path | None, path_option("Folder of check.json and junit.xml. [default: build/check]")
    ] = None,
) -> None:
    """Is what was unsteady still unsteady, and does what helped still help?

    Mechanism checks prove on a tiny network that each fix does what it says. Outcome checks train
    again; they fail where a result lies beyond what the spread of the recordings allows. Without
    --all or --fix, outcomes are those of the posted recipes and of the cures that are told apart
    from noise at the least cost.
    """
    paths.require_clone("tlhelpers check")
    from tlhelpers.course import regression, report, side_by_side
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
    if everything and fix_names:
        raise CourseError("--all is every fix, and --fix names some: give one of them.")
    if everything and not outcomes:
        raise CourseError(
            "--all is about outcomes, and --no-outcomes checks none: give one of them."
        )
    selection = "all" if everything else "chosen" if fix_names or case_names else "usual"
    few = not (everything or fix_names)
    tried = {name: regression.USUAL[name] if few else fix_names or () for name in cases}
    jobs = jobs or (1 if machine.gpus() else min(2, machine.cores()))
    out = out or paths.build() / "check"
    outputs.check_folder(out, "--out", outputs.CHECK)
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    found: list[regression.Outcome] = []

    def write(complete: bool) -> float:
        seconds = round(time.monotonic() - clock, 3)
        about: dict[str, object] = {"seconds": seconds}
        about |= {"started": started.isoformat(timespec="seconds")}
        about |= {"versions": machine.versions(), "selection": selection}
        regression.write(out, found, about, complete)
        return seconds

    typer.echo("Importing Keras and reading the recordings.", err=True)
    # Better to know now that the folder cannot be written than in an hour.
    write(complete=False)
    plans = {name: regression.plan(name, tried[name], runs) for name in cases if outcomes}
    wanted = [plan for its in plans.values() for plan in its]
    if wanted:
        count, took = regression.trainings(wanted)
        typer.echo(
            f"{count} trainings, {jobs} at a time; one after the other such runs took "
            f"{report.duration(took)} when they were recorded."
        )
    with side_by_side.trainer(wanted, first_seed, jobs if wanted else 1) as train:
        for name in cases:
            typer.echo(f"{name}: mechanism checks on a tiny network, about a minute.", err=True)
            parts = [regression.mechanisms(name, fix_names or ())]
            if outcomes:
                parts.append(regression.outcomes(plans[name], first_seed, train))
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
