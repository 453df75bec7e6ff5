"""A slow uplink: a TCP proxy that passes a client's bytes on at a fixed rate and holds next to none of them."""

import asyncio
import contextlib
import socket
import types
from typing import Final, Self

from tests.peers.loopback import ADDRESS

TICK_S: Final = 0.02
BUFFER_BYTES: Final = 4096


class Throttle:
    """Listens inside ``async with`` and passes each connection on to a port; the way back is not slowed."""

    def __init__(self, to_port: int, bytes_per_s: int):
        """Pass on at most this many bytes a second from the client."""
        self.port = 0
        self._to_port = to_port
        self._chunk_bytes = max(1, int(bytes_per_s * TICK_S))
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen, with a receive buffer so small that the client feels the rate at once."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        listener.bind((ADDRESS, 0))
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=self._chunk_bytes)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """End every connection."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection(ADDRESS, self._to_port)
        back = asyncio.create_task(self._pass_on(far_reader, writer, 1 << 16, 0.0))
        try:
            await self._pass_on(reader, far_writer, self._chunk_bytes, TICK_S)
        finally:
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            for one in (writer, far_writer):
                one.close()
                with contextlib.suppress(OSError):
                    await one.wait_closed()
            self._tasks.discard(task)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunk_bytes: int, tick_s: float
    ) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(chunk_bytes):
                writer.write(block)
                await writer.drain()
                await asyncio.sleep(tick_s)
