"""Logins are kept alive without mail: tried once a day, renewed ahead, and anew when somebody has signed in."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.deliver import token_keeper
from gateway.deliver.pool import Pool
from gateway.deliver.self_test_due import DAY_S, FIRST_S
from gateway.deliver.token_keeper import Keeper
from gateway.deliver.token_store import TokenStore
from gateway.spool.database import Database
from gateway.spool.job import State
from gateway.spool.self_tests import SelfTest, SelfTests
from gateway.spool.traffic import Pause
from tests.gateway.deliver.given import SENDER, Box, config, direct, open_box, password_auth, token_auth
from tests.gateway.deliver.signed_in import device_auth, sign_in_of
from tests.peers import tokens
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import Entra
from tests.peers.exchange import Exchange
from tests.peers.script import At, Drop, Script

NAME = "client-auth"


@dataclass(slots=True)
class Here:
    """A box, its keeper, and a wall clock that can be set forward."""

    box: Box
    keeper: Keeper
    tests: SelfTests
    database: Database
    now: list[float]

    @property
    def pool(self) -> Pool:
        """The only upstream with a login."""
        (pool,) = self.box.routes.with_login()
        return pool

    async def look(self) -> list[str]:
        """Look once; return the events that were logged."""
        with capture_logs() as logged:
            await self.keeper.look(self.pool)
        return [line["event"] for line in logged]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock of keeper and routes."""
    now = [time.time()]
    monkeypatch.setattr(token_keeper.time, "time", lambda: now[0])  # type: ignore[attr-defined]
    return now


@asynccontextmanager
async def here(folder: Path, clock: list[float], table: dict[str, Any]) -> AsyncIterator[Here]:
    """A box with this upstream, up for longer than the first test is put off."""
    box, database = open_box(config(folder, table))
    tests = SelfTests(database)

    def hasten() -> None:
        box.journal.clamp(clock[0], 0.0, State.DEFERRED)

    keeper = Keeper(box.routes, tests, hasten)
    keeper._started_s -= FIRST_S
    try:
        yield Here(box, keeper, tests, database, clock)
    finally:
        await box.routes.close()
        database.close()


