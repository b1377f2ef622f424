"""Commands of the experiment: record, evidence, findings, fixes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from tlhelpers.cli.app import EXIT_CODES, Profile, Scheduler, app
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError

# Everything else is imported where it is needed: `tlhelpers --help` must not wait for it.


@app.command(epilog=EXIT_CODES)
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
    from tlhelpers.experiment import jobs, protocol
    from tlhelpers.experiment.cases import case

    options = _options(images or ())
    this = case(case_name, profile, data, **options)
    count = this.seeds if seeds is None else seeds
    wanted = jobs.jobs_for(
        case_name,
        data,
        profile,
        fix_names or protocol.recipes(case_name, profile),
        range(first_seed, first_seed + count),
        **options,
    )
    missing = [job for job in wanted if not job.recorded(paths.RECORDINGS)]
    typer.echo(f"{len(wanted) - len(missing)} of {len(wanted)} runs are recorded.")
    seconds = jobs.seconds_a_run(wanted, paths.RECORDINGS)
    if missing and seconds:
        typer.echo(
            f"{len(missing)} are missing: about {report.duration(len(missing) * seconds)}, one "
            f"after another, at {report.duration(seconds)} each (median of those recorded)."
        )
    if dry_run:
        return
    made, failed = 0, 0

    def tell(job: jobs.Job, problem: str) -> None:
        nonlocal failed
        failed += 1
        typer.echo(f"{job}: {problem}", err=True)

    with contextlib.ExitStack() as stack:
        elsewhere = {}
        if scheduler and missing:
            from tlhelpers.course import cluster

            client = stack.enter_context(cluster.connect(scheduler))
            elsewhere["train"] = functools.partial(cluster.train, client, tell)
        for job in stack.enter_context(contextlib.closing(jobs.record(missing, **elsewhere))):
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


@app.command(epilog=EXIT_CODES)
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


@app.command(epilog=EXIT_CODES)
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
        steady = protocol.of(profile).steady[name]
        if not steady:
            typer.echo("\nNo steady recipe has been chosen yet.")
            continue
        typer.echo(f"\nThe steady recipe, {protocol.joined(steady)}:")
        try:
            typer.echo(its.steadiness(name, data, profile).words)
        except CourseError as problem:
            typer.echo(f"not judged: {problem}")
    if not anything:
        raise CourseError(
            f"Nothing to compare is recorded for {' and '.join(cases)}, {data}, {profile}: a fix "
            "and what it is added to need runs of the same seeds, see tlhelpers record --help."
        )


@app.command(epilog=EXIT_CODES)
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
