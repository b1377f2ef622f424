"""The course on a USB stick: wheels, pages and a start script, for a room without internet."""

from tlhelpers.course.room.folder import Made, make, verify
from tlhelpers.course.room.targets import PLATFORMS, Target

__all__ = ["PLATFORMS", "Made", "Target", "make", "verify"]
