"""The end of a session that we end: a last line, and how long one may go on without a mail."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FAREWELL_S: Final = 10.0
"""A device that reads nothing has so long for the last line, then it is cut off: its buffer would never be empty."""

PROGRESS_TIMEOUT_S: Final = 1800.0
"""A session in which no mail was taken for so long is ended, unless one is just coming."""


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
