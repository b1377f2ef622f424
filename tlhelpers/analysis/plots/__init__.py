"""Every figure of the course. Loads without Keras.

Each function takes results and returns a `Plot`: a drawn figure with its text alternative.
"""

from tlhelpers.analysis.plots.canvas import Plot
from tlhelpers.analysis.plots.changes import effects, paired, recalls, split
from tlhelpers.analysis.plots.epochs import curves, history, joined, readings, steps
from tlhelpers.analysis.plots.images import contact_sheet
from tlhelpers.analysis.plots.mechanism import chase, modes, turning
from tlhelpers.analysis.plots.noise import moving_means, wrong_way
from tlhelpers.analysis.plots.survey import field_survey

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
