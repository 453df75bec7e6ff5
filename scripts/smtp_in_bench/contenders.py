"""The servers that are compared: scangate, stock aiosmtpd with the same durable handler, and Debian's Postfix."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.operate.records import reading
from gateway.spool.job import State
from tests.peers.certificates import Certificates
from tests.peers.postfix import Postfix
from tests.peers.process import Process

SCANGATE: Final = "scangate"
STOCK: Final = "aiosmtpd, stock"
POSTFIX: Final = "Postfix"
_READY_WITHIN_S: Final = 30.0
_SERVING: Final = Path(__file__).with_name("serving.py")

# Accept only, as the others: what comes is put on hold.
_ACCEPT_ONLY: Final = {
    "smtpd_tls_security_level": "none",
    "smtpd_recipient_restrictions": "check_client_access static:HOLD, permit",
    "smtpd_junk_command_limit": "1000000",
    "smtpd_client_connection_count_limit": "0",
    "message_size_limit": "200000000",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs: its name, its port, the process all others of it descend from, and where it keeps what it took."""

    name: str
    port: int
    pid: int
    folder: Path

    def taken(self) -> int:
        """Return how many messages it holds."""
        if self.name == POSTFIX:
            return sum(path.is_file() for path in (self.folder / "queue" / "hold").rglob("*"))
        with reading(self.folder / "state") as (journal, _):
            return journal.counts()[State.ACCEPTED]


@contextmanager
def running(folder: Path) -> Iterator[list[Server]]:
    """All three, below one folder and so on one file system."""
    with contextlib.ExitStack() as stack:
        ours = [stack.enter_context(_ours(name, folder)) for name in (SCANGATE, STOCK)]
        yield [*ours, stack.enter_context(_postfix(folder))]


@contextmanager
def _ours(name: str, folder: Path) -> Iterator[Server]:
    own = folder / name.partition(",")[0]
    (own / "state").mkdir(parents=True)
    printed = own / "port"
    kind = "scangate" if name == SCANGATE else "stock"
    process = Process([sys.executable, str(_SERVING), kind, str(own)], printed)
    try:
        process.wait_ready(lambda: _port(printed) > 0, _READY_WITHIN_S)
        yield Server(name, _port(printed), process.pid, own)
    finally:
        process.stop()


def _port(printed: Path) -> int:
    """Return the port that stands in the log among lines of events; 0 before it does."""
    return next((int(line) for line in printed.read_text(encoding="utf-8").splitlines() if line.isdigit()), 0)


@contextmanager
def _postfix(folder: Path) -> Iterator[Server]:
    with Postfix(Certificates(folder).server(), parameters=_ACCEPT_ONLY) as postfix:
        yield Server(POSTFIX, postfix.port, postfix.pid, postfix.folder)
