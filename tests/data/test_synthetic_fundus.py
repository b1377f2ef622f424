"""Synthetic fundus photographs: EyePACS's structure, reproducible, not given away by colour."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tlhelpers.core.errors import CourseError
from tlhelpers.data import synthetic
from tlhelpers.data.drawing.fundus import grades as tables
from tlhelpers.data.drawing.fundus import photograph
from tlhelpers.data.drawing.fundus.anatomy import Anatomy
from tlhelpers.data.drawing.fundus.lesions import draw_lesions
from tlhelpers.data.drawing.fundus.vessels import draw_tree

PATIENTS = 100_000
NOISE = [0.0, 0.02, synthetic.LABEL_NOISE, 0.05]


def tolerance(share: float, n: int = PATIENTS) -> float:
    """Four standard errors of a share among n independent patients."""
    return 4 * np.sqrt(share * (1 - share) / n)


@pytest.fixture(scope="module", params=NOISE, ids="noise {}".format)
def noisy(request):
    """Drawn and recorded grades of many patients, and their label noise."""
    return *synthetic.draw_grades(PATIENTS, 7, request.param), request.param


# ---------------------------------------------------------------- grades


def test_recorded_shares_are_those_of_eyepacs(noisy):
    _, recorded, _ = noisy
    for grade, count in enumerate((25_810, 2_443, 5_292, 873, 708)):
        share = count / 35_126
        for eye in (0, 1):
            assert np.mean(recorded[:, eye] == grade) == pytest.approx(share, abs=tolerance(share))


def test_recorded_fellow_eyes_agree_as_in_eyepacs(noisy):
    _, recorded, _ = noisy
    left, right = recorded.T
    exact, any_dr = np.mean(left == right), np.mean((left > 0) == (right > 0))
    assert exact == pytest.approx(0.872, abs=tolerance(0.872))
    assert any_dr == pytest.approx(0.915, abs=tolerance(0.915))
    # kappa = 1 - disagreement / chance disagreement, the latter 0.39 for 26.5 % any-DR
    kappa = cohen_kappa_score(left > 0, right > 0)
    assert kappa == pytest.approx(0.78, abs=0.005 + tolerance(0.085) / 0.39)


def test_recorded_table_meets_the_figures_exactly():
    table = tables.recorded_table()
    assert table.min() > 0
    np.testing.assert_allclose(table, table.T)
    np.testing.assert_allclose(table.sum(axis=1), synthetic.GRADE_SHARES)
    assert np.trace(table) == pytest.approx(0.872)
    assert table[0, 0] + table[1:, 1:].sum() == pytest.approx(0.915)


@pytest.mark.parametrize("noise", NOISE)
def test_noise_turns_the_drawn_table_into_the_recorded_one(noise):
    drawn, mix = tables.drawn_table(noise), tables.noise_table(noise)
    assert drawn.min() >= 0
    np.testing.assert_allclose(mix.sum(axis=1), 1)
    np.testing.assert_allclose(mix.T @ drawn @ mix, tables.recorded_table(), atol=1e-12)


def test_label_noise_moves_that_share_of_eyes_by_one_grade(noisy):
    drawn, recorded, noise = noisy
    moved = recorded - drawn
    assert np.mean(moved != 0) == pytest.approx(noise, abs=tolerance(noise, 2 * PATIENTS))
    assert np.abs(moved).max() == (1 if noise else 0)


# ---------------------------------------------------------------- images


@pytest.fixture(scope="module")
def some():
    return synthetic.fundus(20, 32, seed=5)


def test_what_a_set_holds(some):
    assert some.images.shape == (40, 32, 32, 3) and some.images.dtype == np.uint8
    assert some.classes == ("no DR", "DR")
    np.testing.assert_array_equal(some.labels, some.grades >= 1)
    np.testing.assert_array_equal(some.groups, np.repeat(np.arange(20), 2))
    np.testing.assert_array_equal(some.grades, synthetic.draw_grades(20, 5)[1].reshape(-1))


def test_same_seed_same_images_other_seed_other_images(some):
    assert synthetic.fundus(20, 32, seed=5).fingerprint() == some.fingerprint()
    assert synthetic.fundus(20, 32, seed=6).fingerprint() != some.fingerprint()


def test_patients_do_not_hang_on_how_many_are_asked_for(some):
    fewer = synthetic.fundus(3, 32, seed=5)
    assert fewer.fingerprint() == some.subset(np.arange(6)).fingerprint()


def test_no_two_images_are_alike(some):
    assert len(np.unique(some.images.reshape(len(some), -1), axis=0)) == len(some)


@pytest.mark.parametrize("size", [33, 64, 224])
def test_patients_look_the_same_at_every_size(some, size):
    """Shrunk to a few tiles a side, images of any size match those of 32 px."""

    def tiles(images):
        cut = np.array_split(np.arange(images.shape[1]), 8)
        rows = np.stack([images[:, c].mean(axis=1) for c in cut], axis=1)
        return np.stack([rows[:, :, c].mean(axis=2) for c in cut], axis=2)

    images = synthetic.fundus(2, size, seed=5).images
    assert images.shape == (4, size, size, 3)
    assert np.abs(tiles(images) - tiles(some.images[:4])).mean() < 6


def test_fellow_eyes_share_their_anatomy_and_are_mirrored():
    anatomy = Anatomy.draw(np.random.default_rng(1), 400)
    np.testing.assert_array_equal(anatomy.side, np.tile([1, -1], 200))
    np.testing.assert_array_less(anatomy.side * anatomy.disc[:, 0], 0)  # the disc is nasal
    for name in ("ground", "melanin", "disc_radius", "cup", "arcade", "winding", "calibre"):
        left, right = getattr(anatomy, name).reshape(200, 2, -1).swapaxes(0, 1)
        strangers = np.abs(left - np.roll(right, 1, axis=0)).mean()
        assert np.abs(left - right).mean() < 0.5 * strangers, name
    trees = draw_tree(np.random.default_rng(2), Anatomy.draw(np.random.default_rng(1), 2), 32)
    assert np.abs(trees[0] - trees[1, :, ::-1]).max() > 0.1  # alike, not copies


def test_left_discs_are_on_the_left():
    images = synthetic.grade_images(0, 32, 32, seed=3).astype(float)
    blue = images[:, 8:24, :, 2]  # the disc is the palest place, most so in blue
    left_half, right_half = blue[:, :, 3:16].max((1, 2)), blue[:, :, 16:29].max((1, 2))
    on_the_left = (left_half > right_half).reshape(16, 2).mean(axis=0)
    assert on_the_left[0] > 0.75 > 0.25 > on_the_left[1]


# ---------------------------------------------------------------- lesions


def lesion_places(grade: int, size: int) -> np.ndarray:
    """Where a chunk's eyes with this grade have lesions; bool, shape (n, size, size)."""
    anatomy = Anatomy.draw(np.random.default_rng(1), 32)
    lesions = draw_lesions(np.random.default_rng(2), anatomy, np.full(32, grade), size)
    return (lesions.blood > 0) | (lesions.exudate > 0) | (lesions.cotton > 0)


