"""How fast a new box may send on port 25: slowly at first, as Microsoft throttles a public IP whose volume is sudden.

No numbers are published ("Fix error code 451 4.7.500-699", Microsoft, read 2026-11): what users report is throttling on
the first busy day of a new sender. The first day is what an office scans on a quiet one.
"""

from collections.abc import Collection
from typing import Final

from gateway.deliver.pacing import DAY_S, Limits

DAYS: Final = 7
FIRST_PER_MINUTE: Final = 10
FIRST_PER_HOUR: Final = 200


def day_of(now: float) -> int:
    """Return the day (UTC, since 1970) of a time."""
    return int(now // DAY_S)


def ramp_day(active_days: Collection[int], now: float) -> int:
    """Return which day of the ramp-up it is: 1 until a day has passed on which mail was taken; above ``DAYS`` none.

    Only days with mail count: a box that stood idle for a week has no reputation yet.
    """
    return 1 + sum(day != day_of(now) for day in set(active_days))


def limits(day: int, per_minute: int) -> Limits:
    """Return what goes on a day of the ramp-up: by the same factor more each day, all of ``per_minute`` after it."""
    if day > DAYS:
        return Limits(per_minute)
    share = (max(day, 1) - 1) / DAYS
    return Limits(_grown(FIRST_PER_MINUTE, per_minute, share), _grown(FIRST_PER_HOUR, per_minute * 60, share))


def _grown(first: int, last: int, share: float) -> int:
    return last if last <= first else int(first * (last / first) ** share)
