"""The senders that are compared: each stands ready with all scans of a case, and begins when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from deliver_bench.receiver import Receiver
from deliver_bench.scan import Case, Scan
from deliver_bench.terms import CONNECTIONS, PASSWORD, RECIPIENT, SENDER
from smtp_in_bench import spent

from conf.model import Address
from gateway.spool import files
from gateway.spool.database import Database
from gateway.spool.envelope import Envelope, Origin, OriginKind
from gateway.spool.journal import Journal
from tests.peers.certificates import Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix
from tests.peers.process import Process

SCANGATE: Final = "scangate"
PLAIN: Final = "aiosmtplib"
POSTFIX: Final = "Postfix"
REUSING: Final = "Postfix, TLS reused"
ALL: Final = (SCANGATE, PLAIN, POSTFIX, REUSING)
_READY_WITHIN_S: Final = 30.0
_HERE: Final = Path(__file__).parent
_MASTER_CF: Final = """
smtp      unix  - - n -     - smtp
tlsproxy  unix  - - n -     0 tlsproxy
scache    unix  - - n -     1 scache
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """One that stands ready: the process all others of it descend from, and how it is told to begin.

    What stands in ``log`` once for each scan it is done with is ``mark``.
    """

    pid: int
    log: Path
    mark: bytes
    begin: Callable[[], None]

    def done(self) -> int:
        """Return how many scans it is done with. Raises RuntimeError when it has broken down."""
        log = self.log.read_bytes()
        if b"Traceback" in log:
            raise RuntimeError(log.decode(errors="replace"))
        return log.count(self.mark)


@contextmanager
def standing(name: str, case: Case, scan: Scan, receiver: Receiver, folder: Path) -> Iterator[Sender]:
    """One contender, below the folder, with the scans of the case before it."""
    match name:
        case "scangate":
            make = _ours(case, scan, receiver, folder)
        case "aiosmtplib":
            make = _plain(case, scan, receiver, folder)
        case _:
            make = _postfix(case, scan, receiver, folder, is_reusing=name == REUSING)
    with make as sender:
        yield sender


@contextmanager
def _ours(case: Case, scan: Scan, receiver: Receiver, folder: Path) -> Iterator[Sender]:
    state = folder / "state"
    state.mkdir()
    database = Database(state / "journal.db")
    journal, spool = Journal(database), files.open_spool(state)
    message = scan.mail.read_bytes()
    for number in range(case.scans):
        now = datetime.now(UTC)
        draft = files.begin(spool, now)
        to = (Address(RECIPIENT),)
        origin = Origin(OriginKind.SMTP, "bench")
        made = Envelope(draft.id, now, origin, None, to, (), f"<{number}@bench.example.org>")
        files.commit(spool, draft, made)
        files.put_message(spool.jobs / draft.id, [message])
        journal.admit(made, now.timestamp())
    argv = [sys.executable, str(_HERE / "station.py"), str(folder), str(receiver.port), str(receiver.authority)]
    process = _started(argv, folder / "log")

    def begin() -> None:
        with database.transaction() as db:
            db.execute("UPDATE job SET state = 'ready', next_try_at = ?", (time.time(),))
        os.kill(process.pid, signal.SIGUSR1)

    try:
        yield Sender(process.pid, folder / "log", b"event=job-sent", begin)
    finally:
        process.stop()
        database.close()


@contextmanager
def _plain(case: Case, scan: Scan, receiver: Receiver, folder: Path) -> Iterator[Sender]:
    facts = (scan.pdf, case.scans, receiver.port, receiver.authority)
    process = _started([sys.executable, str(_HERE / "plain.py"), *map(str, facts)], folder / "log")
    try:
        yield Sender(process.pid, folder / "log", b"sent\n", lambda: os.kill(process.pid, signal.SIGUSR1))
    finally:
        process.stop()


def _started(argv: list[str], log: Path) -> Process:
    process = Process(argv, log)
    process.wait_ready(lambda: b"waiting\n" in log.read_bytes(), _READY_WITHIN_S)
    return process


@contextmanager
def _postfix(case: Case, scan: Scan, receiver: Receiver, folder: Path, *, is_reusing: bool) -> Iterator[Sender]:
    """Postfix with all mails in its incoming queue, and the queue manager stopped by a signal meanwhile."""
    accounts = folder / "accounts"
    accounts.write_text(f"[localhost]:{receiver.port} {SENDER}:{PASSWORD}\n", encoding="ascii")
    parameters = {
        "smtpd_tls_security_level": "none",
        "mynetworks": "127.0.0.0/8",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "message_size_limit": "200000000",
        "in_flow_delay": "0",  # else each mail waits for the stopped queue manager
        "relayhost": f"[localhost]:{receiver.port}",
        "default_transport": "smtp",
        "smtp_host_lookup": "native",  # the relay stands in /etc/hosts
        "smtp_destination_concurrency_limit": str(CONNECTIONS),
        "initial_destination_concurrency": str(CONNECTIONS),
        "smtp_sasl_auth_enable": "yes",
        "smtp_sasl_password_maps": f"texthash:{accounts}",
        "smtp_sasl_security_options": "noanonymous",
        "smtp_tls_security_level": "verify",
        "smtp_tls_CAfile": str(receiver.authority),
        "smtp_tls_connection_reuse": "yes" if is_reusing else "no",
    }
    with Postfix(Certificates(folder).server(), domains=(), parameters=parameters) as postfix:
        postfix.stop()
        master = postfix.folder / "etc" / "master.cf"
        master.write_text(master.read_text(encoding="ascii") + _MASTER_CF, encoding="ascii")
        os.utime(master, (0, 0))
        postfix.start()
        wait_until(lambda: bool(_managers(postfix)), _READY_WITHIN_S, "the queue manager")
        (manager,) = _managers(postfix)
        os.kill(manager, signal.SIGSTOP)
        try:
            _put_in(case, scan, postfix)
            yield Sender(
                postfix.pid, postfix.folder / "maillog", b": removed\n", lambda: os.kill(manager, signal.SIGCONT)
            )
        finally:
            os.kill(manager, signal.SIGCONT)


def _put_in(case: Case, scan: Scan, postfix: Postfix) -> None:
    command = ["smtp-source", "-f", SENDER, "-t", RECIPIENT, "-F", str(scan.mail), "-m", str(case.scans)]
    subprocess.run([*command, f"inet:127.0.0.1:{postfix.port}"], check=True, capture_output=True)
    incoming = postfix.folder / "queue" / "incoming"
    held = sum(path.is_file() for path in incoming.rglob("*"))
    assert held == case.scans, f"{held} of {case.scans} wait in Postfix"


def _managers(postfix: Postfix) -> list[int]:
    return [pid for pid in spent.tree(postfix.pid) if _name(pid) == "qmgr"]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
