"""Of an upstream at fault the admin hears once, another way, and once that it works again."""

import asyncio
import email
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.deliver import route_alert, route_letter
from gateway.deliver.route_alert import RouteAlerter
from gateway.spool import recover
from gateway.spool.job import Job, State
from gateway.spool.outages import Outages
from gateway.spool.traffic import Pause
from tests.gateway.deliver.crashing import CrashError, crash_at
from tests.gateway.deliver.given import ADMIN, Box, config, direct, open_box, password_auth
from tests.peers.loopback import until

AUTHORITY = Path("/etc/ssl/certs/ca-certificates.crt")
HOUR_S = 3600.0


class Clock:
    """The clocks of the alerting, moved by hand; both or only that on the wall."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch | None) -> None:
        self.now, self.now_s = float(int(datetime.now(UTC).timestamp())), time.monotonic()
        if monkeypatch is None:  # the real ones, which asyncio goes by as well
            return
        monkeypatch.setattr(route_alert.time, "time", lambda: self.now)  # type: ignore[attr-defined]
        monkeypatch.setattr(route_alert.time, "monotonic", lambda: self.now_s)  # type: ignore[attr-defined]

    def passes(self, seconds: float) -> None:
        """Time goes on."""
        self.now += seconds
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Begins now."""
    return Clock(monkeypatch)


@dataclass(slots=True)
class Desk:
    """A box and its alerter."""

    box: Box
    alerter: RouteAlerter
    clock: Clock

    def breaks(self, name: str = "submission", faults: int = 1, kind: str = "configuration") -> None:
        """An upstream is at fault now."""
        known = self.box.traffic.pauses().get(name)
        since = self.clock.now if known is None else known.since
        pause = Pause(self.clock.now + 900, faults, "535 5.7.3 no", "Check the secret.", since, kind)
        self.box.traffic.pause(name, pause)

    def works(self, name: str = "submission") -> None:
        """It works again."""
        self.box.traffic.resume(name)

    def mails(self) -> list[Job]:
        """The alerts made so far, oldest first."""
        found = [job for job in self.box.journal.jobs(frozenset(State)) if job.id.endswith("-n")]
        return sorted(found, key=lambda job: (job.created_at, job.changed_at))

    def subjects(self) -> list[str]:
        """Their subjects."""
        read = (self.box.message(job.id).read_bytes() for job in self.mails())
        return [str(email.message_from_bytes(mail, policy=default)["Subject"]) for mail in read]

    def text(self, job: Job) -> str:
        """What one says."""
        return str(email.message_from_bytes(self.box.message(job.id).read_bytes(), policy=default).get_content())


@asynccontextmanager
async def desk(
    root: Path, clock: Clock, *, has_admin: bool = True, has_second: bool = True, admin: str = ADMIN
) -> AsyncIterator[Desk]:
    """Two upstreams, of which the second reaches contoso.com."""
    ways = [password_auth(587, AUTHORITY, name="submission"), direct(25, AUTHORITY, name="direct")]
    gateway = {"name": "box", "state": str(root / "state"), "admin": [admin] if has_admin else []}
    opened, database = open_box(config(root, *ways[: 2 if has_second else 1], gateway=gateway))
    try:
        post = opened.teller.failures.post
        yield Desk(opened, RouteAlerter(post, Outages(database), opened.traffic, opened.deliverer.wake), clock)
    finally:
        await opened.routes.close()
        database.close()


