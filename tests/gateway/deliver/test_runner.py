"""The queue runner against a scripted Exchange: what becomes of a job, and what the journal says of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver import runner
from gateway.spool.job import Fate, State
from gateway.spool.journal import Journal
from tests.gateway.deliver.given import ADMIN, MESSAGE, OFFICE, Box, addresses, box, config, direct, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.loopback import free_port, until
from tests.peers.script import At, Drop, Healthy, Script, Wait

A, B, C = addresses("a@contoso.com", "b@contoso.com", "c@contoso.com")


def _exchange(shown: Certificate, *scripts: Script, **settings: Any) -> Exchange:
    return Exchange(shown.server_context(), *scripts, needs_login=False, **settings)


def _direct_box(tmp_path: Path, exchange: Exchange, shown: Certificate, **keys: Any) -> Any:
    """A box with a direct-send upstream to this exchange."""
    return box(config(tmp_path, direct(exchange.port, shown.authority)), **keys)


def _fates(box: Box, job_id: Any) -> dict[str, Fate]:
    return {recipient.address: recipient.fate for recipient in box.job(job_id).recipients}


async def test_a_ready_job_is_sent_and_leaves_the_spool(server_certificate: Certificate, tmp_path: Path):
    """A ready job goes out whole, its reply and upstream are kept, its directory goes, its states are in order."""
    async with _exchange(server_certificate) as exchange, _direct_box(tmp_path, exchange, server_certificate) as box:
        job_id = box.ready()
        job = await box.deliver(job_id)
        assert job.state is State.SENT
        (recipient,) = job.recipients
        assert (recipient.fate, recipient.upstream) == (Fate.SENT, "direct-send")
        assert recipient.reply.startswith("250 2.6.0")
        assert [message.content for message in exchange.messages] == [MESSAGE]
        assert not (box.spool.jobs / job_id).exists()
        assert box.path_of(job_id) == (State.ACCEPTED, State.READY, State.SENDING, State.SENT)


async def test_sending_stands_in_the_journal_before_the_dot(server_certificate: Certificate, tmp_path: Path):
    """While the host has the whole body but no dot, the journal already says sending."""
    states: list[State] = []
    async with _exchange(server_certificate) as exchange, _direct_box(tmp_path, exchange, server_certificate) as box:
        job_id = box.ready()
        mark = box.deliverer._mark_sending

        async def watched(job: Any, *facts: Any) -> None:
            states.append(box.job(job).state)
            assert exchange.messages == []
            await mark(job, *facts)
            states.append(box.job(job).state)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(runner.Deliverer, "_mark_sending", lambda _self, *facts: watched(*facts))
            await box.deliver(job_id)
        assert states == [State.READY, State.SENDING]


async def test_one_of_three_refused(server_certificate: Certificate, tmp_path: Path):
    """Row 23: Two get the mail once, the third is refused with the host's words, the job fails, its scan is kept."""
    script = Script().on(At.RCPT, b"550 5.1.10 RecipientNotFound\r\n", nth=2)
    async with (
        _exchange(server_certificate, script) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
    ):
        job_id = box.ready(A, B, C)
        job = await box.deliver(job_id)
        assert job.state is State.FAILED
        assert _fates(box, job_id) == {A: Fate.SENT, B: Fate.FAILED, C: Fate.SENT}
        assert "550 5.1.10 RecipientNotFound (There is no such mailbox: " in job.reason
        assert [message.recipients for message in exchange.messages] == [(A, C)]
        assert (box.spool.failed / job_id).is_dir()
        assert box.teller.tell_all() == 1


async def test_too_many_recipients_are_split(server_certificate: Certificate, tmp_path: Path):
    """Recipients over the host's limit go with the next transactions; nobody gets the mail twice."""
    script = Script()
    for nth in (3, 4, 5):
        script = script.on(At.RCPT, b"452 4.5.3 Too many recipients\r\n", nth=nth)
    async with (
        _exchange(server_certificate, script) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
        box.delivering(),
    ):
        everybody = addresses(*(f"{name}@contoso.com" for name in "abcde"))
        job_id = box.ready(*everybody)
        box.deliverer.wake.set()
        await box.comes_to(job_id, State.SENT)
        got = [recipient for message in exchange.messages for recipient in message.recipients]
        assert sorted(got) == sorted(everybody)
        assert exchange.messages[0].recipients == everybody[:2]


