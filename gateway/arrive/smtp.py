"""SMTP in: the session of an old device, its commands, TLS and message. The only user of aiosmtpd.

A subclass of aiosmtpd's SMTP, of which the connection and its state are used. Commands are read here, since stock
answers a blank line (every later reply is then taken for that of the command before) and refuses 8-bit; DATA goes to
``receive.py`` (stock keeps 3.9 bytes of memory for each byte, measured with 1.4.6, 2026-11), and the time limit renews
with every block. ``_reader`` and the transports are aiosmtpd's own; the version is pinned for it.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from conf.model import Address
from gateway.arrive import handshake
from gateway.arrive.answers import TOO_LONG, answer, challenge_line
from gateway.arrive.begin_tls import NoTlsError, begin_tls
from gateway.arrive.commands import Command, command_of
from gateway.arrive.deadline import Deadline
from gateway.arrive.ending import Progress, hang_up
from gateway.arrive.guard import Guard, TurnedAway, Visit
from gateway.arrive.hooks import Hooks, host_of
from gateway.arrive.intake import Intake
from gateway.arrive.keep import Dialogue, Keeping
from gateway.arrive.lines import next_line
from gateway.arrive.receive import Reception, Stream
from gateway.events import Event, log

_COMMAND_TIMEOUT_S: Final = 300.0  # RFC 5321 section 4.5.3.2.7
_UNANSWERED_BYTES: Final = 1 << 20  # the reader holds 2 kB and the kernel hands over 256 kB: more is one line
_HELD_BYTES: Final = 1 << 15  # of a message: twice as much stops the reading, which else every 2 kB did


class DeviceSession(SMTP):
    """One connection of a device under the ``rule`` of its table; ``contexts``: of the tables with TLS, by name."""

    def __init__(
        self,
        intake: Intake,
        guard: Guard,
        sessions: set["DeviceSession"],
        keep: Callable[[Keeping], None],
        contexts: Mapping[str, ssl.SSLContext],
    ) -> None:
        self._intake = intake
        self._guard = guard
        self._sessions = sessions
        self._keep = keep
        self._contexts = contexts
        self.rule = guard.rules[0]
        self.visit: Visit | None = None
        self._client = ""
        self.is_tls = self.is_logged_in = self.is_owed_answer = False
        self._is_refused = self._is_tls_told = False
        self._is_in_data = self._is_gone = False
        self._may_hear_hello = True
        self._unanswered_bytes = 0
        no_mail = "421 4.4.2 No mail came in time, goodbye"
        self._progress = Progress(lambda: self._is_in_data, lambda: self._hang_up(no_mail))
        super().__init__(
            Hooks(intake),
            hostname=intake.config.gateway.name,
            ident="scangate",
            loop=asyncio.get_running_loop(),
        )
        self._wait = Deadline(self._timeout_cb)
        self._timeout_handle = self._wait  # type: ignore[assignment]  # which aiosmtpd cancels at the end

    def __dir__(self) -> tuple[str, ...]:
        """Nothing for aiosmtpd to look through at each connection, which took 0.1 ms: its commands are never used."""
        return ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer a stranger or one too many with a sentence; begin the dialogue with anyone else."""
        self._client = host_of(transport.get_extra_info("peername"))
        admission = self._guard.admit(self._client)
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
        if self.rule.tls == "implicit":
            assert isinstance(transport, asyncio.ReadTransport)
            transport.pause_reading()  # the first byte is for TLS, which is begun in a moment
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand on what came; a refused client is not heard, nor one that begins TLS where there is none."""
        if self._is_refused:
            return
        if self._may_hear_hello and not self.is_tls and handshake.is_client_hello(data):
            self._is_refused = True
            self._tell_tls(handshake.HELLO_ON_PLAIN)
            self._close()
            return
        self._may_hear_hello = False
        if not self._is_in_data:
            self._unanswered_bytes += len(data)
            if self._unanswered_bytes > _UNANSWERED_BYTES:
                self._hang_up("421 4.7.0 Closing: a line without end")
                return
        super().data_received(data)

    def eof_received(self) -> bool | None:
        """Let what has come be read to its end, though the device has closed its side."""
        if self._is_refused:
            return False
        asyncio.StreamReaderProtocol.eof_received(self)
        return not self.is_tls

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the session; within a message only when what has come of it was read: it may be whole."""
        self._sessions.discard(self)
        if self.visit is not None:
            self.visit.leave()
        self._progress.stop()
        if isinstance(error, ssl.SSLError) and handshake.is_distrust(error.reason or ""):
            self._tell_tls(handshake.DISTRUSTED)
        if self._is_in_data:
            self._is_gone = True
            asyncio.StreamReaderProtocol.connection_lost(self, None)
        elif self.session is not None:
            super().connection_lost(None)  # the error would wait in a future that nobody asks, and end up on stderr

    async def push(self, status: Any) -> None:
        """Send one line; what is not ASCII in it came from the device, and goes back as a question mark.

        The session ends when the device has done too much by what it was answered.
        """
        await super().push(status.encode("ascii", "replace") if isinstance(status, str) else status)
        self._unanswered_bytes = 0
        assert self.visit is not None
        await self._go_on(self.visit.answered(status if isinstance(status, str) else status.decode("ascii", "replace")))

    async def _go_on(self, farewell: str = "") -> None:
        """End the session, or give others their turn before the next of many commands sent at once."""
        if farewell:
            self._hang_up(farewell)
            assert self._handler_coroutine is not None
            self._handler_coroutine.cancel()
        if farewell or self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001
            await asyncio.sleep(0)

    def _hang_up(self, farewell: str) -> None:
        hang_up(self.transport, farewell)

    def _reset_timeout(self, duration: float | None = None) -> None:
        self._wait.put_off(duration or _COMMAND_TIMEOUT_S)

    def _timeout_cb(self) -> None:
        """End a session in which nothing that counts was said for too long."""
        self._hang_up("421 4.4.2 Nothing came in time, goodbye")

    async def _handle_client(self) -> None:
        """Greet, then obey until one side has had enough. A device that goes is no fault."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if self.rule.tls == "implicit":
                await self._start_tls(self._contexts[self.rule.name])
            await self.push(f"220 {self.hostname} ESMTP scangate")
            while self.transport is not None and not self.transport.is_closing():
                await self._obey_next()
        self._close()

    async def _obey_next(self) -> None:
        """Read a line and do what it says. Raises ConnectionError or IncompleteReadError when the device has gone."""
        line = await next_line(self._reader)
        if line is None:
            await self.push(TOO_LONG)
            return
        command = command_of(line)
        if not command.verb:
            await self._go_on()
            return  # an answer to a blank line would be taken for that to the command behind it
        try:
            await self._obey(command)
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the device hears that it may try again
            await self.push(await self.handle_exception(error))

    async def _obey(self, command: Command) -> None:
        match command.verb:
            case "DATA":
                await self._take_message()
            case "STARTTLS":
                await self._offer_tls()
            case "QUIT":
                await self.push("221 2.0.0 Bye")
                self._close()
            case _:
                for reply in await answer(self, command):
                    await self.push(reply)
                if not reply.startswith("500"):  # it was a command: the time for the next begins
                    self._reset_timeout()

    async def ask(self, challenge: bytes) -> bytes | None:
        """Send a challenge of a login and return the answer's line, None for one over the limit."""
        await self.push(challenge_line(challenge))
        return await next_line(self._reader)

    async def ask_policy(self, command: str, address: str, parameters: list[str]) -> Any:
        """Return the reply of ``hooks.py`` to MAIL or RCPT."""
        return await self._call_handler_hook(command, address, parameters)

    def refused(self, reply: str) -> None:
        """Take note of a refusal that somebody has to mend."""
        assert self.visit is not None
        self.visit.tell(reply)

    def forget_mail(self) -> None:
        """Forget sender and recipients."""
        self.envelope = self._create_envelope()

    async def _offer_tls(self) -> None:
        """Answer STARTTLS, also where the profile does not show it."""
        context = self._contexts.get(self.rule.name)
        if context is None or self.is_tls:
            self._may_hear_hello = True
            await self.push("503 5.5.1 TLS is on already" if self.is_tls else "454 4.7.0 There is no TLS here")
            return
        await self.push("220 2.0.0 Begin TLS")
        await self._start_tls(context)
        self.is_logged_in = False
        self.forget_mail()

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        """Put TLS between device and dialogue. Raises ConnectionError when that fails; the log has said why.

        What came behind STARTTLS in the clear is dropped: somebody else may have put it there (RFC 3207 section 6).
        """
        assert isinstance(self.transport, asyncio.WriteTransport)
        plain = self.transport
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            transport = await begin_tls(plain, self, context, is_legacy=self.rule.legacy_tls)
        except NoTlsError as error:
            self._tell_tls(str(error))
            self.connection_lost(error)  # which asyncio tells only at some of these ends
            raise
        self.transport = transport
        self._reader._transport = self._writer._transport = transport  # type: ignore[attr-defined]  # noqa: SLF001
        self._original_transport = plain
        self.is_tls = True
        self._reset_timeout()

    def _tell_tls(self, reason: str) -> None:
        """Say once what is the matter: asyncio may tell of the end of a connection twice."""
        if not self._is_tls_told:
            log(Event.SMTP_TLS_FAULT, client=self._client, listener=self.rule.name, reason=reason)
        self._is_tls_told = True

    async def _take_message(self) -> None:
        """Stream the message into a draft and commit it; answer 250 with the job id only then."""
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT comes first")
            return
        self._is_in_data = True
        self._reader._limit = _HELD_BYTES  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            reply = await self._reception().take()
            if reply.startswith("250"):
                assert self.visit is not None
                self.visit.taken()
                self._progress.begin()
            await self.push(reply)
        finally:
            self._is_in_data = self.is_owed_answer = False
            self._reader._limit = self.line_length_limit  # type: ignore[attr-defined]  # noqa: SLF001
            self.forget_mail()
            self._reset_timeout()
            if self._is_gone:
                super().connection_lost(None)

    def _reception(self) -> Reception:
        assert self.envelope is not None
        recipients = tuple(Address(recipient) for recipient in self.envelope.rcpt_tos)
        stream = Stream(self._reader.read, self._put_back, self._reset_timeout, self.push, self._hang_up)
        dialogue = Dialogue(self._client, self.envelope.mail_from or "", recipients)
        return Reception(self._intake, self.rule, dialogue, stream, self._hand_on)

    def _hand_on(self, keeping: Keeping) -> None:
        self.is_owed_answer = True
        self._keep(keeping)

    def _put_back(self, rest: bytes) -> None:
        """Leave what follows the message to the reader of commands."""
        self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # noqa: SLF001

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()
