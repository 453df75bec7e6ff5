"""When STATUS.txt is written again: at a change, not too often, and now and then so that a dead box can be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often; all in seconds.

    ``look_s``: between two looks at the facts. ``least_s``: between two writings. ``longest_s``: at the latest, though
    nothing has changed: some kB 144 times a day, nothing to an SD card.
    """

    look_s: float = 10.0
    least_s: float = 60.0
    longest_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What was written last, or tried to be, and when (monotonic seconds). ``is_whole``: it stands there unchanged."""

    body: str
    at_s: float
    is_whole: bool


def is_due(shown: Shown | None, body: str, now_s: float, pace: Pace) -> bool:
    """Tell whether a text is to be written now. One that could not be written is tried again as if it had changed."""
    if shown is None:
        return True
    passed_s = now_s - shown.at_s
    is_changed = body != shown.body or not shown.is_whole
    return passed_s >= (pace.least_s if is_changed else pace.longest_s)
