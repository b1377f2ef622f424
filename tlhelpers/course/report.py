"""What a run of the course leaves for people and machines: index.html, report.json, junit.xml."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tlhelpers.core import files
from tlhelpers.course import junit
from tlhelpers.course.junit import FAILED, INTERRUPTED, NOT_RUN, PASSED

SCHEMA = 1
"""Of report.json; `report.schema.json` beside this module says what stands in it."""


@dataclass(frozen=True)
class PageResult:
    """How one page went.

    Attributes
    ----------
    name : str
        "03_batchnorm"; its copies are called so, with .html and .ipynb.
    title : str
        Its first heading.
    status : str
        "passed", "failed", "interrupted" or "not run".
    seconds : float
    cell : int, optional
        The n of the executed copy's ``In [n]`` that failed.
    line : str, optional
        That cell's first line of code.
    error : str, optional
        What went wrong, in one line.
    """

    name: str
    title: str
    status: str
    seconds: float = 0.0
    cell: int | None = None
    line: str | None = None
    error: str | None = None

    @property
    def problem(self) -> str | None:
        """Cell, line and error in one line, or None."""
        where = f"In [{self.cell}] `{self.line}`: " if self.cell else ""
        return where + self.error if self.error else None

    def test_case(self) -> junit.TestCase:
        """The page for CI servers."""
        return junit.TestCase(self.name, self.status, self.seconds, self.problem or "")


def write(out: Path, results: list[PageResult], about: dict[str, Any]) -> None:
    """Write index.html, report.json and junit.xml into `out`.

    Parameters
    ----------
    out : path
    results : list of PageResult
    about : dict
        What holds for the whole run: "started" (ISO 8601), "seconds", and more plain values: see
        report.schema.json.
    """
    status = overall(results)
    pages = [asdict(result) for result in results]
    record = {"schema": SCHEMA, **about, "status": status, "pages": pages}
    files.save(out / "report.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    cases = [result.test_case() for result in results]
    xml = junit.xml("pages", cases, about["started"], about["seconds"])
    files.save(out / "junit.xml", xml)
    files.save(out / "index.html", _index(out, results, about, status))


def overall(results: list[PageResult]) -> str:
    """One status for all pages: "interrupted", "failed" or "passed"."""
    statuses = {result.status for result in results}
    if statuses & {INTERRUPTED, NOT_RUN}:
        return INTERRUPTED
    return FAILED if FAILED in statuses else PASSED


def duration(seconds: float) -> str:
    """3.2 s, 45 s, 2 min 05 s, 1 h 02 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(results: list[PageResult]) -> str:
    """3 of 4 pages passed."""
    passed = sum(result.status == PASSED for result in results)
    return f"{passed} of {len(results)} page{'s' * (len(results) != 1)} passed"


def _index(out: Path, results: list[PageResult], about: dict[str, Any], status: str) -> str:
    """The page that links to all the others; nothing in it comes from outside."""
    facts = {
        "Started": about["started"].replace("T", " "),
        "Parameters": _words(about.get("parameters", {})),
        "Device": about.get("device", ""),
        "Versions": _words(about.get("versions", {}), " "),
    }
    return _INDEX.substitute(
        status=status.replace(" ", "-"),
        count=count(results),
        total=duration(about["seconds"]),
        rows="\n".join(_row(out, result) for result in results),
        facts="\n".join(
            f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text
        ),
    )


def _words(values: dict[str, Any], between: str = " = ") -> str:
    return ", ".join(f"{name}{between}{value}" for name, value in values.items())


def _row(out: Path, result: PageResult) -> str:
    name, title = escape(result.name), escape(result.title)
    copy = f'<a href="{name}.ipynb">notebook</a>' if _exists(out, result, ".ipynb") else ""
    if _exists(out, result, ".html"):
        title = f'<a href="{name}.html">{title}</a>'
    problem = ""
    if result.error:
        where = f"In [{result.cell}] <code>{escape(result.line or '')}</code><br>"
        problem = f'<p class="problem">{where if result.cell else ""}{escape(result.error)}</p>'
    seconds = "" if result.status == NOT_RUN else duration(result.seconds)
    return (
        f'<tr><td class="number">{escape(result.name[:2])}</td><td>{title}{problem}</td>'
        f'<td><span class="status {result.status.replace(" ", "-")}">{result.status}</span></td>'
        f'<td class="time">{seconds}</td><td>{copy}</td></tr>'
    )


def _exists(out: Path, result: PageResult, suffix: str) -> bool:
    return (out / f"{result.name}{suffix}").exists()


_INDEX = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Steady Fine-Tuning: $count</title>
<style>
:root { color-scheme: light dark; --text: #1d2733; --soft: #5b6875; --line: #dde3e9;
  --paper: #ffffff; --behind: #f4f6f8; --link: #0b5cad;
  --passed: #00674a; --passed-paper: #dff3ec; --failed: #9c2f00; --failed-paper: #fde8df;
  --other: #5a5200; --other-paper: #f7f1cd; }
@media (prefers-color-scheme: dark) { :root { --text: #e6ebf0; --soft: #9dabb8; --line: #323c46;
  --paper: #1a2129; --behind: #11161b; --link: #7ab8ff;
  --passed: #6fd8b4; --passed-paper: #10392d; --failed: #ffab8a; --failed-paper: #47200f;
  --other: #e8d96a; --other-paper: #3b3510; } }
body { margin: 0; background: var(--behind); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
.summary { margin: .3rem 0 1.5rem; color: var(--soft); font-size: 1.05rem; }
.summary strong { color: var(--other); }
.summary strong.passed { color: var(--passed); }
.summary strong.failed { color: var(--failed); }
a { color: var(--link); }
.sheet { overflow-x: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .65rem .9rem; text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: .85rem; font-weight: 600; }
tbody tr { border-top: 1px solid var(--line); }
.number { color: var(--soft); font-variant-numeric: tabular-nums; }
th.time, td.time { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.status { padding: .1rem .6rem; border-radius: 1rem; font-size: .85rem; font-weight: 600;
  white-space: nowrap; color: var(--other); background: var(--other-paper); }
.status.passed { color: var(--passed); background: var(--passed-paper); }
.status.failed { color: var(--failed); background: var(--failed-paper); }
.problem { margin: .4rem 0 0; padding: .4rem .7rem; border-left: 3px solid var(--failed);
  background: var(--behind); font-size: .9rem; overflow-wrap: anywhere; }
code { font: .9em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1.5rem .2rem 0;
  color: var(--soft); font-size: .9rem; }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<h1>Steady Fine-Tuning</h1>
<p class="summary"><strong class="$status">$count</strong> in $total</p>
<div class="sheet">
<table>
<thead><tr><th scope="col">No.</th><th scope="col">Page</th><th scope="col">Status</th>
<th scope="col" class="time">Time</th><th scope="col">Executed copy</th></tr></thead>
<tbody>
$rows
</tbody>
</table>
</div>
<dl>
$facts
</dl>
</main>
</body>
</html>
""")
