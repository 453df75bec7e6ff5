"""How long the pieces of a mail have been waited with, by the clock that nobody sets."""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from gateway.normalise.partial import WAIT_S
from gateway.spool.fragments import Fragment
from gateway.spool.job import JobId

GRACE_S: Final = 600.0
"""So long after a start other pieces are waited for, however long the box was off: a printer could send nothing."""


@dataclass(slots=True)
class Patience:
    """The pieces that this run has seen. ``steady`` is in seconds and only goes forward.

    The wall clock counts once, for what came before this run: a box without a battery clock is set forward by weeks
    when its network is up, and one whose clock was ahead is set back. Neither makes a piece old, or keeps it for ever.
    """

    steady: Callable[[], float] = time.monotonic
    _began_s: float = field(init=False)
    _heard_s: dict[JobId, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note when this run began."""
        self._began_s = self.steady()

    def waited_s(self, pieces: Collection[Fragment], now: float) -> float:
        """Return how long none of these pieces is newer than; ``now`` is the wall clock's, in seconds since 1970."""
        now_s = self.steady()
        most_s = now_s - self._began_s + WAIT_S - GRACE_S
        for piece in pieces:
            age_s = min(max(now - piece.arrived_at, 0.0), most_s)
            self._heard_s.setdefault(piece.job, now_s - age_s)
        return now_s - max(self._heard_s[piece.job] for piece in pieces)

    def forget(self, jobs: Iterable[JobId]) -> None:
        """Forget pieces that have come to their end."""
        for job in jobs:
            self._heard_s.pop(job, None)
