"""SMTP in: an old device's dialogue, and 250 only after the commit. The only user of aiosmtpd.

A subclass of aiosmtpd's SMTP: DATA is streamed to the disk (stock keeps 3.9 bytes of memory for each byte, measured
with 1.4.6, 2026-11), the time limit renews with every block, a commit begun is finished even if the client has gone,
and a fault of ours is 451 or 452, never 5xx: on a 5xx a scanner discards the scan. ``_reader._buffer`` is aiosmtpd's
own; the version is pinned for it.
"""

import asyncio
import errno
import hashlib
import os
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from io import FileIO
from typing import Final

from aiosmtpd.smtp import SMTP

from conf.model import Address, Smtp
from gateway.arrive import policy
from gateway.arrive.data import DataDecoder
from gateway.arrive.hooks import Hooks, host_of
from gateway.arrive.intake import Intake, is_out_of_room, message_id, now_utc
from gateway.events import Event, log
from gateway.spool import durable, files
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.files import Draft
from gateway.spool.job import JobId

STORED: Final = "message.eml"
"""The name of a mail as it arrived, in the job's original directory."""

_PARAMETERS: Final = frozenset({"SIZE", "SMTPUTF8"})
_NAMELESS: Final = "unnamed"
_ROOM_BYTES: Final = 1 << 23
_BLOCK_BYTES: Final = 1 << 18
_COMMAND_TIMEOUT_S: Final = 300.0  # RFC 5321 section 4.5.3.2.7
_BLOCK_TIMEOUT_S: Final = 180.0  # RFC 5321 section 4.5.3.2.5


class ListenError(Exception):
    """A listener cannot be opened; the sentence names the key and the mend."""


@dataclass(slots=True)
class Listener:
    """One open ``[[smtp]]``: its sessions, and the commits that must finish before the service may stop."""

    intake: Intake
    listener: Smtp
    sessions: set["DeviceSession"] = field(default_factory=set)
    commits: set["asyncio.Task[JobId]"] = field(default_factory=set)
    server: asyncio.Server | None = None

    async def open(self) -> None:
        """Start to listen. Raises ListenError when the address cannot be had."""
        host, _, port = self.listener.listen.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            self.server = await loop.create_server(
                lambda: DeviceSession(self), host.strip("[]"), int(port), backlog=128
            )
        except OSError as error:
            key = f"smtp.{self.listener.name}.listen: {self.listener.listen}"
            raise ListenError(f"{key} cannot be opened: {_why_closed(error)}") from error
        log(Event.SMTP_LISTENING, listener=self.listener.name, listen=self.listener.listen)

    async def close(self) -> None:
        """Stop listening, end the sessions, and wait for every commit that was begun."""
        if self.server is not None:
            self.server.close()
        for session in tuple(self.sessions):
            if session.transport is not None:
                session.transport.close()
        if self.commits:
            await asyncio.wait(self.commits)


