"""Every figure of the course. Loads without Keras.

Each function takes results and returns a `Plot`: a drawn figure with its text alternative.
"""

from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.analysis.plots.mechanism import chase, modes, turning
from tlhelpers.analysis.plots.noise import moving_means, wrong_way
from tlhelpers.analysis.plots.results import (
    contact_sheet,
    curves,
    effects,
    field_survey,
    history,
    joined,
    paired,
    readings,
    recalls,
    split,
    steps,
)

__all__ = [
    "Plot",
    "chase",
    "contact_sheet",
    "curves",
    "effects",
    "field_survey",
    "history",
    "joined",
    "modes",
    "moving_means",
    "paired",
    "readings",
    "recalls",
    "split",
    "steps",
    "turning",
    "wrong_way",
]
