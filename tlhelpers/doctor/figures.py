"""One figure a fit, as SVG by hand: how the same epochs look when they are read otherwise.

`picture` decides what is drawn: lines, limits, ticks, bars and words. `svg` draws it, and so does
`tlhelpers.doctor.plotting` with Matplotlib; neither has numbers of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import numpy as np

from tlhelpers.doctor import wording
from tlhelpers.doctor.diagnosis import Examination

_LARGEST = 1e30  # beyond that a value is as good as missing
_LOG = 10.0  # ratio from which on the axis is logarithmic
_SAME = 0.05  # relative difference of two losses that nobody could see
_READINGS = ("fresh", "averaged", "recalibrated")

_LABELS = {
    "keras": "as Keras\nshows it",
    "as_validated": "the same,\non a sample",
    "fresh": "statistics\nmeasured",
    "averaged": "averaged\nweights",
    "recalibrated": "recalibrated",
    "training": "training",
}
STYLES: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "keras": ("#b84a00", "#ff9d5c", ()),
    "as_validated": ("#7a5c00", "#e3c04d", (5, 2)),
    "fresh": ("#0067a3", "#6cc0f5", (8, 3)),
    "averaged": ("#9c3a74", "#f0a3cd", (2, 2)),
    "recalibrated": ("#00734f", "#3fd1a0", (8, 2, 2, 2)),
    "training": ("#5b6875", "#9dabb8", (1, 3)),
}
"""Of each line: color on white, color on dark, dashes. Each reading has its color of the pages."""


@dataclass(frozen=True, eq=False)
class Line:
    """One curve; NaN where nothing was measured."""

    key: str
    label: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves over epochs, their limits and ticks, and a text alternative."""

    title: str
    lines: tuple[Line, ...]
    log: bool
    bottom: float
    top: float
    ticks: tuple[tuple[float, str], ...]
    epochs: tuple[int, ...]
    alternative: str
    losses: bool


@dataclass(frozen=True)
class Bar:
    """A diagnosis with its share, from 0 to 1, and its interval where there is one."""

    title: str
    words: str
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, eq=False)
class Picture:
    """All that is drawn of one fit."""

    panels: tuple[Panel, ...]
    bars: tuple[Bar, ...]
    caption: str

    @property
    def bars_title(self) -> str:
        known = any(bar.low is not None for bar in self.bars)
        return "How much" + (", with 95 % interval" if known else "")

    @property
    def bars_alternative(self) -> str:
        return f"{self.bars_title}. " + " ".join(f"{bar.title}: {bar.words}." for bar in self.bars)


# What is drawn ------------------------------------------------------------------------------------


def picture(examination: Examination) -> Picture | None:
    """Choose and measure what is drawn of one fit.

    Parameters
    ----------
    examination : Examination

    Returns
    -------
    Picture or None
        None where there is nothing to draw.
    """
    losses = _losses(examination)
    readings = [line.key for line in losses]
    panels = []
    if losses:
        panels.append(_panel("Validation loss", losses, examination.epochs))
    accuracies = _accuracies(examination, readings)
    if accuracies:
        panels.append(_panel("Validation accuracy", accuracies, examination.epochs, share=True))
    bars = tuple(_bars(examination))
    if not panels and not bars:
        return None
    return Picture(tuple(panels), bars, _caption(examination, panels, bars))


def _clean(values: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(values) & (np.abs(values) < _LARGEST), values, np.nan)


def _line(examination: Examination, key: str, name: str, band: str = "") -> Line | None:
    """One curve, or None where nothing of it was measured."""
    y = _clean(examination.curve(name))
    if "acc" in name:
        y = np.where((y >= 0) & (y <= 1), y, np.nan)  # or it is somebody's own metric
    if len(y) != len(examination.epochs) or np.isnan(y).all():
        return None
    low = high = None
    if band in examination.bands:
        ends = np.array(examination.bands[band], dtype=float).reshape(-1, 2)
        if len(ends) == len(y):
            low, high = _clean(ends[:, 0]), _clean(ends[:, 1])
            if np.isnan(low + high + y).all():
                low = high = None
    return Line(key, _LABELS[key], np.array(examination.epochs, dtype=float), y, low, high)


def _same(one: Line, other: Line) -> bool:
    both = ~np.isnan(one.y + other.y)
    apart = np.abs(one.y[both] - other.y[both])
    return bool(both.any() and np.all(apart <= _SAME * np.abs(one.y[both]) + 1e-12))


