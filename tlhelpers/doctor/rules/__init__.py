"""What the epochs mean: how the jumping and the climbing of a curve split into causes.

Every rule needs an interval that leaves out zero, and an effect that one would see in the curve.
The thresholds were set on curves of healthy and faulty programs (`docs/doctor.md`).
"""

from tlhelpers.doctor.rules.curves import series
from tlhelpers.doctor.rules.seen import Seen
from tlhelpers.doctor.rules.verdict import judge

__all__ = ["Seen", "judge", "series"]
