"""Sessions to a scripted upstream, for the tests of what is said over them."""

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conf.model import Address
from gateway.deliver.session import Session, open_session
from gateway.deliver.tls import upstream_context
from gateway.deliver.transfer import Transfer, send
from tests.gateway.deliver.given import MESSAGE, OFFICE, SENDER, no_matter, no_token, route
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import HEALTHY, Script


@dataclass(slots=True)
class Line:
    """A session to an upstream, and the file it offers."""

    exchange: Exchange
    session: Session
    message: Path

    def narrow(self) -> None:
        """Let the kernel hold next to nothing of what is sent: a host that does not read is felt at once."""
        raw: socket.socket = self.session._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    async def send(
        self,
        *recipients: Address,
        content: bytes | None = None,
        before_dot: Callable[[], Awaitable[None]] = no_matter,
        may_be_binary: bool = False,
    ) -> Transfer:
        """Offer the message, to the office when nobody is named."""
        if content is not None:
            self.message.write_bytes(content)
        whom: Sequence[Address] = recipients or (OFFICE,)
        return await send(self.session, SENDER, whom, self.message, before_dot, may_be_binary=may_be_binary)


@contextlib.asynccontextmanager
async def line(
    shown: Certificate, folder: Path, script: Script = HEALTHY, *, port: int | None = None, **settings: Any
) -> AsyncIterator[Line]:
    """A session without login to an upstream that follows a script; closed in the end."""
    async with Exchange(shown.server_context(), script, needs_login=False, **settings) as exchange:
        context = upstream_context(shown.authority, None)
        session = await open_session(route(port or exchange.port), context, "box.example.org", no_token)
        message = folder / "message.eml"
        message.write_bytes(MESSAGE)
        try:
            yield Line(exchange, session, message)
        finally:
            await session.close()