def _alike(one: Line, other: Line) -> bool:
    """Whether two curves are of one size, so that one axis holds both."""
    both = ~np.isnan(one.y + other.y)
    if not both.any():
        return True
    first, second = np.median(one.y[both]), np.median(other.y[both])
    return bool(first > 0 and second > 0 and 0.5 <= first / second <= 2)


def _beside(examination: Examination) -> list[str]:
    wanted = {r for d in examination.diagnoses for r in wording.READINGS_OF.get(d.code, ())}
    return [reading for reading in _READINGS if reading in wanted]


def _validated(seen: Line | None, sampled: Line | None, keep: bool) -> list[Line]:
    """The loss as Keras shows it and that on the sampled images: one line where they agree."""
    if sampled is None:
        return [] if seen is None else [seen]
    if seen is None or not (keep or _alike(seen, sampled)):
        return [Line("keras", "as\nvalidated", sampled.x, sampled.y, sampled.low, sampled.high)]
    if _same(seen, sampled):
        return [Line("keras", seen.label, sampled.x, sampled.y, sampled.low, sampled.high)]
    return [seen, sampled]


def _losses(examination: Examination) -> list[Line]:
    codes = {each.code for each in examination.diagnoses}
    lines = _validated(
        _line(examination, "keras", "val_loss"),
        _line(examination, "as_validated", "as_validated", band="as_validated"),
        keep="loss_wants_probabilities" in codes,
    )
    found = [_line(examination, key, key, band=key) for key in _beside(examination)]
    if "overfitting" in codes:
        found.append(_line(examination, "training", "loss"))
    return lines + [line for line in found if line is not None]


def two_losses(examination: Examination) -> bool:
    """Whether Keras's ``val_loss`` and the doctor's negative log-likelihood are two numbers.

    A loss with weights, smoothing or regularization is another number, and so is TensorFlow's
    binary crossentropy behind a softmax of two. A number within the doctor's interval is not
    another one: it may be the sample of images.
    """
    seen = _line(examination, "keras", "val_loss")
    sampled = _line(examination, "as_validated", "as_validated", band="as_validated")
    if seen is None or sampled is None or _same(seen, sampled):
        return False
    if sampled.low is None or sampled.high is None:
        return True
    outside = (seen.y < sampled.low) | (seen.y > sampled.high)  # or other images explain it
    return bool(outside[~np.isnan(seen.y + sampled.y)].mean() > 0.5)


def _accuracies(examination: Examination, readings: list[str]) -> list[Line]:
    sampled = _line(examination, "as_validated", "accuracy_as_validated")
    names = sorted(n for n in examination.curves if n.startswith("val_") and "acc" in n)
    seen = _line(examination, "keras", names[0]) if names else None
    lines = _validated(seen, sampled, keep=True)
    if len(lines) == 2 and "metric_threshold" in {d.code for d in examination.diagnoses}:
        again = lines[1]
        lines[1] = Line(again.key, "counted\nagain", again.x, again.y)
    found = [_line(examination, key, f"accuracy_{key}") for key in readings if key in _READINGS]
    return lines + [line for line in found if line is not None]


def _bars(examination: Examination) -> list[Bar]:
    def inside(value: float | None) -> float | None:
        return min(max(value, 0.0), 1.0) if wording.finite(value) else None

    return [
        Bar(
            wording.plain(each.title),
            wording.share_words(each),
            share,
            inside(each.low) if wording.interval(each) else None,
            inside(each.high) if wording.interval(each) else None,
        )
        for each in examination.diagnoses
        if (share := inside(each.share)) is not None
    ]


def _caption(examination: Examination, panels: list[Panel], bars: tuple[Bar, ...]) -> str:
    lines = panels[0].lines if panels else ()
    banded = any(line.low is not None for line in lines)
    if not examination.diagnoses:
        words = "Nothing found here."
    elif not panels:
        words = "How much each finding covers."
    else:
        first = examination.diagnoses[0]
        words = wording.caption(first)
        missing = set(wording.READINGS_OF.get(first.code, ())) - {line.key for line in lines}
        if missing or (first.code == "too_few_validation_images" and not banded):
            words = wording.plain(first.title) + "."
    if banded:
        words += " Bands: what other validation images would give (95 %)."
    return words


