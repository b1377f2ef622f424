"""Examinations as the doctor could give them: by hand, and drawn at random."""

import math
from typing import Any

from hypothesis import strategies as st

from tlhelpers.doctor.catalogue import TROUBLES
from tlhelpers.doctor.diagnosis import READINGS, Diagnosis, Examination

NAN = math.nan


def diagnosis(code: str, share=None, low=None, high=None, evidence="It jumps by 0.7.") -> Diagnosis:
    trouble = TROUBLES[code]
    scratch = trouble.cure_from_scratch or trouble.cure
    shares = (share, low, high)
    words = (evidence, trouble.cure, scratch, trouble.sure, trouble.page)
    return Diagnosis(code, trouble.title, *shares, *words)


def examination(*diagnoses: Diagnosis, **changed: Any) -> Examination:
    """A run of six epochs that spikes in the fourth; with `changed` fields."""
    spiking = (1.2, 0.9, 0.8, 5.0, 0.7, 0.65)
    calm = (1.1, 0.88, 0.79, 0.72, 0.68, 0.64)
    fields = {
        "fit": 1,
        "model": "resnet50",
        "epochs": (1, 2, 3, 4, 5, 6),
        "curves": {
            "loss": calm,
            "val_loss": spiking,
            "val_accuracy": (0.3, 0.5, 0.6, 0.2, 0.7, 0.71),
            "as_validated": spiking,
            "fresh": calm,
            "averaged": calm,
            "recalibrated": spiking,
            "accuracy_as_validated": (0.3, 0.5, 0.6, 0.2, 0.7, 0.71),
            "accuracy_fresh": (0.3, 0.5, 0.6, 0.65, 0.7, 0.71),
        },
        "bands": {"as_validated": tuple((0.9 * each, 1.1 * each) for each in spiking)},
        "facts": {"images": 3662, "steps_an_epoch": 115},
        "diagnoses": diagnoses,
        "seconds": 1.2,
        "fit_seconds": 40.0,
    }
    return Examination(**{**fields, **changed})


def _values(size: int, values):
    return st.lists(values, min_size=size, max_size=size).map(tuple)


@st.composite
def diagnoses(draw) -> Diagnosis:
    share = st.none() | st.floats(-0.2, 1.2) | st.just(NAN)
    return diagnosis(
        draw(st.sampled_from(sorted(TROUBLES))),
        draw(share),
        draw(share),
        draw(share),
        draw(st.text(max_size=200)),
    )


@st.composite
def examinations(draw) -> Examination:
    size = draw(st.sampled_from([0, 1, 2, 3, 8, 40]))
    first = draw(st.integers(1, 500))
    positive = st.floats(1e-6, 1e6) | st.just(NAN)
    value = draw(st.sampled_from([positive, st.floats(), st.floats(0.5, 0.6), st.just(NAN)]))
    names = ["loss", "val_loss", "val_accuracy", *READINGS]
    names += [f"accuracy_{name}" for name in READINGS]
    curves = {name: draw(_values(size, value)) for name in draw(st.lists(st.sampled_from(names)))}
    bands = {
        name: draw(_values(size, st.tuples(value, value)))
        for name in draw(st.lists(st.sampled_from(list(READINGS))))
    }
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    return Examination(
        draw(st.integers(1, 99)),
        draw(st.text(max_size=40) | st.just("<script>alert(1)</script>")),
        tuple(range(first, first + size)),
        curves,
        bands,
        draw(st.dictionaries(st.text(max_size=9), plain | st.lists(plain), max_size=4)),
        tuple(draw(st.lists(diagnoses(), max_size=5))),
        tuple(draw(st.lists(st.text(max_size=100), max_size=2))),
        draw(st.floats(0, 1e6) | st.just(NAN)),
        draw(st.floats(0, 1e6) | st.just(NAN)),
    )