def test_worse_grades_show_more():
    covered = [lesion_places(grade, 64).mean(axis=(1, 2)) for grade in range(5)]
    assert covered[0].max() == 0
    assert covered[1].min() > 0
    assert (np.diff(np.mean(covered[:4], axis=1)) > 0).all()
    assert covered[4].mean() > covered[2].mean()


@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_a_grade_changes_nothing_but_its_lesions(grade, monkeypatch):
    places = []

    def remember(*args):
        lesions = draw_lesions(*args)
        places.append((lesions.blood > 0) | (lesions.exudate > 0) | (lesions.cotton > 0))
        return lesions

    monkeypatch.setattr(photograph, "draw_lesions", remember)
    healthy = synthetic.grade_images(0, 32, 64, seed=4)
    ill = synthetic.grade_images(grade, 32, 64, seed=4)
    changed = (healthy != ill).any(axis=-1)
    near = binary_dilation(places[-1], np.ones((1, 9, 9)))  # blur carries a lesion some pixels
    assert not places[0].any()
    assert changed.any(axis=(1, 2)).all()
    assert not (changed & ~near).any()


def test_each_eye_shows_its_drawn_grade():
    images = synthetic.fundus(20, 32, seed=5, label_noise=0.05).images
    drawn = synthetic.draw_grades(20, 5, 0.05)[0].reshape(-1)
    assert len(np.unique(drawn)) > 2
    of_grade = np.stack([synthetic.grade_images(g, 40, 32, seed=5) for g in range(5)])
    np.testing.assert_array_equal(images, of_grade[drawn, np.arange(40)])


# ---------------------------------------------------------------- hardness


@pytest.fixture(scope="module")
def train_and_validation():
    return synthetic.fundus(500, 64, seed=1), synthetic.fundus(400, 64, seed=2)


def pixels(images):
    return images.reshape(len(images), -1).astype(np.float32)


def colours(images):
    return images.mean(axis=(1, 2))


@pytest.mark.parametrize(
    "features, model",
    [
        (colours, LogisticRegression(C=1.0)),
        (pixels, LogisticRegression(C=1e-4, max_iter=20)),
        (pixels, make_pipeline(PCA(60, random_state=0), LogisticRegression(C=0.01))),
    ],
    ids=["colours", "pixels", "principal components"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_linear_readers_fail(features, model, train_and_validation):
    train, validation = train_and_validation
    reader = make_pipeline(StandardScaler(), model).fit(features(train.images), train.labels)
    score = reader.decision_function(features(validation.images))
    assert roc_auc_score(validation.labels, score) < 0.70


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: synthetic.fundus(0, 64, 1), "patients is 0: choose a whole number from 1."),
        (lambda: synthetic.fundus(-3, 64, 1), "patients is -3: choose a whole number from 1."),
        (lambda: synthetic.fundus(1, 31, 1), "size is 31: choose a whole number from 32."),
        (lambda: synthetic.fundus(1, 64, -1), "seed is -1: choose a whole number from 0."),
        (
            lambda: synthetic.fundus(1, 64, 1, label_noise=0.2),
            "label_noise is 0.2: choose 0 to 0.05.",
        ),
        (lambda: synthetic.grade_images(5, 1, 64, 1), "grade is 5: choose 0 to 4."),
        (
            lambda: synthetic.grade_images(1, 0, 64, 1),
            "count is 0: choose a whole number from 1.",
        ),
    ],
)
def test_numbers_out_of_range_are_refused_in_one_line(call, message):
    with pytest.raises(CourseError) as error:
        call()
    assert str(error.value) == message
