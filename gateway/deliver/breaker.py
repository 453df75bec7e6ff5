"""How long a route at fault rests before it is probed again."""

from typing import Final

LONGEST_CONFIGURED_S: Final = 3600.0


def rest_s(faults: int, pause_s: float, first_s: float, longest_s: float) -> float:
    """Return the seconds a route rests after so many faults in a row (1 is the first).

    ``pause_s`` is what the fault itself demands (a refused login must not be repeated into a lock-out): it doubles up
    to an hour. 0 means an outage like any other: from ``first_s`` doubling to ``longest_s``.
    """
    growth = 2.0 ** min(max(faults, 1) - 1, 32)
    if pause_s > 0:
        return max(pause_s, min(pause_s * growth, LONGEST_CONFIGURED_S))
    return min(first_s * growth, longest_s)