async def test_uncertain_is_flagged_and_resent_unchanged(server_certificate: Certificate, tmp_path: Path):
    """Row 4: When the reply to the dot is lost the job says so, and the very same bytes go again."""
    async with (
        _exchange(server_certificate, Script().on(At.DOT, Drop())) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
    ):
        job_id = box.ready()
        job = await box.deliver(job_id)
        assert (job.state, job.is_uncertain, job.attempts) == (State.DEFERRED, True, 1)
        assert "direct-send" not in box.traffic.pauses()
        job = await box.deliver(job_id)
        assert (job.state, job.is_uncertain) == (State.SENT, True)
        first, second = exchange.messages
        assert first.content == second.content == MESSAGE
        assert any("may have been taken" in detail for _, _, detail in box.journal.history(job_id))


async def test_a_route_fault_costs_no_attempt(server_certificate: Certificate, tmp_path: Path):
    """Row 1: A closed port pauses the route with a reason; the job waits without losing an attempt."""
    async with box(config(tmp_path, direct(free_port(), server_certificate.authority))) as opened:
        job_id = opened.ready()
        job = await opened.deliver(job_id)
        assert (job.state, job.attempts, job.is_uncertain) == (State.DEFERRED, 0, False)
        assert "cannot be reached" in job.reason
        pause = opened.traffic.pauses()["direct-send"]
        assert pause.faults == 1
        assert job.next_try_at == pause.until
        assert State.SENDING not in opened.path_of(job_id)


async def test_a_messages_own_deferral_backs_off(server_certificate: Certificate, tmp_path: Path):
    """A temporary refusal of the message costs an attempt each time, waits longer each time, and pauses no route."""
    async with (
        _exchange(server_certificate, then=Script().on(At.DOT, b"451 4.7.0 Temporary server error\r\n")) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
    ):
        job_id = box.ready()
        waits = []
        for attempts in (1, 2, 3):
            before = datetime.now(UTC).timestamp()
            job = await box.deliver(job_id)
            assert job.attempts == attempts
            waits.append(job.next_try_at - before)
        assert 0.05 <= waits[0] < waits[2]
        assert waits[2] >= 0.2
        assert box.traffic.pauses() == {}


async def test_lifetime_over_is_failed_and_told(server_certificate: Certificate, tmp_path: Path):
    """A job that could not be delivered within its lifetime fails with the last reason, and a notice says so."""
    settings = config(tmp_path, direct(free_port(), server_certificate.authority))
    async with box(settings, lifetime_s=60) as opened:
        job_id = opened.ready(created_at=datetime.now(UTC) - timedelta(seconds=61))
        job = await opened.deliver(job_id)
        assert job.state is State.FAILED
        assert job.reason.startswith("not delivered within ")
        assert "cannot be reached" in job.reason
        assert (opened.spool.failed / job_id).is_dir()
        assert opened.failed.is_set()
        assert opened.teller.tell_all() == 1


async def test_a_late_success_is_a_success(server_certificate: Certificate, tmp_path: Path):
    """A job whose lifetime is over is tried once more before it is given up."""
    async with (
        _exchange(server_certificate) as exchange,
        _direct_box(tmp_path, exchange, server_certificate, lifetime_s=60) as box,
    ):
        job_id = box.ready(created_at=datetime.now(UTC) - timedelta(days=9))
        assert (await box.deliver(job_id)).state is State.SENT


async def test_a_recipient_nobody_may_carry_fails_alone(server_certificate: Certificate, tmp_path: Path):
    """After a change of the configuration a recipient out of reach fails with a reason; the others get the mail."""
    async with _exchange(server_certificate) as exchange, _direct_box(tmp_path, exchange, server_certificate) as box:
        job_id = box.ready(OFFICE, "out@example.org")
        job = await box.deliver(job_id)
        assert job.state is State.FAILED
        assert _fates(box, job_id) == {OFFICE: Fate.SENT, "out@example.org": Fate.FAILED}
        assert "no upstream" in job.reason


