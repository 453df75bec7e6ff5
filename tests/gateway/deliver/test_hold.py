"""on_uncertain = "hold": what may have been taken waits for a person, who is told; and every word on it holds."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from conf.model import Address
from gateway.deliver import runner
from gateway.operate import decision
from gateway.operate.decision import UndecidableError
from gateway.spool import files
from gateway.spool.job import Fate, Job, State, held_notice_id, is_job_id, is_notice_id, notice_id
from gateway.spool.journal import Journal
from gateway.spool.recover import recover
from tests.gateway.deliver.given import (
    ADMIN,
    MESSAGE,
    OFFICE,
    Box,
    addresses,
    box,
    config,
    direct,
    open_box,
)
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.loopback import until
from tests.peers.script import HEALTHY, At, Drop, Script, Wait

LOST = Script().on(At.DOT, Drop())
HOLD = {"first_retry": "100ms", "longest_retry": "400ms", "on_uncertain": "hold"}


@asynccontextmanager
async def _holding(
    shown: Certificate, folder: Path, script: Script = LOST, **tables: Any
) -> AsyncIterator[tuple[Exchange, Box]]:
    async with (
        Exchange(shown.server_context(), then=script, needs_login=False) as exchange,
        box(config(folder, direct(exchange.port, shown.authority), **({"delivery": HOLD} | tables))) as opened,
    ):
        yield exchange, opened


async def test_an_uncertain_mail_waits(server_certificate: Certificate, tmp_path: Path):
    """Row 4: with "hold" a mail whose reply got lost is not sent again by itself, and queue and history say why."""
    async with _holding(server_certificate, tmp_path) as (exchange, opened):
        job = await opened.deliver(opened.ready())
        assert (job.state, job.is_uncertain, job.attempts) == (State.HELD, True, 0)
        assert "it may have been taken" in job.reason
        assert "scangate retry JOB" in job.reason
        assert opened.journal.due((State.READY, State.DEFERRED), time.time() + 1e6, 9) == []
        assert len(exchange.messages) == 1


async def test_resend_is_the_default(server_certificate: Certificate, tmp_path: Path):
    """Row 4: without the key a mail whose reply got lost goes again, the same bytes."""
    async with _holding(server_certificate, tmp_path, delivery={"first_retry": "100ms"}) as (exchange, opened):
        job_id = opened.ready()
        assert (await opened.deliver(job_id)).state is State.DEFERRED
        exchange.then = HEALTHY
        await opened.routes.close()
        assert (await opened.deliver(job_id)).state is State.SENT
        assert {message.content for message in exchange.messages} == {MESSAGE}


async def test_lost_before_the_dot_is_not_held(server_certificate: Certificate, tmp_path: Path):
    """Row 3: what was lost before the final dot is certainly unsent, and is tried again in any case."""
    async with _holding(server_certificate, tmp_path, Script().on(At.BODY, Drop())) as (_, opened):
        # So long that its loss is felt before its end: a short one is out, dot and all, before the host has hung up.
        job = await opened.deliver(opened.ready(message=MESSAGE + b"long\r\n" * 1_000_000))
        assert (job.state, job.is_uncertain) == (State.DEFERRED, False)


async def test_those_with_a_receipt_are_not_asked_again(server_certificate: Certificate, tmp_path: Path):
    """After retry only those without a receipt get the mail: one who has it, or was refused, is not sent it again."""
    whom = addresses("a@contoso.com", "b@contoso.com", "c@contoso.com")
    full = Script().on(At.RCPT, b"452 4.5.3 Too many recipients\r\n", nth=2).on(At.DOT, Drop(), nth=2)
    async with _holding(server_certificate, tmp_path, full) as (exchange, opened):
        job = await opened.deliver(opened.ready(*whom))
        assert (job.state, job.pending) == (State.HELD, whom[1:])
        decision.retry(opened.config.gateway.state, job.id)
        exchange.then = HEALTHY
        assert (await opened.deliver(job.id)).state is State.SENT
        assert [message.recipients for message in exchange.messages] == [whom[:1], whom[1:], whom[1:]]


async def _told(opened: Box, job: Job) -> list[tuple[Address, ...]]:
    """Tell, and whom the notices about a job are for."""
    opened.teller.tell_all()
    found = [opened.journal.job(held_notice_id(job.id, times)) for times in (1, 2, 3)]
    return [tuple(one.address for one in notice.recipients) for notice in found if notice is not None]


async def test_it_is_told_once_each_time(server_certificate: Certificate, tmp_path: Path):
    """The admins hear of a held scan once; of one that is held again after retry once more; of its failure as ever."""
    async with _holding(server_certificate, tmp_path) as (_, opened):
        job_id = opened.ready()
        job = await opened.deliver(job_id)
        assert await _told(opened, job) == [(ADMIN,)]
        assert await _told(opened, job) == [(ADMIN,)]
        text = opened.message(held_notice_id(job_id, 1)).read_text()
        assert f"scangate retry {job_id}" in text
        assert f"scangate drop {job_id}" in text
        assert OFFICE in text
        decision.retry(opened.config.gateway.state, job_id)
        job = await opened.deliver(job_id)
        assert job.state is State.HELD
        assert await _told(opened, job) == [(ADMIN,), (ADMIN,)]
        decision.retry(opened.config.gateway.state, job_id)
        opened.journal.fail_pending(job_id, time.time() - 60, "refused")
        opened.teller.tell_all()
        assert opened.journal.job(notice_id(job_id)) is not None


async def test_without_an_admin_the_recipients_are_told(server_certificate: Certificate, tmp_path: Path):
    """Where there is no admin those who wait for the scan hear that it may be lost: they know whether it came."""
    gateway = {"name": "box", "state": str(tmp_path / "state")}
    async with _holding(server_certificate, tmp_path, gateway=gateway) as (_, opened):
        assert await _told(opened, await opened.deliver(opened.ready())) == [(OFFICE,)]


async def test_a_notice_is_never_held(server_certificate: Certificate, tmp_path: Path):
    """A notice whose reply got lost is sent again: held, nobody would be told of it."""
    async with _holding(server_certificate, tmp_path) as (_, opened):
        job = await opened.deliver(opened.ready())
        opened.teller.tell_all()
        notice = held_notice_id(job.id, 1)
        assert (is_job_id(notice), is_notice_id(notice)) == (True, True)
        assert (await opened.deliver(notice)).state is State.DEFERRED


async def test_retry_reaches_the_running_service(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Said while the service runs, retry sends the scan at its next look: the same bytes, once more."""
    monkeypatch.setattr(runner, "_LOOK_S", 0.2)
    async with _holding(server_certificate, tmp_path) as (exchange, opened), opened.delivering():
        job_id = opened.ready()
        opened.deliverer.wake.set()
        await opened.comes_to(job_id, State.HELD)
        exchange.then = HEALTHY
        await asyncio.to_thread(decision.retry, opened.config.gateway.state, job_id)
        job = await opened.comes_to(job_id, State.SENT)
        assert job.is_uncertain
        assert [message.content for message in exchange.messages] == [MESSAGE] * 2


