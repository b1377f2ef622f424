"""What the doctor found: for a terminal, for machines, as a page, and inside a notebook."""

from __future__ import annotations

import importlib.metadata
import math
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from tlhelpers.doctor import figures, wording
from tlhelpers.doctor.diagnosis import SCHEMA, Diagnosis, Examination

GENERATOR = "tlhelpers.doctor"
"""What a report of the doctor's says that made it."""

_ROWS = 6  # epochs in the text's table

# Text ---------------------------------------------------------------------------------------------


def text(examinations: Sequence[Examination], width: int = 80) -> str:
    """The report for a terminal.

    Parameters
    ----------
    examinations : sequence of Examination
        One a fit, in their order.
    width : int
        Columns. Code is not broken, and may be wider where there are fewer than 80.

    Returns
    -------
    str
        The first line or sentence is the finding. Without colors.
    """
    lines = _wrapped(wording.finding(examinations), width)
    several = len(examinations) > 1
    silent = [each for each in examinations if several and not each.diagnoses]
    told: dict[str, int] = {}
    for examination in examinations:
        if several and not examination.diagnoses:
            continue
        if several:
            heading = _name(examination)
            lines += ["", *_wrapped(heading, width), "=" * min(len(heading), width)]
        for place, diagnosis in enumerate(examination.diagnoses, 1):
            number = f"{place}. " if len(examination.diagnoses) > 1 else ""
            before = told.setdefault(diagnosis.code, examination.fit)
            where = before if before != examination.fit else None
            lines += ["", *_diagnosis_lines(diagnosis, number, width, where)]
        lines += _table(examination, width)
        lines += _not_looked_at(examination, width)
    if silent:
        fits = wording.fits([each.fit for each in silent])
        lines += ["", *_wrapped(f"Nothing found in {fits}.", width)]
        reasons = dict.fromkeys(why for each in silent for why in each.not_looked_at)
        if reasons:
            lines += ["Not looked at there:"]
            for why in reasons:
                lines += _wrapped(wording.plain(why), width, "- ", "  ")
    if spent := wording.cost(examinations):
        lines += ["", *_wrapped(spent, width)]
    return "\n".join(lines) + "\n"


