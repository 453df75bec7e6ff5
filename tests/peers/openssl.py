"""OpenSSL's own server, as an upstream with TLS from the first byte in exactly one version."""

import contextlib
import enum
import shutil
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from tests.peers.certificates import Certificate
from tests.peers.loopback import ADDRESS, free_port
from tests.peers.process import Process


class TlsVersion(enum.StrEnum):
    """A TLS version by the option that makes s_server speak it alone (openssl-s_server(1))."""

    TLS_1_0 = "-tls1"
    TLS_1_1 = "-tls1_1"
    TLS_1_2 = "-tls1_2"
    TLS_1_3 = "-tls1_3"


class OpensslServer:
    """One `openssl s_server` on a loopback port, in one TLS version; running from construction.

    It says what `say` is told and keeps what clients say. For STARTTLS, which s_server cannot do, use Exchange with
    Certificate.legacy_server_context.
    """

    def __init__(self, shown: Certificate, version: TlsVersion, client_authority: Path | None = None):
        """Start it; with client_authority a client must show a certificate of that authority."""
        self.port: Final = free_port()
        self._folder: Final = Path(tempfile.mkdtemp(prefix="peer-openssl-"))
        argv = ["openssl", "s_server", "-accept", f"{ADDRESS}:{self.port}", version.value]
        argv += ["-cert", str(shown.chain), "-key", str(shown.key), "-cipher", "DEFAULT:@SECLEVEL=0"]
        if client_authority is not None:
            argv += ["-Verify", "3", "-verify_return_error", "-CAfile", str(client_authority)]
        with self._undone_on_failure():
            self._process = Process(argv, self._folder / "output.log", stdin=True)
            # Not by connecting: s_server serves one client at a time, and that probe would be it.
            self._process.wait_ready(lambda: "ACCEPT" in self.log_text())

    def __enter__(self) -> Self:
        """The running server; leaving the block ends it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def say(self, words: bytes) -> None:
        """Send these bytes to the client that is connected; before one is, to the next."""
        self._process.stdin.write(words)
        self._process.stdin.flush()

    def log_text(self) -> str:
        """What it printed: each session, each handshake error in OpenSSL's words, and all that clients said."""
        log = self._folder / "output.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def close(self) -> None:
        """End it and remove its folder."""
        self._process.kill()
        shutil.rmtree(self._folder)

    @contextlib.contextmanager
    def _undone_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            shutil.rmtree(self._folder)
            raise
