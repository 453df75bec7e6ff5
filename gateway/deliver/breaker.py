"""How long a route at fault rests before it is probed again."""

from typing import Final, assert_never

from gateway.deliver.fault import Kind

LONGEST_CONFIGURED_S: Final = 3600.0
LONGEST_THROTTLED_S: Final = 900.0
THROTTLED_S: Final = 60.0
ADDRESS_S: Final = 300.0
_QUOTA_S: Final = 900.0
LONGEST_S: Final = 86400.0
"""No fault rests a route for longer: a day's quota."""


def rest_s(kind: Kind, faults: int, pause_s: float, first_s: float, longest_s: float, jitter: float = 1.0) -> float:
    """Return the seconds a route rests after so many faults of one kind in a row (1 is the first).

    An outage: from ``first_s`` doubling to ``longest_s``, of which ``jitter`` in 0..1 spreads the upper half, so that
    the boxes of one office do not return all at once. Any other: from the ``pause_s`` that the fault demands (a refused
    login must not be repeated into a lock-out) doubling to an hour, or to 15 minutes where it was only too much.
    """
    growth = 2.0 ** min(max(faults, 1) - 1, 32)
    match kind:
        case Kind.OUTAGE:
            whole = min(first_s * growth, longest_s)
            return max(pause_s, whole * (0.5 + 0.5 * min(max(jitter, 0.0), 1.0)))
        case Kind.CONNECTIONS | Kind.RATE:
            least_s, bound_s = THROTTLED_S, LONGEST_THROTTLED_S
        case Kind.ADDRESS:
            least_s, bound_s = ADDRESS_S, LONGEST_CONFIGURED_S
        case Kind.QUOTA:
            least_s, bound_s = _QUOTA_S, LONGEST_CONFIGURED_S
        case Kind.CONFIGURATION | Kind.LOCKOUT:
            least_s, bound_s = 0.0, LONGEST_CONFIGURED_S
        case _:
            assert_never(kind)
    first_s = max(pause_s, least_s)
    return max(first_s, min(first_s * growth, bound_s))


def quota_rest_s(faults: int, per_day: int | None, used: int, frees_in_s: float) -> float:
    """Return the seconds a route rests whose mailbox has no recipients left for today.

    When at least half of the limit were ours, until the first of them are a day old. When others use the mailbox we
    cannot know when theirs are: from 15 minutes doubling to an hour.
    """
    if per_day is not None and used * 2 >= per_day:
        return min(max(frees_in_s, _QUOTA_S), LONGEST_S)
    return rest_s(Kind.QUOTA, faults, 0.0, 0.0, 0.0)