def _wrapped(words: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    indent = first if rest is None else rest
    return textwrap.wrap(words, max(width, 20), initial_indent=first, subsequent_indent=indent) or [
        first
    ]


def _name(examination: Examination) -> str:
    count = len(examination.epochs)
    epochs = f", {wording.counted(count, 'epoch')}" if count else ""
    return f"Fit {examination.fit}: {wording.plain(examination.model)}{epochs}"


def _diagnosis_lines(
    diagnosis: Diagnosis, number: str, width: int, before: int | None
) -> Iterator[str]:
    """One diagnosis; of one that an earlier fit had, too, only what differs."""
    title = f"{number}{wording.plain(diagnosis.title)} [{wording.plain(diagnosis.code)}]"
    yield from _wrapped(title, width, "", " " * len(number))
    body = "  "
    if share := wording.share_words(diagnosis):
        yield from _wrapped(f"{share[0].upper()}{share[1:]}.", width, body)
    yield from _wrapped(wording.plain(diagnosis.evidence), width, body)
    if before is not None:
        yield from _wrapped(f"What to change: as in fit {before}.", width, body)
        return
    for label, code in _cures(diagnosis):
        yield ""
        yield from _wrapped(f"{label}:", width, body)
        yield ""
        yield from (f"    {line}".rstrip() for line in code.splitlines())
    yield ""
    yield from _wrapped(wording.plain(diagnosis.sure), width, body)
    yield from _wrapped(f"More: page {wording.plain(diagnosis.page)} of the course.", width, body)


def _cures(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Code with its label: one for all, or one for each kind of training."""
    scratch = diagnosis.cure_from_scratch.strip("\n")
    cure = diagnosis.cure.strip("\n")
    if not scratch or scratch == cure:
        return [("What to change", cure)] if cure else []
    return [("If you fine-tune", cure), ("If you train from scratch", scratch)]


def _table(examination: Examination, width: int) -> list[str]:
    """The losses side by side, where another reading shows a diagnosis."""
    drawn = figures.picture(examination)
    panel = drawn.panels[0] if drawn is not None and drawn.panels else None
    if panel is None or not panel.losses or len(panel.lines) < 2 or len(examination.epochs) < 2:
        return []
    if not {line.key for line in panel.lines} - {"keras", "as_validated"}:
        return []
    lines = list(panel.lines)
    heads = [("", *line.label.split("\n"))[-2:] for line in lines]
    sizes = [max(len(row) for row in head) for head in heads]
    while len(lines) > 2 and 8 + sum(size + 2 for size in sizes) > width:
        lines, heads, sizes = lines[:-1], heads[:-1], sizes[:-1]
    rows = [["", *(head[0] for head in heads)], ["epoch", *(head[1] for head in heads)]]
    climbs = any(each.code in ("overfitting", "overconfidence") for each in examination.diagnoses)
    for i in _shown(lines[0].y, climbs):
        rows.append([str(examination.epochs[i]), *(wording.number(line.y[i]) for line in lines)])
    table = ["  ".join(c.rjust(n) for c, n in zip(row, [7, *sizes], strict=True)) for row in rows]
    note = _wrapped(wording.TWO_LOSSES, width) if figures.two_losses(examination) else []
    return ["", "Validation loss:", *(row.rstrip() for row in table), *note]


def _shown(values: np.ndarray, climbs: bool) -> list[int]:
    """Six epochs at most: from the lowest to the last, or those around the largest rise."""
    count = len(values)
    if count <= _ROWS:
        return list(range(count))
    if climbs:
        lowest = min(int(np.nanargmin(values)), count - 2)
        return sorted({int(i) for i in np.linspace(lowest, count - 1, _ROWS).round()})
    rises = np.diff(values)
    peak = int(np.nanargmax(rises)) + 1 if not np.isnan(rises).all() else count - 1
    start = min(max(peak - _ROWS // 2, 0), count - _ROWS)
    return list(range(start, start + _ROWS))


def _not_looked_at(examination: Examination, width: int) -> list[str]:
    if not examination.not_looked_at:
        return []
    lines = ["", "Not looked at:"]
    for why in examination.not_looked_at:
        lines += _wrapped(wording.plain(why), width, "- ", "  ")
    return lines


# JSON ---------------------------------------------------------------------------------------------


def to_json(examinations: Sequence[Examination]) -> dict[str, Any]:
    """The report as plain values, after the schema ``report.schema.json`` beside this module.

    Parameters
    ----------
    examinations : sequence of Examination

    Returns
    -------
    dict
        What ``json.dumps(..., allow_nan=False)`` takes: NaN and infinity are null, curves have six
        significant digits.
    """
    return {
        "schema": SCHEMA,
        "version": _installed("tlhelpers"),
        "keras": _installed("keras"),
        "backend": _backend(),
        "fits": [_fit(each) for each in examinations],
    }


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _backend() -> str | None:
    keras = sys.modules.get("keras")  # the report itself needs none
    return str(keras.config.backend()) if keras is not None else None


def _fit(examination: Examination) -> dict[str, Any]:
    return {
        "fit": int(examination.fit),
        "model": str(examination.model),
        "epochs": [int(epoch) for epoch in examination.epochs],
        "curves": {
            str(name): [_digits(value) for value in values]
            for name, values in examination.curves.items()
        },
        "bands": {
            str(name): [[_digits(end) for end in ends] for ends in values]
            for name, values in examination.bands.items()
        },
        "facts": _plain(dict(examination.facts)),
        "diagnoses": [
            {
                "code": each.code,
                "title": each.title,
                "share": _number(each.share),
                "low": _number(each.low),
                "high": _number(each.high),
                "evidence": each.evidence,
                "cure": each.cure,
                "cure_from_scratch": each.cure_from_scratch,
                "sure": each.sure,
                "page": each.page,
                "share_of": wording.share_noun(each),
            }
            for each in examination.diagnoses
        ],
        "not_looked_at": [str(why) for why in examination.not_looked_at],
        "seconds": _number(examination.seconds),
        "fit_seconds": _number(examination.fit_seconds),
    }


def _number(value: float | None) -> float | None:
    return float(value) if wording.finite(value) else None


def _digits(value: float | None) -> float | None:
    return float(f"{float(value):.6g}") if wording.finite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [_plain(each) for each in value]
    return str(value)


# HTML ---------------------------------------------------------------------------------------------

_LIGHT = """--tld-text: #1d2733; --tld-soft: #56626f; --tld-line: #dde3e9; --tld-paper: #ffffff;
  --tld-behind: #f4f6f8; --tld-bar: #7db6dd; --tld-accent: #0067a3; color-scheme: light;"""
_DARK = """--tld-text: #e6ebf0; --tld-soft: #a5b3c0; --tld-line: #323c46; --tld-paper: #1a2129;
  --tld-behind: #10161b; --tld-bar: #2f6f9c; --tld-accent: #6cc0f5; color-scheme: dark;"""
_STYLE = f"""<style>
.tld {{ {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ .tld {{ {_DARK} }} }}
{figures.STYLE}.tld {{ box-sizing: border-box; background: var(--tld-paper); color: var(--tld-text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; padding: 1.2rem 1.4rem;
  border-radius: 10px; overflow-wrap: break-word; }}
.tld h1, .tld h2, .tld h3 {{ line-height: 1.25; margin: 0; color: inherit; }}
.tld h1 {{ font-size: 1.6rem; }}
.tld h2 {{ font-size: 1.25rem; }}
.tld h3 {{ font-size: 1.1rem; }}
.tld p {{ margin: .5rem 0; }}
.tld .tld-small {{ color: var(--tld-soft); font-size: .9rem; }}
.tld .tld-share {{ font-weight: 600; }}
.tld article {{ border-top: 1px solid var(--tld-line); padding: 1rem 0 .6rem; }}
.tld code, .tld pre {{ font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  color: inherit; background: var(--tld-behind); border: 0; }}
.tld code {{ padding: .1rem .3rem; border-radius: 4px; }}
.tld pre {{ margin: .3rem 0 .8rem; padding: .7rem .9rem; border-radius: 6px; overflow-x: auto;
  border-left: 3px solid var(--tld-accent); }}
.tld pre code {{ padding: 0; user-select: all; -webkit-user-select: all; white-space: pre; }}
.tld .tld-label {{ display: flex; flex-wrap: wrap; gap: 0 .8rem; justify-content: space-between;
  margin: .8rem 0 0; font-weight: 600; }}
.tld .tld-label span {{ font-weight: 400; color: var(--tld-soft); font-size: .85rem; }}
.tld details {{ margin: .6rem 0; color: var(--tld-soft); font-size: .9rem; }}
.tld summary {{ cursor: pointer; }}
.tld dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem;
  margin: .5rem 0; }}
.tld dd {{ margin: 0; min-width: 0; overflow-wrap: anywhere; }}
.tld ul {{ margin: .3rem 0; padding-left: 1.2rem; }}
</style>
"""


def html(examinations: Sequence[Examination]) -> str:
    """The report as one page that needs nothing else: no script, no font, no network.

    Parameters
    ----------
    examinations : sequence of Examination
        One a fit, in their order.

    Returns
    -------
    str
        A whole HTML document, light or dark as the reader's system is.
    """
    found = wording.finding(examinations)
    several = len(examinations) > 1
    silent = [each for each in examinations if several and not each.diagnoses]
    parts: list[str] = []
    told: dict[str, int] = {}
    for examination in examinations:
        if several and not examination.diagnoses:
            continue
        heading = f"<h2>{escape(_name(examination))}</h2>\n" if several else ""
        parts.append(f'<section class="tld">\n{heading}{_body(examination, told)}</section>\n')
    if silent:
        parts.append(_silent(silent))
    about = [] if several else [_name(each) for each in examinations]
    keras, backend = _installed("keras"), _backend()
    about += [f"Keras {keras}" + (f" on {backend}" if backend else "")] if keras else []
    about += [spent.rstrip(".")] if (spent := wording.cost(examinations)) else []
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="{GENERATOR}">
<title>{escape(found)}</title>
{_STYLE}<style>
:root {{ {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}
body {{ margin: 0; background: var(--tld-behind); }}
main {{ max-width: 54rem; margin: 0 auto; padding: 1rem; }}
main > .tld {{ margin: 0 0 1rem; }}
main > header.tld {{ background: none; padding-bottom: 0; }}
@media (max-width: 500px) {{ main {{ padding: .5rem; }} .tld {{ padding: .8rem .9rem; }} }}
</style>
</head>
<body>
<main>
<header class="tld">
<h1>{escape(found)}</h1>
<p class="tld-small">{escape(" · ".join(about))}</p>
</header>
{"".join(parts)}</main>
</body>
</html>
"""


def fragment(examination: Examination) -> str:
    """The report of one fit as a notebook shows it.

    Parameters
    ----------
    examination : Examination

    Returns
    -------
    str
        A ``div`` with its own styles, which reach nothing outside of it.
    """
    found = escape(wording.finding([examination]))
    return (
        f'{_STYLE}<div class="tld">\n<h2>{found}</h2>\n'
        f'<p class="tld-small">{escape(_name(examination))}</p>\n{_body(examination, {})}'
        f"{_spent(examination)}</div>\n"
    )


def _spent(examination: Examination) -> str:
    spent = wording.cost([examination])
    return f'<p class="tld-small">{escape(spent)}</p>\n' if spent else ""


def _body(examination: Examination, told: dict[str, int]) -> str:
    """One fit; `told` are codes that an earlier fit has explained, and that fit's number."""
    repeats = bool(examination.diagnoses) and all(d.code in told for d in examination.diagnoses)
    parts = []
    if (drawn := figures.picture(examination)) is not None:
        figure = figures.svg(drawn)
        if repeats:
            figure = f"<details><summary>Figure</summary>\n{figure}</details>\n"
        parts.append(figure)
        if figures.two_losses(examination):
            parts.append(f'<p class="tld-small">{escape(wording.TWO_LOSSES)}</p>\n')
    articles = [_article(each, told.get(each.code)) for each in examination.diagnoses]
    parts = articles + parts if repeats else parts + articles
    told.update({each.code: examination.fit for each in examination.diagnoses} | told)
    if examination.not_looked_at:
        parts.append("<h3>Not looked at</h3>\n" + _list(examination.not_looked_at))
    if examination.facts:
        rows = "".join(
            f"<dt>{escape(wording.plain(name).replace('_', ' '))}</dt><dd>{_said(value)}</dd>\n"
            for name, value in examination.facts.items()
        )
        parts.append(
            f"<details><summary>What the doctor knows of this fit</summary>\n<dl>\n{rows}</dl>"
            "</details>\n"
        )
    return "".join(parts)


def _said(value: Any) -> str:
    value = _plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return wording.number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_said(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{escape(wording.plain(k))}: {_said(v)}" for k, v in value.items())
    return "–" if value is None else escape(wording.plain(value))


def _article(diagnosis: Diagnosis, before: int | None) -> str:
    parts = [f"<article>\n<h3>{escape(wording.plain(diagnosis.title))}</h3>\n"]
    if share := wording.share_words(diagnosis):
        parts.append(f'<p class="tld-share">{escape(share[0].upper() + share[1:])}.</p>\n')
    parts.append(f"<p>{escape(wording.plain(diagnosis.evidence))}</p>\n")
    if before is not None:
        parts.append(f"<p>What to change: as in fit {before}.</p>\n</article>\n")
        return "".join(parts)
    for label, code in _cures(diagnosis):
        parts.append(
            f'<p class="tld-label">{label} <span>a click selects all of it</span></p>\n'
            f'<pre tabindex="0"><code>{escape(code)}</code></pre>\n'
        )
    parts.append(
        f"<p>{escape(wording.plain(diagnosis.sure))}</p>\n"
        f'<p class="tld-small">More: page {escape(wording.plain(diagnosis.page))} of the course · '
        f"code <code>{escape(wording.plain(diagnosis.code))}</code></p>\n</article>\n"
    )
    return "".join(parts)


def _list(reasons: Sequence[str]) -> str:
    return (
        '<ul class="tld-small">\n'
        + "".join(f"<li>{escape(wording.plain(why))}</li>\n" for why in reasons)
        + "</ul>\n"
    )


def _silent(examinations: Sequence[Examination]) -> str:
    fits = wording.fits([each.fit for each in examinations])
    reasons = list(dict.fromkeys(why for each in examinations for why in each.not_looked_at))
    more = f"<p>Not looked at there:</p>\n{_list(reasons)}" if reasons else ""
    return f'<section class="tld">\n<p>Nothing found in {fits}.</p>\n{more}</section>\n'
