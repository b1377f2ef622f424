"""Figures: drawn from made-up runs, with a text alternative that says what they show."""

import dataclasses
import errno
import io
import itertools

import numpy as np
import pytest
from PIL import Image

from tests.experiment.test_recordings import SMOKE, made_up
from tlhelpers.analysis import plots
from tlhelpers.analysis.comparisons import compare
from tlhelpers.analysis.study import Effect
from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.fixes import fix
from tlhelpers.training.microscope import Chase, Modes
from tlhelpers.training.run import Experiment


def experiment(recipe, wobble):
    runs = [made_up(recipe, seed, wobble) for seed in range(3)]
    for run in runs:
        run.history["val_nll_se"] = [None, 0.05, 0.05, 0.05]
    return Experiment(recipe, tuple(runs))


BEFORE = experiment(SMOKE.measured, 0.2)
AFTER = experiment(fix("frozen-batchnorm").apply(SMOKE.measured), 0.02)
for experiment_ in (BEFORE, AFTER):
    for run in experiment_:
        for i, name in enumerate(("fresh", "averaged", "averaged_fresh", "recalibrated")):
            run.history[f"val_nll_{name}"] = [value / (i + 2) for value in run.history["val_nll"]]
COMPARED = [compare(BEFORE, AFTER, metric) for metric in ("jitter", "auc")]
BOTH = {"live": BEFORE, "frozen": AFTER}
EFFECT = Effect("frozen-batchnorm", "Frozen", *COMPARED, "helps", "no clear effect")
CHASE = Chase("bn", np.repeat([1.0, 3.0], 20), np.linspace(0.01, 2, 40), 0.99)
MODES = Modes("bn", np.zeros((1, 4, 4, 2)), np.zeros((1, 4, 4, 2)) + [0, 1])


def test_the_chase_is_an_animation_that_ends_as_the_figure():
    moving, still = (Image.open(io.BytesIO(plots.chase(CHASE, "T", moving=m).png)) for m in (1, 0))
    assert moving.n_frames > 10 and still.format == moving.format == "PNG"
    first = np.asarray(moving.convert("RGB"), float)
    assert np.abs(first - np.asarray(still.convert("RGB"), float)).mean() < 3


def test_the_strong_line_is_the_seed_of_median_jitter_in_every_panel(monkeypatch):
    monkeypatch.setattr(plots.canvas, "finish", lambda figure, *_, **__: figure)
    calm, typical, wild = BEFORE
    jumpy = [
        dataclasses.replace(run, history=run.history | {"val_nll": [1.0, 1.0 + jump, 1.0, 1.0]})
        for run, jump in ((wild, 0.9), (calm, 0.0), (typical, 0.3))
    ]
    first = Experiment(BEFORE.recipe, tuple(jumpy))
    axes = plots.curves({"jumps": first, "other": AFTER}, title="T").axes
    for axis, experiment in zip(axes, (first, AFTER), strict=False):
        strong = [
            run.seed for run, line in zip(experiment, axis.lines, strict=True) if line.get_lw() > 2
        ]
        assert strong == [typical.seed]


def test_a_history_without_validation_is_refused():
    with pytest.raises(CourseError, match="This history has no 'val_loss'"):
        plots.history({"mine": {"loss": [1.0, 0.5]}}, "T")


@pytest.mark.parametrize("one_scale", [True, False])
def test_each_panel_of_a_history_has_a_logarithmic_axis_with_ticks_in_it(one_scale, monkeypatch):
    monkeypatch.setattr(plots.canvas, "finish", lambda figure, *_, **__: figure)
    pasts = {
        name: {"loss": [high, high / 20], "val_loss": [high, high / 2]}
        for name, high in (("high", 90.0), ("low", 0.9))
    }
    axes = plots.history(pasts, "T", one_scale=one_scale).axes
    for axis in axes:
        low, high = axis.get_ylim()
        assert axis.get_yscale() == "log"
        assert sum(low <= tick <= high for tick in axis.get_yticks()) >= 3
    assert (axes[0].get_ylim() == axes[1].get_ylim()) is one_scale


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plots.curves(BOTH, title="T", stops=1), ["T", "live", "frozen", "validation NLL"]),
        (lambda: plots.curves({"one": BEFORE}, "val_auc", "T", log=False), ["AUC", "0.80"]),
        (lambda: plots.paired(BOTH, "jitter", "T"), ["live: mean", "frozen: mean"]),
        (lambda: plots.recalls(BOTH, "T"), ["live: no DR 0.50, DR 0.50; frozen: no DR 0.50"]),
        (lambda: plots.steps(BEFORE[0], "T"), ["3 of 3 steps"]),
        (
            lambda: plots.field_survey({"ResNet50": {"ours": BEFORE}}, "T"),
            ["ResNet50 at 0.0001: median 0.126 of 82 logs", "ours at 0.0001: median"],
        ),
        (lambda: plots.field_survey({}, "T"), ["MobileNet at 1e-05: median 0.015 of 17 logs"]),
        (
            lambda: plots.contact_sheet({"a": np.zeros((2, 8, 8, 3), "uint8")}, "T", "c"),
            ["Rows of images: a"],
        ),
        (
            lambda: plots.history({"mine": BEFORE[0].history}, "T", "c", metric="accuracy"),
            ["mine, training loss", "mine, validation accuracy"],
        ),
        (lambda: plots.readings({"seed 0": BEFORE[0]}, "T"), ["seed 0, same weights, fresh"]),
        (lambda: plots.split(BOTH, "T"), ["live, as validated: 0.", "frozen, fresh statistics"]),
        (lambda: plots.effects([EFFECT, EFFECT], "T"), ["Frozen, jitter -0.", "helps"]),
        (
            lambda: plots.chase(CHASE, "T", moving=False),
            ["from 1.000 to 3.000", "at 2.000 when Keras validates"],
        ),
        (lambda: plots.modes(MODES, np.zeros((8, 8, 3)), "T"), ["channel 1: mean difference 1.00"]),
        (
            lambda: plots.turning({"long": np.array([0, 2, 3.0]), "short": np.zeros(3)}, "T"),
            ["After 2 steps: long 3.00 degrees; short 0.00"],
        ),
    ],
)
def test_draws_with_a_text_alternative(draw, words):
    drawn = draw()
    image = Image.open(io.BytesIO(drawn.png))
    assert image.width > 400 and len(set(image.convert("L").resize((64, 64)).getdata())) > 5
    assert all(word in drawn.alt for word in words), drawn.alt
    data, metadata = drawn._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == drawn.alt


