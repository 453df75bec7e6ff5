"""A scripted Exchange Online: a healthy one by default, and byte for byte what a test says when it says so."""

import asyncio
import contextlib
import socket
import ssl
import types
from collections.abc import Sequence
from typing import Final, Self

from tests.peers import healthy
from tests.peers.conversation import Conversation, Rules
from tests.peers.loopback import ADDRESS
from tests.peers.script import HEALTHY, Script
from tests.peers.seen import Message, Seen
from tests.peers.stage import EndedByScript, Stage
from tests.peers.wire import Wire


class Exchange:
    """The server, listening inside `async with`; everything it has seen is in `seen`.

    `then` is the script of every connection after the given ones and may be changed at any time.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        *scripts: Script,
        then: Script = HEALTHY,
        needs_tls: bool = True,
        needs_login: bool = True,
        secrets: dict[str, str] | None = None,
        features: Sequence[str] = healthy.FEATURES,
        size_limit_bytes: int = healthy.SIZE_LIMIT_BYTES,
        is_implicit_tls: bool = False,
        receive_buffer_bytes: int | None = None,
    ):
        """Prepare a server; entering the context starts it.

        Args:
            tls: its context, which shows the certificate; None offers no TLS.
            scripts: the first connection's, the second's and so on.
            then: every later connection's.
            needs_tls: refuse MAIL in the clear; only sensible with tls.
            needs_login: refuse MAIL before AUTH; False is a connector or the port-25 endpoint.
            secrets: the right password or token of each user; None takes any.
            features: the EHLO reply's lines after the first; STARTTLS and AUTH are shown when they apply.
            size_limit_bytes: what larger messages are refused by; does not change `features`.
            is_implicit_tls: TLS from the first byte.
            receive_buffer_bytes: the kernel's SO_RCVBUF, small to make a client stall early.
        """
        self.then = then
        self.seen: Final = Seen()
        self.port = 0
        self._scripts = scripts
        self._is_implicit_tls = is_implicit_tls
        self._receive_buffer_bytes = receive_buffer_bytes
        self._rules = Rules(tls, needs_tls and tls is not None, needs_login, secrets, tuple(features), size_limit_bytes)
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self._faults: list[BaseException] = []

    async def __aenter__(self) -> Self:
        """Listen on a free loopback port."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Stop; a fault of this server itself is raised unless the test has already failed."""
        await self.stop()
        if kind is None and self._faults:
            raise ExceptionGroup(
                "the scripted server itself failed", [one for one in self._faults if isinstance(one, Exception)]
            )

    @property
    def messages(self) -> list[Message]:
        """Every message that came whole."""
        return self.seen.messages

    async def start(self) -> None:
        """Listen: the first time on a free port, after a stop on the same one."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._receive_buffer_bytes is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer_bytes)
        listener.bind((ADDRESS, self.port))
        self._server = await asyncio.start_server(self._serve, sock=listener)
        self.port = listener.getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and end the open ones."""
        assert self._server is not None
        self._server.close()
        for task in self._conversations:
            task.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await self._server.wait_closed()

    async def received(self, count: int = 1, timeout_s: float = 10) -> list[Message]:
        """All messages, as soon as at least `count` have come whole, whatever they were answered.

        Raises:
            TimeoutError: fewer came in time.
        """
        await self.seen.until(lambda: len(self.seen.messages) >= count, timeout_s, f"{count} messages")
        return list(self.seen.messages)

    async def took(self, count: int = 1, timeout_s: float = 10) -> list[Message]:
        """The messages answered with 2xx, as soon as there are at least `count`.

        Raises:
            TimeoutError: there were fewer in time.
        """
        await self.seen.until(lambda: len(self.seen.accepted) >= count, timeout_s, f"{count} messages accepted")
        return self.seen.taken()

    async def heard(self, verb: str, count: int = 1, timeout_s: float = 10) -> None:
        """Return as soon as a command has come `count` times in all.

        Raises:
            TimeoutError: it did not in time.
        """
        await self.seen.until(lambda: self.seen.count(verb) >= count, timeout_s, f"{verb} {count} times")

    async def connected(self, count: int = 1, timeout_s: float = 10) -> None:
        """Return as soon as `count` connections have been opened in all.

        Raises:
            TimeoutError: they were not in time.
        """
        await self.seen.until(lambda: self.seen.connections >= count, timeout_s, f"{count} connections")

    async def left_alone(self, timeout_s: float = 10) -> None:
        """Return as soon as no connection is open.

        Raises:
            TimeoutError: one still was at the end.
        """
        await self.seen.until(lambda: self.seen.open_now == 0, timeout_s, "no connection open")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        number = self.seen.opened()
        script = self._scripts[number - 1] if number <= len(self._scripts) else self.then
        wire = Wire(reader, writer)
        conversation = Conversation(number, Stage(wire, script), self._rules, self.seen)
        try:
            if self._is_implicit_tls and self._rules.tls is not None:
                await conversation.start_tls(self._rules.tls)
            await conversation.run()
        except (EndedByScript, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test must see it
            self._faults.append(fault)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await wire.close()
            self.seen.closed()
            self._conversations.discard(task)
