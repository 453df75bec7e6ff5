"""How long to wait so that an upstream's published limits are never met."""

from collections.abc import Sequence
from typing import Final

MINUTE_S: Final = 60.0
DAY_S: Final = 86400.0


def wait_s(
    transfers: Sequence[tuple[float, int]], now: float, per_minute: int, per_day: int | None, recipients: int
) -> float:
    """Return the seconds until one more message to so many recipients keeps both limits; 0 when it does now.

    ``transfers`` are (time, recipients) of the messages of the last 24 hours, oldest first; both windows slide. A time
    in the future (the clock was set back) counts as now.
    """
    recent = [min(at, now) for at, _ in transfers if now - at < MINUTE_S]
    wait = recent[-per_minute] + MINUTE_S - now if len(recent) >= per_minute else 0.0
    if per_day is None:
        return max(wait, 0.0)
    used = sum(count for at, count in transfers if now - at < DAY_S)
    for at, count in transfers:
        if used + recipients <= per_day:
            break
        if now - at < DAY_S:
            used -= count
            wait = max(wait, min(at, now) + DAY_S - now)
    return max(wait, 0.0)