def _panel(title: str, lines: list[Line], epochs: tuple[int, ...], share: bool = False) -> Panel:
    values = [line.y for line in lines]
    values += [ends for line in lines for ends in (line.low, line.high) if ends is not None]
    every = np.concatenate(values)
    every = every[~np.isnan(every)]
    drawn = np.concatenate([line.y for line in lines if line.key != "training"] or [every])
    drawn = drawn[~np.isnan(drawn)]
    log = bool(not share and drawn.min() > 0 and drawn.max() > _LOG * drawn.min())
    if log:
        every = every[every > 0.1 * drawn.min()]
    bottom, top = float(every.min()), float(every.max())
    if log:
        bottom, top = bottom / 1.15, top * 1.15
        ticks = _log_ticks(bottom, top)
    else:
        flat = top - bottom <= 1e-6 * max(abs(bottom), abs(top))
        room = (0.1 * abs(top) or 0.1) if flat else 0.06 * (top - bottom)
        floor = bottom if bottom < 0 else max(bottom - room, 0.0)
        bottom, top = (floor if bottom >= 0 else bottom - room), top + room
        if share:
            top = min(top, 1.02)
        ticks = _linear_ticks(bottom, top)
    words = [(tick, f"{100 * tick:g} %" if share else f"{tick:g}") for tick in ticks]
    return Panel(
        title + (" (log scale)" if log else ""),
        tuple(lines),
        log,
        bottom,
        top,
        tuple(words),
        _epoch_ticks(epochs),
        _alternative(title, lines, epochs, share),
        losses=not share,
    )


def _linear_ticks(bottom: float, top: float) -> list[float]:
    rough = (top - bottom) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= 0.999 * rough)
    first, last = math.ceil(bottom / step - 1e-9), math.floor(top / step + 1e-9)
    ticks = [float(f"{k * step:.10g}") for k in range(first, last + 1)]
    return [tick for tick in ticks if bottom <= tick <= top]


