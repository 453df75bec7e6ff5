"""Several upstreams in order of preference: who goes by which, while one of them rests."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from conf.model import Address
from gateway.spool.job import Fate, Job, JobId, State
from gateway.spool.traffic import Pause
from tests.gateway.deliver.given import OFFICE, Box, box, config, direct, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import At, Drop, Healthy, Script, Wait

OUTSIDE: Final = Address("eve@fabrikam.com")
WRONG: Final = Script().on(
    At.AUTH_DONE, b"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.\r\n"
)
REFUSED: Final = Script().on(At.MAIL, b"550 5.7.999 unheard of\r\n")


@dataclass(slots=True)
class Two:
    """A box with two upstreams: the first reaches anyone, the second contoso.com."""

    box: Box
    first: Exchange
    second: Exchange

    def through(self, job_id: JobId) -> dict[str, str]:
        """Each recipient who has the mail, and through which upstream."""
        return {one.address: one.upstream for one in self.box.job(job_id).recipients if one.fate is Fate.SENT}

    def rests(self, name: str, for_s: float) -> None:
        """Let an upstream rest, or its rest be over."""
        self.box.traffic.pause(name, Pause(time.time() + for_s, 1, "at fault", ""))


@contextlib.asynccontextmanager
async def two(
    shown: Certificate,
    folder: Path,
    first: Script | None = None,
    second: Script | None = None,
    *,
    fallback: bool = True,
    **keys: Any,
) -> AsyncIterator[Two]:
    """The two upstreams follow these scripts once, and are healthy afterwards."""
    context = shown.server_context
    delivery = {"first_retry": "30s", "longest_retry": "15m", "fallback": fallback} | keys
    async with (
        Exchange(context(), *(() if first is None else (first,))) as one,
        Exchange(context(), *(() if second is None else (second,)), needs_login=False) as other,
    ):
        upstreams = (
            password_auth(one.port, shown.authority, name="first"),
            direct(other.port, shown.authority, name="second"),
        )
        async with box(config(folder, *upstreams, delivery=delivery)) as opened:
            yield Two(opened, one, other)


async def test_without_fallback_everyone_waits_for_the_first(server_certificate: Certificate, tmp_path: Path):
    """By default a recipient goes to the first upstream that may carry it, and waits while that one rests."""
    async with two(server_certificate, tmp_path, WRONG, fallback=False) as here:
        for _ in range(2):
            job = await here.box.deliver(here.box.ready(OFFICE))
            assert (job.state, job.attempts) == (State.DEFERRED, 0)
            assert job.next_try_at == here.box.traffic.pauses()["first"].until
        assert here.second.messages == []


async def test_with_fallback_the_scan_goes_on_at_once(server_certificate: Certificate, tmp_path: Path):
    """The job that finds the first at fault goes on to the second in the same attempt; the next goes there at once."""
    async with two(server_certificate, tmp_path, WRONG) as here:
        for _ in range(2):
            job_id = here.box.ready(OFFICE)
            assert (await here.box.deliver(job_id)).state is State.SENT
            assert here.through(job_id) == {OFFICE: "second"}
        assert (len(here.first.seen.logins), len(here.second.messages)) == (1, 2)


async def test_only_those_go_on_whom_another_may_carry(server_certificate: Certificate, tmp_path: Path):
    """Who is out of the second one's reach waits for the first; each recipient's way is kept, and told in the log."""
    async with two(server_certificate, tmp_path, WRONG) as here:
        job_id = here.box.ready(OFFICE, OUTSIDE)
        with capture_logs() as logged:
            job = await here.box.deliver(job_id)
        assert (job.state, job.pending) == (State.DEFERRED, (OUTSIDE,))
        assert job.next_try_at == here.box.traffic.pauses()["first"].until
        assert here.through(job_id) == {OFFICE: "second"}
        (told,) = [line for line in logged if line["event"] == "route-passed-over"]
        facts = {"upstream": "first", "through": "second", "recipients": 1}
        assert {key: told[key] for key in ("job", *facts)} == {"job": job_id, **facts}
        here.rests("first", -1)
        assert (await here.box.deliver(job_id)).state is State.SENT
        assert here.through(job_id) == {OFFICE: "second", OUTSIDE: "first"}
        assert [message.recipients for message in here.first.messages] == [(OUTSIDE,)]
        assert [message.recipients for message in here.second.messages] == [(OFFICE,)]


async def test_the_first_is_probed_and_comes_back(server_certificate: Certificate, tmp_path: Path):
    """When its rest is over one job asks the first upstream, and once it works all go there again."""
    async with two(server_certificate, tmp_path, WRONG) as here:
        await here.box.deliver(here.box.ready(OFFICE))
        here.rests("first", -1)
        for _ in range(2):
            job_id = here.box.ready(OFFICE)
            await here.box.deliver(job_id)
            assert here.through(job_id) == {OFFICE: "first"}
        assert here.box.traffic.pauses() == {}


async def test_while_one_job_probes_the_others_do_not_wait(server_certificate: Certificate, tmp_path: Path):
    """A probe that takes long holds up nobody else: until it has ended the upstream still counts as resting."""
    may_answer = asyncio.Event()
    async with two(server_certificate, tmp_path, Script().on(At.BANNER, Wait(may_answer), Healthy())) as here:
        here.rests("first", -1)
        probe = asyncio.create_task(here.box.deliver(here.box.ready(OFFICE)))
        await here.first.connected()
        job_id = here.box.ready(OFFICE)
        await here.box.deliver(job_id)
        assert here.through(job_id) == {OFFICE: "second"}
        may_answer.set()
        assert (await probe).state is State.SENT
        assert len(here.first.messages) == 1


async def test_when_all_rest_the_one_that_ends_first_is_asked(server_certificate: Certificate, tmp_path: Path):
    """With both at fault the scan waits for whichever may be asked sooner, though it is not the first."""
    async with two(server_certificate, tmp_path) as here:
        here.rests("first", 3000)
        here.rests("second", 40)
        job_id = here.box.ready(OFFICE)
        job = await here.box.deliver(job_id)
        assert (job.state, job.attempts) == (State.DEFERRED, 0)
        assert job.next_try_at == here.box.traffic.pauses()["second"].until
        here.rests("second", -1)
        await here.box.deliver(job_id)
        assert here.through(job_id) == {OFFICE: "second"}


async def test_both_found_at_fault_in_one_attempt(server_certificate: Certificate, tmp_path: Path):
    """A job that meets both faults asks each once, loses no attempt, and comes back when the shorter rest ends."""
    async with two(server_certificate, tmp_path, WRONG, REFUSED) as here:
        job = await here.box.deliver(here.box.ready(OFFICE))
        assert (job.state, job.attempts) == (State.DEFERRED, 0)
        pauses = here.box.traffic.pauses()
        assert job.next_try_at == min(pauses["first"].until, pauses["second"].until)
        assert (len(here.first.seen.logins), here.second.seen.count("MAIL")) == (1, 1)


@pytest.mark.parametrize("is_resting", [True, False])
async def test_what_may_have_been_taken_stays_with_its_upstream(
    server_certificate: Certificate, tmp_path: Path, *, is_resting: bool
):
    """A mail whose final reply never came is not sent by another upstream as well, though its own one rests."""
    async with two(server_certificate, tmp_path, Script().on(At.DOT, Drop())) as here:
        job_id = here.box.ready(OFFICE)
        job = await here.box.deliver(job_id)
        assert (job.state, job.is_uncertain, job.bound) == (State.DEFERRED, True, {OFFICE: "first"})
        if is_resting:
            here.rests("first", 600)
            assert (await here.box.deliver(job_id)).state is State.DEFERRED
            assert here.second.messages == []
        here.rests("first", -1)
        await here.box.deliver(job_id)
        assert here.through(job_id) == {OFFICE: "first"}


async def test_what_another_may_have_taken_stays_there(server_certificate: Certificate, tmp_path: Path):
    """A mail that went past a resting upstream, and may have been taken, goes back to the one that may have it."""
    async with two(server_certificate, tmp_path, None, Script().on(At.DOT, Drop())) as here:
        here.rests("first", 600)
        job_id = here.box.ready(OFFICE)
        assert (await here.box.deliver(job_id)).bound == {OFFICE: "second"}
        here.box.traffic.resume("first")
        await here.box.deliver(job_id)
        assert here.through(job_id) == {OFFICE: "second"}
        assert here.first.messages == []


async def test_a_stop_before_the_reply_keeps_the_way(server_certificate: Certificate, tmp_path: Path):
    """Killed between the final dot and its reply, the journal knows through which upstream the mail may have gone."""
    async with two(server_certificate, tmp_path) as here:
        job_id = here.box.ready(OFFICE, OUTSIDE)
        here.box.journal.begin_sending(job_id, time.time(), "second", (OFFICE,))
        here.box.journal.mark_uncertain(job_id, time.time(), "a restart")
        job: Job = here.box.job(job_id)
        assert (job.state, job.bound) == (State.SENDING, {OFFICE: "second"})
        await here.box.deliver(job_id)
        assert here.through(job_id) == {OFFICE: "second", OUTSIDE: "first"}


async def test_a_message_put_off_is_no_fault_of_the_upstream(server_certificate: Certificate, tmp_path: Path):
    """What the first says of one recipient or one message alone sends it nowhere else."""
    later = Script().on(At.RCPT, b"451 4.7.1 greylisted\r\n")
    async with two(server_certificate, tmp_path, later) as here:
        job_id = here.box.ready(OFFICE)
        assert (await here.box.deliver(job_id)).state is State.DEFERRED
        assert here.box.traffic.pauses() == {}
        assert here.second.messages == []


async def test_a_pace_is_no_fault_of_the_upstream(server_certificate: Certificate, tmp_path: Path):
    """An upstream at its limit of messages a minute is waited for."""
    async with two(server_certificate, tmp_path) as here:
        pacer = here.box.routes._pacers["first"]
        pacer.route = replace(pacer.route, per_minute=1)
        for state in (State.SENT, State.DEFERRED):
            assert (await here.box.deliver(here.box.ready(OFFICE))).state is state
        assert here.second.messages == []


async def test_the_queue_runs_past_a_resting_upstream(server_certificate: Certificate, tmp_path: Path):
    """The running queue delivers twenty scans through the second, each once, and none waits for the first."""
    async with two(server_certificate, tmp_path, WRONG) as here, here.box.delivering():
        jobs = [here.box.ready(OFFICE) for _ in range(20)]
        here.box.deliverer.wake.set()
        for job_id in jobs:
            await here.box.comes_to(job_id, State.SENT)
        assert len(here.second.messages) == 20
        assert len(here.first.seen.logins) == 1