async def test_each_login_is_tried_once_a_day(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """A token is fetched anew and a login made without a mail; not again within the day, also not after a restart."""
    table = token_auth(exchange.port, certificates.authority_file, entra.port)
    async with here(tmp_path, clock, table) as box:
        assert await box.look() == ["self-test"]
        assert await box.look() == []
        assert box.tests.last() == {NAME: SelfTest(clock[0], "", "")}
        clock[0] += DAY_S - 1
        assert await box.look() == []
    async with here(tmp_path, clock, table) as box:
        assert await box.look() == []
        clock[0] += 1
        assert await box.look() == ["self-test"]
    assert len(entra.token_requests) == 2
    assert len(exchange.seen.logins) == 2
    assert exchange.messages == []


async def test_not_right_after_the_start(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """A box that starts again and again logs in for scans only."""
    async with here(tmp_path, clock, token_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        box.keeper._started_s += FIRST_S
        assert await box.look() == []
    assert entra.token_requests == []


async def test_a_broken_login_is_told_before_the_next_scan(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """An expired secret pauses the upstream though there is no mail; once it is mended the pause ends by itself."""
    entra.refuse(tokens.SECRET_EXPIRED)
    async with here(tmp_path, clock, token_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        assert await box.look() == ["route-paused", "self-test"]
        pause = box.box.traffic.pauses()[NAME]
        assert "AADSTS7000222" in pause.said
        assert "has expired" in pause.advice
        assert box.tests.last()[NAME].said == pause.said
        assert await box.look() == []
        entra.recover()
        clock[0] = pause.until
        assert await box.look() == ["route-recovered", "self-test"]
        assert box.box.traffic.pauses() == {}


async def test_a_wrong_password_is_tried_by_no_clock(
    server_certificate: Certificate, certificates: Certificates, tmp_path: Path, clock: list[float]
):
    """The daily test says a wrong password once; while the upstream is paused for it, nothing but a scan tries it."""
    async with Exchange(server_certificate.server_context(), secrets={SENDER: "other"}) as exchange:
        async with here(tmp_path, clock, password_auth(exchange.port, certificates.authority_file)) as box:
            assert await box.look() == ["route-paused", "self-test"]
            for _ in range(10):
                clock[0] += DAY_S
                assert await box.look() == []
        assert len(exchange.seen.logins) == 1


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("554 5.2.252 SendAsDenied; scanner@contoso.com not allowed to send as it@contoso.com", "configuration"),
        ("550 5.1.90 Your message can't be sent because you've reached your daily limit for recipients", "day-quota"),
        ("432 4.3.2 Concurrent connections limit exceeded", "connections"),
        ("421 4.3.2 Service not active", "outage"),
        ("550 5.7.9999 said by nobody yet", "configuration"),
    ],
)
async def test_a_login_ends_no_fault_that_it_cannot_tell(
    exchange: Exchange,
    certificates: Certificates,
    entra: Entra,
    tmp_path: Path,
    clock: list[float],
    said: str,
    kind: str,
):
    """The login works beside a refused sender or a spent quota: nobody is told that scans go again."""
    async with here(tmp_path, clock, token_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        box.box.traffic.pause(NAME, Pause(clock[0] - 1, 3, said, "", clock[0] - 900, kind))
        assert await box.look() == []
        assert box.box.traffic.pauses()[NAME].faults == 3
        assert exchange.seen.logins == []


async def test_a_login_ends_no_outage_in_the_midst_of_a_mail(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """Where logins work and each session breaks off at the next command, only a mail shows the end of it."""
    exchange.then = Script().on(At.MAIL, Drop())
    async with here(tmp_path, clock, token_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        assert (await box.box.deliver(box.box.ready())).state is State.DEFERRED
        pause = box.box.traffic.pauses()[NAME]
        clock[0] = pause.until
        assert await box.look() == []
        assert box.box.traffic.pauses() == {NAME: pause}


async def test_an_outage_at_night_ends_by_itself(
    exchange: Exchange, certificates: Certificates, tmp_path: Path, clock: list[float]
):
    """A test that met a host just restarting leaves no upstream at fault until the next scan, also with a password."""
    async with here(tmp_path, clock, password_auth(exchange.port, certificates.authority_file)) as box:
        await exchange.stop()
        assert await box.look() == ["route-paused", "self-test"]
        pause = box.box.traffic.pauses()[NAME]
        await exchange.start()
        clock[0] = pause.until
        assert await box.look() == ["route-recovered", "self-test"]
        assert box.box.traffic.pauses() == {}


async def test_a_sign_in_ends_the_pause(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """A scan that waits for a sign-in is due as soon as there is one, long before its pause would have ended."""
    async with here(tmp_path, clock, device_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        job = await box.box.deliver(box.box.ready())
        assert job.state is State.DEFERRED
        assert "nobody has signed in" in job.reason
        assert await box.look() == []
        store = TokenStore(box.box.config.gateway.state, NAME)
        store.write(sign_in_of(entra.issue_refresh()))
        assert await box.look() == ["signed-in", "route-recovered", "self-test"]
        assert box.box.job(job.id).next_try_at <= clock[0]
        assert await box.look() == []
        assert (await box.box.deliver(job.id)).state is State.SENT


async def test_a_sign_in_while_the_service_is_stopped(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """The next start sees that somebody has signed in, and lets the scans go; the pause is not waited for."""
    table = device_auth(exchange.port, certificates.authority_file, entra.port)
    async with here(tmp_path, clock, table) as box:
        job_id = box.box.ready()
        assert (await box.box.deliver(job_id)).state is State.DEFERRED
        store = TokenStore(box.box.config.gateway.state, NAME)
    store.write(sign_in_of(entra.issue_refresh()))
    async with here(tmp_path, clock, table) as box:
        assert box.box.traffic.pauses()[NAME].until == 0
        assert (await box.box.deliver(job_id)).state is State.SENT


async def test_a_sign_in_that_is_of_no_use(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """A sign-in that Entra refuses pauses the upstream anew, with the advice to sign in; it is not asked in a loop."""
    async with here(tmp_path, clock, device_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        TokenStore(box.box.config.gateway.state, NAME).write(sign_in_of("revoked"))
        assert await box.look() == ["signed-in", "route-paused", "self-test"]
        assert "scangate login" in box.box.traffic.pauses()[NAME].advice
        for _ in range(3):
            assert await box.look() == []
    assert len(entra.token_requests) == 1


async def test_a_failed_renewal_is_told_and_pauses_nothing(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """A token in use that cannot be renewed serves on: the failure is a line in the log, not a pause."""
    entra.token_life_s = 200
    async with here(tmp_path, clock, token_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        assert await box.look() == ["self-test"]
        assert box.pool.tokens is not None
        first = await box.pool.tokens.token()
        entra.refuse(tokens.UNAVAILABLE)
        assert await box.look() == ["renewal-failed"]
        assert box.box.traffic.pauses() == {}
        assert await box.pool.tokens.token() == first


async def test_methods_without_a_login_are_left_alone(certificates: Certificates, tmp_path: Path):
    """There is nothing to try at an endpoint that takes no login."""
    box, database = open_box(config(tmp_path, direct(25, certificates.authority_file)))
    assert box.routes.with_login() == []
    database.close()


async def test_a_fault_of_ours_ends_nothing(
    exchange: Exchange, certificates: Certificates, entra: Entra, tmp_path: Path, clock: list[float]
):
    """A disk that fails, or a mistake of our own, is logged, and the other upstreams are looked at."""
    async with here(tmp_path, clock, token_auth(exchange.port, certificates.authority_file, entra.port)) as box:
        for error in (OSError("disk"), RuntimeError("ours")):

            def failing(_upstream: str, _test: SelfTest, error: Exception = error) -> None:
                raise error

            box.tests.note = failing  # type: ignore[method-assign,assignment]
            with capture_logs() as logged:
                await box.keeper._guarded(box.pool)
            assert [line["event"] for line in logged] == ["local-fault"]


def test_an_older_journal_has_no_tests(tmp_path: Path):
    """A database that an older version wrote, read beside no service, has no tests, and is no fault."""
    database = Database(tmp_path / "journal.db")
    with database.transaction() as db:
        db.execute("DROP TABLE self_test")
    assert SelfTests(database).last() == {}
    database.close()
