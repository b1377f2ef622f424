"""The iterators of the old `ImageDataGenerator`."""

import numpy as np
import pytest

from tlhelpers.doctor.samples import read


def test_flow_from_directory(tmp_path):
    image = pytest.importorskip("PIL.Image")
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    for number in range(12):
        folder = tmp_path / "abc"[number % 3]
        folder.mkdir(exist_ok=True)
        image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(folder / f"{number:02}.png")
    for mode in ("categorical", "sparse"):
        source = ImageDataGenerator().flow_from_directory(
            tmp_path, target_size=(8, 8), batch_size=5, class_mode=mode, save_to_dir=tmp_path / "a"
        )
        [sample] = read(source)
        assert sample.complete and sample.sizes == (5, 5, 2)
        classes = sample.y if mode == "sparse" else sample.y.argmax(1)
        np.testing.assert_array_equal(classes, sample.x[:, 0, 0, 0] % 3)
        assert sample.y.shape == ((12, 3) if mode == "categorical" else (12,))
        assert source.index_array is None and source.save_to_dir
    assert len(list((tmp_path / "a").iterdir())) == 4
