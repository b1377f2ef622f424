"""One bar over all steps of a training, in place of Keras's line an epoch."""

from __future__ import annotations

from typing import Any

from tlhelpers.core import progress
from tlhelpers.core.quiet import keras


class ProgressBar(keras.callbacks.Callback):
    """Progress over the steps of all epochs; for ``fit(..., verbose=0)``.

    Parameters
    ----------
    name : str
        What the bar is called.
    start : int
        Epochs that are done already.
    """

    def __init__(self, name: str = "training", start: int = 0):
        super().__init__()
        self.name, self.start = name, start

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the bar."""
        steps = self.params["steps"]
        self.bar = progress.bar(
            total=self.params["epochs"] * steps,
            initial=self.start * steps,
            desc=self.name,
            unit="step",
        )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """One step more."""
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show the epoch and its validation loss."""
        seen = {"epoch": epoch + 1}
        if "val_loss" in (logs or {}):
            seen["val_loss"] = f"{logs['val_loss']:.3f}"
        self.bar.set_postfix(**seen, refresh=False)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the bar."""
        self.bar.close()
