"""What was measured on the real sets: numbers that the repository may hold, and no images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def ferplus() -> dict[str, Any]:
    """FER+ as ``data_scripts/measure_ferplus.py`` measured it.

    Returns
    -------
    dict
        "train" and "valid": counts by class, shares, entropy and confusion of the votes, and the
        ceiling of each labelling rule; "duplicates": images that stand on both sides; "note".
    """
    return json.loads(Path(__file__).with_name("ferplus_figures.json").read_text(encoding="utf-8"))
