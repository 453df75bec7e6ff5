"""The smarthost: one real Postfix with STARTTLS and AUTH, which throws away what it took. Its queue is in memory.

A smarthost is another machine: its disk must not be the one that the senders flush to.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deliver_bench.terms import PASSWORD, SENDER

from tests.peers.certificates import Certificates
from tests.peers.postfix import Logins, Postfix

_MEMORY: Final = Path("/dev/shm")  # noqa: S108  the point is that it is in memory
_TAKEN: Final = b" (queue active)"

_PARAMETERS: Final = {
    "virtual_transport": "discard:",
    "message_size_limit": "200000000",
    "smtpd_client_connection_count_limit": "0",
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """The running smarthost: its port, the authority of its certificate, and its log."""

    port: int
    authority: Path
    log: Path

    def taken(self) -> int:
        """Return how many mails it has taken."""
        return self.log.read_bytes().count(_TAKEN) if self.log.exists() else 0


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run it. Needs root."""
    kept, tempfile.tempdir = tempfile.tempdir, str(_MEMORY)
    try:
        with tempfile.TemporaryDirectory() as name:
            certificates = Certificates(Path(name))
            logins = Logins({SENDER: PASSWORD})
            with Postfix(certificates.server(), logins=logins, parameters=_PARAMETERS) as postfix:
                tempfile.tempdir = kept
                yield Receiver(postfix.port, certificates.authority_file, postfix.folder / "maillog")
    finally:
        tempfile.tempdir = kept
