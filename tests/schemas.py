"""What programs read, held against the schemas that say what stands in it."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from tlhelpers.core import paths

REPORTS = {
    "report": "course/report",
    "check": "course/check",
    "setup-check": "course/setup_check",
    "evidence": "analysis/evidence",
    "findings": "analysis/findings",
}
"""Schemas by name, and where in the package they lie."""


@functools.cache
def schema(name: str) -> dict[str, Any]:
    file = paths.PROJECT / "tlhelpers" / f"{REPORTS[name]}.schema.json"
    return json.loads(file.read_text(encoding="utf-8"))


def held(name: str, text: str) -> Any:
    """What a report says, if it keeps its schema; `NaN` is no JSON."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    value = json.loads(text, parse_constant=refuse)
    jsonschema.validate(value, schema(name), cls=jsonschema.Draft202012Validator)
    return value
