"""What a share's people and its recipients hear of a failure when the usual ways are closed."""

import asyncio
import errno
import functools
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conf.model import Address
from gateway.deliver import tell
from gateway.spool import files
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import Fate, JobId, State, notice_id
from hotfolder import failed
from hotfolder.arrival import Trouble
from hotfolder.errors import ShareError
from hotfolder.settle import NOT_A_SCAN
from tests.gateway.deliver.given import ADMIN, OFFICE, Box, box, config, direct, put_job
from tests.peers.certificates import Certificate
from tests.peers.loopback import free_port, until

ALICE = Address("alice@contoso.com")


def _config(root: Path, upstream: Any = None, *, admin: tuple[str, ...] = (), **share: Any) -> Any:
    folder = root / "scans"
    folder.mkdir(exist_ok=True)
    tables: dict[str, Any] = {
        "gateway": {"name": "box", "state": str(root / "state"), "admin": admin},
        "share": [{"name": "scans", "path": str(folder), "to": [OFFICE, ALICE], **share}],
    }
    return config(root, upstream or {"method": "maildir", "path": str(root / "mail")}, **tables)


def _failed(here: Box, reason: str = "The scan is damaged.", **facts: Any) -> JobId:
    job_id = put_job(here.spool, here.journal, (OFFICE, ALICE), None, **facts)
    here.journal.fail_pending(job_id, datetime.now(UTC).timestamp(), reason)
    files.move_aside(here.spool.jobs / job_id, here.spool.failed)
    return job_id


def _told(here: Box, job_id: JobId) -> list[str]:
    job = here.journal.job(notice_id(job_id))
    return [] if job is None else [recipient.address for recipient in job.recipients]


def _is_told(here: Box, job_id: JobId) -> bool:
    return here.job(job_id).is_told


async def test_without_an_admin_those_who_wait_are_told(tmp_path: Path):
    """With no admin to tell, the recipients of a share's scan hear that it will not come: no failure is silent."""
    async with box(_config(tmp_path)) as here:
        job_id = _failed(here)
        here.teller.tell_all()
        assert _told(here, job_id) == [OFFICE, ALICE]


async def test_with_an_admin_the_recipients_are_left_alone(tmp_path: Path):
    """Where there is an admin, no recipient gets a mail about a scan that was none of their doing."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        job_id = _failed(here)
        here.teller.tell_all()
        assert _told(here, job_id) == [ADMIN]


async def test_who_was_refused_is_not_written_to(tmp_path: Path):
    """A recipient whom the mail server refused, or who got the scan, gets no notice in its stead."""
    async with box(_config(tmp_path)) as here:
        job_id = put_job(here.spool, here.journal, (OFFICE, ALICE))
        fates = {OFFICE: (Fate.SENT, "250"), ALICE: (Fate.FAILED, "550 5.1.10 no such mailbox")}
        here.journal.record(job_id, "maildir", fates)
        here.journal.fail_pending(job_id, 1.0, "alice@contoso.com: 550 5.1.10 no such mailbox")
        files.move_aside(here.spool.jobs / job_id, here.spool.failed)
        here.teller.tell_all()
        assert _told(here, job_id) == []
        assert "The mail server refused alice@contoso.com" in (tmp_path / "scans/_failed/scan.pdf.txt").read_text(
            "utf-8-sig"
        )


async def test_nobody_waits_for_what_is_no_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Litter that a device leaves beside its scans is shown in _failed, and mailed to no recipient."""
    real = files.read_envelope
    monkeypatch.setattr(files, "read_envelope", lambda directory: _rejected(real(directory)))
    async with box(_config(tmp_path)) as here:
        job_id = _failed(here, NOT_A_SCAN)
        here.teller.tell_all()
        assert _told(here, job_id) == []
        assert (tmp_path / "scans" / "_failed" / "scan.pdf.txt").exists()


def _rejected(envelope: Any) -> Any:
    object.__setattr__(envelope, "rejected", NOT_A_SCAN)
    return envelope


