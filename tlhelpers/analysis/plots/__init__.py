"""Every figure of the course. Loads without Keras.

Each function takes results and returns a `Plot`: a drawn figure with its text alternative.
"""

from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.analysis.plots.looks import joined, looks
from tlhelpers.analysis.plots.mechanism import chase, modes, turning
from tlhelpers.analysis.plots.noise import moving_means, wrong_way
from tlhelpers.analysis.plots.results import (
    confusion,
    contact_sheet,
    curves,
    effects,
    field_survey,
    forest,
    history,
    layer_lag,
    paired,
    readings,
    recalls,
    same_weights,
    split,
    steps,
)

__all__ = [
    "Plot",
    "chase",
    "confusion",
    "contact_sheet",
    "curves",
    "effects",
    "field_survey",
    "forest",
    "history",
    "joined",
    "layer_lag",
    "looks",
    "modes",
    "moving_means",
    "paired",
    "readings",
    "recalls",
    "same_weights",
    "split",
    "steps",
    "turning",
    "wrong_way",
]
