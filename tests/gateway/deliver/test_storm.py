"""However much fails, the mails about it are bounded, and nobody who has to hear of it does not."""

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conf.model import Address
from gateway.deliver import digest_letter, flood, post, tell
from gateway.spool import files, recover
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import Job, JobId, State, notice_id
from hotfolder.settle import EMPTY, NOT_A_SCAN
from tests.gateway.deliver.crashing import CrashError, crash_at
from tests.gateway.deliver.given import ADMIN, OFFICE, Box, box, config, put_job

SMTP = Origin(OriginKind.SMTP, "scanners", "192.168.1.40")
ALICE, BOB = Address("alice@contoso.com"), Address("bob@contoso.com")
CUT = "The file is cut short: the PDF has no end mark. Please scan again."
HOUR_S = 3600.0


class Clock:
    """The wall clock of the telling, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime.now(UTC).timestamp()
        monkeypatch.setattr(tell.time, "time", lambda: self.now)  # type: ignore[attr-defined]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Begins now; it goes for jobs and mails alike."""
    return Clock(monkeypatch)


@asynccontextmanager
async def _box(root: Path, **tables: Any) -> AsyncIterator[Box]:
    folder = root / "scans"
    folder.mkdir(exist_ok=True)
    share = {"name": "scans", "path": str(folder), "to": [OFFICE]}
    listener = {"name": SMTP.name, "listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"]}
    maildir = {"method": "maildir", "path": str(root / "mail")}
    async with box(config(root, maildir, **({"share": [share], "smtp": [listener]} | tables))) as opened:
        yield opened


def _fail(here: Box, reason: str, name: str, **facts: Any) -> JobId:
    """Leave a failed job as the stations do."""
    job_id = put_job(here.spool, here.journal, (OFFICE,), None, name=name, rejected=reason, **facts)
    here.journal.fail_pending(job_id, datetime.now(UTC).timestamp() - 60, reason)
    files.move_aside(here.spool.jobs / job_id, here.spool.failed)
    return job_id


def _notices(here: Box) -> list[Job]:
    return [job for job in here.journal.jobs(frozenset(State), 100_000) if job.id.endswith("-n")]


async def _text(here: Box, job: Job) -> str:
    body = email.message_from_bytes(here.message(job.id).read_bytes(), policy=default).get_body()
    assert body is not None
    return str(body.get_content())


async def test_rubbish_makes_two_mails_an_hour(tmp_path: Path, clock: Clock):
    """Of thirty files that are no scans the first is told at once, the others in one mail at the end of the hour."""
    async with _box(tmp_path) as here:
        for number in range(30):
            _fail(here, NOT_A_SCAN, f"junk{number:02d}.docx")
        here.teller.tell_all()
        assert len(_notices(here)) == 1
        assert len(list((tmp_path / "scans" / "_failed").iterdir())) == 60
        clock.now += HOUR_S - 1
        here.teller.tell_all()
        assert len(_notices(here)) == 1
        clock.now += 1
        assert here.teller.tell_all() == 1
        assert here.teller.tell_all() == 0
        (digest,) = [job for job in _notices(here) if job.title == "notice about share/scans"]
        text = await _text(here, digest)
        assert "Files that are no scans: 29" in text
        assert all(f"junk{number:02d}.docx" in text for number in range(30)) is False
        assert sum(f"junk{number:02d}.docx" in text for number in range(30)) == 29
        assert [recipient.address for recipient in digest.recipients] == [ADMIN]
        assert (await here.deliver(digest.id)).state is State.SENT


async def test_a_storm_of_scans_names_each(tmp_path: Path, clock: Clock):
    """Of five hundred scans cut short ten are told at once and every other one by name in one mail, with its reason."""
    async with _box(tmp_path) as here:
        for number in range(500):
            _fail(here, CUT, f"scan{number:03d}.pdf", origin=SMTP)
        here.teller.tell_all()
        assert len(_notices(here)) == 10
        clock.now += HOUR_S
        here.teller.tell_all()
        (digest,) = [job for job in _notices(here) if job.title == "notice about smtp/scanners"]
        text = await _text(here, digest)
        assert "Scans that were not delivered: 490" in text
        assert sum(f"scan{number:03d}.pdf" in text for number in range(500)) == 490
        assert text.count("cut short") >= 490


async def test_rubbish_delays_no_scan(tmp_path: Path, clock: Clock):
    """A scan that fails among rubbish is told at once: each has a number of mails of its own."""
    async with _box(tmp_path) as here:
        for number in range(20):
            _fail(here, NOT_A_SCAN, f"junk{number}.docx")
            _fail(here, EMPTY, f"empty{number}.pdf")
        scan = _fail(here, CUT, "scan.pdf")
        here.teller.tell_all()
        assert here.journal.job(notice_id(scan)) is not None
        assert len(_notices(here)) == 3


async def test_each_hears_of_his_own_alone(tmp_path: Path, clock: Clock):
    """Another person's storm neither delays the notice to a sender nor is told to him."""
    async with _box(tmp_path, gateway={"state": str(tmp_path / "state")}) as here:
        for number in range(15):
            _fail(here, CUT, f"alice{number}.pdf", origin=SMTP, sender=ALICE)
        bobs = _fail(here, CUT, "bob.pdf", origin=SMTP, sender=BOB)
        here.teller.tell_all()
        assert here.journal.job(notice_id(bobs)) is not None
        clock.now += HOUR_S
        here.teller.tell_all()
        (digest,) = [job for job in _notices(here) if job.title.startswith("notice about smtp/")]
        assert [recipient.address for recipient in digest.recipients] == [ALICE]
        assert "bob.pdf" not in await _text(here, digest)