async def test_each_upstream_gets_its_own_recipients(server_certificate: Certificate, tmp_path: Path):
    """One job, two upstreams: each carries its recipients, one of them failing does not touch the other's."""
    async with _exchange(server_certificate) as inside:
        down = password_auth(free_port(), server_certificate.authority)
        async with box(config(tmp_path, direct(inside.port, server_certificate.authority), down)) as opened:
            job_id = opened.ready(OFFICE, "out@example.org")
            job = await opened.deliver(job_id)
            assert job.state is State.DEFERRED
            assert _fates(opened, job_id) == {OFFICE: Fate.SENT, "out@example.org": Fate.PENDING}
            await opened.deliver(job_id)
            assert len(inside.messages) == 1


async def test_a_message_that_is_gone_is_quarantined(server_certificate: Certificate, tmp_path: Path):
    """A job whose message is missing is put aside for a person instead of being retried."""
    async with _exchange(server_certificate) as exchange, _direct_box(tmp_path, exchange, server_certificate) as box:
        job_id = box.ready()
        box.message(job_id).unlink()
        job = await box.deliver(job_id)
        assert (job.state, job.reason) == (State.QUARANTINE, "its message is gone from the spool")
        assert (box.spool.quarantine / job_id).is_dir()
        assert box.failed.is_set()


async def test_never_more_at_once_than_it_should(server_certificate: Certificate, tmp_path: Path):
    """A full queue is worked off in order, within the sessions of the upstream, each mail once."""
    async with (
        _exchange(server_certificate) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
        box.delivering(),
    ):
        jobs = [box.ready(message=MESSAGE + b"%d\r\n" % number) for number in range(12)]
        box.deliverer.wake.set()
        await until(lambda: all(box.job(job).state is State.SENT for job in jobs), 15, "all sent")
        assert len({message.content for message in exchange.messages}) == len(exchange.messages) == 12
        assert exchange.seen.open_most <= 2


async def test_stopping_lets_a_transfer_end(server_certificate: Certificate, tmp_path: Path):
    """A stop while the host thinks about the whole message waits for its answer: nothing becomes uncertain."""
    may_answer = asyncio.Event()
    async with (
        _exchange(server_certificate, Script().on(At.DOT, Wait(may_answer), Healthy())) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
    ):
        job_id = box.ready()
        running = asyncio.create_task(box.deliverer.run())
        await exchange.received(1)
        running.cancel()
        await asyncio.sleep(0)
        may_answer.set()
        await asyncio.gather(running, return_exceptions=True)
        assert (box.job(job_id).state, box.job(job_id).is_uncertain) == (State.SENT, False)
        assert ADMIN not in _fates(box, job_id)


async def test_what_ends_while_the_queue_is_read_is_not_sent_again(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A job that ends between the reading of the queue and its answer is not taken as it was then: A has one mail."""
    loop, may_go_on, read = asyncio.get_running_loop(), asyncio.Event(), Journal.due
    script = Script().on(At.MAIL, Wait(may_go_on), Healthy(), nth=1).on(At.RCPT, b"450 4.2.1 busy\r\n", nth=2)
    stale: list[Any] = []
    async with (
        _exchange(server_certificate, script) as exchange,
        box(config(tmp_path, direct(exchange.port, server_certificate.authority), delivery={})) as box_,
    ):

        async def ended() -> None:
            may_go_on.set()
            await until(lambda: not box_.deliverer._running, 10, "the end of the job")

        def due(journal: Journal, *wanted: Any) -> Any:
            found = read(journal, *wanted)
            if box_.deliverer._running and found:
                asyncio.run_coroutine_threadsafe(ended(), loop).result()
                stale.extend(found)
            return found

        monkeypatch.setattr(Journal, "due", due)
        job_id = box_.ready(A, B)
        async with box_.delivering():
            await exchange.heard("MAIL")
            box_.deliverer.wake.set()
            await until(lambda: bool(stale), 10, "an answer that is not true any more")
            await until(lambda: not box_.deliverer.wake.is_set(), 10, "the look after it")
            await until(lambda: not box_.deliverer._running, 10, "rest")
        assert box_.job(job_id).state is State.DEFERRED
        assert [message.recipients for message in exchange.messages] == [(A,)]
