"""The end of a session that we end: a last line, and how long one may go on without a mail, or within one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FAREWELL_S: Final = 10.0
"""A device that reads nothing has so long for the last line, then it is cut off: its buffer would never be empty."""

PROGRESS_TIMEOUT_S: Final = 1800.0
"""A session in which no mail was taken for so long is ended, unless one is just coming."""

MESSAGE_TIMEOUT_S: Final = 1800.0
"""A message may take so long, a byte a second: each block renews the time for the next one, so this ends a drip."""

SLOWEST_BYTES_S: Final = 10_000
"""Longer may take what comes at this rate on the whole: a scan of 50 MB over poor radio, or from a feeder page by page.
"""


def is_overdue(elapsed_s: float, size_bytes: int) -> bool:
    """Tell whether a message that has come so far in this time is to be given up; of one too large up to its limit."""
    return elapsed_s > max(MESSAGE_TIMEOUT_S, size_bytes / SLOWEST_BYTES_S)


def hang_up(transport: asyncio.BaseTransport | None, farewell: str) -> None:
    """Say a last line and close the connection; does nothing when it is closed already."""
    if isinstance(transport, asyncio.WriteTransport) and not transport.is_closing():
        transport.write(f"{farewell}\r\n".encode())
        transport.close()
        asyncio.get_running_loop().call_later(FAREWELL_S, transport.abort)


@dataclass(slots=True)
class Progress:
    """The wait for the next mail of a session: ``end`` is called when none came, however busily the device talks.

    While ``is_coming`` says so it goes on: a message has a time limit of its own, for each block.
    """

    is_coming: Callable[[], bool]
    end: Callable[[], None]
    _handle: asyncio.TimerHandle | None = None
    _is_stopped: bool = False

    def begin(self) -> None:
        """Begin to wait, anew if there was a wait already; once stopped, no more."""
        if self._handle is not None:
            self._handle.cancel()
        if not self._is_stopped:  # a commit may end behind its session, which a timer would keep for its half hour
            self._handle = asyncio.get_running_loop().call_later(PROGRESS_TIMEOUT_S, self._is_over)

    def stop(self) -> None:
        """Wait no more."""
        self._is_stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def _is_over(self) -> None:
        if self.is_coming():
            self.begin()
        else:
            self.end()
