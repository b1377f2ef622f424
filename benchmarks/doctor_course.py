"""Does the doctor say of the course's own trainings what was measured of them?

Run ``python benchmarks/doctor_course.py --seeds 2``; some minutes a row and seed on a core,
resumable. The script of a recipe, as the pages show it, is trained beside the doctor on the
recorded images. In the table, what it named stands beside the split of the recorded jumping:
mean jitter over all recorded seeds, as validated and with either cause, or both, taken away.
It is written into ``docs/doctor.md``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import tlhelpers as tl
from tlhelpers.analysis.study import Study
from tlhelpers.core import files, paths
from tlhelpers.core.console import run_script
from tlhelpers.core.marks import put_between
from tlhelpers.core.progress import bar
from tlhelpers.measures import stability
from tlhelpers.training.program import program
from tlhelpers.training.run import Experiment

PAGE = paths.PROJECT / "docs" / "doctor.md"
ROWS = {
    "retinopathy": ("posted", "learning-rate-1e-5", "frozen-batchnorm", "weight-average-update-bn"),
    "ferplus": ("posted", "learning-rate-1e-4", "frozen-batchnorm", "weight-average-update-bn"),
}
READINGS = ("val_nll", "val_nll_fresh", "val_nll_averaged", "val_nll_averaged_fresh")


def script(study: Study, name: str, seed: int) -> str:
    """A recipe's script with its images and its seed."""
    case = study.case
    arrays = "x_train, y_train, x_val, y_val"
    return "\n".join(
        [
            "import keras",
            "import tlhelpers as tl",
            f'{arrays} = tl.study("{case.name}", "{case.profile}").case.arrays',
            f"keras.utils.set_random_seed({seed})",
            program(study.runs(name)[0].recipe, len(case.arrays[1][0]), case.arrays[0].shape[-1]),
        ]
    )


def ask(study: Study, name: str, seed: int) -> list[str]:
    """The codes that the doctor gives a training, worst first, or what it gave before."""
    kept = paths.build() / "doctor_course" / f"{study.case.name}-{name}-{seed}.json"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "train.py"
            file.write_text(script(study, name, seed), encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-m", "tlhelpers.doctor", "--out", folder, str(file)],
                capture_output=True,
                text=True,
                env={**os.environ, "TLHELPERS_PROGRESS": "0"},
            )
            if done.returncode:
                raise SystemExit(f"{name}, seed {seed} failed:\n{done.stderr[-1500:]}")
            report = (Path(folder) / "report.json").read_text(encoding="utf-8")
        kept.parent.mkdir(parents=True, exist_ok=True)
        files.save(kept, report)
    fits = json.loads(kept.read_text(encoding="utf-8"))["fits"]
    return [one["code"] for one in fits[-1]["diagnoses"]]


def split(study: Study, name: str) -> list[str]:
    """Mean jitter of the recorded runs in each of `READINGS`."""
    runs = study.runs(name)
    if runs[0].recipe.weight_average_epochs:  # nothing is left to take away
        return [_mean_jitter(runs, READINGS[0]), *["–"] * 3]
    return [_mean_jitter(runs, column) for column in READINGS]


def _mean_jitter(runs: Experiment, column: str) -> str:
    return f"{np.mean([stability.jitter(run.curve(column)) for run in runs]):.3f}"


def main(
    seeds: Annotated[int, typer.Option(min=1)] = 2,
    write: bool = True,
) -> None:
    """Train and ask, then print the table."""
    lines = [
        "| training | jitter | fresh statistics | averaged weights | both | the doctor, by seed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    asked = [(case, name) for case, names in ROWS.items() for name in names]
    for case, name in bar(asked, desc="recipes", unit="recipe"):
        study = tl.study(case, "quick")
        given = [", ".join(f"`{c}`" for c in ask(study, name, s)) or "`none`" for s in range(seeds)]
        row = [f"{case}, {name}", *split(study, name), "; ".join(given)]
        lines.append(f"| {' | '.join(row)} |")
    text = "\n".join(lines)
    print(text)
    if write:
        files.save(PAGE, put_between(PAGE.read_text(encoding="utf-8"), "course", text))


if __name__ == "__main__":
    run_script(main)
