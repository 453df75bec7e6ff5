"""Of every failed scan a person hears, once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from conf.model import Address
from gateway.spool import durable, files, recover
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import JobId, State, notice_id
from gateway.spool.loop import OWN_SCAN, came_back
from gateway.spool.untold import UNTOLD
from tests.gateway.deliver.given import ADMIN, OFFICE, Box, box, config, put_job

SMTP = Origin(OriginKind.SMTP, "scanners", "192.168.1.40")
ALICE = Address("alice@contoso.com")


@contextlib.asynccontextmanager
async def _box(tmp_path: Path, **tables: Any) -> AsyncIterator[Box]:
    """A box with a share and a Maildir that takes everything."""
    folder = tmp_path / "scans"
    folder.mkdir(exist_ok=True)
    share = {"name": "scans", "path": str(folder), "to": [OFFICE]}
    listener = {"name": SMTP.name, "listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"]}
    maildir = {"method": "maildir", "path": str(tmp_path / "mail")}
    settings = config(tmp_path, maildir, **({"share": [share], "smtp": [listener]} | tables))
    async with box(settings) as opened:
        yield opened


def _failed(box: Box, *, state: State = State.FAILED, reason: str = "The scan is damaged.", **facts: Any) -> JobId:
    """A job that has failed, as the stations leave it."""
    job_id = put_job(box.spool, box.journal, (OFFICE,), None, **facts)
    box.journal.fail_pending(job_id, datetime.now(UTC).timestamp(), reason, state)
    files.move_aside(box.spool.jobs / job_id, box.spool.failed if state is State.FAILED else box.spool.quarantine)
    return job_id


def _told(box: Box, job_id: JobId) -> list[str]:
    """Whom the notice about a job goes to."""
    job = box.journal.job(notice_id(job_id))
    return [] if job is None else [recipient.address for recipient in job.recipients]


async def test_a_failed_scan_of_a_share_lies_there_with_a_text(tmp_path: Path):
    """A scan that failed is put into _failed of its share with a sentence beside it, and the admin gets a notice."""
    async with _box(tmp_path) as box:
        job_id = _failed(box)
        assert box.teller.tell_all() == 1
        failed = tmp_path / "scans" / "_failed"
        assert (failed / "scan.pdf").read_bytes() == b"%PDF-1.7 a scan"
        text = (failed / "scan.pdf.txt").read_text(encoding="utf-8-sig")
        assert "This scan was not delivered: The scan is damaged." in text
        assert "Please scan it again." in text
        assert job_id in text
        assert _told(box, job_id) == [ADMIN]
        assert box.job(job_id).is_told
        assert box.teller.tell_all() == 0


async def test_the_notice_is_a_job_that_is_delivered(tmp_path: Path):
    """A notice is born ready with its mail, and goes out like any other mail, about the job it names."""
    async with _box(tmp_path) as box:
        job_id = _failed(box)
        box.teller.tell_all()
        notice = await box.deliver(notice_id(job_id))
        assert notice.state is State.SENT
        assert notice.title == f"notice about {job_id}"
        (mail,) = (tmp_path / "mail" / "new").iterdir()
        assert job_id in message_from_bytes(mail.read_bytes())["Subject"]
        assert came_back(message_from_bytes(mail.read_bytes())) == UNTOLD


@pytest.mark.parametrize(("reason", "told"), [(OWN_SCAN, [ALICE, ADMIN]), (UNTOLD, [])])
async def test_nobody_is_told_of_an_automatic_answer(reason: str, told: list[str], tmp_path: Path):
    """A notice that came back to the box makes no notice, which could come back too; a scan that did is told once."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, origin=SMTP, sender=ALICE, reason=reason)
        assert box.teller.tell_all() == 1
        assert _told(box, job_id) == told
        assert box.job(job_id).is_told


async def test_the_sender_of_a_mail_is_told_too(tmp_path: Path):
    """For a scan that came by SMTP its sender hears of it beside the admin; nothing is put into a share."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, origin=SMTP, sender=ALICE)
        box.teller.tell_all()
        assert _told(box, job_id) == [ALICE, ADMIN]
        assert not (tmp_path / "scans" / "_failed").exists()


async def test_a_stranger_is_not_written_to(tmp_path: Path):
    """A made-up sender outside the recipients a device may name gets no notice: the admin alone does."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, origin=SMTP, sender=Address("victim@elsewhere.org"))
        box.teller.tell_all()
        assert _told(box, job_id) == [ADMIN]


async def test_without_an_admin_who_waits_for_a_mailed_scan_is_told(tmp_path: Path):
    """With no admin, and a sender nobody may write to, the recipients hear that their scan will not come."""
    async with _box(tmp_path, gateway={"state": str(tmp_path / "state")}) as box:
        job_id = _failed(box, origin=SMTP, sender=Address("printer@local"))
        box.teller.tell_all()
        assert _told(box, job_id) == [OFFICE]


async def test_each_hears_once(tmp_path: Path):
    """A sender who is the admin is named once."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, origin=SMTP, sender=ADMIN)
        box.teller.tell_all()
        assert _told(box, job_id) == [ADMIN]


async def test_a_quarantined_job_is_told_to_the_admin(tmp_path: Path):
    """A scan that could not be understood is told to the admin by mail, and in the share it has vanished from."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, state=State.QUARANTINE)
        box.teller.tell_all()
        assert _told(box, job_id) == [ADMIN]
        assert (tmp_path / "scans" / "_failed" / "scan.pdf.txt").exists()


