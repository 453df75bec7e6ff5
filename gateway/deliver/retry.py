"""When to try again, and when to give up."""

from dataclasses import dataclass
from typing import Final

_GAVE_UP: Final = "not delivered within "
_LAST: Final = "; last: "


@dataclass(frozen=True, slots=True)
class Schedule:
    """The intervals of ``[delivery]``, in seconds."""

    first_s: float
    longest_s: float
    lifetime_s: float


def interval_s(tries: int, schedule: Schedule, jitter: float) -> float:
    """Return the seconds to wait after the given number of tries (1 is the first): doubling, bounded, spread.

    ``jitter`` in 0..1 spreads the jobs of one outage over the upper half of the interval, so that they do not return
    all at once.
    """
    whole = min(schedule.first_s * 2.0 ** min(max(tries, 1) - 1, 32), schedule.longest_s)
    return whole * (0.5 + 0.5 * min(max(jitter, 0.0), 1.0))


def is_over(created_at: float, now: float, schedule: Schedule) -> bool:
    """Tell whether a job that could not be delivered has waited its whole lifetime."""
    return now - created_at >= schedule.lifetime_s


def gave_up(schedule: Schedule, said: str) -> str:
    """Return the sentence about a job whose lifetime is over, with what was said last."""
    return f"{_GAVE_UP}{schedule.lifetime_s / 86400:g} days{_LAST}{said}"


def is_gave_up(reason: str) -> bool:
    """Tell whether this is what ``gave_up`` says."""
    return reason.startswith(_GAVE_UP)


def last_said(reason: str) -> str:
    """Return what was said last: of a job whose lifetime is over the part about that, else the whole."""
    return reason.partition(_LAST)[2] if is_gave_up(reason) else reason
