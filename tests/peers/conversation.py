"""One SMTP conversation of the scripted upstream: the healthy server's rules, each of which a script may break."""

import ssl
from dataclasses import dataclass, field

from tests.peers import healthy
from tests.peers.script import At
from tests.peers.seen import Seen
from tests.peers.stage import Stage


@dataclass(frozen=True, slots=True)
class Rules:
    """How the healthy server of this test is set up.

    Attributes:
        tls: its context; None offers no STARTTLS whatever `features` say.
        needs_tls: MAIL is refused in the clear.
        needs_login: MAIL is refused before AUTH; False offers no AUTH.
        secrets: the right password or token of each user; None takes any.
        features: the lines of the EHLO reply after the first.
        size_limit_bytes: over it MAIL with SIZE= is refused, and a message after its end.
    """

    tls: ssl.SSLContext | None
    needs_tls: bool
    needs_login: bool
    secrets: dict[str, str] | None
    features: tuple[str, ...]
    size_limit_bytes: int

    def offers(self) -> tuple[str, ...]:
        """The features that fit the rest of these rules."""
        kept = (one for one in self.features if self.tls is not None or one != "STARTTLS")
        return tuple(one for one in kept if self.needs_login or not one.startswith("AUTH"))

    def offers_login(self, mechanism: str) -> bool:
        """Is this mechanism in the EHLO reply?"""
        return any(one.startswith("AUTH ") and mechanism in one.split()[1:] for one in self.offers())


