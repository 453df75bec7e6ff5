"""The sessions of one route: never more at once than configured, idle ones kept a while and reused."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from gateway.deliver.session import LostError, RefusedError, Session, open_session
from gateway.deliver.slots import Slots
from gateway.deliver.token_fault import TokenError
from gateway.deliver.token_source import TokenSource
from gateway.deliver.upstream import Route, TokenLogin
from gateway.spool.reply import Phase

IDLE_S: Final = 20.0
"""An idle session closes after this: it counts against the mailbox's three, and other devices use the mailbox too."""

_BAD_CREDENTIALS: Final = 535


@dataclass(slots=True)
class Lease:
    """A session lent for one message; the borrower says whether it may be used again."""

    session: Session
    is_reusable: bool = False


@dataclass(slots=True)
class Pool:
    """The sessions of one route. All of it on one event loop.

    ``most`` says how many may be open just now, where that is fewer than the route has.
    """

    route: Route
    context: ssl.SSLContext
    ehlo_name: str
    tokens: TokenSource | None = None
    most: Callable[[], int] | None = None
    _slots: Slots = field(init=False)
    _idle: list[tuple[float, Session]] = field(default_factory=list)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failures: int = 0
    _failure: LostError | RefusedError | TokenError | None = None

    def __post_init__(self) -> None:
        self._slots = Slots(self.most or (lambda: self.route.connections))

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Lease]:
        """Lend a session, waiting for a slot. Raises LostError, RefusedError and TokenError when none can be opened."""
        seen = self._failures
        async with self._slots:
            lease = Lease(self._take_idle() or await self._open_in_turn(seen))
            try:
                yield lease
            finally:
                if lease.is_reusable and lease.session.is_open:
                    self._idle.append((time.monotonic(), lease.session))
                else:
                    await lease.session.close()

    def _take_idle(self) -> Session | None:
        while self._idle:
            _, session = self._idle.pop()
            if session.is_open:
                return session
            session.abort()
        return None

    async def _open_in_turn(self, seen: int) -> Session:
        """Open one session at a time; who has waited through another's failure gets that, and asks the host nothing.

        So a wrong password is said once, however many mails wait for a session.
        """
        async with self._opening:
            if self._failure is not None and self._failures != seen:
                raise self._failure
            try:
                return await self._open()
            except (LostError, RefusedError, TokenError) as error:
                self._failures += 1
                self._failure = error
                raise

    async def _open(self) -> Session:
        try:
            return await open_session(self.route, self.context, self.ehlo_name, self._token)
        except RefusedError as error:
            # A refused token may only be stale: once more with a fresh one, then it is the login that is at fault.
            is_token_refused = error.phase is Phase.AUTH and error.reply.code == _BAD_CREDENTIALS
            if self.tokens is None or not is_token_refused:
                raise
            await self.tokens.forget()
            return await open_session(self.route, self.context, self.ehlo_name, self._token)

    async def _token(self, _login: TokenLogin) -> str:
        assert self.tokens is not None
        return await self.tokens.token()

    async def try_login(self) -> None:
        """Log in on a session of its own, with a token fetched anew, and keep it. Raises as ``lend``."""
        if self.tokens is not None:
            await self.tokens.renew()
        seen = self._failures
        async with self._slots:
            await self._close_surplus()
            self._idle.append((time.monotonic(), await self._open_in_turn(seen)))

    async def close_idle(self, older_than_s: float = IDLE_S) -> None:
        """Close the sessions that have been idle for longer; each keeps its slot until the host has let it go.

        Those beyond what may be open just now are closed at once: they have no slot to wait for.
        """
        await self._close_surplus()
        while self._has_old(older_than_s):
            async with self._slots:
                if self._has_old(older_than_s):
                    _, session = self._idle.pop(0)
                    await session.close()

    async def _close_surplus(self) -> None:
        while self._idle and self._slots.taken + len(self._idle) > self._slots.most():
            _, session = self._idle.pop(0)
            await session.close()

    def _has_old(self, older_than_s: float) -> bool:
        return bool(self._idle) and time.monotonic() - self._idle[0][0] >= older_than_s

    @property
    def has_idle(self) -> bool:
        """Tell whether a session waits to be closed or used."""
        return bool(self._idle)
