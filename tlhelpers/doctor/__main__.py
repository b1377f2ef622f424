"""``python -m tlhelpers.doctor [--out DIR] script.py``: a doctor beside somebody's own script.

The script runs as ``python script.py`` would run it. Each ``fit`` that has validation data gets a
doctor as its last callback; nothing else changes.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run a script with doctors attached, and write what they found.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line if not given.

    Returns
    -------
    int
        The script's own exit code; 2 if it cannot be read; 130 if it was interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tlhelpers.doctor",
        description="Run a Keras script unchanged and name what is wrong with its trainings.",
    )
    parser.add_argument("--out", default=".", metavar="DIR", help="where the reports go [.]")
    parser.add_argument("script", help="a Python script that calls model.fit")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the script's own arguments")
    options = parser.parse_args(arguments)
    script, folder = Path(options.script), Path(options.out)
    if not script.is_file():
        print(f"There is no script '{script}'.", file=sys.stderr)
        return 2
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").touch()
    except OSError as problem:
        print(f"Reports cannot be written to '{folder}': {problem.strerror}.", file=sys.stderr)
        return 2
    from tlhelpers.core.console import plain_where_needed
    from tlhelpers.doctor.attach import attached

    code = 0
    folder = folder.resolve()  # the script may change the working directory
    sys.argv = [str(script), *options.args]
    sys.path[0] = str(script.resolve().parent)
    with attached() as doctor:
        try:
            runpy.run_path(str(script), run_name="__main__")
        except KeyboardInterrupt:
            code = 130
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception:
            import traceback

            traceback.print_exc()
            code = 1
    plain_where_needed()  # only now: the script's own printing is its own affair
    if not doctor.examined:
        print(
            f"\ndoctor: '{script.name}' called no fit with validation data, so there was nothing "
            "to look at.",
            file=sys.stderr,
        )
    else:
        print("\n" + doctor.report())
    doctor.save(folder / "report.html")
    doctor.save(folder / "report.json")
    print(f"Reports: {folder / 'report.html'} and report.json", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
