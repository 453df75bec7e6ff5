"""An HTTP proxy that opens tunnels (CONNECT, RFC 9110 section 9.3.6), and notes where to."""

import contextlib
import select
import socket
import socketserver
import threading
import types
from typing import Final, Self

from tests.peers.loopback import ADDRESS

_MOST_BYTES: Final = 65_536
_LEAST_WORDS: Final = 2


class Proxy:
    """The proxy, serving from construction until close. `is_refusing` answers 403 to what comes from now on."""

    def __init__(self) -> None:
        """Listen on a free loopback port."""
        self.tunnels: list[str] = []
        self.is_refusing = False
        self._server = _Server((ADDRESS, 0), _Tunnel)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy")
        self._thread.start()

    def __enter__(self) -> Self:
        """The proxy itself; leaving the block closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """What a client is told."""
        return f"http://{ADDRESS}:{self._server.server_address[1]}"


class _Server(socketserver.ThreadingTCPServer):
    """Serves one Proxy; closing waits for the tunnels, which end with their clients."""

    proxy: Proxy
    daemon_threads = False


class _Tunnel(socketserver.StreamRequestHandler):
    """One connection of a client."""

    server: _Server
    timeout = 10

    def handle(self) -> None:
        """Open the tunnel that is asked for, to this machine only, and carry bytes until one side ends."""
        words = self.rfile.readline(_MOST_BYTES).decode("latin-1").split()
        while self.rfile.readline(_MOST_BYTES).strip():
            pass
        if len(words) < _LEAST_WORDS or words[0] != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        self.server.proxy.tunnels.append(words[1])
        host, _, port = words[1].rpartition(":")
        if self.server.proxy.is_refusing or host != "localhost":
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        with socket.create_connection((ADDRESS, int(port)), timeout=10) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.suppress(OSError):
                self._carry(far)

    def _carry(self, far: socket.socket) -> None:
        other = {self.connection: far, far: self.connection}
        while True:
            ready, _, _ = select.select(list(other), [], [], 10)
            if not ready:
                return
            for side in ready:
                data = side.recv(_MOST_BYTES)
                if not data:
                    return
                other[side].sendall(data)
