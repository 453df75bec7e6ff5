"""Everything a scripted upstream has seen: connections, commands, logins, messages; and waiting for more of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.peers.healthy import Credentials


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a client: which connection (from 1), without its line end, encrypted or not, time.monotonic."""

    connection: int
    line: bytes
    is_tls: bool
    at_s: float

    @property
    def verb(self) -> str:
        """The first word in capitals."""
        return self.line.split(b" ", 1)[0].decode(errors="replace").upper()


@dataclass(frozen=True, slots=True)
class Login:
    """One complete set of credentials that came, right or wrong; None when they could not be read."""

    connection: int
    mechanism: str
    given: Credentials | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message that came whole, taken or not.

    Attributes:
        number: its place among all messages of the server, from 1.
        connection: on which connection it came.
        sender: the path of MAIL.
        recipients: the paths of those RCPT that were accepted.
        raw: the bytes between the reply to DATA and the final dot, dots still doubled; with BDAT the joined chunks.
        content: the same with the added dots taken off.
        is_chunked: it came by BDAT.
        at_s: when it was whole, by time.monotonic.
    """

    number: int
    connection: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    content: bytes
    is_chunked: bool
    at_s: float


@dataclass(slots=True)
class Seen:
    """The record, in order of arrival. Lives on one event loop.

    Attributes:
        accepted: the numbers of the messages whose final reply was sent and began with 2.
        handshake_errors: why TLS handshakes failed, in OpenSSL's words.
        tls_versions: of each handshake that worked.
        client_certificates: in DER, of each client that showed one.
    """

    commands: list[Command] = field(default_factory=list)
    logins: list[Login] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    accepted: set[int] = field(default_factory=set)
    connections: int = 0
    open_now: int = 0
    open_most: int = 0
    handshake_errors: list[str] = field(default_factory=list)
    tls_versions: list[str] = field(default_factory=list)
    client_certificates: list[bytes] = field(default_factory=list)
    _waiting: set[asyncio.Event] = field(default_factory=set)

    def verbs(self, connection: int | None = None) -> list[str]:
        """The verbs of all commands, or of one connection's; answers within AUTH stand as they were sent."""
        return [one.verb for one in self.commands if connection in {None, one.connection}]

    def count(self, verb: str) -> int:
        """How often a command came, over all connections."""
        return self.verbs().count(verb)

    def taken(self) -> list[Message]:
        """The messages the server has taken responsibility for."""
        return [message for message in self.messages if message.number in self.accepted]

    def opened(self) -> int:
        """Note one more connection; returns its number."""
        self.connections += 1
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        self._tell()
        return self.connections

    def closed(self) -> None:
        """Note that a connection is over."""
        self.open_now -= 1
        self._tell()

    def command(self, connection: int, line: bytes, *, is_tls: bool) -> None:
        """Note a line of the client."""
        self.commands.append(Command(connection, line, is_tls, time.monotonic()))
        self._tell()

    def login(self, connection: int, mechanism: str, given: Credentials | None) -> None:
        """Note complete credentials."""
        self.logins.append(Login(connection, mechanism, given))
        self._tell()

    def encrypted(self, version: str, certificate: bytes | None) -> None:
        """Note a handshake that worked."""
        self.tls_versions.append(version)
        if certificate is not None:
            self.client_certificates.append(certificate)
        self._tell()

    def handshake_failed(self, why: str) -> None:
        """Note a handshake that did not."""
        self.handshake_errors.append(why)
        self._tell()

    def message(
        self, connection: int, sender: str, recipients: tuple[str, ...], raw: bytes, content: bytes, *, is_chunked: bool
    ) -> int:
        """Note a whole message; returns its number."""
        number = len(self.messages) + 1
        self.messages.append(
            Message(number, connection, sender, recipients, raw, content, is_chunked, time.monotonic())
        )
        self._tell()
        return number

    def message_accepted(self, number: int) -> None:
        """Note that the client has been told this message is taken."""
        self.accepted.add(number)
        self._tell()

    async def until(self, question: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Return as soon as the question is answered with yes; it is asked whenever something has been noted.

        Raises:
            TimeoutError: the deadline passed first; the text holds what was seen.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(timeout_s):
                while not question():
                    changed.clear()
                    await changed.wait()
        except TimeoutError as late:
            lines = b"\n".join(one.line[:100] for one in self.commands[-30:]).decode(errors="replace")
            raise TimeoutError(f"{what}: not within {timeout_s:g} s; the last commands:\n{lines}") from late
        finally:
            self._waiting.discard(changed)

    def _tell(self) -> None:
        for changed in self._waiting:
            changed.set()
