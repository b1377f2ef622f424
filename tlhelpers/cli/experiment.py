"""Commands of the experiment: pretrain, record, evidence, findings, fixes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlhelpers.cli import tables
from tlhelpers.cli.app import EXIT_CODES, MOST_SEEDS, FirstSeed, Profile, Scheduler, app
from tlhelpers.core import paths
from tlhelpers.core.errors import CourseError

if TYPE_CHECKING:
    from tlhelpers.analysis.comparisons import Comparison
    from tlhelpers.analysis.verdicts import Judgement

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
            help="A fix of the catalogue, several joined by +, or 'posted'. Else what the "
            "protocol asks for.",
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Runs of each, if not as many as the protocol asks for.", min=1, max=MOST_SEEDS
        ),
    ] = None,
    first_seed: FirstSeed = 0,
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
    already is not made again; an interrupted one goes on where it stopped. One that fails does not
    stop the others. Several of these commands, started side by side, share the work.
    """
    paths.require_clone("tlhelpers record")
    from tlhelpers.core.progress import bar
    from tlhelpers.course import report
    from tlhelpers.experiment import jobs, protocol
    from tlhelpers.experiment.cases import case

    options = _options(images or ())
    this = case(case_name, profile, data, **options)
    count = this.seeds if seeds is None else seeds
    as_asked = seeds is None and not first_seed
    wanted = jobs.jobs_for(
        case_name,
        data,
        profile,
        fix_names or protocol.recipes(case_name, profile),
        None if as_asked else range(first_seed, first_seed + count),
        **options,
    )
    looked_at = bar(wanted, desc="looking for recordings", unit="run")
    missing = [job for job in looked_at if not job.recorded(paths.RECORDINGS)]
    typer.echo(f"{len(wanted) - len(missing)} of {len(wanted)} runs are recorded.")
    seconds = jobs.seconds_a_run(wanted, paths.RECORDINGS)
    if missing and seconds:
        typer.echo(
            f"{len(missing)} are missing: about {report.duration(len(missing) * seconds)}, one "
            f"after another, at {report.duration(seconds)} each (median of those recorded)."
        )
    if dry_run:
        return
    made = 0
    failed: list[str] = []

    def tell(job: jobs.Job, problem: str) -> None:
        failed.append(f"{job}: {problem}")
        typer.echo(failed[-1], err=True)  # at once: the others may take hours

    with contextlib.ExitStack() as stack:
        elsewhere = {}
        if scheduler and missing:
            from tlhelpers.course import cluster

            client = stack.enter_context(cluster.connect(scheduler))
            elsewhere["train"] = functools.partial(cluster.train, client)
        making = contextlib.closing(jobs.record(missing, tell, **elsewhere))
        for job in stack.enter_context(making):
            made += 1
            typer.echo(f"{job}: recorded")
    if left := sum(not job.recorded(paths.RECORDINGS) for job in missing) - len(failed):
        typer.echo(f"{left} are left to other processes.")
    typer.echo(f"{made} new runs, {len(failed)} failed:" if failed else f"{made} new runs.")
    for line in failed:
        typer.echo(f"  {line}")
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


Cases = Annotated[list[str] | None, typer.Option("--case", help="A case. Both if none is given.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables: docs/nightly.md.")]


