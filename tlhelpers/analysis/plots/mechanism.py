"""Figures of the mechanism itself: what happens inside a training while it runs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.analysis.plots import canvas
from tlhelpers.analysis.plots.canvas import Plot

if TYPE_CHECKING:
    from tlhelpers.training.microscope import Chase, Modes

_FRAMES = 24  # of an animation
_FRAME_MS = 250
_HOLD_MS = 4000  # the last frame stays


def chase(seen: Chase, title: str, moving: bool = True) -> Plot:
    """A running mean chasing the mean of its batches, step by step.

    Parameters
    ----------
    seen : Chase
    title : str
        What the figure shows.
    moving : bool
        Whether it is an animation (a PNG of several frames, which browsers play) or its last
        frame.

    Returns
    -------
    Plot
    """
    steps = len(seen.batch_mean)
    count = min(_FRAMES, steps)
    ends = [round(steps * (i + 1) / count) for i in range(count)] if moving else [steps]
    alt = (
        f"{title}. Over {steps} steps the mean of the batches goes from "
        f"{_start(seen.batch_mean):.3f} to {_start(seen.batch_mean[::-1]):.3f}. The running mean "
        f"trails behind: it is at {seen.moving_mean[-1]:.3f} when Keras validates."
    )
    frames = [_chase_frame(seen, end, title, alt) for end in ends]
    return frames[0] if len(frames) == 1 else _animated(frames, alt)


def _start(values: np.ndarray) -> float:
    return float(values[: max(1, len(values) // 10)].mean())


def _chase_frame(seen: Chase, end: int, title: str, alt: str) -> Plot:
    figure, (axis,) = canvas.panels([0], height=3.2)
    batch, running = canvas.colors(2)
    steps = np.arange(1, end + 1)
    axis.plot(
        steps, seen.batch_mean[:end], ".", color=running, ms=4, alpha=0.5,
        label="mean of each batch: what training uses",
    )  # fmt: skip
    axis.plot(
        steps, seen.moving_mean[:end], color=batch, lw=2.4,
        label="running mean: what validation uses",
    )  # fmt: skip
    axis.plot(end, seen.moving_mean[end - 1], "o", color=batch, ms=8)
    total = len(seen.batch_mean)
    if end == total:
        axis.axvline(total, color="black", lw=1, ls=":")
        axis.annotate(
            "Keras validates here", (total, 0), (-4, 4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right", va="bottom", fontsize=9,
        )  # fmt: skip
    axis.set_xlim(0, total * 1.02)
    everything = np.concatenate([seen.batch_mean, seen.moving_mean])
    low, high = np.percentile(everything, [0.5, 99.5])
    pad = 0.08 * (high - low) or 0.1
    axis.set_ylim(min(low, seen.moving_mean.min()) - pad, max(high, seen.moving_mean.max()) + pad)
    axis.set_xlabel("training step")
    axis.set_ylabel("mean of one channel")
    caption = (
        f"The channel of the layer {seen.layer} that is furthest behind in the end; momentum "
        f"{seen.momentum:g}. Measured while this page was made."
    )
    return canvas.finish(figure, title, caption, alt, legend=axis)


def _animated(frames: list[Plot], alt: str) -> Plot:
    """One PNG that plays: an animated one needs no player and no script."""
    from PIL import Image

    images = [Image.open(io.BytesIO(frame.png)).convert("P", palette=Image.Palette.ADAPTIVE)
              for frame in frames]  # fmt: skip
    file = io.BytesIO()
    # Where nothing plays, the first image is shown: it is the last of the animation.
    images[-1].save(
        file, format="PNG", save_all=True, append_images=images, default_image=True,
        duration=[_FRAME_MS] * (len(images) - 1) + [_HOLD_MS], loop=0, optimize=True,
    )  # fmt: skip
    return Plot(file.getvalue(), alt)


def modes(seen: Modes, image: np.ndarray, title: str, channels: int = 4) -> Plot:
    """Feature maps of one image in training mode and in inference mode.

    Parameters
    ----------
    seen : Modes
        Of a batch whose first image is shown.
    image : array, shape (height, width, channels)
        0 to 255.
    title : str
        What the figure shows.
    channels : int
        How many are shown: those in which the two modes differ most.

    Returns
    -------
    Plot
    """
    training, inference = seen.training[0], seen.inference[0]
    apart = np.abs(training - inference).mean(axis=(0, 1))
    chosen = np.argsort(apart)[::-1][:channels]
    figure = canvas.new_figure(canvas.WIDTH, 3.4 + canvas.TEXT)
    axes = figure.subplots(2, 1 + len(chosen))
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_frame_on(False)
    for row, (words, maps) in enumerate((("training", training), ("inference", inference))):
        axes[row, 0].imshow(np.squeeze(image).astype("uint8"), cmap="gray")
        axes[row, 0].set_ylabel(f"{words}\nmode", fontsize=11)
        for axis, channel in zip(axes[row, 1:], chosen, strict=True):
            both = np.concatenate([training[..., channel], inference[..., channel]])
            axis.imshow(maps[..., channel], cmap="viridis", vmin=both.min(), vmax=both.max())
            axis.set_xlabel(" ", fontsize=4)  # a gap between the rows
            if row == 0:
                axis.set_title(f"channel {channel}", fontsize=9)
    caption = (
        f"The same image and the same weights, layer {seen.layer}: the channels that differ most. "
        "Training mode takes the statistics of one batch, so a part of the difference is chance. "
        "Each pair shares its color scale; yellow is high. Measured while this page was made."
    )
    told = ", ".join(f"channel {c}: mean difference {apart[c]:.2f}" for c in chosen)
    return canvas.finish(figure, title, caption, f"{title}. {told}.")


def turning(angles: Mapping[str, np.ndarray], title: str) -> Plot:
    """Filters that turn, step by step: a hand that moves, and the angle over the steps.

    Parameters
    ----------
    angles : mapping of a network to float array, shape (steps + 1,)
        In degrees, as `tlhelpers.training.microscope.turning` gives them.
    title : str
        What the figure shows.

    Returns
    -------
    Plot
    """
    figure, axes = canvas.panels([0] * (len(angles) + 1), height=3.0)
    for axis, color, (name, turned) in zip(
        axes, canvas.colors(len(angles)), angles.items(), strict=False
    ):
        for angle, alpha in zip(turned, np.linspace(0.15, 0.7, len(turned)), strict=True):
            x, y = np.sin(np.radians(angle)), np.cos(np.radians(angle))
            axis.plot([0, x], [0, y], color=color, alpha=alpha, lw=1)
        axis.annotate(
            "", (np.sin(np.radians(turned[-1])), np.cos(np.radians(turned[-1]))), (0, 0),
            arrowprops={"color": color, "width": 2, "headwidth": 9, "headlength": 10},
        )  # fmt: skip
        axis.plot([0, 0], [0, 1], "--", color="0.3", lw=1)
        widest = np.sin(np.radians(max(turned.max() for turned in angles.values())))
        axis.set_xlim(-0.2 * widest, 1.4 * widest)
        axis.set_ylim(0, 1.2)
        axis.grid(visible=False)
        axis.set_xticks([])
        axis.set_yticks([])
        canvas.panel_title(axis, f"{name}: {turned[-1]:.1f}°", len(angles) + 1)
        axis.set_xlabel(f"after {len(turned) - 1} steps")
    last = axes[-1]
    steps = max(len(turned) for turned in angles.values()) - 1
    highest = max(turned.max() for turned in angles.values())
    for color, (name, turned) in zip(canvas.colors(len(angles)), angles.items(), strict=True):
        last.plot(np.arange(len(turned)), turned / highest, color=color, lw=2.2)
        last.annotate(
            f"{name.split(',')[0]}: {turned[-1]:.1f}°",
            (len(turned) - 1, turned[-1] / highest), xytext=(-4, 6),
            textcoords="offset points", ha="right", color=color, fontsize=9,
        )  # fmt: skip
    last.set_xlim(0, steps)
    last.set_xlabel("training step")
    canvas.panel_title(last, "the angle, step by step", len(angles) + 1)
    caption = (
        "Mean angle between each filter and what it was at the start, step after step. In the two "
        "fans, angles are drawn larger than they are. Measured while this page was made."
    )
    alt = f"{title}. After {steps} steps: " + "; ".join(
        f"{name} {turned[-1]:.2f} degrees" for name, turned in angles.items()
    )
    return canvas.finish(figure, title, caption, alt)
