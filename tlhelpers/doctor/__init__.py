"""Names the trouble of anybody's own Keras training; needs Keras and NumPy only.

::

    from tlhelpers.doctor import Doctor

    doctor = Doctor(train, validation)              # what fit gets
    model.fit(..., callbacks=[*callbacks, doctor])
    print(doctor.report())

or, without a change to the script, ``python -m tlhelpers.doctor script.py``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Doctor"]


def __getattr__(name: str) -> Any:
    # Keras takes seconds to import, and `python -m tlhelpers.doctor --help` needs none of it.
    if name == "Doctor":
        from tlhelpers.doctor.callback import Doctor

        return Doctor
    raise AttributeError(f"module 'tlhelpers.doctor' has no attribute '{name}'")
