"""Is there anything to see of an effect, and is it over?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.rules.curves import VISIBLE, visible
from tlhelpers.doctor.rules.seen import Seen

_SHORT = 0.25  # of the median step: a rate that was taken down far


def worth_naming(seen: Seen, worse: str, better: str) -> bool:
    """Whether one would see the difference of two readings, and training did not end it itself.

    A large rate at the beginning and a small one later is a plan, and a jump while the rate was
    large is over. A quiet end at the same rate may be luck.
    """
    curves = seen.curves
    if curves is None or visible(curves, worse, better) < VISIBLE:
        return False
    late = -max(2, curves.epochs // 3)
    if visible(curves, worse, better, since=late) >= VISIBLE:
        return True
    steps = np.array([one.step for one in seen.epochs if one.step is not None], dtype=float)
    return not (len(steps) > 3 and np.median(steps[late:]) < _SHORT * np.median(steps))
