"""``python -m tlhelpers.doctor [--out DIR] script.py``: a doctor beside somebody's own script.

The script runs as ``python script.py`` would run it. Each ``fit`` that has validation data gets a
doctor as its last callback; nothing else changes.
"""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

REPORTS = ("report.html", "report.json")


def main(arguments: list[str] | None = None) -> int:
    """Run a script with doctors attached, and write what they found.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line if not given.

    Returns
    -------
    int
        The script's own exit code, whatever becomes of the reports; 2 if it was not begun, 130 if
        it was interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tlhelpers.doctor",
        usage="%(prog)s [-h] [--out DIR] script.py [arguments of the script ...]",
        description="Run a Keras script unchanged and name what is wrong with its trainings.",
    )
    parser.add_argument("--out", default=".", metavar="DIR", help="where the reports go [.]")
    parser.add_argument("script", help="a Python script that calls model.fit")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the script's own arguments")
    options = parser.parse_args(arguments)
    script, folder = Path(options.script), Path(options.out)
    if refusal := _refusal(script, folder, options.out):
        print(refusal, file=sys.stderr)
        return 2
    try:
        import keras  # noqa: F401
    except (ImportError, ValueError) as problem:  # ValueError: a backend that Keras does not know
        why = str(problem).strip().splitlines() or [type(problem).__name__]
        print(
            f"Keras cannot be imported here: {why[-1]}. Install Keras and a backend, or set "
            "KERAS_BACKEND to one that is installed.",
            file=sys.stderr,
        )
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
            if end.code is not None and not isinstance(end.code, int):
                print(end.code, file=sys.stderr)  # as Python does
        except Exception:
            import traceback

            traceback.print_exc()
            code = 1
    plain_where_needed()  # only now: the script's own printing is its own affair
    if doctor.examined:
        print("\n" + doctor.report())
        _save(doctor.save, folder)
        return code
    print(
        f"\ndoctor: '{script.name}' called no fit with validation data, so there was nothing to "
        "look at.",
        file=sys.stderr,
    )
    if _has_fits(folder / "report.json"):  # an hour's training, then `--help`
        print(f"The reports of an earlier run stay in '{folder}'.", file=sys.stderr)
    else:
        _save(doctor.save, folder)
    return code


def _refusal(script: Path, folder: Path, named: str) -> str | None:
    """Why nothing is begun, or None: better to know that now than after a training."""
    if not script.is_file():
        return f"There is no script '{script}'."
    if script.suffix == ".ipynb":
        return (
            f"'{script}' is a notebook: put Doctor() into the callbacks of its fit, or save it as "
            "a script (jupyter nbconvert --to script)."
        )
    if not named.strip():
        return "--out is empty: name a folder, or leave it out."
    files = [folder / name for name in REPORTS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if file.exists() and not _is_ours(file):
                return (
                    f"'{file}' is no report of the doctor's, and would be replaced: choose another "
                    "folder with --out."
                )
        for file in files:
            file.open("ab").close()
    except OSError as problem:
        return f"Reports cannot be written to '{folder}': {problem.strerror}: {problem.filename}."
    return None


def _is_ours(file: Path) -> bool:
    """Whether a file is a report of an earlier run, or the empty one of a run that was killed."""
    text = file.read_text(encoding="utf-8", errors="replace")
    if not text:
        return True
    if file.suffix == ".html":
        from tlhelpers.doctor.report import GENERATOR

        return f'content="{GENERATOR}"' in text
    try:
        return {"schema", "fits"} <= set(json.loads(text))
    except (ValueError, TypeError):
        return False


def _has_fits(file: Path) -> bool:
    """Whether a report of an earlier run says something."""
    try:
        return bool(json.loads(file.read_text(encoding="utf-8"))["fits"])
    except (OSError, ValueError, TypeError, LookupError):
        return False


def _save(save: Callable[[Path], Path], folder: Path) -> None:
    """Write each report that can be written: a script's work must not end in our traceback."""
    from tlhelpers.core.errors import CourseError

    for name in REPORTS:
        try:
            print(f"Report: {save(folder / name)}", file=sys.stderr)
        except CourseError as problem:
            print(f"doctor: {problem}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
