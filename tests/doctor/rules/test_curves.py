"""Numbers of curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tlhelpers.doctor.rules.curves import jitter
from tlhelpers.measures import stability


@settings(max_examples=100)
@given(arrays(float, st.integers(2, 12), elements=st.floats(-3, 3)))
def test_jitter_is_that_of_the_course(x):
    assert jitter(x) == pytest.approx(stability.jitter(np.exp(x)), abs=1e-9)