async def test_one_mail_for_the_fault_and_one_for_its_end(tmp_path: Path, clock: Clock):
    """However often it is looked at, and across a restart."""
    async with desk(tmp_path, clock) as here:
        here.breaks()
        assert here.alerter.tell_all() == 0
        clock.passes(300)
        with capture_logs() as logged:
            assert [here.alerter.tell_all() for _ in range(3)] == [1, 0, 0]
        (line,) = [line for line in logged if line["event"] == "route-alert"]
        assert (line["upstream"], line["told"]) == ("submission", ADMIN)
        (mail,) = here.mails()
        assert [one.address for one in mail.recipients] == [ADMIN]
        assert "What to do: Check the secret." in here.text(mail)
    async with desk(tmp_path, clock) as here:
        clock.passes(HOUR_S)
        assert here.alerter.tell_all() == 0
        here.works()
        assert [here.alerter.tell_all() for _ in range(3)] == [1, 0, 0]
        assert here.subjects() == [
            'Scans wait: the way "submission" is at fault',
            'Scans go again: the way "submission" works',
        ]
        assert here.alerter.outages.of("submission") == ()


async def test_the_second_failed_probe_is_enough(tmp_path: Path, clock: Clock):
    """A fault for a person is told at once then; an outage is not before an hour."""
    async with desk(tmp_path, clock) as here:
        here.breaks(faults=2)
        assert here.alerter.tell_all() == 1
        here.breaks("direct", faults=5, kind="outage")
        clock.passes(HOUR_S - 1)
        assert here.alerter.tell_all() == 0


async def test_without_another_way_beginning_and_end_are_one_mail(tmp_path: Path, clock: Clock):
    """Nothing piles up behind the upstream at fault; when it works one mail tells of all."""
    async with desk(tmp_path, clock, has_second=False) as here:
        here.breaks()
        clock.passes(2 * HOUR_S)
        assert here.alerter.tell_all() == 0
        here.works()
        assert [here.alerter.tell_all() for _ in range(2)] == [1, 0]
        assert here.subjects() == ['Scans go again: the way "submission" works']
        assert "for 2 hours." in here.text(here.mails()[0])


async def test_a_way_that_does_not_reach_the_admin_is_none(tmp_path: Path, clock: Clock):
    """Direct Send carries to its domains only: an admin elsewhere hears when the first upstream works."""
    async with desk(tmp_path, clock, admin="it@fabrikam.com") as here:
        here.breaks()
        clock.passes(HOUR_S)
        assert here.alerter.tell_all() == 0
        here.works()
        assert here.alerter.tell_all() == 1


async def test_without_an_admin_nothing_is_kept(tmp_path: Path, clock: Clock):
    """STATUS.txt and the log have to do; an admin who is set later hears of what lasts, not of what is over."""
    async with desk(tmp_path, clock, has_admin=False) as here:
        here.breaks()
        clock.passes(HOUR_S)
        assert here.alerter.tell_all() == 0
        here.works()
        assert here.alerter.tell_all() == 0
        assert here.alerter.outages.of("submission") == ()
        here.breaks(faults=2)
        assert here.alerter.tell_all() == 0
    async with desk(tmp_path, clock) as here:
        assert here.alerter.tell_all() == 1


async def test_what_comes_and_goes_does_not_flood(tmp_path: Path, clock: Clock):
    """Ten faults in an hour and a half: four mails an hour at most, each fault is told, and the last says how it is."""
    async with desk(tmp_path, clock) as here:
        made = []
        for _ in range(10):
            here.breaks(faults=2)
            made.append((clock.now, here.alerter.tell_all()))
            clock.passes(270)
            here.works()
            made.append((clock.now, here.alerter.tell_all()))
            clock.passes(270)
        clock.passes(HOUR_S)
        assert here.alerter.tell_all() == 1
        assert here.alerter.tell_all() == 0
        for at, _ in made:
            assert sum(count for other, count in made if at <= other < at + HOUR_S) <= 4
        assert any("at fault 6 times" in subject for subject in here.subjects()), here.subjects()
        assert "works" in here.subjects()[-1]
        assert here.alerter.outages.of("submission") == ()