async def test_a_scan_whose_bytes_are_lost_leaves_a_text(tmp_path: Path):
    """When the disk has lost the file itself, the text in _failed stands alone, and the admin hears of it."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        job_id = _failed(here)
        (here.spool.failed / job_id / files.ORIGINAL / "0001").unlink()
        here.teller.tell_all()
        assert os.listdir(tmp_path / "scans" / "_failed") == ["scan.pdf.txt"]
        assert _told(here, job_id) == [ADMIN]


async def test_a_share_that_stays_closed_is_logged_once(tmp_path: Path):
    """While a share takes nothing back it is tried at every look; however many fail, the log has one line about it."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        in_the_way = tmp_path / "scans" / "_failed"
        in_the_way.write_text("a file in the way")
        job_ids = [_failed(here) for _ in range(3)]
        with capture_logs() as logged:
            assert [here.teller.tell_all() for _ in range(5)] == [3, 0, 0, 0, 0]
        assert [line["event"] for line in logged] == ["share-fault", *["job-told"] * 3]
        assert "remove or rename it" in logged[0]["reason"]
        assert [_told(here, job_id) for job_id in job_ids] == [[ADMIN]] * 3
        assert [_is_told(here, job_id) for job_id in job_ids] == [False] * 3
        assert [fault.trouble for fault in here.teller.board.faults("scans")] == [Trouble.FAILED]
        in_the_way.unlink()
        with capture_logs() as logged:
            assert here.teller.tell_all() == 3
        assert logged[0]["event"] == "share-recovered"
        assert here.teller.board.faults("scans") == ()
        assert (in_the_way / "scan.pdf").exists()
        assert len(os.listdir(in_the_way)) == 6
        assert all(_is_told(here, job_id) for job_id in job_ids)


async def test_a_disk_at_fault_is_logged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A share that cannot be written for another reason is logged once, not for each scan; then they are shown."""

    def full(*_args: object, **_kwargs: object) -> Path:
        raise ShareError(errno.ENOSPC, "cannot show it in _failed: the disk is full; free some space")

    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        job_ids = [_failed(here) for _ in range(3)]
        with capture_logs() as logged, monkeypatch.context() as patched:
            patched.setattr(failed, "put_failed", full)
            assert [here.teller.tell_all() for _ in range(3)] == [3, 0, 0]
        assert [line["event"] for line in logged].count("local-fault") == 1
        assert here.teller.tell_all() == 3
        assert all(_is_told(here, job_id) for job_id in job_ids)


async def test_what_a_share_cannot_show_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many failed scans wait for a share that shows none, the failures of others are told."""
    monkeypatch.setattr(tell, "_AT_ONCE", 5)
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        (tmp_path / "scans" / "_failed").write_text("a file in the way")
        for _ in range(6):
            _failed(here)
        other = _failed(here, origin=Origin(OriginKind.SMTP, "scanners"))
        here.teller.tell_all()
        here.teller.tell_all()
        assert _told(here, other) == [ADMIN]


async def test_a_file_that_cannot_be_read_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One whose bytes the disk cannot read any more keeps none of its share from being shown; ten are the share's."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        (tmp_path / "scans" / "_failed").write_text("a file in the way")
        bad, *good = sorted(_failed(here) for _ in range(3))
        here.teller.tell_all()
        (tmp_path / "scans" / "_failed").unlink()
        real = failed.put_failed

        def put(stored: Path, *facts: Any, **more: Any) -> Path:
            if bad in stored.parts:
                raise ShareError(errno.EIO, "the disk cannot read it")
            return real(stored, *facts, **more)

        monkeypatch.setattr(failed, "put_failed", put)
        assert here.teller.tell_all() == 2
        assert [_is_told(here, job_id) for job_id in (bad, *good)] == [False, True, True]


async def test_a_file_larger_than_the_room_leaves_a_text(tmp_path: Path):
    """A failed scan for which _failed has no room is told of there, with where it is kept; nothing is copied."""
    async with box(_config(tmp_path, admin=(ADMIN,), failed_room="1 kB")) as here:
        job_id = _failed(here, scan=b"x" * 2000)
        here.teller.tell_all()
        here.teller._tidy(is_fuller=True)
        assert os.listdir(tmp_path / "scans" / "_failed") == ["scan.pdf.txt"]
        text = (tmp_path / "scans" / "_failed" / "scan.pdf.txt").read_text("utf-8-sig")
        assert "The scan is damaged." in text
        assert "more room" in text
        assert str(here.spool.failed / job_id) in text