@app.command(epilog=EXIT_CODES)
def evidence(
    case_names: Cases = None,
    data: Annotated[
        list[str] | None, typer.Option(help="synthetic or real. Both if none is given.")
    ] = None,
    designs: Annotated[
        list[str] | None,
        typer.Option("--design", help="single, behind, leave-one-out, cumulative."),
    ] = None,
    fix_names: Annotated[
        list[str] | None, typer.Option("--fix", help="A fix, see tlhelpers fixes.")
    ] = None,
    metric_names: Annotated[
        list[str] | None, typer.Option("--metric", help="jitter, climb, auc and others.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What the recordings say about each fix, paired by seed.

    A table of jitter and score; in every metric, or in those named, for what the options choose.
    Each option can be given several times.
    """
    paths.require_clone("tlhelpers evidence")
    import json

    from tlhelpers.analysis import answers, comparisons
    from tlhelpers.analysis.metrics import METRICS
    from tlhelpers.experiment.cases import CASES, DATA
    from tlhelpers.experiment.fixes import FIXES
    from tlhelpers.experiment.protocol import DESIGNS

    wanted = {
        field: asked
        for field, asked, known in (
            ("case", case_names, CASES),
            ("data", data, DATA),
            ("design", designs, DESIGNS),
            ("fix", fix_names, FIXES),
            ("metric", metric_names, METRICS),
        )
        if _known(field, asked or (), known)
    }
    typer.echo(f"Reading {paths.RECORDINGS} …", err=True)  # it takes seconds
    everything = answers.recorded(paths.RECORDINGS, functools.partial(typer.echo, err=True))
    found = [
        comparison
        for comparison in everything
        if all(getattr(comparison, field) in asked for field, asked in wanted.items())
    ]
    if as_json:
        typer.echo(json.dumps(comparisons.to_json(found), indent=1))
    elif not everything:
        typer.echo("Nothing to compare is recorded yet: see tlhelpers record --help.")
    elif not found:
        typer.echo("Nothing of that is recorded: leave an option out, or see tlhelpers record.")
    elif wanted:
        _show_comparisons(found)
    else:
        _show_summary(found)


def _known(what: str, asked: Iterable[str], known: Iterable[str]) -> bool:
    """Whether anything is asked for; raises unless all of it is known."""
    for name in asked:
        if name not in known:
            raise CourseError(f"Unknown {what} '{name}': choose one of {', '.join(known)}.")
    return bool(asked)


def _show_comparisons(found: list[Comparison]) -> None:
    """Every number of each comparison, a table a place and design."""
    from tlhelpers.analysis.wording import comparison_table

    heading = ("case", "data", "profile", "design")
    for where, rows in _grouped(found, heading):
        typer.echo(f"{', '.join(where)}:")
        table = comparison_table(rows).drop(columns=[*heading, "better"])
        level = f" ({100 * rows[0].level:g} %)"  # the same for all: the head of the column says it
        table["interval"] = table["interval"].str.removesuffix(level)
        table = table.rename(columns={"interval": f"interval{level}"})
        tables.show(
            list(table.columns),
            table.values.tolist(),
            words=("fix", "metric", "verdict"),
            spare=("before", "after", "seeds"),
        )
        typer.echo()


def _show_summary(found: list[Comparison]) -> None:
    """Jitter and score of each fix alone, a table a place."""
    from tlhelpers.analysis.wording import effect_words
    from tlhelpers.experiment.cases import case

    alone = [comparison for comparison in found if comparison.design == "single"]
    for where, rows in _grouped(alone, ("case", "data", "profile")):
        name, data, profile = where
        shown = ("jitter", case(name, profile, data).score)
        typer.echo(f"{', '.join(where)}, each fix alone:")
        cells = []
        for (fix_name,), its in _grouped(rows, ("fix",)):
            of = {comparison.metric: comparison for comparison in its}
            words = (f"{of[each].verdict}: {effect_words(of[each])}" for each in shown)
            cells.append([fix_name, str(its[0].seeds), *words])
        tables.show(["fix", "seeds", *shown], cells, words=("fix",), spare=("seeds",))
        typer.echo()
    tables.paragraph(
        "Changes by a fix, with their 95 % intervals; jitter is better lower, the score higher. "
        f"These are {2 * len({(c.case, c.data, c.profile, c.fix) for c in alone})} of "
        f"{len(found)} comparisons. For the others: --fix, --metric, --case, --data, --design; "
        "all of them: --json. What the protocol makes of them: tlhelpers findings."
    )


def _grouped(
    found: Iterable[Comparison], fields: tuple[str, ...]
) -> list[tuple[tuple[str, ...], list[Comparison]]]:
    """Comparisons that agree in these fields, in the order in which they first appear."""
    groups: dict[tuple[str, ...], list[Comparison]] = {}
    for comparison in found:
        where = tuple(getattr(comparison, field) for field in fields)
        groups.setdefault(where, []).append(comparison)
    return list(groups.items())


@app.command(epilog=EXIT_CODES)
def pretrain(
    images: Annotated[
        str, typer.Option(help="drawn-faces, or real-faces: FER+ as data_scripts/ prepares it.")
    ] = "drawn-faces",
) -> None:
    """Make the first weights of the profile 'witness': ResNet50 from scratch, on faces.

    It takes an hour or so, once. Interrupted, it goes on where it stopped. The weights stay on this
    machine, and each run says from which it started.
    """
    from tlhelpers.training import pretraining, similarity, starts

    _known("images", [images], starts.IMAGES)

    def tell(history: dict[str, list]) -> None:
        typer.echo(
            f"epoch {len(history['loss'])} of {pretraining.RECIPE.epochs}: training loss "
            f"{history['loss'][-1]:.3f}, validation accuracy {history['val_accuracy'][-1]:.3f}"
        )

    made = pretraining.pretrain(images, tell)
    file = starts.path(made["backbone"], images)
    typer.echo(f"{file}: weights {made['fingerprint']}")
    tables.paragraph(
        f"validation accuracy {made['accuracy']:.3f}, {made['chance']:.3f} by always saying the "
        f"commonest; step length {similarity.StepLength(**made['step'])}, of published ResNet50s "
        f"{similarity.published()['resnet50'].step.quartiles} and "
        f"{similarity.published()['resnet50-poses'].step.quartiles}"
    )


@app.command(epilog=EXIT_CODES)
def findings(
    case_names: Cases = None,
    data: Annotated[str, typer.Option(help="synthetic or real.")] = "synthetic",
    profile: Profile = "quick",
    as_json: AsJson = False,
    protocol: Annotated[
        bool,
        typer.Option(
            "--protocol", help="For maintainers: make the tables of recordings/PROTOCOL.md again."
        ),
    ] = False,
) -> None:
    """What the protocol makes of the recordings: which fixes count (recordings/PROTOCOL.md)."""
    paths.require_clone("tlhelpers findings")
    if protocol:
        if as_json or case_names or (data, profile) != ("synthetic", "quick"):
            raise CourseError("--protocol makes all tables of a file: leave the other options out.")
        from tlhelpers.analysis import tables as of_recordings
        from tlhelpers.core import files

        file = paths.RECORDINGS / "PROTOCOL.md"
        files.save(file, of_recordings.refresh(files.read_text(file)))
        typer.echo(f"{file}: the tables of the recordings are up to date.")
        return
    import json

    from tlhelpers.analysis import verdicts
    from tlhelpers.experiment.cases import CASES, case, has

    known = [name for name in CASES if has(name, profile, data)]
    cases = case_names or known or list(CASES)
    for name in cases:
        case(name, profile, data)
    if as_json:
        typer.echo(f"Reading {paths.RECORDINGS} …", err=True)  # it takes seconds
        judged = [verdicts.judge(name, data, profile) for name in cases]
        typer.echo(json.dumps(verdicts.to_json(judged), indent=1))
        return
    anything = False
    for name in cases:
        if name != cases[0]:
            typer.echo()
        typer.echo(f"{name}, {data}, {profile}:")  # first: what follows takes seconds
        judgement = verdicts.judge(name, data, profile)
        if not judgement.findings:
            typer.echo("nothing to compare")
            continue
        anything = True
        _show_judgement(judgement)
    if not anything:
        raise CourseError(
            f"Nothing to compare is recorded for {' and '.join(cases)}, {data}, {profile}: a fix "
            "and what it is added to need runs of the same seeds, see tlhelpers record --help."
        )


def _show_judgement(judgement: Judgement) -> None:
    """The findings, a table a design, and how steady the steady recipe is."""
    from tlhelpers.analysis.verdicts import findings_table
    from tlhelpers.experiment import protocol

    table = findings_table(judgement.findings)
    for design, rows in table.groupby("design", sort=False):
        typer.echo(f"\n{design}:")
        rows = rows.drop(columns="design").astype(str)
        tables.show(
            list(rows.columns),
            rows.values.tolist(),
            words=("fix", "verdict"),
            spare=("climb", "train_inference_gap", "spikes", "seeds"),
        )
    steady = protocol.joined(protocol.of(judgement.profile).steady[judgement.case])
    typer.echo(f"\nThe steady recipe{f', {steady}' if steady != protocol.POSTED else ''}:")
    if judgement.steady:
        for line in judgement.steady.words.splitlines():
            tables.paragraph(line, "  ", "")
    else:
        tables.paragraph(f"not judged: {judgement.not_judged}")


@app.command(epilog=EXIT_CODES)
def fixes(
    names: Annotated[list[str] | None, typer.Argument(help="Fixes to tell more of.")] = None,
    protocol: Annotated[
        bool,
        typer.Option(
            "--protocol", help="For maintainers: write the table in recordings/PROTOCOL.md again."
        ),
    ] = False,
) -> None:
    """What may go wrong, how it shows, and which fixes are tried, by the names that --fix takes."""
    from tlhelpers.core import files
    from tlhelpers.experiment.causes import CAUSES, refresh
    from tlhelpers.experiment.fixes import FIXES, fix

    if protocol:
        if names:
            raise CourseError("--protocol makes the whole table of a file: name no fix with it.")
        paths.require_clone("tlhelpers fixes --protocol")
        file = paths.RECORDINGS / "PROTOCOL.md"
        files.save(file, refresh(files.read_text(file)))
        typer.echo(f"{file}: the table of causes and fixes is up to date.")
        return
    for one in map(fix, names or ()):
        changes = [f"{key} = {value!r}" for key, value in {**one.change, **one.images}.items()]
        typer.echo(f"{one.name}: {one.title} ({', '.join(one.cases)})")
        for what, words in (
            ("changes", ", ".join(changes) or "nothing in the recipe"),
            ("against", CAUSES[one.cause - 1].title),
            ("why", one.why),
            ("source", one.source),
        ):
            tables.paragraph(words, " " * 11, f"  {what:8} ")
    for cause in CAUSES if not names else ():
        tables.paragraph(cause.title, " " * 4, f"{cause.number:2}  ")
        tables.paragraph(cause.sign, " " * 15, "    to see it: ")
        for one in (each for each in FIXES.values() if each.cause == cause.number):
            words = f"{one.title} ({', '.join(one.cases)})"
            tables.paragraph(words, " " * 39, f"      {one.name:32} ")