async def test_the_end_counts_the_scans(tmp_path: Path, clock: Clock):
    """Scans that waited for this upstream, not those for another, nor notices."""
    async with desk(tmp_path, clock) as here:
        here.breaks()
        ids = [here.box.ready() for _ in range(3)]
        for job_id in ids:
            here.box.journal.move(job_id, State.DEFERRED, clock.now, reason="535 no", next_try_at=clock.now + 900)
        clock.passes(2 * HOUR_S)
        here.alerter.tell_all()
        assert "wait on the box: 3 of them now" in here.text(here.mails()[0])
        here.works()
        assert here.alerter.tell_all() == 0  # they are about to go
        for job_id in ids[:2]:
            here.box.journal.move(job_id, State.SENDING, clock.now)
            here.box.journal.move(job_id, State.SENT, clock.now)
        clock.passes(600)
        assert here.alerter.tell_all() == 1
        assert "3 scans waited for it: 2 delivered since, 1 still waiting." in here.text(here.mails()[1])


async def test_a_clock_set_forward_makes_no_outage_long(tmp_path: Path, clock: Clock):
    """A box that boots with the time of its last stop hears from NTP once the line is up: nobody is told for that."""
    async with desk(tmp_path, clock) as here:
        here.breaks(kind="outage")
        here.alerter.tell_all()
        clock.now += 30 * 86400
        assert here.alerter.tell_all() == 0
        clock.passes(HOUR_S)
        assert here.alerter.tell_all() == 1


async def test_an_alert_that_fails_breeds_no_notice(tmp_path: Path, clock: Clock):
    """It is a notice, and of a notice none is written."""
    async with desk(tmp_path, clock) as here:
        here.breaks(faults=2)
        here.alerter.tell_all()
        (mail,) = here.mails()
        here.box.journal.fail_pending(mail.id, 1.0, "550 5.1.1 no")
        assert here.box.teller.tell_all() == 1
        assert [job.id for job in here.mails()] == [mail.id]


async def test_the_station_outlives_its_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A fault of ours is logged and tried again; what was made wakes the delivery."""
    monkeypatch.setattr(route_alert, "_LOOK_S", 0.01)
    async with desk(tmp_path, Clock(None)) as here:
        here.breaks(faults=2)
        real, fails = route_letter.compose_route, [OSError("disk full"), ValueError("ours")]

        def compose(*words: Any) -> bytes:
            if fails:
                raise fails.pop()
            return real(*words)

        monkeypatch.setattr(route_alert, "compose_route", compose)
        async with _running(here.alerter):
            await until(here.alerter.poke.is_set, 10, "the mail")
        assert len(here.mails()) == 1


@asynccontextmanager
async def _running(alerter: RouteAlerter) -> AsyncIterator[None]:
    task = asyncio.create_task(alerter.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_crash_at_any_step_tells_each_once(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """Ended at each step of seeing and telling, and started again: one mail for the fault, one for the end."""
    step, is_crashed = 0, True
    while is_crashed:
        step += 1
        folder, is_crashed = tmp_path / str(step), False
        async with desk(folder, clock) as here:
            here.breaks(faults=2)
            with monkeypatch.context() as patched:
                crash_at(patched, step)
                try:
                    here.alerter.tell_all()
                except CrashError:
                    is_crashed = True
        async with desk(folder, clock) as here:
            recover.recover(here.box.spool, here.box.journal, clock.now, is_rebuilt=False)
            here.alerter.tell_all()
            assert len(here.mails()) == 1, step
            here.works()
            with monkeypatch.context() as patched:
                crash_at(patched, step)
                try:
                    here.alerter.tell_all()
                except CrashError:
                    is_crashed = True
        async with desk(folder, clock) as here:
            recover.recover(here.box.spool, here.box.journal, clock.now, is_rebuilt=False)
            here.alerter.tell_all()
            assert sorted(subject.partition(":")[0] for subject in here.subjects()) == ["Scans go again", "Scans wait"]
            assert here.alerter.outages.begun() == []
            assert here.alerter.outages.of("submission") == ()
        clock.passes(1)
    assert step > 10
