"""What a kind of fault does to a route: how long it rests, and how much less it is used after."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.deliver.fault import Kind
from gateway.deliver.replies import CONFIGURED_S
from gateway.spool.job import State
from tests.gateway.deliver.given import box, config, password_auth
from tests.gateway.deliver.offering import NAME, at_fault, logged_in, offer
from tests.gateway.deliver.timepiece import Timepiece
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import At, Drop, Script


async def test_row_20_a_disabled_login_pauses_with_a_hint(server_certificate: Certificate, tmp_path: Path):
    """Row 20: 535 5.7.139 of a disabled mailbox pauses it once for all scans, with what to do; no attempt is lost."""
    reply = b"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.\r\n"
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(At.AUTH_DONE, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        jobs = [await box.deliver(box.ready()) for _ in range(4)]
        assert {(job.state, job.attempts) for job in jobs} == {(State.DEFERRED, 0)}
        assert len(exchange.seen.logins) == 1
        pause = box.traffic.pauses()[NAME]
        assert "SMTP" in pause.advice
        assert pause.kind == Kind.CONFIGURATION


async def test_a_quota_of_ours_rests_until_it_frees(server_certificate: Certificate, tmp_path: Path):
    """A 5xx for the day's recipients is no failure: the route rests until the first of ours are a day old."""
    reply = b"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; no\r\n"
    now = time.time()
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(At.DOT, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        box.traffic.count_transfer(NAME, now - 20 * 3600, 9_000)
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(At.DOT, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        pause = await at_fault(box, 4 * 3600)
        assert pause.kind == Kind.QUOTA
        assert len(exchange.messages) == 1


@pytest.mark.parametrize(
    ("reply", "per_minute", "connections"),
    [
        (b"432 4.3.2 Concurrent connections limit exceeded\r\n", 24, 1),
        (b"421 4.4.2 Message submission rate for this client has exceeded the limit\r\n", 16, 3),
        (b"451 4.7.500 Server busy (AS843)\r\n", 12, 3),
    ],
)
async def test_too_much_is_remembered(
    server_certificate: Certificate, tmp_path: Path, reply: bytes, per_minute: int, connections: int
):
    """An upstream that had too much is used less after its rest, and also after a restart."""
    async with Exchange(server_certificate.server_context(), then=Script().on(At.MAIL, reply)) as exchange:
        for _ in range(2):
            async with logged_in(tmp_path, exchange, server_certificate, connections=3, messages_per_minute=24) as box:
                if not box.traffic.pauses():
                    await offer(box)
                pacer = box.routes._pacers[NAME]
                assert pacer.limits(time.time()).per_minute == per_minute
                assert pacer.connections() == connections
                assert box.routes.room(NAME) == 1 + connections


async def test_a_fault_remembers_since_when(server_certificate: Certificate, tmp_path: Path):
    """Of several faults in a row the first's time stays, and another kind of fault begins its own count."""
    refused = Script().on(At.AUTH_DONE, b"535 5.7.3 Authentication unsuccessful\r\n")
    async with (
        Exchange(server_certificate.server_context(), Script().on(At.BANNER, Drop()), then=refused) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        first = await at_fault(box, 0.1)
        box.traffic.pause(NAME, replace(first, until=0.0, faults=9))
        second = await at_fault(box, CONFIGURED_S)
        assert (second.since, second.faults) == (first.since, 1)
        assert (first.kind, second.kind) == (Kind.OUTAGE, Kind.CONFIGURATION)


async def test_row_1_a_closed_port_is_tried_ever_more_slowly(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 1: from 30 s to 15 min between two tries, each spread by chance; once it is open the scan goes."""
    clock = Timepiece(monkeypatch)
    async with Exchange(server_certificate.server_context()) as exchange:
        table = password_auth(exchange.port, server_certificate.authority, name=NAME)
        async with box(config(tmp_path, table, delivery={})) as here:
            await exchange.stop()
            began_at, job_id = clock.now, here.ready()
            for whole_s in (30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0):
                job = await here.deliver(job_id)
                pause = here.traffic.pauses()[NAME]
                assert (job.state, job.attempts, job.next_try_at) == (State.DEFERRED, 0, pause.until)
                assert (pause.kind, pause.since) == (Kind.OUTAGE, began_at)
                assert whole_s / 2 <= pause.until - clock.now <= whole_s
                clock.now = pause.until
            await exchange.start()
            job = await here.deliver(job_id)
            assert (job.state, job.attempts) == (State.SENT, 0)
            assert here.traffic.pauses() == {}
