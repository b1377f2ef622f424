"""The command ``tlhelpers``, also as ``python -m tlhelpers``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, or say in one line what must be installed for it."""
    try:
        from tlhelpers import cli
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "tlhelpers":
            raise
        print(
            f"tlhelpers: {missing.name} is not installed, and the commands need it: "
            'pip install "tlhelpers[course]", or pip install -e ".[course]" in a clone.',
            file=sys.stderr,
        )
        sys.exit(2)
    cli.main()


if __name__ == "__main__":
    main()
