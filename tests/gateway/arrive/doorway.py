"""A listener of ours on 127.0.0.1, and devices that talk to it from a thread beside the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from gateway.arrive.arriving import STORED
from gateway.arrive.listener import Listener
from gateway.spool import files
from gateway.spool.job import State
from tests.gateway.spool.given import Box
from tests.peers.scanner import Device

Answer = TypeVar("Answer")

DEADLINE_S: Final = 10.0
_BOUNDLESS: Final = {"client_connections": 1000, "client_messages": 100_000, "pause": 0.0}
MAIL: Final = b"Subject: scan\r\n\r\nThe scan.\r\n"


@asynccontextmanager
async def listening(box: Box, **changed: Any) -> AsyncIterator[Listener]:
    """Open the box's first listener, with some of its keys changed, and close it at the end.

    All devices of a test have one address, so what is limited for each client is not, unless the test says so.
    """
    rule = replace(box.config.smtp[0], **{**_BOUNDLESS, **changed})
    listener = Listener(box.intake, (rule,))
    await listener.open()
    try:
        yield listener
    finally:
        await listener.close()


def port_of(listener: Listener) -> int:
    """The port the kernel gave."""
    assert listener.server is not None
    port: int = listener.server.sockets[0].getsockname()[1]
    return port


async def talk(listener: Listener, words: Callable[[Device], Answer]) -> Answer:
    """Connect a device and have it say its words in a thread; what it returns."""

    def connected() -> Answer:
        with Device(port_of(listener)) as device:
            assert device.hear().startswith(b"220 ")
            return words(device)

    # Not the loop's own threads: those are the listener's, and devices that wait would take them all.
    with ThreadPoolExecutor(1) as own:
        return await asyncio.get_running_loop().run_in_executor(own, connected)


def begin(device: Device, recipient: bytes = b"office@contoso.com") -> None:
    """Say everything up to the message itself."""
    for words, start in (
        (b"HELO printer\r\n", b"250"),
        (b"MAIL FROM:<printer@local>\r\n", b"250"),
        (b"RCPT TO:<" + recipient + b">\r\n", b"250"),
        (b"DATA\r\n", b"354"),
    ):
        reply = device.ask(words)
        assert reply.startswith(start), (words, reply)


def send(device: Device, message: bytes = MAIL) -> bytes:
    """Send one message, as it stands, and return the reply to its final dot."""
    begin(device)
    return device.ask(message + b".\r\n")


def stored(box: Box) -> list[bytes]:
    """The messages that are owed, oldest job first; journal and directories agree on them."""
    ids = sorted(job.id for job in box.journal.jobs(State))
    assert tuple(ids) == files.listing(box.spool.jobs)
    return [(box.spool.jobs / job_id / files.ORIGINAL / STORED).read_bytes() for job_id in ids]