async def test_a_wreck_is_told_to_the_admin(tmp_path: Path):
    """A job directory without a readable envelope is told of, by its id."""
    async with _box(tmp_path) as box:
        job_id = JobId("20261123T090257Z-k7q2")
        (box.spool.quarantine / job_id).mkdir()
        box.journal.admit_wreck(job_id, 1.0, "envelope.json is missing")
        assert box.teller.tell_all() == 1
        assert _told(box, job_id) == [ADMIN]


async def test_never_a_notice_about_a_notice(tmp_path: Path):
    """A notice that fails is told to nobody: no chain of notices."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, origin=Origin(OriginKind.NOTICE, "20261123T090257Z-k7q2"))
        assert box.teller.tell_all() == 1
        assert _told(box, job_id) == []
        assert box.job(job_id).is_told


@pytest.mark.parametrize("damage", ["gone", "envelope"])
async def test_never_a_notice_about_a_damaged_notice(tmp_path: Path, damage: str):
    """A notice whose directory is gone or damaged starts no chain of notices either."""
    async with _box(tmp_path) as box:
        job_id = _failed(box)
        box.teller.tell_all()
        own = notice_id(job_id)
        directory = box.spool.jobs / own
        if damage == "gone":
            directory.rename(tmp_path / "elsewhere")
        else:
            (directory / files.ENVELOPE).write_bytes(b"{}")
            (directory / files.MESSAGE).unlink()
        await box.deliver(own)
        assert box.job(own).state is State.QUARANTINE
        assert box.teller.tell_all() == 1
        assert box.job(own).is_told
        assert [job.id for job in box.journal.jobs(frozenset(State)) if job.id not in {job_id, own}] == []


async def test_a_share_that_cannot_be_written_silences_nobody(tmp_path: Path):
    """When the share takes no file back the admin is told all the same, and the failures behind it are told too."""
    async with _box(tmp_path) as box:
        (tmp_path / "scans" / "_failed").write_text("a file in the way")
        first, second = _failed(box), _failed(box, origin=SMTP)
        box.teller.tell_all()
        assert _told(box, first) == [ADMIN]
        assert not box.job(first).is_told
        assert _told(box, second) == [ADMIN]
        assert box.job(second).is_told


async def test_with_nobody_to_mail_the_share_is_tried_again(tmp_path: Path):
    """Until the text is in the share the job counts as untold, whoever has heard by mail: it is put there later."""
    async with _box(tmp_path, gateway={"state": str(tmp_path / "state")}) as box:
        in_the_way = tmp_path / "scans" / "_failed"
        in_the_way.write_text("a file in the way")
        job_id = _failed(box)
        assert [box.teller.tell_all() for _ in range(3)] == [1, 0, 0]
        assert not box.job(job_id).is_told
        in_the_way.unlink()
        assert box.teller.tell_all() == 1
        assert (in_the_way / "scan.pdf.txt").exists()
        assert box.job(job_id).is_told


async def test_one_that_cannot_be_told_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A fault of our own in one telling leaves it untold and goes on with the next; the station lives on."""
    async with _box(tmp_path) as box:
        first, second = _failed(box), _failed(box)
        told = box.teller._tell

        def fails_for_first(job: Any, **how: Any) -> Any:
            if job.id == first:
                raise ValueError("a fault of ours")
            return told(job, **how)

        monkeypatch.setattr(type(box.teller), "_tell", lambda _self, job, **how: fails_for_first(job, **how))
        assert box.teller.tell_all() == 1
        assert not box.job(first).is_told
        assert box.job(second).is_told


async def test_a_share_that_is_gone_is_left_out(tmp_path: Path):
    """A share that is no longer configured or no longer there does not keep the admin from hearing."""
    async with _box(tmp_path) as box:
        job_id = _failed(box, origin=Origin(OriginKind.SHARE, "old"))
        box.teller.tell_all()
        assert _told(box, job_id) == [ADMIN]


async def test_the_station_pokes_the_delivery(tmp_path: Path):
    """The running station tells what it finds and wakes the delivery."""
    async with _box(tmp_path) as box:
        job_id = _failed(box)
        running = asyncio.create_task(box.teller.run())
        await asyncio.wait_for(box.teller.poke.wait(), 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert box.job(job_id).is_told


class _CrashError(BaseException):
    """The process ends here."""


async def _crash_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> tuple[JobId, bool]:
    """Tell a failure and end the process at a durable step; return the job and whether it got that far."""
    steps = 0

    def crash(_step: str) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            raise _CrashError

    async with _box(tmp_path) as box:
        job_id = _failed(box)
        with monkeypatch.context() as patched:
            patched.setattr(durable, "checkpoint", crash)
            patched.setattr(files, "discard", lambda _spool, _draft: None)  # a process that is gone tidies nothing up
            try:
                box.teller.tell_all()
            except _CrashError:
                return job_id, True
    return job_id, False


async def test_a_crash_at_any_step_tells_exactly_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ended at each durable step and started again, one notice goes out and one copy lies in the share."""
    step, is_crashed = 0, True
    while is_crashed:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        job_id, is_crashed = await _crash_at(folder, monkeypatch, step)
        async with _box(folder) as box:
            recover.recover(box.spool, box.journal, datetime.now(UTC).timestamp(), is_rebuilt=False)
            box.teller.tell_all()
            assert box.teller.tell_all() == 0
            assert box.job(job_id).is_told
            assert sorted(p.name for p in (folder / "scans" / "_failed").iterdir()) == ["scan.pdf", "scan.pdf.txt"]
            notices = [job for job in box.journal.jobs(frozenset(State)) if job.id != job_id]
            assert [job.id for job in notices] == [notice_id(job_id)]
            assert box.message(notice_id(job_id)).is_file()
            assert list(box.spool.incoming.iterdir()) == []
    assert step > 5
