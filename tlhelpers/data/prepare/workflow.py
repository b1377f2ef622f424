"""What the commands of `data_scripts` share: matching up, reporting, and the course of a run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from tlhelpers.core import files as disk
from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import downloads
from tlhelpers.data.prepare import prepared as layout
from tlhelpers.data.prepare.command_line import command_line
from tlhelpers.data.prepare.downloads import Remote
from tlhelpers.data.prepare.prepared import Preparation, Prepared, Problem
from tlhelpers.data.prepare.sources import Source, readable_bytes

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SHOWN = 20
"""Lines printed for each kind of problem; problems.csv holds them all."""


# The options of every command.
Target = Annotated[Path, typer.Option(help="Folder for the prepared images.")]
Size = Annotated[int, typer.Option(min=8, max=2048, help="Side in pixels.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Take only the first so many images.")
]  # fmt: skip
Downloads = Annotated[
    Path | None,
    typer.Option(
        help="Folder for what is fetched, and kept.", show_default="downloads/, beside the target"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check, but fetch and write nothing.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace another set in the target folder.")
]


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes
    ----------
    source : str
        A path, or the word for where the set can be fetched.
    target : Path
        The folder to prepare in.
    limit : int or None
        Images at most.
    dry_run, overwrite : bool
    downloads : Path or None
        Where fetched files go; None for a folder ``downloads`` beside the target.
    size : int or None
        Side of the images in pixels; None where the command has no such option.
    """

    source: str
    target: Path
    limit: int | None
    dry_run: bool
    overwrite: bool
    downloads: Path | None
    size: int | None = None


@dataclass(frozen=True)
class ImageSet:
    """One of the sets, as its command describes it.

    Attributes
    ----------
    name : str
        As in about.json ("eyepacs").
    script : str
        Its file in `data_scripts`.
    word : str
        What `--source` says to have it fetched.
    describe : callable
        From an index table to a few words on what is in it.
    count_by : str
        Column of the table whose values are counted in about.json.
    channels : int
        3 for RGB, 1 for grey.
    size : int or None
        Side of the images where there is no choice.
    """

    name: str
    script: str
    word: str
    describe: Callable[[pd.DataFrame], str]
    count_by: str = "grade"
    channels: int = 3
    size: int | None = None


@dataclass(frozen=True)
class Contents:
    """What a source holds, ready to be decoded.

    Attributes
    ----------
    items : DataFrame
        One row per image, the columns of index.csv; `image` is its name.
    problems : list of Problem
        What is left out.
    decode : callable
        From an image's name to its pixels, as `write_prepared` takes it.
    """

    items: pd.DataFrame
    problems: list[Problem]
    decode: Callable[[str], np.ndarray]


def find_one(source: Source, name: str) -> str | None:
    """Path of the file with this name, wherever in the source it lies; None if there is none.

    Raises
    ------
    CourseError
        If there is more than one.
    """
    found = [path for path in source.files if PurePosixPath(path).name == name]
    if len(found) > 1:
        raise CourseError(f"{source.path} holds more than one {name}: {', '.join(found)}")
    return found[0] if found else None


def label_table(source: Source, path: str, rows: list[dict]) -> pd.DataFrame:
    """Rows of a file of labels as a table, which has to name each image once.

    Raises
    ------
    CourseError
        If there are no rows, or two with the same `image`.
    """
    import pandas as pd

    if not rows:
        raise CourseError(f"{path} in {source.path} holds no labels: fetch it again")
    table = pd.DataFrame(rows)
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise CourseError(f"{path} names {twice.iloc[0]} more than once: keep one line per image")
    return table


def match_up(labels: pd.DataFrame, images: Mapping[str, str]) -> tuple[pd.DataFrame, list[Problem]]:
    """Labels that have an image, and what has to be left out.

    Parameters
    ----------
    labels : DataFrame
        Column `image` holds names.
    images : dict of str to str
        Path of each image by its name.

    Raises
    ------
    CourseError
        If no label has an image.
    """
    there = labels["image"].isin(images)
    labelled = set(labels["image"])
    problems = [Problem(name, "label without image") for name in labels["image"][~there]]
    problems += [
        Problem(name, "image without label", path)
        for name, path in sorted(images.items())
        if name not in labelled
    ]
    if not there.any():
        raise CourseError(f"none of the {len(labels):,} labels has an image: is this the set?")
    return labels[there].reset_index(drop=True), problems


