"""SMTP in: an old device's dialogue up to its message. The only user of aiosmtpd.

A subclass of aiosmtpd's SMTP: DATA goes to ``receive.py`` (stock keeps 3.9 bytes of memory for each byte, measured with
1.4.6, 2026-11), and the time limit renews with every block. ``_reader._buffer`` is aiosmtpd's own; the version is
pinned for it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from conf.model import Address
from gateway.arrive.ending import Progress, hang_up
from gateway.arrive.guard import Guard, TurnedAway, Visit
from gateway.arrive.hooks import Hooks, host_of
from gateway.arrive.intake import Intake
from gateway.arrive.receive import Dialogue, Reception, Stream
from gateway.events import Event, log
from gateway.spool.job import JobId

_PARAMETERS: Final = frozenset({"SIZE", "SMTPUTF8"})
_NAMELESS: Final = "unnamed"
_COMMAND_TIMEOUT_S: Final = 300.0  # RFC 5321 section 4.5.3.2.7
_UNANSWERED_BYTES: Final = 1 << 20  # the reader holds 2 kB and the kernel hands over 256 kB: more is one line


class DeviceSession(SMTP):
    """One connection of a device; ``rule`` is the table its address falls under."""

    def __init__(
        self,
        intake: Intake,
        guard: Guard,
        sessions: set["DeviceSession"],
        commits: set["asyncio.Task[JobId]"],
    ) -> None:
        self._intake = intake
        self._guard = guard
        self._sessions = sessions
        self._commits = commits
        self.rule = guard.rules[0]
        self.visit: Visit | None = None
        self._is_refused = False
        self._unanswered_bytes = 0
        no_mail = "421 4.4.2 No mail came in time, goodbye"
        self._progress = Progress(lambda: self._is_in_data, lambda: self._hang_up(no_mail))
        self._is_in_data = False
        self._is_gone = False
        super().__init__(
            Hooks(intake),
            hostname=intake.config.gateway.name,
            ident="scangate",
            timeout=_COMMAND_TIMEOUT_S,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer a stranger or one too many with a sentence; begin the dialogue with anyone else."""
        if self.visit is None:  # STARTTLS makes the connection a second time
            admission = self._guard.admit(host_of(transport.get_extra_info("peername")))
            if isinstance(admission, TurnedAway):
                self._is_refused = True
                assert isinstance(transport, asyncio.WriteTransport)
                transport.write(f"{admission.reply}\r\n".encode())
                transport.close()
                return
            self.visit = admission
            self.rule = admission.rule
            self._sessions.add(self)
            self._progress.begin()
        self.data_size_limit = self.rule.message_limit
        is_first = self._handler_coroutine is None
        super().connection_made(transport)
        if is_first and self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(_ended)

    def data_received(self, data: bytes) -> None:
        """Hand on what came; a refused client is not heard, and a line without end is not heard to its end."""
        if self._is_refused:
            return
        if not self._is_in_data:
            self._unanswered_bytes += len(data)
            if self._unanswered_bytes > _UNANSWERED_BYTES:
                self._hang_up("421 4.7.0 Closing: a line without end")
                return
        super().data_received(data)

    def eof_received(self) -> bool | None:
        """Let a message that has fully come be read to its end, though the device has closed its side."""
        if self._is_refused:
            return False
        if self._is_in_data:
            asyncio.StreamReaderProtocol.eof_received(self)
            return self.session is not None and self.session.ssl is None
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the session; within a message only when what has come of it was read: it may be whole."""
        self._sessions.discard(self)
        if self.visit is not None:
            self.visit.leave()
        self._progress.stop()
        if self._is_in_data:
            self._is_gone = True
            asyncio.StreamReaderProtocol.connection_lost(self, None)
        elif not self._is_refused:
            super().connection_lost(error)

    async def push(self, status: Any) -> None:
        """Send a reply, and end the session when the device has done too much by what it was answered."""
        await super().push(status)
        self._unanswered_bytes = 0
        assert self.visit is not None
        farewell = self.visit.answered(status if isinstance(status, str) else status.decode("ascii", "replace"))
        if farewell:
            self._hang_up(farewell)
            assert self._handler_coroutine is not None
            self._handler_coroutine.cancel()
        if farewell or self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001
            await asyncio.sleep(0)  # who sends many commands at once does not keep the others waiting

    def _hang_up(self, farewell: str) -> None:
        hang_up(self.transport, farewell)

    def _timeout_cb(self) -> None:
        """End a session in which nothing that counts was said for too long."""
        self._hang_up("421 4.4.2 Nothing came in time, goodbye")

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        """Leave out what we do not act on: devices send AUTH=, RET= or NOTIFY= unasked, and would stop at a 555."""
        return super()._getparams([param for param in params if param.partition("=")[0] in _PARAMETERS])

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802  aiosmtpd's name
        """Greet also a device that does not know its name."""
        await super().smtp_HELO(hostname or _NAMELESS)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802  aiosmtpd's name
        """Greet also a device that does not know its name."""
        await super().smtp_EHLO(hostname or _NAMELESS)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802  aiosmtpd's name
        """Stream the message into a draft and commit it; answer 250 with the job id only then."""
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self._is_in_data = True
        try:
            reply = await self._reception().take()
            if reply.startswith("250"):
                assert self.visit is not None
                self.visit.taken()
                self._progress.begin()
            await self.push(reply)
        finally:
            self._is_in_data = False
            self.envelope = self._create_envelope()
            if self._is_gone:
                super().connection_lost(None)
        if self._reader.at_eof() and self.transport is not None:
            self.transport.close()

    def _reception(self) -> Reception:
        assert self.envelope is not None
        recipients = tuple(Address(recipient) for recipient in self.envelope.rcpt_tos)
        stream = Stream(self._reader.read, self._put_back, self._reset_timeout, self.push)
        dialogue = Dialogue(self._client, self.envelope.mail_from or "", recipients)
        return Reception(self._intake, self.rule, dialogue, stream, self._commits)

    def _put_back(self, rest: bytes) -> None:
        """Leave what follows the message to the reader of commands."""
        self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # noqa: SLF001

    @property
    def _client(self) -> str:
        return "" if self.session is None else host_of(self.session.peer)


def _ended(dialogue: "asyncio.Task[None]") -> None:
    """Take note of how a dialogue ended: a device that goes is no fault of ours, anything else is."""
    error = None if dialogue.cancelled() else dialogue.exception()
    if error is not None and not isinstance(error, ConnectionError):
        log(Event.LOCAL_FAULT, reason="SMTP in", error=error)
