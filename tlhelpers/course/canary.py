"""Which Keras does what the pages say: the facts of `keras_facts` on one Keras after another.

Each Keras has a virtual environment of its own. What is large and the same for many, the backend,
lies in one that they share. All of it is kept, and so is what was seen, until the code changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.core.marks import put_between
from tlhelpers.course import junit

if TYPE_CHECKING:
    from tlhelpers.training.keras_facts.fact import Fact

OLDEST = (3, 3)  # what pyproject.toml asks for
MANY_SECONDS = 3600  # that one Keras may take: beyond it something hangs

# What a Keras before this one needs of the time; from it on the newest does.
_TODAY = (3, 10)
_BACKENDS = {
    "jax": (("jax<0.4.36", "numpy<2"), ("jax",)),
    "tensorflow": (("tensorflow<2.19", "numpy<2"), ("tensorflow",)),
}
# Behind it pip names every version that there is, hundreds of them.
_NOTHING_FITS = re.compile(
    r"ERROR: Could not find a version that satisfies the requirement (?P<what>\S+)"
)
# Modules that decide what is seen.
_CODE = ("core", "measures", "doctor", "training/averaging.py", "training/keras_facts")


@dataclass(frozen=True)
class Answer:
    """One fact on one Keras.

    Attributes
    ----------
    holds : bool or None
        None: it could not be looked at.
    found : str
        What was seen, or what went wrong.
    """

    holds: bool | None
    found: str


@dataclass(frozen=True)
class Column:
    """All facts on one Keras.

    Attributes
    ----------
    keras, backend : str
        Version, and name.
    versions : dict of str to str
        Of Python, NumPy and the backend; empty if Keras could not be imported.
    answers : dict of str to Answer
        By the fact's name.
    """

    keras: str
    backend: str
    versions: dict[str, str]
    answers: dict[str, Answer]


def number(version: str) -> tuple[int, ...]:
    """3.12.1 as (3, 12, 1).

    Raises
    ------
    CourseError
        Not three numbers, or older than `OLDEST`.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise CourseError(f"'{version}' is no version of Keras: write it in full, such as 3.6.0.")
    found = tuple(map(int, version.split(".")))
    if found < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise CourseError(f"Keras {version} is too old for the doctor: begin with {oldest}.")
    return found


