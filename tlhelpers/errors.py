"""The one error class that a learner is meant to read."""


class CourseError(Exception):
    """Something the learner can put right.

    The message is one line: what was wrong, where, and what to do. The command
    line prints it without a traceback and exits with code 2.
    """