class DeviceSession(SMTP):
    """One connection of a device."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._is_refused = False
        self._is_in_data = False
        self._is_gone = False
        super().__init__(
            Hooks(listener.intake, listener.listener),
            data_size_limit=listener.listener.message_limit,
            hostname=listener.intake.config.gateway.name,
            ident="scangate",
            timeout=_COMMAND_TIMEOUT_S,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer a stranger or one too many with a sentence; begin the dialogue with anyone else."""
        refusal = self._refusal(host_of(transport.get_extra_info("peername")))
        if refusal:
            self._is_refused = True
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(f"{refusal}\r\n".encode())
            transport.close()
            return
        self._listener.sessions.add(self)
        super().connection_made(transport)

    def _refusal(self, client: str) -> str:
        listener = self._listener.listener
        if not policy.is_client(listener, client):
            log(Event.SMTP_REFUSED, client=client, listener=listener.name, reply="not in clients")
            return f"554 5.7.1 {client} is not in clients of [[smtp]] {listener.name}"
        if len(self._listener.sessions) >= listener.connections:
            log(Event.SMTP_REFUSED, client=client, listener=listener.name, reply="too many connections")
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
        self._listener.sessions.discard(self)
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
            await self.push(await self._take())
        finally:
            self._is_in_data = False
            self.envelope = self._create_envelope()
            if self._is_gone:
                super().connection_lost(None)
        if self._reader.at_eof() and self.transport is not None:
            self.transport.close()

    async def _take(self) -> str:
        """Receive and commit; return the reply line."""
        intake = self._listener.intake
        draft: Draft | None = None
        try:
            draft = await asyncio.to_thread(files.begin, intake.spool, now_utc())
            with (draft.originals / STORED).open("xb", buffering=0) as file:
                await self.push("354 End data with <CR><LF>.<CR><LF>")
                original = await self._receive(file)
            if original is None:
                return f"552 5.3.4 Larger than message_limit of [[smtp]] {self._listener.listener.name}"
            commit = asyncio.create_task(asyncio.to_thread(self._commit, draft, original, self._envelope_facts()))
            self._listener.commits.add(commit)
            commit.add_done_callback(self._listener.commits.discard)
            draft = None  # from here on it is the commit's
            return f"250 2.0.0 Ok: taken as {await _finished(commit)}"
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            log(Event.LOCAL_FAULT, client=self._client, reason=str(error))
            return "452 4.3.1 No room" if is_out_of_room(error) else "451 4.3.0 Local fault, try again later"
        finally:
            if draft is not None:
                files.discard(intake.spool, draft)

    async def _receive(self, file: FileIO) -> Original | None:
        """Write the message to the file as it comes; None when it is over the limit (then it was read and dropped).

        Raises ConnectionResetError when the device goes before the final dot; OSError when the disk is at fault, after
        reading on to the end, so that the device hears the reply.
        """
        decoder, sha256, size_bytes = DataDecoder(), hashlib.sha256(), 0
        listener = self._listener.listener
        fault: OSError | None = None
        while not decoder.is_ended:
            block = await self._reader.read(_BLOCK_BYTES)
            if not block:
                log(Event.SMTP_LOST, client=self._client, listener=listener.name, size_bytes=size_bytes)
                raise ConnectionResetError("the device went before the end of its message")
            self._reset_timeout(_BLOCK_TIMEOUT_S)
            text, rest = decoder.feed(block)
            size_bytes += len(text)
            if fault is None and size_bytes <= listener.message_limit:
                sha256.update(text)
                try:
                    self._require_room(size_bytes - len(text), size_bytes)
                    durable.write_all(file.fileno(), text)
                except OSError as error:
                    fault = error
            if rest:
                self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # noqa: SLF001  next command
        self._reset_timeout()
        if fault is not None:
            raise fault
        if size_bytes > listener.message_limit:
            return None
        await asyncio.to_thread(os.fsync, file.fileno())
        return Original(STORED, STORED, size_bytes, sha256.hexdigest())

    def _require_room(self, before_bytes: int, after_bytes: int) -> None:
        """Raise OSError (ENOSPC) when the reserve is touched; looked at every few megabytes of a message."""
        is_time = before_bytes // _ROOM_BYTES != after_bytes // _ROOM_BYTES
        if is_time and not self._listener.intake.has_room():
            raise OSError(errno.ENOSPC, "the free space set aside is touched")

    def _envelope_facts(self) -> tuple[str, tuple[str, ...], str]:
        assert self.envelope is not None
        return self.envelope.mail_from or "", tuple(self.envelope.rcpt_tos), self._client

    def _commit(self, draft: Draft, original: Original, facts: tuple[str, tuple[str, ...], str]) -> JobId:
        """Commit in a thread of its own. Raises OSError; then nothing was promised and the draft is gone."""
        intake = self._listener.intake
        mail_from, recipients, client = facts
        envelope = Envelope(
            id=draft.id,
            arrived_at=now_utc(),
            origin=Origin(OriginKind.SMTP, self._listener.listener.name, client),
            sender=policy.whom_to_tell(mail_from),
            recipients=tuple(Address(recipient) for recipient in recipients),
            originals=(original,),
            message_id=message_id(draft.id, intake.config),
        )
        try:
            files.commit(intake.spool, draft, envelope)
        except BaseException:
            files.discard(intake.spool, draft)
            raise
        intake.admit(envelope)
        return draft.id

    @property
    def _client(self) -> str:
        return "" if self.session is None else host_of(self.session.peer)


def _why_closed(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program listens there; stop it, or name another port"
        case errno.EACCES | errno.EPERM:
            return "ports below 1024 need the right to bind them (CAP_NET_BIND_SERVICE); or name a higher port"
        case errno.EADDRNOTAVAIL:
            return "no interface of this machine has that address; name one that it has, or 0.0.0.0"
        case _:
            return os.strerror(error.errno or 0)


async def _finished(commit: "asyncio.Task[JobId]") -> JobId:
    """Wait for a commit without ending it when the device goes."""
    waiting: Awaitable[JobId] = asyncio.shield(commit)
    return await waiting