async def test_drop_during_an_upload_wins(
    server_certificate: Certificate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    """A deferred scan that is dropped while it is uploaded is not sent: its transfer ends before the dot, quietly."""
    may_go = asyncio.Event()
    script = Script().on(At.DATA, b"451 4.3.0 later\r\n", nth=1).on(At.DATA, Wait(may_go), b"354 go\r\n", nth=2)
    async with _holding(server_certificate, tmp_path, script) as (exchange, opened):
        job_id = opened.ready()
        assert (await opened.deliver(job_id)).state is State.DEFERRED
        again = asyncio.create_task(opened.deliver(job_id))
        await exchange.heard("DATA", 2)
        kept = await asyncio.to_thread(decision.drop, opened.config.gateway.state, job_id)
        may_go.set()
        job = await again
        assert (job.state, job.reason) == (State.FAILED, decision.DROPPED)
        await exchange.left_alone()
        assert exchange.messages == []
        assert (kept / "message.eml").is_file()
        assert "job-quarantined" not in capfd.readouterr().out


async def test_drop_keeps_the_files_and_tells_nobody(server_certificate: Certificate, tmp_path: Path):
    """A dropped scan ends as failed, its files aside, and no notice says that it was not delivered."""
    async with _holding(server_certificate, tmp_path) as (_, opened):
        job = await opened.deliver(opened.ready())
        kept = decision.drop(opened.config.gateway.state, job.id)
        assert kept == opened.spool.failed / job.id
        assert (kept / "original" / "0001").is_file()
        assert decision.drop(opened.config.gateway.state, job.id) == kept  # said twice
        ended = opened.job(job.id)
        assert (ended.state, ended.recipients[0].fate, ended.is_told) == (State.FAILED, Fate.FAILED, True)
        opened.teller.tell_all()
        assert opened.journal.job(notice_id(job.id)) is None
        with pytest.raises(UndecidableError, match="has ended"):
            decision.retry(opened.config.gateway.state, job.id)


async def test_a_start_finishes_a_drop(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Killed after the journal and before the files, drop said again finishes it, and so does the next start."""
    async with _holding(server_certificate, tmp_path) as (_, opened):
        for finish in ("drop", "start"):
            job = await opened.deliver(opened.ready())
            with monkeypatch.context() as patched:
                patched.setattr(files, "move_aside", _killed)
                with pytest.raises(KilledError):
                    decision.drop(opened.config.gateway.state, job.id)
            assert (opened.spool.jobs / job.id).is_dir()
            if finish == "drop":
                decision.drop(opened.config.gateway.state, job.id)
            else:
                recover(opened.spool, opened.journal, time.time(), is_rebuilt=False, is_holding=True)
            assert (opened.spool.failed / job.id / "message.eml").is_file()
            assert not (opened.spool.jobs / job.id).exists()


class KilledError(BaseException):
    """Stands for a kill: nothing of ours handles it."""


def _killed(*_given: object) -> None:
    raise KilledError


@pytest.mark.parametrize("step", ["mark_uncertain", "record", "move"])
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
async def test_killed_at_any_step_it_is_held_once_started(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, is_done: bool
):
    """Killed at any durable step behind the dot, the next start finds the scan held, and sends it to nobody."""
    async with Exchange(server_certificate.server_context(), then=LOST, needs_login=False) as exchange:
        settings = config(tmp_path, direct(exchange.port, server_certificate.authority), delivery=HOLD)
        first, database = open_box(settings)
        job_id = first.ready()
        work = getattr(Journal, step)

        def stopped(self: Journal, *given: Any, **named: Any) -> None:
            if State.SENDING in given:
                work(self, *given, **named)
                return
            if is_done:
                work(self, *given, **named)
            raise KilledError

        with monkeypatch.context() as patched:
            patched.setattr(Journal, step, stopped)
            with pytest.raises(KilledError):
                await first.deliver(job_id)
        await first.routes.close()
        database.close()
        async with box(settings) as second:
            recover(second.spool, second.journal, time.time(), is_rebuilt=False, is_holding=True)
            job = second.job(job_id)
            assert (job.state, job.is_uncertain) == (State.HELD, True)
            second.teller.tell_all()
            assert second.journal.job(held_notice_id(job_id, 1)) is not None
            assert len(exchange.messages) == 1
            decision.retry(settings.gateway.state, job_id)
            exchange.then = HEALTHY
            assert (await second.deliver(job_id)).state is State.SENT


async def test_a_stop_at_the_dot_holds(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A fault of this box while the host thinks about the whole message leaves it held, not deferred."""
    async with _holding(server_certificate, tmp_path, HEALTHY) as (_, opened):

        async def breaks(*_given: object, **_named: object) -> None:
            await opened.deliverer._mark_sending(job_id, "client-auth", [OFFICE])
            raise OSError(5, "Input/output error")

        job_id = opened.ready()
        with monkeypatch.context() as patched:
            patched.setattr(opened.routes.__class__, "offer", breaks)
            job = await opened.deliver(job_id)
        assert (job.state, job.is_uncertain) == (State.HELD, True)
        await until(opened.failed.is_set, 5, "the telling is poked")
