"""How often the doctor is right: small programs with a known trouble, and healthy ones.

Run ``python benchmarks/doctor_truth.py --seeds 5 --jobs 2``. Programs are those of
``tests/doctor/programs``, of ``tests/doctor/strangers`` and of the folders that are named. It
prints the table and writes it into ``docs/doctor.md``. A program's first line says what is wrong
with it.

A program takes 7 to 15 seconds of a core, so all seeds take hours. Answers are kept in
``doctor_truth.csv`` beside this file, which is committed: an interrupted benchmark goes on, days
later and elsewhere as well. An answer counts as long as its program and the code that decides
read the same.

What the doctor measured is kept in ``build/doctor_truth``, a file a run. Where only its rules have
changed since, they are asked again about that, and nothing is trained.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import json
import os
import pickle
import sys
import tempfile
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Annotated

import typer

from tlhelpers.core import files, paths
from tlhelpers.core.console import run_script
from tlhelpers.core.marks import put_between
from tlhelpers.core.progress import bar
from tlhelpers.measures.statistics import wilson

OWN = [paths.PROJECT / "tests" / "doctor" / name for name in ("programs", "strangers")]
PAGE = paths.PROJECT / "docs" / "doctor.md"
KEPT = paths.PROJECT / "benchmarks" / "doctor_truth.csv"
MEASURED = paths.build() / "doctor_truth"
HEALTHY = "none"
TELLING = {"catalogue.py", "figures.py", "plotting.py", "report.py", "wording.py"}
"""Modules of the doctor that word what was found and decide nothing."""

# Importing Keras takes five of twelve seconds. A server imports it once, and each program gets a
# process that is forked from it before anything was computed.
_WORKSHOP = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")
_WORKSHOP.set_forkserver_preload(["keras", "tlhelpers.doctor.attach"])


@dataclass(frozen=True)
class Answer:
    """What the doctor said of one program and seed: codes of the last fit, worst first."""

    program: str
    truth: str
    seed: int
    codes: tuple[str, ...]

    @property
    def first(self) -> str:
        return self.codes[0] if self.codes else HEALTHY


def truth(program: Path) -> str:
    """The code in a program's first line."""
    return program.read_text(encoding="utf-8").splitlines()[0].split("CODE:")[1].strip(' ."')


def _doctor(said: Path, measured: Path, arguments: list[str]) -> None:
    """In a process of its own: what the command does, with its words kept in a file.

    What the rules were asked about the last `fit` is left in `measured`.
    """
    from tlhelpers.doctor import rules
    from tlhelpers.doctor.__main__ import main as doctor

    judge = rules.judge

    def judge_and_keep(*asked):
        measured.write_bytes(pickle.dumps(asked))
        return judge(*asked)

    rules.judge = judge_and_keep
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(doctor(arguments))


@functools.cache
def _code(rules: bool) -> str:
    """The code that measures, and with `rules` also that which decides."""
    wings = [paths.PROJECT / "tlhelpers" / name for name in ("doctor", "measures")]
    found = [file for wing in wings for file in sorted(wing.rglob("*.py"))]
    if not rules:
        found = [file for file in found if file.parent.name != "rules"]
    return "".join(file.read_text("utf-8") for file in found if file.name not in TELLING)


@functools.cache
def key(program: Path, rules: bool = True) -> str:
    """What an answer hangs on: the program, and the code that decides; or only what measures."""
    return hashlib.sha256((program.read_text("utf-8") + _code(rules)).encode()).hexdigest()[:12]


class Kept:
    """Answers of this and of earlier runs, one line of a table each.

    Parameters
    ----------
    file : path
        Columns program, seed, key, and codes with blanks between. It need not exist.
    programs : list of path
        What was said of them as they were, or by rules as they were, leaves the file.
    """

    def __init__(self, file: Path, programs: list[Path]) -> None:
        self.file = file
        self._lock = threading.Lock()
        keys = {program.stem: key(program) for program in programs}
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self._codes = {
            (line["program"], int(line["seed"]), line["key"]): tuple(line["codes"].split())
            for line in csv.DictReader(lines)
            if keys.get(line["program"], line["key"]) == line["key"]
        }

    def find(self, program: Path, seed: int) -> tuple[str, ...] | None:
        """The codes that were said of a program and seed, worst first; None if nobody asked."""
        return self._codes.get((program.stem, seed, key(program)))

    def add(self, program: Path, seed: int, codes: tuple[str, ...]) -> None:
        """Keep an answer, at once."""
        with self._lock:
            self._codes[program.stem, seed, key(program)] = codes
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(["program", "seed", "key", "codes"])
            writer.writerows([*of, " ".join(codes)] for of, codes in sorted(self._codes.items()))
            files.save(self.file, text.getvalue())