async def test_failed_scans_do_not_pile_up(tmp_path: Path):
    """After each telling the oldest go until _failed has its room; their texts stay, the log says how much went."""
    settings = _config(tmp_path, admin=(ADMIN,), failed_room="5 kB")
    shown = tmp_path / "scans" / "_failed"
    async with box(settings) as here:
        with capture_logs() as logged:
            running = asyncio.create_task(here.teller.run())
            for name in ("a.pdf", "b.pdf", "c.pdf"):
                job_id = _failed(here, scan=b"x" * 2000, name=name)
                here.teller.wake.set()
                await until(functools.partial(_is_told, here, job_id), 10, "told")
            await until(lambda: any(line["event"] == "failed-pruned" for line in logged), 10, "pruned")
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert sorted(os.listdir(shown)) == ["a.pdf.txt", "b.pdf", "b.pdf.txt", "c.pdf", "c.pdf.txt"]
        text = (shown / "a.pdf.txt").read_text("utf-8-sig")
        assert "The scan is damaged." in text
        assert f"It is kept on the box in {here.spool.failed}" in text
        assert len(list(here.spool.failed.iterdir())) == 3


async def test_a_share_that_cannot_be_tidied_stops_nobody(tmp_path: Path):
    """A share that is gone keeps the telling alive."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        (tmp_path / "scans").rmdir()
        here.teller._tidy(is_fuller=True)
        job_id = _failed(here, origin=Origin(OriginKind.SHARE, "old"))
        assert here.teller.tell_all() == 1
        assert here.job(job_id).state is State.FAILED
    assert tell._TIDY_S == 3600


async def test_a_scan_whose_lifetime_is_over_is_shown(server_certificate: Certificate, tmp_path: Path):
    """After days without a way out the scan comes back into _failed with a text, and the admin gets a notice."""
    upstream = direct(free_port(), server_certificate.authority)
    async with box(_config(tmp_path, upstream, admin=(ADMIN,)), lifetime_s=60) as here:
        job_id = here.ready(created_at=datetime.now(UTC) - timedelta(seconds=61))
        assert (await here.deliver(job_id)).state is State.FAILED
        assert here.teller.tell_all() == 1
        text = (tmp_path / "scans" / "_failed" / "scan.pdf.txt").read_text("utf-8-sig")
        assert "not delivered within " in text
        assert (tmp_path / "scans" / "_failed" / "scan.pdf").exists()
        assert _told(here, job_id) == [ADMIN]


async def test_a_job_that_is_just_ending_is_told_when_it_has_ended(tmp_path: Path):
    """Between the journal's entry and the move of its directory a job is not told of; after it, with its file."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        job_id = put_job(here.spool, here.journal, (OFFICE,), None)
        here.journal.fail_pending(job_id, time.time(), "The scan is damaged.")
        assert here.teller.tell_all() == 0
        assert not here.job(job_id).is_told
        files.move_aside(here.spool.jobs / job_id, here.spool.failed)
        assert here.teller.tell_all() == 1
        assert sorted(os.listdir(tmp_path / "scans" / "_failed")) == ["scan.pdf", "scan.pdf.txt"]


async def test_a_job_whose_move_has_failed_is_told_all_the_same(tmp_path: Path):
    """A directory that could not be moved aside is told of from where it lies, once that has taken long enough."""
    async with box(_config(tmp_path, admin=(ADMIN,))) as here:
        job_id = put_job(here.spool, here.journal, (OFFICE,), None)
        here.journal.fail_pending(job_id, time.time() - 60, "The scan is damaged.")
        assert here.teller.tell_all() == 1
        assert sorted(os.listdir(tmp_path / "scans" / "_failed")) == ["scan.pdf", "scan.pdf.txt"]
