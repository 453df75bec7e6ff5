"""When to try again, and when to give up."""

from dataclasses import dataclass


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
