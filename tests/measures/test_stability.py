"""Each metric against values worked by hand, its properties, and Keras itself."""

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.measures import stability

LOSS = st.floats(0.01, 100.0)
CURVE = st.lists(LOSS, min_size=2, max_size=20)


@st.composite
def one_valley(draw):
    """A curve that falls (or stands) to its minimum and then rises (or stands)."""
    losses = draw(CURVE)
    turn = draw(st.integers(0, len(losses)))
    lowest = min(losses)
    down = sorted(losses[:turn], reverse=True)
    return [*down, lowest, *sorted(losses[turn:])]


# --- jitter, climb --------------------------------------------------------------------


def test_jitter_by_hand():
    # x = 1, 0, 0.5, 0, 1: Σ|Δx| = 1 + 0.5 + 0.5 + 1 = 3, less (1 − 0) and (1 − 0): 1; 4 steps.
    assert stability.jitter(np.exp([1, 0, 0.5, 0, 1])) == pytest.approx(0.25)
    # x = 0, 1, −1, 0: Σ|Δx| = 1 + 2 + 1 = 4, less (0 + 1) and (0 + 1): 2; 3 steps.
    assert stability.jitter(np.exp([0, 1, -1, 0])) == pytest.approx(2 / 3)


def test_climb_by_hand():
    # The loss doubles from its best epoch, 1.0, to its last, 2.0: log 2.
    assert stability.climb([3.0, 1.0, 1.5, 2.0]) == pytest.approx(math.log(2))
    assert stability.climb([3.0, 2.0, 1.0]) == 0


def test_jitter_does_not_count_smooth_overfitting():
    # x = 1, 0, 1, 2: one valley.
    smooth = np.exp([1, 0, 1, 2])
    assert stability.jitter(smooth) == 0
    assert stability.climb(smooth) == pytest.approx(2.0)


@given(one_valley())
def test_jitter_of_one_valley_is_zero(nll):
    assert stability.jitter(nll) == pytest.approx(0, abs=1e-12)


@given(CURVE)
def test_jitter_is_the_definition(nll):
    x = np.log(nll)
    walked = np.abs(np.diff(x)).sum()
    expected = (walked - (x[0] - x.min()) - (x[-1] - x.min())) / (len(x) - 1)
    assert stability.jitter(nll) == pytest.approx(expected, abs=1e-9)


@given(CURVE, st.floats(0.01, 100.0))
def test_jitter_properties(nll, scale):
    value = stability.jitter(nll)
    assert 0 <= value <= np.abs(np.diff(np.log(nll))).mean() + 1e-9
    assert stability.jitter(np.multiply(nll, scale)) == pytest.approx(value, abs=1e-9)
    assert stability.jitter(nll[::-1]) == pytest.approx(value, abs=1e-9)


@given(CURVE)
def test_jitter_is_positive_once_a_curve_turns_down_again(nll):
    """A spike of log 2 inside any curve must show: 2 · log 2 over the steps, at least."""
    spike = 2 * max(nll)
    curve = [nll[0], spike, *nll[1:]]
    assert stability.jitter(curve) * (len(curve) - 1) >= 2 * math.log(2) * (1 - 1e-9)


@given(CURVE)
def test_climb_is_never_negative(nll):
    assert stability.climb(nll) >= 0


@pytest.mark.parametrize(
    "function", [stability.jitter, stability.climb, stability.spikes, stability.worst_rise]
)
@pytest.mark.parametrize(
    ("nll", "words"),
    [
        ([1.0], "at least 2 epoch"),
        ([], "at least 2 epoch"),
        ([1.0, 2.0, math.nan, 1.0], "epoch 3 is nan"),
        ([math.inf, 2.0], "epoch 1 is inf"),
        ([1.0, 0.0], "epoch 2 is 0.0"),
        ([1.0, 1.0, 1.0, -0.5], "epoch 4 is -0.5"),
        ([[1.0, 2.0]], "one value an epoch"),
    ],
)
def test_bad_curves_name_the_epoch(function, nll, words):
    with pytest.raises(ValueError, match=words) as caught:
        function(nll)
    assert "\n" not in str(caught.value)


