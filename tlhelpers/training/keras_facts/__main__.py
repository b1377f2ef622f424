"""``python -m tlhelpers.training.keras_facts [NAME ...]``: a line of JSON for each fact."""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Print the versions, then each fact as soon as it is seen; all facts if none is named."""
    from tlhelpers.core import machine
    from tlhelpers.core.quiet import keras
    from tlhelpers.training.keras_facts.all import FACTS
    from tlhelpers.training.keras_facts.fact import look

    print(json.dumps(machine.versions()), flush=True)
    for name in sys.argv[1:] or FACTS:
        keras.backend.clear_session()
        print(json.dumps(look(FACTS[name])), flush=True)


if __name__ == "__main__":
    main()
