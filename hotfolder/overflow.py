"""Have events been lost? The kernel's queue overflows without an event of its own; watchdog only logs it.

Measured with watchdog 7.1 (2026-11-25): no callback reaches the program, and its logger's warning is all there is.
"""

import logging
from collections.abc import Callable
from typing import Final

# One inotify instance serves every share, so an overflow concerns them all.
_LOGGER: Final = logging.getLogger("watchdog.observers.inotify_c")
_WORD: Final = "overflow"


class Overflow(logging.Handler):
    """Counts overflows, and calls ``notify`` at each, from watchdog's thread; for as long as it is not closed."""

    def __init__(self, notify: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        self._notify = notify
        _LOGGER.setLevel(logging.WARNING)
        _LOGGER.propagate = False  # what matters of it is told by whoever listens
        _LOGGER.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of watchdog's."""
        if _WORD in record.getMessage():
            self.count += 1
            self._notify()

    def close(self) -> None:
        """Listen no more."""
        _LOGGER.removeHandler(self)
        super().close()