# --- spikes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "epochs"),
    [
        ([1.0, 2.0, 1.0], [2]),
        # ×4 up: on the log scale half of it is undone at 2.0, on the plain scale at 2.5.
        ([1.0, 4.0, 2.0], [2]),
        ([1.0, 4.0, 2.1], []),
        # It may take two epochs to come back, not three.
        ([1.0, 4.0, 3.9, 2.0], [2]),
        ([1.0, 4.0, 3.9, 3.9, 1.0], []),
        # ×1.5 is not above ×1.5.
        ([1.0, 1.5, 1.0], []),
        ([1.0, 1.51, 1.0], [2]),
        # Epoch 3 has not come back when the run ends; epoch 1 has nothing before it.
        ([1.0, 1.0, 9.0], []),
        ([9.0, 1.0, 1.0], []),
        # Two steps up, each above ×1.5, the second comes back below the start of both.
        ([1.0, 1.6, 3.2, 0.8], [2, 3]),
        ([0.5, 1.0, 0.5, 1.0, 0.5], [2, 4]),
        ([1.0, 2.0], []),
    ],
)
def test_spikes_by_hand(loss, epochs):
    assert stability.spikes(loss) == epochs
    assert stability.spikes(np.multiply(loss, 1024)) == epochs  # whatever the unit


def test_spikes_of_another_size():
    assert stability.spikes([1.0, 1.3, 1.0, 2.0, 1.0], factor=1.25) == [2, 4]
    with pytest.raises(ValueError, match="factor must be above 1, got 1"):
        stability.spikes([1.0, 2.0], factor=1)


@given(one_valley())
def test_one_valley_has_no_spikes(nll):
    assert stability.spikes(nll) == []


def test_worst_rise_by_hand():
    # ×2, ÷4, ×3, ×1: a rise counts whether or not it comes back.
    assert stability.worst_rise([1.0, 2.0, 0.5, 1.5, 1.5]) == pytest.approx(3)
    assert stability.worst_rise([3.0, 2.0, 1.0]) == 1


@given(CURVE)
def test_every_spike_is_a_rise(nll):
    worst = stability.worst_rise(nll)
    assert worst >= 1
    assert not stability.spikes(nll) or worst > 1.5 * (1 - 1e-9)


# --- accuracy, predictions ------------------------------------------------------------


def test_max_drawdown_by_hand():
    # Best so far .5 .7 .7 .7 .8; falls 0 0 .1 .3 0.
    assert stability.max_drawdown([0.5, 0.7, 0.6, 0.4, 0.8]) == pytest.approx(0.3)
    # The low start is no fall: 0.2 comes before 0.9.
    assert stability.max_drawdown([0.2, 0.9]) == 0
    with pytest.raises(ValueError, match="epoch 2 is nan"):
        stability.max_drawdown([0.5, math.nan])
    with pytest.raises(ValueError, match="at least 2"):
        stability.max_drawdown([0.5])


def test_flips_by_hand():
    before, after = np.array([[0, 1, 2, 3], [1, 1, 0, 3]])
    # Images 0 and 2 of 4.
    assert stability.flips(before, after) == 2
    assert stability.flips(before, before) == 0
    # Wrong to another wrong class: a flip of the prediction, none of the correctness.
    truth = np.array([2, 1, 2, 3])
    assert stability.flips(before == truth, after == truth) == 1


def test_probabilities_in_place_of_classes_are_refused():
    with pytest.raises(ValueError, match="argmax"):
        stability.flips(np.full(4, 0.5), np.full(4, 0.5))
    with pytest.raises(ValueError, match="shape"):
        stability.flips(np.zeros((4, 2), dtype=int), np.zeros((4, 2), dtype=int))
    with pytest.raises(ValueError, match="3 and of 4 images"):
        stability.flips([1, 2, 3], [1, 2, 3, 4])


