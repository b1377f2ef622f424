"""Averaged weights need BatchNorm statistics of their own: a callback that measures them.

``keras.callbacks.SwapEMAWeights`` puts averaged weights in place for validation and saving, and
leaves BatchNorm the running statistics of the raw weights, which belong to another network. In
PyTorch, ``torch.optim.swa_utils.update_bn`` closes that gap; Keras has nothing for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras


class UpdateBatchNorm(keras.callbacks.Callback):
    """Measure BatchNorm's statistics for the averaged weights whenever those are in the model.

    It stands right behind the callback that swaps and before all that look at validation::

        model.compile(keras.optimizers.Adam(1e-4, use_ema=True, ema_momentum=1 - 1 / steps), ...)
        model.fit(..., callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            UpdateBatchNorm(x_train[some]),  # np.random.permutation(len(x_train))[:1024]
            keras.callbacks.EarlyStopping(restore_best_weights=True),
        ])

    Then validation, EarlyStopping, ModelCheckpoint and the model that ``fit`` leaves all see
    averaged weights with statistics that fit them. Training goes on with its own statistics, as if
    the callback were not there (but that Dropout draws other masks); only layers that train
    (``layer.trainable``) are measured.

    Parameters
    ----------
    images : array, shape (n, ...)
        Training inputs as ``fit`` feeds them, after any augmentation; 1,000 or so are enough.
    batch_size : int
        At least 32, whatever the training's: small batches give statistics of another kind.

    Notes
    -----
    The statistics are the plain mean over batches of each batch's mean and variance.
    Source: Izmailov et al. 2018, arXiv 1803.05407, section 3.2; Wu & Johnson 2021, arXiv
    2105.07576, section 3, also on the size of the batch.
    """

    def __init__(self, images: np.ndarray, batch_size: int = 32):
        super().__init__()
        self.images, self.batch_size = images, batch_size
        self.of_training = self.of_average = None

    def on_train_begin(self, logs: Any = None) -> None:
        """What it holds is of the training before: other layers trained, or another model."""
        self.of_training = self.of_average = None

    def on_test_begin(self, logs: Any = None) -> None:
        """SwapEMAWeights has just put the average in place."""
        self.of_training = self._statistics()
        self._measure()

    def on_test_end(self, logs: Any = None) -> None:
        """SwapEMAWeights has just taken it out again."""
        self.of_average = self._statistics()
        self._assign(self.of_training)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """The average comes back, to be looked at by the callbacks behind this one."""
        self.of_training = self._statistics()
        if self.of_average is None:  # no validation in this epoch
            self._measure()
        else:
            self._assign(self.of_average)
        self.of_average = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Training goes on where it was."""
        if self.of_training is not None:
            self._assign(self.of_training)

    def _layers(self) -> list[keras.layers.Layer]:
        return [
            layer
            for layer in self.model._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]

    def _statistics(self) -> list[np.ndarray]:
        return [
            keras.ops.convert_to_numpy(variable).copy()
            for layer in self._layers()
            for variable in (layer.moving_mean, layer.moving_variance)
        ]

    def _assign(self, statistics: list[np.ndarray]) -> None:
        values = iter(statistics)
        for layer in self._layers():
            layer.moving_mean.assign(next(values))
            layer.moving_variance.assign(next(values))

    def _measure(self) -> None:
        layers = self._layers()
        momenta = [layer.momentum for layer in layers]
        size = min(self.batch_size, len(self.images))
        try:
            for k in range(len(self.images) // size):
                for layer in layers:
                    layer.momentum = k / (k + 1)  # the plain mean of the batches so far
                self.model(self.images[k * size : (k + 1) * size], training=True)
        finally:  # also if you interrupt it here
            for layer, momentum in zip(layers, momenta, strict=True):
                layer.momentum = momentum