def _log_ticks(bottom: float, top: float) -> list[float]:
    low, high = math.floor(math.log10(bottom)), math.ceil(math.log10(top))
    many = high - low
    digits = (1, 2, 5) if many <= 2 else (1, 3) if many <= 3 else (1,)
    every = max(1, many // 5)
    ticks = [m * 10.0**k for k in range(low, high + 1, every) for m in digits]
    return [float(f"{tick:.10g}") for tick in ticks if bottom <= tick <= top]


def _epoch_ticks(epochs: tuple[int, ...]) -> tuple[int, ...]:
    first, last = min(epochs), max(epochs)
    if last - first <= 8:
        return tuple(range(first, last + 1))
    step = next(
        m * 10**k for k in range(12) for m in (1, 2, 5) if (last - first) / (m * 10**k) <= 5
    )
    inside = range(-(-first // step) * step, last + 1, step)
    return (first, *(e for e in inside if e - first >= 0.6 * step))


def _alternative(title: str, lines: list[Line], epochs: tuple[int, ...], share: bool) -> str:
    def said(value: float) -> str:
        return wording.percent(value) if share else wording.number(value)

    first, last = min(epochs), max(epochs)
    parts = [
        f"{title}, epoch{'' if first == last else 's'} {wording.runs(range(first, last + 1))}."
    ]
    for line in lines:
        values, name = line.y[~np.isnan(line.y)], line.label.replace("\n", " ")
        if len(values) == 1:
            parts.append(f"{name}: {said(values[0])}.")
        else:
            parts.append(
                f"{name}: first {said(values[0])}, last {said(values[-1])}, "
                f"lowest {said(values.min())}, highest {said(values.max())}."
            )
    return " ".join(parts)


Scale = Callable[[float], float]

# SVG ----------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT = 340, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 104, 30, 40  # margins around the curves
_ROW, _LETTER = 14, 6.6  # pixels of a line of text, and of a letter


def svg(drawn: Picture) -> str:
    """Draw it as an HTML ``figure`` of inline SVG; its styles are in `STYLE`."""
    parts = [_curves(panel) for panel in drawn.panels]
    if drawn.bars:
        parts.append(_bars_svg(drawn))
    wide = "" if len(parts) % 2 else ' class="tld-wide"'
    caption = f"<figcaption{wide}>{escape(drawn.caption)}</figcaption>"
    return f'<figure class="tld-figure">\n{"".join(parts)}{caption}\n</figure>\n'


def _opening(height: float, alternative: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{escape(alternative)}" '
        'font-family="system-ui, sans-serif" font-size="12.5">\n'
    )


def _text(x: float, y: float, words: str, anchor: str = "start", kind: str = "tld-ink") -> str:
    color = "#5b6875" if kind == "tld-soft" else "#1d2733"
    weight = ' font-weight="600"' if kind == "tld-strong" else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"{weight} '
        f'class="{kind}">{escape(words)}</text>\n'
    )


def _stroke(x1: float, y1: float, x2: float, y2: float, kind: str, extra: str = "") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#c9d1d9" '
        f'class="{kind}"{extra}/>\n'
    )


def _dashes(key: str) -> str:
    dash = STYLES[key][2]
    return f' stroke-dasharray="{" ".join(map(str, dash))}"' if dash else ""


def pieces(*arrays: np.ndarray) -> list[list[int]]:
    """Indices of what was measured without a gap."""
    found: list[list[int]] = []
    whole = ~np.isnan(sum(arrays))
    for i in np.flatnonzero(whole):
        if found and found[-1][-1] == i - 1:
            found[-1].append(int(i))
        else:
            found.append([int(i)])
    return found


def _curves(panel: Panel) -> str:
    right, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    first, last = panel.lines[0].x.min(), panel.lines[0].x.max()

    def across(epoch: float) -> float:
        return _LEFT + (right - _LEFT) * ((epoch - first) / (last - first) if last > first else 0.5)

    def up(value: float) -> float:
        ends = (panel.bottom, panel.top, value)
        low, high, at = (math.log10(max(v, 1e-300)) for v in ends) if panel.log else ends
        return floor - (floor - _TOP) * min(max((at - low) / (high - low), -0.02), 1.02)

    out = [_opening(_HEIGHT, panel.alternative), _text(0, 14, panel.title, kind="tld-strong")]
    for tick, words in panel.ticks:
        out.append(_stroke(_LEFT, up(tick), right, up(tick), "tld-grid"))
        out.append(_text(_LEFT - 6, up(tick) + 4, words, "end", "tld-soft"))
    for epoch in panel.epochs:
        out.append(_text(across(epoch), floor + 17, str(epoch), "middle", "tld-soft"))
    out.append(_text((_LEFT + right) / 2, floor + 34, "epoch", "middle", "tld-soft"))
    for line in panel.lines:  # bands lie below all lines
        if line.low is None or line.high is None:
            continue
        for piece in pieces(line.low, line.high):
            if len(piece) == 1:
                x = across(line.x[piece[0]])
                ends = up(line.low[piece[0]]), up(line.high[piece[0]])
                color = f' style="stroke-width:5;stroke-opacity:.3" data-of="{line.key}"'
                out.append(_stroke(x, ends[0], x, ends[1], f"tld-s-{line.key}", color))
                continue
            corners = [(line.x[i], line.high[i]) for i in piece]
            corners += [(line.x[i], line.low[i]) for i in reversed(piece)]
            points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in corners)
            out.append(
                f'<polygon points="{points}" fill="{STYLES[line.key][0]}" fill-opacity="0.16" '
                f'class="tld-f-{line.key}"/>\n'
            )
    for line in panel.lines:
        color = STYLES[line.key][0]
        for piece in pieces(line.y):
            if len(piece) == 1:
                x, y = across(line.x[piece[0]]), up(line.y[piece[0]])
                out.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}" '
                    f'class="tld-f-{line.key}"/>\n'
                )
                continue
            points = " ".join(f"{across(line.x[i]):.1f},{up(line.y[i]):.1f}" for i in piece)
            out.append(
                f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2" '
                f'stroke-linejoin="round"{_dashes(line.key)} class="tld-s-{line.key}"/>\n'
            )
    out += _end_labels(panel, across, up)
    return "".join(out) + "</svg>\n"


def _end_labels(panel: Panel, across: Scale, up: Scale) -> list[str]:
    """Names at the right ends of the lines, moved apart where they would overlap."""
    ends = []
    for line in panel.lines:
        last = int(np.flatnonzero(~np.isnan(line.y))[-1])
        ends.append((up(line.y[last]), across(line.x[last]), line, line.label.split("\n")))
    ends.sort(key=lambda end: end[0])
    heights = [len(rows) * _ROW + 3 for *_, rows in ends]
    places = [end[0] for end in ends]
    limit_low, limit_high = _TOP - 6.0, _HEIGHT - _BOTTOM + 8.0
    for i in range(len(places)):  # downwards, then back up where the last has no room
        least = limit_low + heights[0] / 2 if i == 0 else places[i - 1] + _apart(heights, i)
        places[i] = max(places[i], least)
    for i in reversed(range(len(places))):
        final = i == len(places) - 1
        most = limit_high - heights[i] / 2 if final else places[i + 1] - _apart(heights, i + 1)
        places[i] = min(places[i], most)
    out, start = [], _WIDTH - _RIGHT + 6
    for (at, x, line, rows), place in zip(ends, places, strict=True):
        color = STYLES[line.key][0]
        if abs(place - at) > 3 or x < start - 10:
            out.append(_stroke(x + 3, at, start, place, "tld-grid"))
        out.append(
            f'<line x1="{start}" y1="{place:.1f}" x2="{start + 16}" y2="{place:.1f}" '
            f'stroke="{color}" stroke-width="2"{_dashes(line.key)} class="tld-s-{line.key}"/>\n'
        )
        for k, row in enumerate(rows):
            y = place + 4 + (k - (len(rows) - 1) / 2) * _ROW
            out.append(_text(start + 20, y, row))
    return out