def test_mode_gap_by_hand():
    # Epoch 1: log(2/1) = log 2; epoch 2: log(8/1) = 3 log 2; mean 2 log 2.
    assert stability.train_inference_gap([1.0, 1.0], [2.0, 8.0]) == pytest.approx(2 * math.log(2))
    assert stability.train_inference_gap([0.4, 0.2], [0.4, 0.2]) == 0
    assert stability.train_inference_gap([2.0], [1.0]) == pytest.approx(-math.log(2))
    with pytest.raises(ValueError, match="2 train-mode and 1 inference"):
        stability.train_inference_gap([1.0, 1.0], [2.0])
    with pytest.raises(ValueError, match="inference NLL of epoch 2 is nan"):
        stability.train_inference_gap([1.0, 1.0], [2.0, math.nan])


# --- noise of the images ------------------------------------------------------------


def test_nll_step_se_by_hand():
    before, after = np.zeros(4), np.array([1.0, 3.0, 1.0, 3.0])
    # d = 1 3 1 3, mean 2, residuals −1 1 −1 1. Alone: √(4/3 · 4)/4 = 0.57735.
    assert stability.nll_step_se(before, after) == pytest.approx(math.sqrt(16 / 3) / 4)
    assert stability.nll_step_se(before, after) == pytest.approx(after.std(ddof=1) / math.sqrt(4))
    # Eyes that agree (1, 1) and (3, 3): sums −2 and 2, √(2/1 · 8)/4 = 1.
    assert stability.nll_step_se(before, after, ["a", "b", "a", "b"]) == pytest.approx(1.0)
    # Eyes that cancel (1, 3) twice: sums 0 and 0.
    assert stability.nll_step_se(before, after, [5, 5, 9, 9]) == 0


def test_nll_step_se_covers_the_spread_between_patients():
    """Simulated patients with two eyes that share their change: only the grouped SE is right."""
    rng = np.random.default_rng(1)
    patients, repeats = 200, 400
    shared = rng.normal(size=(repeats, patients, 1))
    d = (shared + rng.normal(size=(repeats, patients, 2))).reshape(repeats, -1)
    groups = np.repeat(np.arange(patients), 2)
    true = d.mean(axis=1).std()
    zero = np.zeros(2 * patients)
    grouped = np.mean([stability.nll_step_se(zero, row, groups) for row in d[:50]])
    alone = np.mean([stability.nll_step_se(zero, row) for row in d[:50]])
    assert grouped == pytest.approx(true, rel=0.12)
    # Correlation ½ between eyes: the SE without groups is √(1 / 1.5) = 0.82 of the right one.
    assert alone / grouped == pytest.approx(math.sqrt(1 / 1.5), rel=0.05)


def test_nll_step_se_errors():
    with pytest.raises(ValueError, match="at least 2 groups"):
        stability.nll_step_se([1.0, 2.0], [1.0, 2.0], [7, 7])
    with pytest.raises(ValueError, match="shapes"):
        stability.nll_step_se([1.0, 2.0], [1.0, 2.0], [7])
    with pytest.raises(ValueError, match="image 1"):
        stability.nll_step_se([1.0, 2.0], [1.0, math.nan])


# --- early stopping -------------------------------------------------------------------


def test_early_stopping_by_hand():
    # Best at epoch 2; epochs 3 and 4 do not beat it: patience 2 ends after epoch 4.
    assert stability.early_stopping([3, 1, 2, 2, 0.5], patience=2) == (4, 2)
    assert stability.early_stopping([3, 1, 2, 2, 0.5], patience=3) == (None, 5)
    assert stability.early_stopping([1.0], patience=0) == (None, 1)
    # NaN first: best for ever. NaN later: an epoch without improvement.
    assert stability.early_stopping([math.nan, 0.5, 0.4, 0.3], patience=3) == (4, 1)
    assert stability.early_stopping([0.5, math.nan, 0.4], patience=2) == (None, 3)
    # A fall of 1e-9 is none in float32, which Keras compares in.
    assert stability.early_stopping([1.0, 1.0 - 1e-9], patience=1) == (2, 1)
    with pytest.raises(ValueError, match="at least 1 epoch"):
        stability.early_stopping([], patience=1)
    with pytest.raises(ValueError, match="patience"):
        stability.early_stopping([1.0], patience=-1)


