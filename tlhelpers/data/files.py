"""The real picture sets, loaded from folders that `data_scripts` prepared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tlhelpers.data.dataset import Dataset
from tlhelpers.data.prepared import load_prepared


def eyepacs(folder: Path | str) -> Dataset:
    """EyePACS as prepared by ``data_scripts/prepare_eyepacs.py``: any retinopathy or none.

    Parameters
    ----------
    folder : path
        The prepared folder.

    Returns
    -------
    Dataset
        Classes "no DR" (grade 0) and "DR" (grade 1 to 4); groups are patients; the images
        are a read-only memory map.

    Raises
    ------
    CourseError
        If the folder is missing, not complete or damaged; the message holds the command to run.
    """
    import pandas as pd

    command = f"python data_scripts/prepare_eyepacs.py --source ZIP_OR_FOLDER --target {folder}"
    prepared = load_prepared(folder, "eyepacs", command)
    grades = prepared.index["grade"].to_numpy(np.int64)
    return Dataset(
        images=prepared.images,
        labels=(grades >= 1).astype(np.int64),
        groups=pd.factorize(prepared.index["patient"])[0].astype(np.int64),
        grades=grades,
        classes=("no DR", "DR"),
        origin="real",
    )
