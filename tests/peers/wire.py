"""One accepted connection: bytes in and out, TLS whenever it is told to, and every way to end badly."""

import asyncio
import contextlib
import socket
import ssl
import struct
from typing import Final

CHUNK_BYTES: Final = 64 * 1024
CLOSE_S: Final = 1.0


class Wire:
    """Reads and writes over asyncio streams, in the clear or through an SSLObject between them.

    TLS is driven by hand, and not by StreamWriter.start_tls, so that a server can also do what a good one never does:
    stop in the middle of the handshake, or send clear text behind its reply to STARTTLS.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        """Take over a connection that asyncio has accepted."""
        self._reader = reader
        self._writer = writer
        self._tls: ssl.SSLObject | None = None
        self._from_peer = ssl.MemoryBIO()
        self._to_peer = ssl.MemoryBIO()
        self._unread = b""
        self._may_read = asyncio.Event()
        self._may_read.set()

    @property
    def is_tls(self) -> bool:
        """Is the connection encrypted by now?"""
        return self._tls is not None

    @property
    def tls_version(self) -> str:
        """The TLS version in use, as "TLSv1.3"; empty in the clear."""
        return (self._tls.version() or "") if self._tls is not None else ""

    @property
    def peer_certificate(self) -> bytes | None:
        """The certificate the client showed, in DER; None without one."""
        return self._tls.getpeercert(binary_form=True) if self._tls is not None else None

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's side of the handshake; what the client sent too early, in the clear, is thrown away.

        Raises:
            ssl.SSLError: the client refused us or cannot speak with us.
            ConnectionError: it hung up.
        """
        self._unread = b""
        session = context.wrap_bio(self._from_peer, self._to_peer, server_side=True)
        while True:
            try:
                session.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError:
                await self._flush()  # the alert that tells the client why
                raise
            else:
                break
        await self._flush()
        self._tls = session

    async def read_line(self, limit_bytes: int = 1 << 20) -> bytes:
        """The next line with its line end.

        Raises:
            ConnectionError: the client hung up, or sent this many bytes without a line end.
        """
        while b"\n" not in self._unread:
            if len(self._unread) > limit_bytes:
                raise ConnectionError(f"a line of more than {limit_bytes} bytes")
            self._unread += await self._read_some()
        line, end, self._unread = self._unread.partition(b"\n")
        return line + end

    async def read_some(self) -> bytes:
        """Whatever comes next, at least one byte.

        Raises:
            ConnectionError: the client hung up.
        """
        taken, self._unread = self._unread, b""
        return taken or await self._read_some()

    def unread(self, surplus: bytes) -> None:
        """Put bytes back that belong to the next reader."""
        self._unread = surplus + self._unread

    async def write(self, answer: bytes) -> None:
        """Send these bytes."""
        if self._tls is not None:
            self._tls.write(answer)
            await self._flush()
        else:
            self._writer.write(answer)
            await self._writer.drain()

    async def close(self) -> None:
        """End it as a server that leaves without a word: FIN, and what is still unread makes the kernel send RST.

        What a client does not take within CLOSE_S is thrown away.
        """
        self._writer.close()
        with contextlib.suppress(OSError):
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self._writer.wait_closed()
            except TimeoutError:
                self._writer.transport.abort()

    def reset(self) -> None:
        """End it at once with a TCP reset (SO_LINGER on, time 0: socket(7))."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def stop_reading(self) -> None:
        """Take nothing more off the socket: the client's writes fill the kernel's buffers and stall."""
        # Pausing the transport as well, for it reads ahead on its own.
        self._may_read.clear()
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def wait_gone(self) -> None:
        """Read and forget until the client hangs up."""
        while True:
            await self.read_some()

    async def _read_some(self) -> bytes:
        if self._tls is None:
            return await self._receive()
        while True:
            try:
                clear = self._tls.read(CHUNK_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            else:
                if not clear:  # close_notify
                    raise ConnectionError("the client ended TLS")
                return clear

    async def _fill(self) -> None:
        self._from_peer.write(await self._receive())

    async def _receive(self) -> bytes:
        await self._may_read.wait()
        received = await self._reader.read(CHUNK_BYTES)
        if not received:
            raise ConnectionError("the client hung up")
        return received

    async def _flush(self) -> None:
        if self._to_peer.pending:
            self._writer.write(self._to_peer.read())
            await self._writer.drain()
