"""How an upstream is used after it said that it was too much: less at once, and more again as time passes."""

from dataclasses import replace
from typing import Final

from gateway.deliver.fault import Kind
from gateway.spool.traffic import Adaption

LEAST_SHARE: Final = 1 / 16
"""The pace never falls below this part of what is configured, nor below one message a minute."""

RATE_WHOLE_S: Final = 1800.0
"""A pace cut for its rate grows from nothing to whole in half an hour: two thirds are whole again in ten minutes."""

ADDRESS_WHOLE_S: Final = 12 * 3600.0
"""One cut for the reputation of the IP takes hours: the half is whole again in six."""

STEP_S: Final = 60.0
LONGEST_STEP_S: Final = 900.0
"""One connection more after each step; a step doubles when it was too much again soon after."""

RESTED_S: Final = 60.0
"""So long the route rests first (``breaker.THROTTLED_S``); one connection has to do for a step after that."""

_RATE_LEFT: Final = 2 / 3
_ADDRESS_LEFT: Final = 1 / 2
_AHEAD_S: Final = 60.0


def adapt(state: Adaption, kind: Kind, now: float) -> Adaption:
    """Return how an upstream is used after a fault of this kind at ``now``; other kinds change nothing."""
    match kind:
        case Kind.CONNECTIONS:
            is_soon = 0 <= now - state.shrunk_at < 4 * max(state.step_s, STEP_S)
            step_s = min(max(state.step_s, STEP_S) * 2, LONGEST_STEP_S) if is_soon else STEP_S
            return replace(state, shrunk_at=now, step_s=step_s)
        case Kind.RATE:
            return _slowed(state, now, _RATE_LEFT, RATE_WHOLE_S)
        case Kind.ADDRESS:
            return _slowed(state, now, _ADDRESS_LEFT, ADDRESS_WHOLE_S)
        case _:
            return state


def _slowed(state: Adaption, now: float, left: float, whole_s: float) -> Adaption:
    share = _share(state, now)
    slowest_s = max(whole_s, state.whole_s) if share < 1 else whole_s
    return replace(state, share=max(share * left, LEAST_SHARE), slowed_at=now, whole_s=slowest_s)


def per_minute(state: Adaption, limit: int, now: float) -> int:
    """Return how many messages a minute go now: at least 1, at most ``limit``."""
    return max(1, min(limit, int(limit * _share(state, now) + 1e-9)))


def connections(state: Adaption, limit: int, now: float) -> int:
    """Return how many connections may be open now: at least 1, at most ``limit``."""
    if state.step_s <= 0 or state.shrunk_at > now + _AHEAD_S:
        return limit
    grown = int(max(now - state.shrunk_at - RESTED_S, 0.0) / state.step_s)
    return min(limit, 1 + grown)


def _share(state: Adaption, now: float) -> float:
    """Return the part of the pace that may be used; what a clock gone wrong has cut is whole."""
    if state.whole_s <= 0 or state.slowed_at > now + _AHEAD_S:
        return 1.0
    return min(1.0, state.share + max(now - state.slowed_at, 0.0) / state.whole_s)