def ask(program: Path, seed: int, kept: Kept) -> Answer:
    """Run a program beside the doctor, or say what is known of such a run."""
    codes = kept.find(program, seed)
    if codes is None:
        measured = MEASURED / f"{program.stem}-{seed}-{key(program, rules=False)}.pickle"
        codes = judged(measured) if measured.exists() else run(program, seed, measured)
        kept.add(program, seed, codes)
    return Answer(program.stem, truth(program), seed, codes)


def judged(measured: Path) -> tuple[str, ...]:
    """What the rules, as they are now, say of a run as it was."""
    from tlhelpers.doctor import rules

    seen, before, labels, facts = pickle.loads(measured.read_bytes())
    seen = replace(seen, curves=rules.series(seen.epochs))
    return tuple(one.code for one in rules.judge(seen, before, labels, facts))


def run(program: Path, seed: int, measured: Path) -> tuple[str, ...]:
    """Codes for the last `fit` of a program; what was measured is kept if it gives the same."""
    with tempfile.TemporaryDirectory() as folder:
        said, asked = Path(folder) / "said.txt", Path(folder) / "asked.pickle"
        done = _WORKSHOP.Process(
            target=_doctor, args=(said, asked, ["--out", folder, str(program), str(seed)])
        )
        done.start()
        done.join()
        if done.exitcode:
            raise SystemExit(
                f"{program.name} failed:\n{said.read_text('utf-8', errors='replace')[-1500:]}"
            )
        fits = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))["fits"]
        codes = tuple(one["code"] for one in fits[-1]["diagnoses"]) if fits else ("no-fit",)
        # A last fit that was given up was not judged.
        if asked.exists() and judged(asked) == codes:
            files.save(measured, lambda file: file.write(asked.read_bytes()))
    return codes


def table(answers: list[Answer]) -> str:
    """Recall and precision by code, and the false alarms."""
    by_truth, by_first = defaultdict(list), defaultdict(list)
    for one in answers:
        by_truth[one.truth].append(one)
        by_first[one.first].append(one)
    lines = [
        "| trouble | runs | named first | named at all | when named first, right |",
        "| --- | --- | --- | --- | --- |",
    ]
    for code in sorted(by_truth, key=lambda code: (code == HEALTHY, code)):
        runs, said = by_truth[code], by_first[code]
        first = sum(one.first == code for one in runs)
        there = sum(code in one.codes or one.first == code for one in runs)
        right = sum(one.truth == code for one in said)
        precision = f"{right} of {len(said)}" if said else "–"
        lines.append(f"| `{code}` | {len(runs)} | {first} | {there} | {precision} |")
    faulty = [one for one in answers if one.truth != HEALTHY]
    named = [one for one in answers if one.codes]
    alarms = [one for one in answers if one.truth == HEALTHY and one.codes]
    healthy = len(by_truth[HEALTHY])
    for words, k, n in (
        ("Named first, of all faulty runs", sum(o.first == o.truth for o in faulty), len(faulty)),
        ("Named at all", sum(o.truth in o.codes for o in faulty), len(faulty)),
        ("First name right, of all given", sum(o.first == o.truth for o in named), len(named)),
        ("False alarms on healthy runs", len(alarms), healthy),
    ):
        if n:
            low, high = wilson(k, n)
            lines.append(f"\n**{words}: {k} of {n}** ({100 * low:.0f} to {100 * high:.0f} %).")
    wrong = sorted({(o.program, o.seed, o.truth, o.first) for o in answers if o.first != o.truth})
    if wrong:
        lines += ["\nWhere the first name was another:", ""]
        lines += [f"- {program}, seed {seed}: `{first}`" for program, seed, _, first in wrong]
    return "\n".join(lines)


def main(
    folders: Annotated[list[Path] | None, typer.Argument(help="More folders of programs.")] = None,
    seeds: Annotated[int, typer.Option(help="The seed to stop before.")] = 5,
    first: Annotated[int, typer.Option(min=0, help="The seed to begin with.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Programs at a time.")] = 1,
    write: bool = True,
) -> None:
    """Ask about every program and seed, then print the table."""
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TLHELPERS_PROGRESS="0", TF_CPP_MIN_LOG_LEVEL="3")
    programs = [p for folder in (*OWN, *(folders or [])) for p in sorted(folder.glob("*.py"))]
    asked = [(program, seed) for seed in range(first, seeds) for program in programs]
    kept = Kept(KEPT, programs)
    with ThreadPoolExecutor(jobs) as pool:  # each program is a process of its own
        answers = list(
            bar(
                pool.map(lambda each: ask(*each, kept), asked),
                total=len(asked),
                desc="programs",
                unit="run",
            )
        )
    text = table(answers)
    print(text)
    if write:
        files.save(PAGE, put_between(PAGE.read_text(encoding="utf-8"), "truth", text))


if __name__ == "__main__":
    run_script(main)
