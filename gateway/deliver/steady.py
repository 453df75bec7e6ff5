"""Can the clock be trusted with ages? Not for a day after it was set: a leap makes everything old at once."""

from dataclasses import dataclass
from typing import Final

from hotfolder.shelf_life import EARLIEST_S

DAY_S: Final = 86400.0
_LEAP_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock when it was last looked at, and since when it has run on without a leap. Seconds since 1970."""

    seen_at: float
    steady_since: float


def looked(known: Clock | None, now: float) -> Clock | None:
    """Return what is known after a look; None while no clock that can be right was seen.

    A day without a look is a leap: the clock was set, or the box was off, and then it may have been set as well.
    """
    if now < EARLIEST_S:
        return known
    if known is None or not 0 <= now - known.seen_at <= DAY_S:
        return Clock(now, now)
    return Clock(now, known.steady_since)


@dataclass(frozen=True, slots=True)
class Begun:
    """One and the same moment by the wall clock (seconds since 1970) and by the monotonic one."""

    at: float
    at_s: float


def doubted(begun: Begun, now: Begun) -> tuple[float, float] | None:
    """Return the first and the last time that the clock showed before it was set forward since; None when it was not.

    A box without a battery clock may begin with the time of its last stop, weeks ago, until NTP answers.
    """
    passed_s = now.at_s - begun.at_s
    return (begun.at, begun.at + passed_s) if now.at - begun.at > passed_s + _LEAP_S else None


def is_steady(known: Clock | None, now: float) -> bool:
    """Tell whether ages can be told by this clock."""
    return known is not None and now >= EARLIEST_S and now - known.steady_since >= DAY_S