async def test_a_restart_neither_forgets_nor_repeats(tmp_path: Path, clock: Clock):
    """What waits for the digest outlasts a restart, and so does the number of mails of this hour."""
    async with _box(tmp_path) as here:
        for number in range(3):
            _fail(here, NOT_A_SCAN, f"junk{number}.docx")
        here.teller.tell_all()
    async with _box(tmp_path) as here:
        _fail(here, NOT_A_SCAN, "junk3.docx")
        here.teller.tell_all()
        assert len(_notices(here)) == 1
        clock.now += HOUR_S
        here.teller.tell_all()
        (digest,) = [job for job in _notices(here) if job.title == "notice about share/scans"]
        assert "no scans: 3" in await _text(here, digest)


async def test_a_clock_that_was_wrong_holds_nothing_back(tmp_path: Path, clock: Clock):
    """What waits for a time that a wrong clock set is told once the clock is right, whichever way it was wrong."""
    for wrong_s in (400 * 86400.0, -400 * 86400.0):
        folder = tmp_path / str(wrong_s)
        folder.mkdir()
        right = clock.now
        async with _box(folder) as here:
            clock.now = right + wrong_s
            for number in range(3):
                _fail(here, NOT_A_SCAN, f"junk{number}.docx")
            here.teller.tell_all()
            clock.now = right
            here.teller.tell_all()
            assert len(_notices(here)) == 2


async def test_more_than_one_mail_can_name_is_told_by_the_next(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    """Scans beyond what a digest names wait for the next, an hour later: each is named once, none is only counted."""
    monkeypatch.setattr(post, "NAMED", {**digest_letter.NAMED, flood.Kind.SCAN: 4})
    async with _box(tmp_path) as here:
        for number in range(20):
            _fail(here, CUT, f"scan{number:02d}.pdf")
        here.teller.tell_all()
        made = []
        for _ in range(5):
            clock.now += HOUR_S
            made.append(here.teller.tell_all())
            assert here.teller.tell_all() == 0
        assert made == [1, 1, 1, 0, 0]
        text = "".join([await _text(here, job) for job in _notices(here)])
        assert [text.count(f"scan{number:02d}.pdf:") for number in range(20)].count(1) == 10


async def test_a_digest_that_cannot_be_made_silences_nobody(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    """While it fails, by whatever fault of ours, that is one line; others are told, and it goes once it can."""
    real = digest_letter.compose_digest

    def broken(place: str, *more: Any) -> bytes:
        if place == "share/scans":
            raise ValueError("a fault of ours")
        return real(place, *more)

    async with _box(tmp_path) as here:
        for number in range(3):
            _fail(here, NOT_A_SCAN, f"junk{number}.docx")
            _fail(here, EMPTY, f"empty{number}.pdf", origin=SMTP)
        here.teller.tell_all()
        clock.now += HOUR_S
        other = _fail(here, CUT, "scan.pdf", origin=SMTP)
        with monkeypatch.context() as patched, capture_logs() as logged:
            patched.setattr(post, "compose_digest", broken)
            assert [here.teller.tell_all() for _ in range(3)] == [1, 0, 0]
        assert [line["event"] for line in logged].count("local-fault") == 1
        digests = [job.title for job in _notices(here) if job.title.startswith("notice about s")]
        assert digests == ["notice about smtp/scanners"]
        assert here.journal.job(notice_id(other)) is not None
        assert here.teller.tell_all() == 1
        assert len(_notices(here)) == 5


async def test_a_new_admin_hears_of_what_waited_for_the_old_one(tmp_path: Path, clock: Clock):
    """Whoever has taken over within the hour gets the digest too: a mail to who has left is told to nobody."""
    gateway = {"name": "box", "state": str(tmp_path / "state"), "admin": ["left@contoso.com"]}
    async with _box(tmp_path, gateway=gateway) as here:
        for number in range(3):
            _fail(here, NOT_A_SCAN, f"junk{number}.docx")
        here.teller.tell_all()
    clock.now += HOUR_S
    async with _box(tmp_path, gateway={**gateway, "admin": ["new@contoso.com"]}) as here:
        here.teller.tell_all()
        (digest,) = [job for job in _notices(here) if job.title == "notice about share/scans"]
        assert [one.address for one in digest.recipients] == ["left@contoso.com", "new@contoso.com"]


async def test_a_crash_at_any_step_tells_each_once(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """Ended at each step of telling, waiting and making a digest, and started again: each failure is named once."""
    step, is_crashed = 0, True
    while is_crashed:
        step += 1
        folder, is_crashed = tmp_path / str(step), False
        folder.mkdir()
        async with _box(folder) as here:
            for number in range(2):
                _fail(here, NOT_A_SCAN, f"junk{number}.docx")
            with monkeypatch.context() as patched:
                crash_at(patched, step)
                try:
                    here.teller.tell_all()
                    clock.now += HOUR_S
                    here.teller.tell_all()
                except CrashError:
                    is_crashed = True
        async with _box(folder) as here:
            recover.recover(here.spool, here.journal, clock.now, is_rebuilt=False)
            for _ in range(2):
                here.teller.tell_all()
                clock.now += HOUR_S
            here.teller.tell_all()
            told = "".join([await _text(here, job) for job in _notices(here)])
            assert [told.count(f"junk{number}.docx") for number in range(2)] == [1, 1], step
            assert here.teller.failures.digests.waits() == []
            assert here.teller.failures.digests.begun() == []
            assert here.journal.untold(10) == []
            assert len(list((folder / "scans" / "_failed").iterdir())) == 4
    assert step > 20
