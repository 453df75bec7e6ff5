"""What the tests of the delivery start from: a configuration, a route to a peer, and a box with jobs ready to send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from conf.model import Address, ClientAuth, Config
from gateway.deliver.board import Board
from gateway.deliver.post import Failures, Post
from gateway.deliver.retry import Schedule
from gateway.deliver.route import Routes
from gateway.deliver.runner import Deliverer
from gateway.deliver.tell import Teller
from gateway.deliver.tidy import Tidier
from gateway.deliver.upstream import PasswordLogin, Route, TokenLogin
from gateway.spool import files
from gateway.spool.clock_notes import ClockNotes
from gateway.spool.database import Database
from gateway.spool.digests import Digests
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.files import Spool
from gateway.spool.job import Job, JobId, State
from gateway.spool.journal import Journal
from gateway.spool.traffic import Traffic
from tests.conf.given import made
from tests.peers.entra import CLIENT_ID, CLIENT_SECRET, MAILBOX, TENANT
from tests.peers.fixtures import PASSWORD
from tests.peers.loopback import until

SENDER: Final = Address(MAILBOX)
OFFICE: Final = Address("office@contoso.com")
ADMIN: Final = Address("it@contoso.com")
HOST: Final = "localhost"

MESSAGE: Final = (
    b"From: scanner@contoso.com\r\nTo: office@contoso.com\r\nSubject: scan\r\n"
    b"Message-ID: <1@contoso.com>\r\n\r\n.one\r\n..two\r\n\r\n.\r\nlast\r\n"
)


def addresses(*texts: str) -> tuple[Address, ...]:
    """Texts as addresses."""
    return tuple(Address(text) for text in texts)


def config(folder: Path, *upstreams: dict[str, Any], **tables: Any) -> Config:
    """A configuration with these upstreams; ``tables`` replace whole tables; retries come quickly."""
    values: dict[str, Any] = {
        "gateway": {"name": "box.example.org", "state": str(folder / "state"), "admin": [ADMIN]},
        "sender": {"address": SENDER},
        "upstream": list(upstreams),
        "delivery": {"first_retry": "100ms", "longest_retry": "400ms"},
    }
    return made(Config, values | tables)


def direct(port: int, authority: Path, **keys: Any) -> dict[str, Any]:
    """The table of a direct-send upstream on this machine, for contoso.com."""
    table = {"method": "direct-send", "host": HOST, "port": port, "ca_file": str(authority), "domains": ["contoso.com"]}
    return table | {"messages_per_minute": 1000, "ramp_up": False} | keys


def password_auth(port: int, authority: Path, **keys: Any) -> dict[str, Any]:
    """The table of a client-auth upstream with a password."""
    table = {"method": "client-auth", "host": HOST, "port": port, "ca_file": str(authority)}
    return table | {"username": SENDER, "auth": "password", "password": PASSWORD} | keys


def token_auth(port: int, authority: Path, entra_port: int, **keys: Any) -> dict[str, Any]:
    """The table of a client-auth upstream with a token of the Entra at this port."""
    table = {"method": "client-auth", "host": HOST, "port": port, "ca_file": str(authority), "username": SENDER}
    table |= {"tenant": TENANT, "client_id": CLIENT_ID, "authority": f"https://localhost:{entra_port}"}
    return table | ({} if "certificate_file" in keys else {"client_secret": CLIENT_SECRET}) | keys


def client_auth(table: dict[str, Any]) -> ClientAuth:
    """The settings of a client-auth table."""
    return made(ClientAuth, table)


def route(
    port: int, login: PasswordLogin | TokenLogin | None = None, *, host: str = HOST, connections: int = 2
) -> Route:
    """A route to a peer on this machine."""
    return Route("upstream", host, port, login, None, None, connections, per_minute=1000, per_day=None)


PASSWORD_LOGIN: Final = PasswordLogin(SENDER, PASSWORD)


async def no_token(_login: TokenLogin) -> str:
    """For routes that log in with no token."""
    raise AssertionError("nobody needs a token here")


async def no_matter() -> None:
    """For transfers whose journal is of no interest."""


@dataclass(slots=True)
class Box:
    """The delivering half of a gateway on one state directory."""

    config: Config
    spool: Spool
    journal: Journal
    traffic: Traffic
    routes: Routes
    deliverer: Deliverer
    teller: Teller
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    def ready(self, *recipients: str, message: bytes = MESSAGE, created_at: datetime | None = None) -> JobId:
        """Commit a job that is ready to send, as the normaliser leaves one."""
        return put_job(self.spool, self.journal, addresses(*(recipients or (OFFICE,))), message, created_at)

    def job(self, job_id: JobId) -> Job:
        """The job as the journal has it."""
        job = self.journal.job(job_id)
        assert job is not None
        return job

    def message(self, job_id: JobId) -> Path:
        """The bytes to send."""
        return self.spool.jobs / job_id / files.MESSAGE

    async def deliver(self, job_id: JobId) -> Job:
        """Try a job once, now."""
        await self.deliverer._deliver_guarded(self.job(job_id))
        return self.job(job_id)

    async def comes_to(self, job_id: JobId, *states: State, timeout_s: float = 15) -> Job:
        """The job as soon as it is in one of these states."""
        await until(lambda: self.job(job_id).state in states, timeout_s, f"{job_id} {[s.value for s in states]}")
        return self.job(job_id)

    def path_of(self, job_id: JobId) -> tuple[State, ...]:
        """The states a job has been in, oldest first."""
        return tuple(state for _, state, _ in self.journal.history(job_id))

    @contextlib.asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Let the queue runner work meanwhile."""
        running = asyncio.create_task(self.deliverer.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def open_box(settings: Config, lifetime_s: float | None = None) -> tuple[Box, Database]:
    """Open a state directory; who calls closes the database. To be called on the event loop."""
    state = settings.gateway.state
    state.mkdir(parents=True, exist_ok=True)
    spool = files.open_spool(state)
    database = Database(state / "journal.db")
    journal, traffic = Journal(database), Traffic(database)
    routes = Routes(settings, traffic)
    routes.prepare()
    ready, failed = asyncio.Event(), asyncio.Event()
    delivery = settings.delivery
    schedule = Schedule(delivery.first_retry, delivery.longest_retry, lifetime_s or delivery.lifetime)
    is_holding = delivery.on_uncertain == "hold"
    deliverer = Deliverer(spool, journal, routes, schedule, ready, failed.set, at_once=3, is_holding=is_holding)
    failures = Failures(Post(settings, spool, journal), Digests(database))
    tidier = Tidier(settings.share, spool, journal, ClockNotes(database))
    teller = Teller(settings, spool, journal, failures, Board(settings.share), tidier, failed, ready)
    return Box(settings, spool, journal, traffic, routes, deliverer, teller, failed), database


@contextlib.asynccontextmanager
async def box(settings: Config, lifetime_s: float | None = None) -> AsyncIterator[Box]:
    """A box that is closed in the end, sessions first."""
    opened, database = open_box(settings, lifetime_s)
    try:
        yield opened
    finally:
        await opened.routes.close()
        database.close()


def put_job(
    spool: Spool,
    journal: Journal,
    recipients: Sequence[Address],
    message: bytes | None = MESSAGE,
    created_at: datetime | None = None,
    *,
    origin: Origin | None = None,
    sender: Address | None = None,
    scan: bytes = b"%PDF-1.7 a scan",
    name: str = "scan.pdf",
    rejected: str = "",
) -> JobId:
    """Commit a job with one original, ready to send when it has a message, else just accepted."""
    arrived_at = created_at or datetime.now(UTC).replace(microsecond=0)
    draft = files.begin(spool, arrived_at)  # no id twice, however many in a second
    (draft.originals / "0001").write_bytes(scan)
    size_bytes, sha256 = files.digest(draft.originals / "0001")
    envelope = Envelope(
        id=draft.id,
        arrived_at=arrived_at,
        origin=origin or Origin(OriginKind.SHARE, "scans"),
        sender=sender,
        recipients=tuple(recipients),
        originals=(Original("0001", name, size_bytes, sha256),),
        message_id=f"{draft.id}@contoso.com",
        rejected=rejected,
    )
    if message is not None:
        files.put_message(draft.directory, [message])
    files.commit(spool, draft, envelope)
    spool.in_hand.discard(draft.id)
    journal.admit(envelope, arrived_at.timestamp())
    if message is not None:
        journal.make_ready(draft.id, arrived_at.timestamp(), 1, len(message))
    return draft.id