def _apart(heights: list[int], i: int) -> float:
    return (heights[i - 1] + heights[i]) / 2


def _rows(words: str, width: float, most: int = 2) -> list[str]:
    """Broken into lines of about that many pixels."""
    letters = int(width / _LETTER)
    rows = [""]
    for word in words.split():
        word = word if len(word) <= letters else word[: letters - 1] + "…"
        if rows[-1] and len(rows[-1]) + 1 + len(word) > letters:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    if len(rows) > most:
        rows = rows[:most]
        rows[-1] = rows[-1][: letters - 2].rstrip() + " …"
    return rows


def _bars_svg(drawn: Picture) -> str:
    left, right = 2.0, _WIDTH - 10.0

    def across(share: float) -> float:
        return left + (right - left) * share

    out, y = [_text(0, 14, drawn.bars_title, kind="tld-strong")], 24.0
    marks = []
    for bar in drawn.bars:
        for row in _rows(bar.title, _WIDTH):
            y += _ROW + 1
            out.append(_text(0, y, row))
        y += 6
        marks.append(
            f'<rect x="{left}" y="{y:.1f}" width="{right - left:.1f}" height="13" rx="2" '
            'fill="#dde3e9" class="tld-track"/>\n'
        )
        marks.append(
            f'<rect x="{left}" y="{y:.1f}" width="{max(across(bar.share) - left, 1):.1f}" '
            f'height="13" rx="2" fill="#0067a3" class="tld-bar"/>\n'
        )
        if bar.low is not None and bar.high is not None:
            ends, middle = (across(bar.low), across(bar.high)), y + 6.5
            for width, kind in ((4, "tld-halo"), (1.5, "tld-whisker")):
                color = "#ffffff" if kind == "tld-halo" else "#1d2733"
                path = f"M{ends[0]:.1f} {middle:.1f}H{ends[1]:.1f}" + "".join(
                    f"M{end:.1f} {middle - 4:.1f}v8" for end in ends
                )
                marks.append(
                    f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width}" '
                    f'class="{kind}"/>\n'
                )
        y += 13
        for row in _rows(bar.words, _WIDTH):
            y += _ROW + 1
            out.append(_text(0, y, row, kind="tld-soft"))
        y += 10
    return _opening(y, drawn.bars_alternative) + "".join(marks + out) + "</svg>\n"


def _style() -> str:
    def colors(which: int) -> str:
        return "".join(
            f".tld .tld-s-{key}{{stroke:{style[which]}}}.tld .tld-f-{key}{{fill:{style[which]}}}\n"
            for key, style in STYLES.items()
        )

    return f"""{colors(0)}@media (prefers-color-scheme: dark) {{
{colors(1)}}}
.tld .tld-figure {{ display: grid; gap: 1.2rem 1.6rem; margin: 1rem 0; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr)); }}
.tld .tld-figure svg {{ display: block; width: 100%; max-width: 420px; height: auto; }}
.tld .tld-figure figcaption {{ font-size: .95rem; color: var(--tld-soft); align-self: center; }}
.tld .tld-figure .tld-wide {{ grid-column: 1 / -1; }}
.tld svg .tld-ink, .tld svg .tld-strong {{ fill: var(--tld-text); }}
.tld svg .tld-soft {{ fill: var(--tld-soft); }}
.tld svg .tld-grid {{ stroke: var(--tld-line); }}
.tld svg .tld-track {{ fill: var(--tld-line); }}
.tld svg .tld-bar {{ fill: var(--tld-bar); }}
.tld svg .tld-whisker {{ stroke: var(--tld-text); }}
.tld svg .tld-halo {{ stroke: var(--tld-paper); }}
"""


STYLE = _style()
