"""The exercise of page 05 that looks at a model: what it accepts, and what it says otherwise."""

import numpy as np
import pytest

from tlhelpers.core.quiet import keras
from tlhelpers.course.book.page05 import EXERCISES
from tlhelpers.course.exercises import told


def small():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3)(inputs)
    base = keras.Model(inputs, keras.layers.BatchNormalization()(x))
    images = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(images, training=False))
    model = keras.Model(images, keras.layers.Dense(2, "softmax")(x))
    compiled(model)
    model.fit(np.ones((8, 8, 8, 3)), np.eye(2)[[0, 1] * 4], verbose=0)
    return model, base


def compiled(model):
    model.compile(keras.optimizers.Adam(1e-3), loss="categorical_crossentropy")


def said(model):
    return told(EXERCISES["05-repair"], model)


def test_the_flag_alone_is_no_repair():
    assert "1 of 1 BatchNorm layers still move" in said(small()[0])


def test_frozen_and_compiled_is_right_and_keeps_the_weights():
    model, base = small()
    base.layers[-1].trainable = False
    assert "Compile it again" in said(model)
    compiled(model)
    before = model.get_weights()
    assert said(model).startswith("✓")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_everything_frozen_is_too_much():
    model, base = small()
    base.trainable = False
    compiled(model)
    assert "only 0 of 1 convolutions train" in said(model)


@pytest.mark.parametrize("answer", EXERCISES["05-repair"].wrong)
def test_no_model(answer):
    assert said(answer).startswith("✗")


def test_not_compiled():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(inputs))
    outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    assert "compile" in said(keras.Model(inputs, outputs)).lower()