def prepare(
    image_set: ImageSet,
    options: Options,
    files: Sequence[Remote],
    look_into: Callable[[Path, ExitStack], tuple[str, Callable[[], Contents]]],
) -> str:
    """Do what the command line asks; the closing line.

    Parameters
    ----------
    image_set : ImageSet
    options : Options
    files : sequence of Remote
        What to fetch if the source is the word and not a path.
    look_into : callable
        From the path of the source (of files fetched: their folder, or the only one itself) to
        the fingerprint of the files used, and the function that lists and checks what they hold.
        What it opens and leaves open goes to the stack, and is closed at the end.

    Raises
    ------
    CourseError
        If files cannot be fetched, the source or target is refused, or the disk is full.
    """
    target, path = options.target, Path(options.source)
    command = _command(image_set, options)
    if options.source == image_set.word:
        # Before anything is fetched again: who has prepared a set may delete the downloads.
        if _made_by(command, target):
            made = layout.load_prepared(target, image_set.name, command)
            return f"already prepared: {_closing_line(made, image_set.describe)}"
        path = (options.downloads or target.parent / "downloads") / image_set.name
        wanted = downloads.missing(files, path)
        if wanted and options.dry_run:
            return (
                f"dry run, nothing fetched: {downloads.describe(wanted)} would come from "
                f"{wanted[0].where} into {path}, free {readable_bytes(layout.free_space(path))}"
            )
        disk.check_writable(target)  # before hours of fetching
        downloads.fetch(files, path)
        if len(files) == 1:
            path /= files[0].name
    if target.resolve() == path.resolve():
        raise CourseError("--target is the same as --source: choose another folder")
    with ExitStack() as opened:
        fingerprint, read = look_into(path, opened)
        preparation = Preparation(
            name=image_set.name,
            source=path.resolve().name,
            fingerprint=fingerprint,
            size=options.size or image_set.size,
            limit=options.limit,
            command=command + (" --overwrite" if options.overwrite else ""),
            channels=image_set.channels,
        )
        return run_preparation(
            preparation,
            target,
            read,
            image_set.describe,
            image_set.count_by,
            options.dry_run,
            options.overwrite,
        )


def _command(image_set: ImageSet, options: Options) -> str:
    """The command that does the same again, but for `--overwrite`."""
    fetched = options.source == image_set.word
    return command_line(
        image_set.script,
        {
            "--source": options.source if fetched else Path(options.source),
            "--target": options.target,
            "--size": options.size,
            "--limit": options.limit,
            "--downloads": options.downloads,
        },
    )


def _made_by(command: str, target: Path) -> bool:
    """Whether the target is complete and was made by this very command."""
    if not (target / layout.ABOUT).exists():
        return False
    return layout.read_about(target).get("command", "").removesuffix(" --overwrite") == command


def run_preparation(
    preparation: Preparation,
    target: Path,
    read: Callable[[], Contents],
    describe: Callable[[pd.DataFrame], str],
    count_by: str,
    dry_run: bool,
    overwrite: bool,
) -> str:
    """Prepare a set, unless it is there already or this is a dry run; the closing line.

    Parameters
    ----------
    preparation : Preparation
        What to prepare. Of what `read` gives, its `limit` is taken.
    target : Path
        The folder to prepare in.
    read : callable
        Lists and checks the source. Not called if the target is complete.
    describe : callable
        From an index table to a few words on what is in it.
    count_by : str
        Column of the table whose values are counted in about.json.
    dry_run, overwrite : bool
        Options of the command line.

    Raises
    ------
    CourseError
        If the source or target is refused, or the disk is full.
    """
    if layout.is_complete(target, preparation, overwrite):
        prepared = layout.load_prepared(target, preparation.name, preparation.command)
        return f"already prepared: {_closing_line(prepared, describe)}"
    if not dry_run:
        disk.check_writable(target)
    contents = read()
    items = contents.items.head(preparation.limit)
    if dry_run:
        _report(layout.problem_table(contents.problems))
        found = Counter(problem.problem for problem in contents.problems)
        return (
            f"dry run, nothing written: {describe(items)}; left out: {_left_out(found)}; "
            f"needs {readable_bytes(layout.space_needed(len(items), preparation.shape))}, "
            f"free {readable_bytes(layout.free_space(target))}"
        )
    prepared = layout.write_prepared(
        target, items, contents.decode, preparation, contents.problems, count_by, overwrite
    )
    _report(layout.read_problems(target))
    return f"prepared: {_closing_line(prepared, describe)}"


def run_command(name: str, work: Callable[[], str]) -> int:
    """Print what `work` returns, or its error in one line; the exit code of the command."""
    try:
        print(work())
    except CourseError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: stopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


def _closing_line(prepared: Prepared, describe: Callable[[pd.DataFrame], str]) -> str:
    """What is there, what is not, where, and how large."""
    return (
        f"{describe(prepared.index)}; left out: {_left_out(prepared.about['skipped'])}; "
        f"in {prepared.folder}, {prepared.images.shape[1]} pixels, "
        f"{readable_bytes(prepared.bytes_on_disk)}"
    )


def _left_out(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in skipped.items()) or "nothing"


def _report(problems: pd.DataFrame) -> None:
    """One line for each thing left out, on stderr; long lists are cut."""
    for kind, rows in problems.groupby("problem", sort=False):
        for row in rows.head(SHOWN).itertuples():
            print(f"{kind}: {row.image}" + (f" ({row.why})" if row.why else ""), file=sys.stderr)
        if len(rows) > SHOWN:
            print(f"{kind}: {len(rows) - SHOWN:,} more", file=sys.stderr)
