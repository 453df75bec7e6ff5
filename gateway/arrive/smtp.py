"""SMTP in: an old device's dialogue up to its message. The only user of aiosmtpd.

A subclass of aiosmtpd's SMTP: DATA goes to ``receive.py`` (stock keeps 3.9 bytes of memory for each byte, measured with
1.4.6, 2026-11), and the time limit renews with every block. ``_reader._buffer`` is aiosmtpd's own; the version is
pinned for it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiosmtpd.smtp import SMTP

from conf.model import Address, Smtp
from gateway.arrive import policy
from gateway.arrive.hooks import Hooks, host_of
from gateway.arrive.intake import Intake
from gateway.arrive.receive import Dialogue, Reception, Stream
from gateway.events import Event, log

_PARAMETERS: Final = frozenset({"SIZE", "SMTPUTF8"})
_NAMELESS: Final = "unnamed"
_COMMAND_TIMEOUT_S: Final = 300.0  # RFC 5321 section 4.5.3.2.7


class DeviceSession(SMTP):
    """One connection of a device; ``rule`` is the table its address falls under."""

    def __init__(
        self,
        intake: Intake,
        rules: tuple[Smtp, ...],
        sessions: set["DeviceSession"],
        commits: set["asyncio.Future[None]"],
    ) -> None:
        self._intake = intake
        self._rules = rules
        self._sessions = sessions
        self._commits = commits
        self.rule = rules[0]
        self._is_refused = False
        self._is_in_data = False
        self._is_gone = False
        super().__init__(
            Hooks(intake),
            hostname=intake.config.gateway.name,
            ident="scangate",
            timeout=_COMMAND_TIMEOUT_S,
            loop=asyncio.get_running_loop(),
        )

    def __dir__(self) -> Sequence[str]:
        """Only what aiosmtpd looks for in a session, at each connection: to look through everything took 0.06 ms."""
        return _FOUND

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer a stranger or one too many with a sentence; begin the dialogue with anyone else."""
        refusal = self._refusal(host_of(transport.get_extra_info("peername")))
        if refusal:
            self._is_refused = True
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(f"{refusal}\r\n".encode())
            transport.close()
            return
        self._sessions.add(self)
        self.data_size_limit = self.rule.message_limit
        super().connection_made(transport)

    def _refusal(self, client: str) -> str:
        """Return the reply that ends the connection before it began, empty when it may go on; choose the rule."""
        rule = policy.rule_of(self._rules, client)
        if rule is None:
            names = ", ".join(rule.name for rule in self._rules)
            log(Event.SMTP_REFUSED, client=client, listener=names, reply="not in clients")
            return f"554 5.7.1 {client} is not in clients of [[smtp]] {names}"
        self.rule = rule
        if sum(session.rule is rule for session in self._sessions) >= rule.connections:
            log(Event.SMTP_REFUSED, client=client, listener=rule.name, reply="too many connections")
            return "421 4.7.0 Too many connections, try again later"
        return ""

    def data_received(self, data: bytes) -> None:
        """Hand on what came; a refused client is not heard."""
        if not self._is_refused:
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
        if self._is_in_data:
            self._is_gone = True
            asyncio.StreamReaderProtocol.connection_lost(self, None)
        elif not self._is_refused:
            super().connection_lost(error)

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
            await self.push(await self._reception().take())
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


_FOUND: Final = tuple(name for name in dir(DeviceSession) if name.startswith(("smtp_", "auth_")))
