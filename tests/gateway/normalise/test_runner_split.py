"""A scan that takes several mails."""

import asyncio
import email
import email.policy
import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.spool import files
from gateway.spool.job import JobId, State
from image.confined import worker
from tests.gateway.normalise.splitting import split_in_three
from tests.gateway.normalise.station import Station
from tests.gateway.spool.given import Box, config, opened

ROOT = Path(__file__).resolve().parents[3]


def mails_of(box: Box) -> list[EmailMessage]:
    """Every mail that is ready, by the order of its job's id."""
    found = []
    for job_id in files.listing(box.spool.jobs):
        made = email.message_from_bytes(
            (box.spool.jobs / job_id / files.MESSAGE).read_bytes(), policy=email.policy.SMTP
        )
        assert isinstance(made, EmailMessage)
        found.append(made)
    return found


def assert_three_mails(box: Box) -> None:
    """All three mails are ready, each once, each with its own PDF, and each job has the file as it arrived."""
    mails = mails_of(box)
    assert [mail["Subject"] for mail in mails] == [f"Scan from scans: scan ({number} of 3)" for number in (1, 2, 3)]
    attached = [next(iter(mail.iter_attachments())) for mail in mails]
    assert [one.get_content() for one in attached] == [b"%PDF-1", b"%PDF-2", b"%PDF-3"]
    assert [one.get_filename() for one in attached] == [f"scan ({number} of 3).pdf" for number in (1, 2, 3)]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert len({mail["Date"] for mail in mails}) == 1
    for job in box.journal.jobs(State):
        assert job.state is State.READY
        directory = box.spool.jobs / job.id
        envelope = files.read_envelope(directory)
        assert [files.fault_of(directory, original) for original in envelope.originals] == [""]


async def test_each_part_is_a_mail(station, monkeypatch):
    """Every part is a mail of its own that says which pages it holds; the first has the scan's own id."""
    monkeypatch.setattr(worker, "convert", split_in_three)
    job_id = station.box.admit()
    await station.work()
    assert_three_mails(station.box)
    assert files.listing(station.box.spool.jobs) == (job_id, f"{job_id}-p2", f"{job_id}-p3")
    jobs = [station.job(JobId(one)) for one in files.listing(station.box.spool.jobs)]
    assert [job.pages for job in jobs] == [3, 3, 1]
    assert [job.is_uncertain for job in jobs] == [False] * 3
    texts = [mail.get_body(("plain",)).get_content() for mail in mails_of(station.box)]  # type: ignore[union-attr]
    assert "Pages 4 to 6 of 7, scanned to scans. This is mail 2 of 3;" in " ".join(texts[1].split())
    assert "Page 7 of 7" in texts[2]
    assert all("It was split." in text for text in texts)
    assert sorted(os.listdir(station.box.spool.jobs / f"{job_id}-p2")) == ["envelope.json", "message.eml", "original"]


async def test_a_part_sent_already_is_not_made_again(station, monkeypatch):
    """When a part has been delivered before its scan was made ready (a crash between), it is not sent twice."""
    monkeypatch.setattr(worker, "convert", split_in_three)
    job_id = station.box.admit()
    await station.work()
    journal = station.box.journal
    second = JobId(f"{job_id}-p2")
    journal.move(second, State.SENDING, 0.0)
    journal.move(second, State.SENT, 0.0)
    files.remove(station.box.spool.jobs / second)
    with station.box.database.transaction() as db:
        db.execute("UPDATE job SET state = 'accepted' WHERE id = ?", (job_id,))
    await station.work()
    assert station.job(job_id).state is State.READY
    assert files.listing(station.box.spool.jobs) == (job_id, f"{job_id}-p3")


async def test_a_failed_scan_leaves_no_further_mails(station, monkeypatch):
    """What an attempt that was cut short has written is gone when the scan fails in the end."""
    job_id = station.box.admit()
    (station.box.spool.jobs / job_id / "message-2.eml").write_bytes(b"old")
    await station.work()
    assert station.job(job_id).state is State.FAILED
    assert sorted(os.listdir(station.box.spool.failed / job_id)) == ["envelope.json", "original"]


def test_killed_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A power cut at any step of writing and entering the mails leaves three of them after the restart, each once."""
    command = [sys.executable, "-m", "tests.gateway.normalise.splitting", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    roots = sorted(tmp_path.iterdir())
    assert len(roots) > 25
    monkeypatch.setattr(worker, "convert", split_in_three)
    for root in roots:
        for _ in range(2):
            with opened(config(root)) as box:
                box.recover()
                asyncio.run(Station(box).work())
                assert_three_mails(box)
                assert os.listdir(box.spool.incoming) == []
                assert [job.is_uncertain for job in box.journal.jobs(State)] == [False] * 3, root.name