def published() -> list[str]:
    """Versions of Keras that pip can install, oldest first.

    Raises
    ------
    CourseError
        pip does not say.
    """
    command = [sys.executable, "-m", "pip", "index", "versions", "keras"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    line = re.search(r"^Available versions: (.+)$", done.stdout, re.M)
    if done.returncode or not line:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise CourseError(f"pip could not list the versions of Keras ({last}): name some, --keras.")
    found = [one.strip() for one in line[1].split(",")]
    found = [one for one in found if re.fullmatch(r"\d+\.\d+\.\d+", one)]
    return sorted((one for one in found if _numbers(one) >= OLDEST), key=_numbers)


def newest_of_each_minor(versions: Iterable[str]) -> list[str]:
    """3.3.3, 3.4.1, ...: of each minor version the last one."""
    newest: dict[tuple[int, ...], str] = {}
    for version in sorted(versions, key=_numbers):
        newest[_numbers(version)[:2]] = version
    return list(newest.values())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


# Environments -----------------------------------------------------------------------------------


def requirements(version: str, backend: str) -> tuple[str, ...]:
    """What pip is asked for beside Keras itself."""
    of_the_time, today = _BACKENDS[backend]
    return today if number(version) >= _TODAY else of_the_time


class Workshop:
    """Makes environments in a folder, each once.

    Parameters
    ----------
    folder : path
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.running: list[subprocess.Popen] = []
        self._one_at_a_time = threading.Lock()

    def python(self, version: str, backend: str) -> Path:
        """The Python of an environment that has this Keras and a backend.

        Raises
        ------
        CourseError
            pip could not install one of the two.
        """
        wanted = requirements(version, backend)
        shared = self.folder / _named(wanted)
        with self._one_at_a_time:
            self._make(shared, wanted, None)
        own = self.folder / f"keras-{version}-{backend}"
        self._make(own, (f"keras=={version}", "packaging"), shared)  # 3.3 forgets to ask for it
        return _python(own)

    def _make(self, place: Path, wanted: Sequence[str], below: Path | None) -> None:
        """An environment, on top of another one; what a kill left is begun again."""
        done = place / "complete"
        if done.exists():
            return
        _run(sys.executable, "-m", "venv", "--clear", *(["--without-pip"] if below else []), place)
        if below:
            files.save(_packages(place) / "below.pth", f"{_packages(below)}\n")
        pip = (_python(place), "-m", "pip", "--disable-pip-version-check", "install", "-q")
        _run(*pip, *wanted)
        files.save(done, " ".join(wanted) + "\n")


def _named(wanted: Sequence[str]) -> str:
    return "with-" + re.sub(r"[^a-z0-9.]+", "-", "-".join(wanted))


def _python(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _packages(place: Path) -> Path:
    """Folder of installed packages."""
    if os.name == "nt":
        return place / "Lib" / "site-packages"
    return place / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"


def _run(*command: object) -> None:
    words = [str(part) for part in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        said = next((line for line in lines if line.startswith("ERROR")), lines[-1])
        if nothing := _NOTHING_FITS.match(said):
            raise CourseError(
                f"pip finds no {nothing['what']}: name a version that there is, and look whether "
                "there is a connection."
            )
        raise CourseError(f"'{' '.join(words[1:])[-120:]}' failed: {said[:200]}")


# Looking ----------------------------------------------------------------------------------------


def fingerprint() -> str:
    """Of the code that decides what is seen."""
    package = paths.PROJECT / "tlhelpers"
    code = hashlib.sha256()
    for part in _CODE:
        place = package / part
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            code.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return code.hexdigest()[:12]


def look(
    version: str, backend: str, facts: Sequence[str], workshop: Workshop, seen: Callable[[], Any]
) -> Column:
    """All facts on one Keras; what was seen before with the same code is read.

    Parameters
    ----------
    version, backend : str
    facts : sequence of str
        Their names.
    workshop : Workshop
    seen : function
        Called after each fact.

    Returns
    -------
    Column
    """
    kept = workshop.folder / "seen" / f"{version}-{backend}.json"
    mark = f"{fingerprint()} {' '.join(requirements(version, backend))}"
    if kept.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        if before["code"] == mark and set(facts) <= set(before["answers"]):
            answers = {name: Answer(*before["answers"][name]) for name in facts}
            for _ in facts:
                seen()
            return Column(version, backend, before["versions"], answers)
    python = workshop.python(version, backend)
    versions, answers, whole = _ask(python, backend, facts, workshop, seen)
    if not whole:  # killed, perhaps, or a backend that was half installed: ask again next time
        return Column(version, backend, versions, answers)
    plain = {name: [each.holds, each.found] for name, each in answers.items()}
    text = json.dumps({"code": mark, "versions": versions, "answers": plain}, indent=1)
    files.save(kept, text + "\n")
    return Column(version, backend, versions, answers)


def _ask(
    python: Path, backend: str, facts: Sequence[str], workshop: Workshop, seen: Callable[[], Any]
) -> tuple[dict[str, str], dict[str, Answer], bool]:
    """Run the facts with that Python; one that never came has an answer that says why.

    Also whether the process came to its end.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {
        "PYTHONPATH": str(paths.PROJECT),
        "KERAS_BACKEND": backend,
        "KERAS_HOME": str(workshop.folder / "home"),  # nobody's keras.json
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TLHELPERS_PROGRESS": "0",
    }
    command = [str(python), "-m", "tlhelpers.training.keras_facts", *facts]
    versions: dict[str, str] = {}
    answers: dict[str, Answer] = {}
    errors = workshop.folder / f"{python.parents[1].name}.err"
    with (
        errors.open("w+", encoding="utf-8") as told,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            env=environment,
            cwd=workshop.folder,
        ) as process,
    ):
        workshop.running.append(process)
        watch = threading.Timer(MANY_SECONDS, process.kill)
        watch.start()
        for line in process.stdout or ():
            if not line.startswith("{"):
                continue  # something else was printed
            record = json.loads(line)
            if "name" not in record:
                versions = record
                continue
            answers[record["name"]] = Answer(record["holds"], record["found"])
            seen()
        watch.cancel()
    why = (errors.read_text(encoding="utf-8").strip().splitlines() or ["the process ended"])[-1]
    errors.unlink()
    for name in facts:
        if name not in answers:
            answers[name] = Answer(None, why[:200])
            seen()
    return versions, answers, process.returncode == 0