def test_saved_whole_or_told_in_one_line(tmp_path, monkeypatch):
    image = plots.Plot(b"png", "a figure")
    image.save(tmp_path / "docs" / "a.png")
    assert (tmp_path / "docs" / "a.png").read_bytes() == b"png"

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CourseError, match="Could not write .*a.png: No space left on device"):
        plots.Plot(b"other", "a figure").save(str(tmp_path / "docs" / "a.png"))
    assert (tmp_path / "docs" / "a.png").read_bytes() == b"png"


def test_field_survey_refuses_a_family_without_logs():
    with pytest.raises(CourseError, match="No logs of 'resnet50': choose from ResNet50, "):
        plots.field_survey({"resnet50": {"ours": BEFORE}}, "T")


def test_the_same_figure_twice_is_the_same_bytes():
    assert plots.paired(BOTH, "jitter", "T").png == plots.paired(BOTH, "jitter", "T").png


# --- what a learner's own runs may be like -----------------------------------------------


def odd(seeds=2, epochs=4, nll=None, until=None, classes=2) -> Experiment:
    """Runs with so many epochs, this NLL, numbers up to an epoch, or other classes."""
    runs = []
    for seed in range(seeds):
        run = made_up(SMOKE.measured, seed, 0.1)
        for name, values in run.history.items():
            run.history[name] = values[:epochs]
        if nll:
            run.history.update(val_nll=list(nll), val_loss=list(nll))
        for name in ("val_nll", "val_loss", "loss"):
            for epoch in range(epochs if until is None else until, epochs):
                run.history[name][epoch] = float("nan")
        if classes != 2:
            names = [f"a class with a rather long name, number {i}" for i in range(classes)]
            run.about["classes"] = names
            labels = np.arange(48) % classes
            run = dataclasses.replace(run, probabilities=np.eye(classes)[labels], labels=labels)
        runs.append(run)
    return Experiment(SMOKE.measured, tuple(runs))


LONG = "a recipe with a name that somebody typed without a thought for figures " * 3
MANY = {f"recipe {i} with a change": odd(1) for i in range(20)}


@pytest.fixture
def figures(monkeypatch):
    """The figures that are drawn while a test runs."""
    made, finish = [], plots.canvas.finish

    def keep(figure, *rest, **more):
        made.append(figure)
        return finish(figure, *rest, **more)

    monkeypatch.setattr(plots.canvas, "finish", keep)
    return made


@pytest.mark.parametrize(
    "nll",
    [
        [162, 80, 41, 22],
        [0.03, 0.02, 0.004, 0.005],
        [0.66, 0.61, 0.65, 0.62],
        [0.5, 0.5, 0.5, 0.5000001],
        [1e17, 1e3, 0.5, 0.1],
        [0.4, 0.3, 0.0, 0.2],
    ],
)
@pytest.mark.parametrize(
    "draw",
    [lambda e: plots.curves({"a": e}), lambda e: plots.readings({"a": e[0]}, "T", ("val_nll",))],
)
def test_ticks_fit_the_losses_drawn(figures, draw, nll):
    draw(odd(nll=nll))
    axis = figures[0].axes[0]
    low, high = axis.get_ylim()
    ticks = axis.get_yticks()
    assert 3 <= len(ticks) <= 8 and low <= ticks[0] and ticks[-1] <= high
    boxes = [label.get_window_extent() for label in axis.get_yticklabels()]
    assert all(below.y1 <= above.y0 for below, above in itertools.pairwise(boxes))