@dataclass(slots=True)
class Conversation:
    """The state of one connection, and the coroutine that carries it on until either side ends it."""

    number: int
    stage: Stage
    rules: Rules
    seen: Seen
    _is_logged_in: bool = False
    _sender: str | None = None
    _recipients: list[str] = field(default_factory=list)
    _chunks: bytearray = field(default_factory=bytearray)

    async def run(self) -> None:
        """Greet and answer until QUIT.

        Raises:
            EndedByScript: the script has done its last thing.
            ConnectionError, ssl.SSLError: the client has hung up, or TLS has failed.
        """
        await self.stage.act(At.BANNER, healthy.BANNER)
        line = b""
        while not line.upper().startswith(b"QUIT"):
            line = await self._command_line()
            await self._answer(line)

    async def _answer(self, line: bytes) -> None:
        handlers = {
            b"STARTTLS": self._start_tls,
            b"AUTH": self._auth,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"BDAT": self._bdat,
        }
        verb = line.split(b" ", 1)[0].upper()
        if (handler := handlers.get(verb)) is not None:
            await handler(line)
            return
        if verb in {b"EHLO", b"HELO", b"RSET"}:
            self._forget_mail()
        at, answer = {
            b"EHLO": (At.EHLO, healthy.ehlo(self.rules.offers(), is_tls=self.stage.wire.is_tls)),
            b"HELO": (At.HELO, healthy.HELLO),
            b"RSET": (At.RSET, healthy.RESET_OK),
            b"NOOP": (At.NOOP, healthy.NOOP_OK),
            b"QUIT": (At.QUIT, healthy.BYE),
        }.get(verb, (At.OTHER, healthy.UNKNOWN_COMMAND))
        await self.stage.act(at, answer, line)

    def _forget_mail(self) -> None:
        self._sender = None
        self._recipients = []
        self._chunks = bytearray()

    async def _command_line(self) -> bytes:
        line = (await self.stage.wire.read_line()).rstrip(b"\r\n")
        self.seen.command(self.number, line, is_tls=self.stage.wire.is_tls)
        return line

    async def _start_tls(self, line: bytes) -> None:
        if self.rules.tls is None or self.stage.wire.is_tls:
            await self.stage.act(At.STARTTLS, healthy.UNKNOWN_COMMAND, line)
            return
        said = await self.stage.act(At.STARTTLS, healthy.START_TLS_GO, line)
        if said.startswith(b"220"):
            await self.stage.act(At.HANDSHAKE, b"")
            await self.start_tls(self.rules.tls)
            self._forget_mail()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake and note how it went.

        Raises:
            ConnectionError, ssl.SSLError: it failed.
        """
        wire = self.stage.wire
        try:
            await wire.start_tls(context)
        except (ConnectionError, ssl.SSLError) as failed:
            self.seen.handshake_failed(str(failed))
            raise
        self.seen.encrypted(wire.tls_version, wire.peer_certificate)

    async def _auth(self, line: bytes) -> None:
        words = line.split()
        mechanism = words[1].decode(errors="replace").upper() if len(words) > 1 else ""
        if not self.stage.wire.is_tls or not self.rules.offers_login(mechanism):
            await self.stage.act(At.AUTH, healthy.MECHANISM_UNKNOWN, line)
            return
        challenges = healthy.CHALLENGES[mechanism]
        answers, moment = words[2:3], At.AUTH
        while True:
            if len(answers) < len(challenges):
                said = await self.stage.act(moment, challenges[len(answers)], line)
            else:
                said = await self._judge(moment, mechanism, answers, line)
            if not said.startswith(b"334"):
                self._is_logged_in = self._is_logged_in or said.startswith(b"235")
                return
            line, moment = await self._command_line(), At.AUTH_ANSWER
            if line == b"*":
                await self.stage.act(At.AUTH_ANSWER, healthy.LOGIN_CANCELLED, line)
                return
            answers.append(line)

    async def _judge(self, moment: At, mechanism: str, answers: list[bytes], line: bytes) -> bytes:
        needed = len(healthy.CHALLENGES[mechanism])
        given = healthy.credentials(mechanism, answers[:needed])
        if len(answers) == needed:  # a further answer is only the nod to a scripted error challenge
            self.seen.login(self.number, mechanism, given)
        secrets = self.rules.secrets
        is_right = given is not None and (secrets is None or secrets.get(given.user) == given.secret)
        verdict = healthy.LOGGED_IN if is_right and len(answers) == needed else healthy.LOGIN_REFUSED
        return await self.stage.act(moment if self.stage.is_scripted(moment, line) else At.AUTH_DONE, verdict, line)

    async def _mail(self, line: bytes) -> None:
        sender = healthy.address(line)
        if self.rules.needs_tls and not self.stage.wire.is_tls:
            answer = healthy.NEEDS_TLS
        elif self.rules.needs_login and not self._is_logged_in:
            answer = healthy.NEEDS_LOGIN
        elif self._sender is not None:
            answer = healthy.OUT_OF_ORDER
        elif sender is None:
            answer = healthy.SYNTAX
        elif (sender.size_bytes or 0) > self.rules.size_limit_bytes:
            answer = healthy.TOO_LARGE
        else:
            answer = healthy.SENDER_OK
        said = await self.stage.act(At.MAIL, answer, line)
        if said.startswith(b"250") and sender is not None:
            self._forget_mail()
            self._sender = sender.path

    async def _rcpt(self, line: bytes) -> None:
        recipient = healthy.address(line)
        if self._sender is None:
            answer = healthy.OUT_OF_ORDER
        else:
            answer = healthy.SYNTAX if recipient is None else healthy.RECIPIENT_OK
        said = await self.stage.act(At.RCPT, answer, line)
        if said.startswith(b"25") and recipient is not None:
            self._recipients.append(recipient.path)

    async def _data(self, line: bytes) -> None:
        if self._sender is None:
            answer = healthy.OUT_OF_ORDER
        else:
            answer = healthy.SEND_BODY if self._recipients else healthy.NO_RECIPIENTS
        said = await self.stage.act(At.DATA, answer, line)
        if said.startswith(b"354"):
            raw = await self._body()
            await self._finish(raw, healthy.unstuffed(raw), is_chunked=False)

    async def _body(self) -> bytes:
        """The message as it is sent, dots and all, up to the final dot; playing the script's step inside of it."""
        step = self.stage.due(At.BODY)
        taken = bytearray(b"\r\n")  # so that a dot right at the start ends an empty message
        while True:
            searched = max(0, len(taken) - 4)
            taken += await self.stage.wire.read_some()
            if step is not None and len(taken) - 2 >= step.after_bytes:
                await self.stage.perform(step, b"")
                step = None
            end = taken.find(b"\r\n.\r\n", searched)
            if end >= 0:
                self.stage.wire.unread(bytes(taken[end + 5 :]))
                return bytes(taken[2 : end + 2])

    async def _bdat(self, line: bytes) -> None:
        size = healthy.chunk_size_bytes(line)
        if size is None:
            await self.stage.act(At.BDAT, healthy.SYNTAX, line)
            return
        step = None if self._chunks else self.stage.due(At.BODY)
        chunk = bytearray()
        while len(chunk) < size:
            chunk += await self.stage.wire.read_some()
            if step is not None and len(chunk) >= step.after_bytes:
                await self.stage.perform(step, b"")
                step = None
        self.stage.wire.unread(bytes(chunk[size:]))
        self._chunks += chunk[:size]
        if self._sender is None or not self._recipients:
            await self.stage.act(At.BDAT, healthy.OUT_OF_ORDER, line)
        elif line.upper().endswith(b"LAST"):
            whole = bytes(self._chunks)
            await self._finish(whole, whole, is_chunked=True)
        else:
            await self.stage.act(At.BDAT, healthy.CHUNK_OK, line)

    async def _finish(self, raw: bytes, content: bytes, *, is_chunked: bool) -> None:
        number = self.seen.message(
            self.number, self._sender or "", tuple(self._recipients), raw, content, is_chunked=is_chunked
        )
        self._forget_mail()
        is_too_large = len(raw) > self.rules.size_limit_bytes
        said = await self.stage.act(At.DOT, healthy.TOO_LARGE if is_too_large else healthy.queued(number))
        if said.startswith(b"2"):
            self.seen.message_accepted(number)
        await self.stage.act(At.IDLE, b"")
