"""The drawn images stay what they were when the recordings were made.

A recording says how its images were chosen, not how they were drawn, so other drawing code would
pass for the same images. Fingerprints cannot tell: on another processor a few pixels come out
one grey level away.

    python -m tests.data.test_drawing

makes the file of images anew, for a drawing that was changed on purpose.
"""

from pathlib import Path

import numpy as np
import pytest

from tlhelpers.data import synthetic
from tlhelpers.experiment.cases import case

FILE = Path(__file__).with_name("drawn_images.npz")
TOLERANCE = 2  # grey levels
EACH = 12  # images of a case

# Of each case: the name in `synthetic` of what draws one chunk, and how many groups are in it.
CHUNKS = {
    "retinopathy": ("draw_patients", synthetic.PATIENTS_AT_ONCE),
    "ferplus": ("draw_faces", synthetic.FACES_AT_ONCE),
}
CHANGED = (
    "{name}: {what}. If you did not mean to change the drawing, take your change back. If you did, "
    "no recording of drawn images holds any more: all must be made again "
    "(recordings/PROTOCOL.md), and then this file: python -m tests.data.test_drawing"
)


def quick(name, patch, chosen):
    """The split of a quick case, of which only the chunks with the chosen groups are drawn.

    All labels, groups and votes are there; the other images are black.
    """
    function, at_once = CHUNKS[name]
    draw, needed = getattr(synthetic, function), set(chosen // at_once)

    def some(seed, chunk, wanted, size):
        if chunk in needed:
            return draw(seed, chunk, wanted, size)
        return np.zeros((len(wanted), size, size, 1), np.uint8)

    patch.setattr(synthetic, function, some)
    return case(name).split


def labels(split):
    """What is known about the images, which must be the same to the last one."""
    arrays = {}
    for side in ("train", "validation"):
        for what in ("labels", "groups", "grades", "votes"):
            array = getattr(getattr(split, side), what)
            if array is not None:
                arrays[f"{side} {what}"] = array
    return arrays


def few(dataset):
    """Rows of images of every grade or emotion, about as many of each."""
    order = np.random.default_rng(0).permutation(len(dataset))
    kinds = [list(order[dataset.grades[order] == kind]) for kind in np.unique(dataset.grades)]
    return np.sort([kinds[i % len(kinds)].pop() for i in range(EACH)])


@pytest.mark.parametrize("name", CHUNKS)
def test_images_are_those_of_the_recordings(name, monkeypatch):
    with np.load(FILE) as file:
        kept = {key.partition(" ")[2]: file[key] for key in file if key.startswith(name)}
    rows, images = kept.pop("rows"), kept.pop("images")
    split = quick(name, monkeypatch, kept["validation groups"][rows])
    found = labels(split)
    assert found.keys() == kept.keys()
    for what, array in found.items():
        assert np.array_equal(array, kept[what]), CHANGED.format(name=name, what=f"other {what}")
    drawn = split.validation.images[rows]
    assert drawn.shape == images.shape and drawn.any(axis=(1, 2, 3)).all()
    away = np.abs(drawn.astype(int) - images).max()
    what = f"a pixel is {away} grey levels from what it was, {TOLERANCE} are allowed"
    assert away <= TOLERANCE, CHANGED.format(name=name, what=what)


def make():
    """Keep the images as they are drawn now."""
    arrays = {}
    for name in CHUNKS:
        split = case(name).split
        rows = few(split.validation)
        # Small numbers in small types: labels and votes are a part of the file that counts.
        known = {
            what: array.astype(np.min_scalar_type(array.max()))
            for what, array in labels(split).items()
        }
        known |= {"rows": rows, "images": split.validation.images[rows]}
        arrays |= {f"{name} {what}": array for what, array in known.items()}
    np.savez_compressed(FILE, **arrays)
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    make()