def look_at_all(
    versions: Sequence[str],
    backend: str,
    facts: Sequence[str],
    folder: Path,
    jobs: int,
    seen: Callable[[], Any],
    finished: Callable[[Column], Any],
) -> list[Column]:
    """All facts on several Kerases, some at a time.

    Parameters
    ----------
    versions, backend, facts
        As in `look`.
    folder : path
        Where environments and answers are kept.
    jobs : int
        Kerases at a time.
    seen, finished : functions
        Called after each fact, and with each column.

    Returns
    -------
    list of Column
        In the order of the versions.
    """
    workshop = Workshop(folder)
    folder.mkdir(parents=True, exist_ok=True)

    def one(version: str) -> Column:
        column = look(version, backend, facts, workshop, seen)
        finished(column)
        return column

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(one, versions))
        except BaseException:  # Ctrl-C as well: nothing is left running
            pool.shutdown(wait=False, cancel_futures=True)
            for process in workshop.running:
                process.kill()
            raise


# What becomes of it -----------------------------------------------------------------------------


def expected(fact: Fact, column: Column) -> bool:
    """Whether the pages say it of this Keras and backend."""
    return number(column.keras) >= _numbers(fact.since) and fact.backend in (None, column.backend)


def surprises(facts: dict[str, Fact], columns: Sequence[Column]) -> list[tuple[Fact, Column]]:
    """What the pages say of a Keras that does otherwise, or that could not be looked at."""
    return [
        (facts[name], column)
        for name in facts
        for column in columns
        if expected(facts[name], column) and column.answers[name].holds is not True
    ]


def table(facts: dict[str, Fact], columns: Sequence[Column]) -> str:
    """The facts as a table in Markdown, a row a fact and a column a Keras.

    Parameters
    ----------
    facts : dict of str to Fact
    columns : sequence of Column

    Returns
    -------
    str
        With notes that say what was seen instead.
    """
    notes: dict[str, int] = {}
    rows = []
    for fact in facts.values():
        cells = [_cell(fact, column, notes) for column in columns]
        rows.append([fact.where, fact.says.replace("|", "\\|"), *cells])
    head = ["page", "what it says", *(column.keras for column in columns)]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    with_what: dict[str, list[str]] = {}
    for column in columns:
        told = ", ".join(
            f"{word}{column.versions[what]}"
            for what, word in (("python", "Python "), ("backend", ""), ("numpy", "NumPy "))
            if what in column.versions
        )
        with_what.setdefault(told or "not imported", []).append(column.keras)
    lines += ["", *(f"- {', '.join(which)}: {told}." for told, which in with_what.items())]
    if notes:
        lines += ["", *(f"{place}. {words}" for words, place in notes.items())]
    return "\n".join(lines) + "\n"


def _cell(fact: Fact, column: Column, notes: dict[str, int]) -> str:
    answer = column.answers[fact.name]
    if answer.holds:
        return "yes"
    word = "no" if answer.holds is False else "error"
    place = notes.setdefault(answer.found.strip(" ."), len(notes) + 1)
    return f"**{word}** ({place})" if expected(fact, column) else f"{word} ({place})"


def put(text: str, backend: str, rows: str) -> str:
    """A page with the table of a backend in it, in the place of the one that was there."""
    begin, end = f"<!-- {backend} -->", f"<!-- /{backend} -->"
    if begin not in text:
        title = {"jax": "JAX", "tensorflow": "TensorFlow"}[backend]
        text = f"{text.rstrip()}\n\n## On {title}\n\n{begin}\n{end}\n"
    return put_between(text, backend, rows)


def test_cases(facts: dict[str, Fact], columns: Sequence[Column]) -> list[junit.TestCase]:
    """Each fact on each Keras of which it is said, for CI servers."""
    return [
        junit.TestCase(
            f"{column.backend} {column.keras} {name}",
            junit.PASSED if column.answers[name].holds else junit.FAILED,
            message=f"page {fact.where}, {fact.says}: {column.answers[name].found}",
        )
        for column in columns
        for name, fact in facts.items()
        if expected(fact, column)
    ]