def test_small_print_names_every_data_set(figures):
    other = dataclasses.replace(
        BEFORE[0],
        recipe=BEFORE[0].recipe.but(learning_rate=1e-5),
        about={**BEFORE[0].about, "data_words": "faces of another case"},
    )
    plots.readings({"A": BEFORE[0], "B": other, "C": BEFORE[1]}, "T", ("val_nll",))
    small = " ".join(" ".join(text.get_text() for text in figures[0].texts).split())
    assert BEFORE[0].about["data_words"] in small and "faces of another case" in small


def hidden(figure) -> list[str]:
    """Texts that reach out of the figure, and names of ticks that overlap."""
    found = []
    frame = figure.bbox
    for axis in figure.axes:
        across, up = (
            [tick.label1 for tick in its.get_major_ticks() if low <= tick.get_loc() <= high]
            for its, (low, high) in (
                (axis.xaxis, sorted(axis.get_xlim())),
                (axis.yaxis, sorted(axis.get_ylim())),
            )
        )
        labels = [label for label in across if label.get_rotation() == 0]
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        if any(left.x1 > right.x0 for left, right in itertools.pairwise(boxes)):
            found.append(f"overlapping: {[label.get_text() for label in labels]}")
        for text in (*across, *up, axis.title):
            box = text.get_window_extent()
            if text.get_text() and (box.x0 < -1 or box.y0 < -1 or box.x1 > frame.x1 + 1):
                found.append(f"cut off: {text.get_text()}")
    return found


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.curves({"a": odd(epochs=1)}, title="T"),
        lambda: plots.curves({"a": odd(until=2), "b": odd(until=0), "c": odd()}, stops=1),
        lambda: plots.curves({LONG: odd(), LONG + "b": odd()}, title=LONG * 2),
        lambda: plots.curves(MANY, title="T"),
        lambda: plots.paired(MANY, "jitter", "T"),
        lambda: plots.paired({LONG: odd(), LONG + "b": odd(1)}, "jitter", "T"),
        lambda: plots.effects([dataclasses.replace(EFFECT, title=LONG) for _ in MANY], LONG),
        lambda: plots.steps(odd(epochs=2)[0], "T"),
        lambda: plots.steps(odd(until=2)[0], "T"),
        lambda: plots.contact_sheet({LONG: np.zeros((1, 8, 8, 3), "uint8")}, LONG, LONG),
        lambda: plots.recalls({"a": odd(classes=1)}, "T"),
        lambda: plots.recalls({LONG: odd(classes=20)}, "T"),
    ],
)  # fmt: skip
# What Matplotlib warns of is an error here; a socket that an earlier test left to the garbage
# collector is not.
@pytest.mark.filterwarnings(
    "error",
    "default::ResourceWarning",
    "default::pytest.PytestUnraisableExceptionWarning",
)
def test_unusual_runs_are_drawn_clearly(figures, draw):
    drawn = draw()
    assert "nan" not in drawn.alt.split()
    assert not hidden(figures[0])
    # However long the words, the panels keep their room.
    assert all(axis.get_window_extent().height > 60 for axis in figures[0].axes)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.curves({}), "Nothing to draw"),
        (lambda: plots.curves({"a": odd(until=0)}), "no validation NLL .* is a number above 0"),
        (lambda: plots.curves({"a": odd()}, "val_f1"), "no 'val_f1': choose one of val_nll"),
        (lambda: plots.paired({}, "jitter", "T"), "Nothing to draw"),
        (lambda: plots.paired({"a": odd(until=2)}, "jitter", "T"), "diverged: in epoch 3"),
        (lambda: plots.paired({"a": odd(epochs=1)}, "jitter", "T"), "Seed 0 has no jitter: "),
        (lambda: plots.paired({"a": odd(epochs=1)}, "churn", "T"), "Seed 0 has no churn"),
        (lambda: plots.steps(odd(epochs=1)[0], "T"), "no step .*: it has one epoch"),
        (lambda: plots.steps(odd(until=1)[0], "T"), "no step .*: it diverged in epoch 2"),
        (lambda: plots.contact_sheet({"a": np.zeros((0, 8, 8, 3))}, "T", "c"), "Nothing to draw"),
        (lambda: plots.recalls({}, "T"), "Nothing to draw"),
        (lambda: plots.recalls(MANY, "T"), "20 recipes .* at most 10"),
        (lambda: plots.recalls({"a": odd(until=2)}, "T"), "diverged: in epoch 3"),
        (lambda: plots.recalls({"a": odd(), "b": odd(classes=3)}, "T"), "'b' has other classes"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_one_line(draw, message):
    with pytest.raises(CourseError, match=message) as refused:
        draw()
    assert "\n" not in str(refused.value)


def test_small_numbers_keep_their_digits_in_the_text_alternative():
    drawn = plots.curves({"a": odd(nll=[0.03, 0.02, 0.004, 0.005])}, title="T")
    assert "0.004 to 0.03" in drawn.alt
