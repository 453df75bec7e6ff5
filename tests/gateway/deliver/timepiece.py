"""The wall clock of a box moved by hand, and a smarthost that counts by it."""

from collections import deque
from typing import Final

import pytest

from gateway.deliver import route

TOO_FAST: Final = (
    b"421 4.4.2 Message submission rate for this client has exceeded the configured limit\r\n"  # as seen in the field
)


class Timepiece:
    """The time of everything in this process, in seconds since 1970; stands still unless it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stop the clock now, to the second: scans of the tests arrive by the real clock."""
        self.now = float(int(route.time.time()) + 1)  # type: ignore[attr-defined]
        monkeypatch.setattr(route.time, "time", lambda: self.now)  # type: ignore[attr-defined]


class Meter:
    """A smarthost's own count: a strict sliding window of 60 seconds. Called with each MAIL, says yes to refuse it."""

    def __init__(self, clock: Timepiece, most: int) -> None:
        """Admit at most so many in any minute."""
        self.refused = 0
        self._clock = clock
        self._most = most
        self._taken: deque[float] = deque()

    def __call__(self, _line: bytes) -> bool:
        """Count one message."""
        while self._taken and self._clock.now - self._taken[0] >= 60:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            self.refused += 1
            return True
        self._taken.append(self._clock.now)
        return False
