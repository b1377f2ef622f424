"""``python -m tlhelpers`` is the command ``tlhelpers``."""

from tlhelpers.cli import main

main()
