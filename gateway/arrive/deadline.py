"""A time limit that is renewed far more often than it is reached."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Deadline:
    """A moment that is put off again and again; ``reached`` is called when it is not. One timer, however often."""

    reached: Callable[[], None]
    _at_s: float = 0.0
    _timer: asyncio.TimerHandle | None = None

    def put_off(self, wait_s: float) -> None:
        """Have it come after so long and not before, or sooner than it would have."""
        loop = asyncio.get_running_loop()
        self._at_s = loop.time() + wait_s
        if self._timer is not None:
            if self._timer.when() <= self._at_s:
                return
            self._timer.cancel()
        self._timer = loop.call_at(self._at_s, self._ring)

    def cancel(self) -> None:
        """Let it never come, unless it is put off once more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._at_s:
            self._timer = loop.call_at(self._at_s, self._ring)
        else:
            self._timer = None
            self.reached()