class _DummyModel:
    """What EarlyStopping asks of a model; its weights are the number of the epoch."""

    stop_training = False
    epoch = 0

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.restored = weights


def _keras_early_stopping(callbacks, losses, patience):
    model = _DummyModel()
    callback = callbacks.EarlyStopping(
        monitor="val_loss",
        mode="min",
        patience=patience,
        restore_best_weights=True,
    )
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.epoch = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return (model.epoch if model.stop_training else None), model.restored


# A coarse grid makes ties common; free floats and the
# neighbours of 1 (equal in float32, not in float64) fill in the rest.
EPOCH_LOSS = st.one_of(
    st.integers(1, 12).map(lambda tenths: tenths / 10),
    st.floats(1e-3, 1e3),
    st.sampled_from([math.nan, math.inf, 1.0, 1.0 - 1e-9, 1.0 - 1e-7]),
)


def test_early_stopping_is_what_keras_does():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from keras import callbacks

    @settings(max_examples=150)
    @given(st.lists(EPOCH_LOSS, min_size=1, max_size=10), st.integers(0, 5))
    def same(losses, patience):
        expected = _keras_early_stopping(callbacks, losses, patience)
        assert stability.early_stopping(losses, patience) == expected

    same()
    nan_first = [math.nan, 0.5, 0.4, 0.3]
    assert _keras_early_stopping(callbacks, nan_first, 3) == (4, 1)
    assert stability.early_stopping(nan_first, 3) == (4, 1)


def test_noise_jitter_by_hand():
    # √(2/π) = 0.7978846; steps with s = 0.1 at NLL 0.5 and s = 0.2 at NLL 2: 0.2 and 0.1.
    assert stability.noise_jitter([1.0, 0.5, 2.0], [0.1, 0.2]) == pytest.approx(0.7978846 * 0.15)


def test_noise_jitter_bounds_the_jitter_of_a_flat_noisy_curve():
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 0.01, (200, 9))
    nll = np.exp(np.concatenate([np.zeros((200, 1)), np.cumsum(steps, axis=1)], axis=1))
    mean = np.mean([stability.jitter(curve) for curve in nll])
    assert 0 < mean < stability.noise_jitter(nll[0], np.full(9, 0.01)) * 1.05


def test_the_rise_by_hand():
    assert stability.rise([1.0, 2.0, 0.5, 1.5, 1.5]) == pytest.approx(math.log(3))
    assert stability.rise([3.0, 2.0, 1.0]) == 0
    # It stays up: no jitter, and still a rise.
    assert stability.jitter([1.0, 0.5, 5.0]) == 0 and stability.rise([1.0, 0.5, 5.0]) > 2


def test_noise_rise_by_hand():
    # √(2 ln 3) = 1.4823; the larger of 0.1 / 0.5 and 0.2 / 2.
    assert stability.noise_rise([1.0, 0.5, 2.0], [0.1, 0.2]) == pytest.approx(1.4823038 * 0.2)


@pytest.mark.parametrize("epochs", [2, 3, 8, 30])
def test_noise_rise_bounds_the_rise_of_a_flat_noisy_curve(epochs):
    rng = np.random.default_rng(0)
    curves = np.exp(rng.normal(0, 0.01, (2000, epochs)))
    mean = np.mean([stability.rise(curve) for curve in curves])
    of_noise = stability.noise_rise(np.ones(epochs), np.full(epochs - 1, 0.01 * math.sqrt(2)))
    assert of_noise / 4 < mean < of_noise


def test_noise_jitter_refuses_a_wrong_number_of_errors():
    with pytest.raises(ValueError, match="3 epochs need 2 standard errors"):
        stability.noise_jitter([1.0, 0.5, 2.0], [0.1])
    with pytest.raises(ValueError, match="3 epochs need 2"):
        stability.noise_rise([1.0, 0.5, 2.0], [0.1])
