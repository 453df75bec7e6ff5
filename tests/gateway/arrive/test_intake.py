import errno
import sqlite3
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from gateway.arrive.intake import Intake, is_out_of_room, message_id, now_utc
from gateway.spool import files
from gateway.spool.job import JobId
from gateway.spool.journal import Journal
from gateway.spool.repeats import Repeats
from tests.gateway.spool.given import config


def test_room_keeps_the_reserve_and_twice_the_scan(box, monkeypatch):
    """A scan has room when the reserve stays free after the scan and the mail made of it."""
    reserve = box.config.gateway.free_space
    monkeypatch.setattr(files, "free_bytes", lambda _: reserve + 2000)
    assert box.intake.has_room(999)
    assert not box.intake.has_room(1000)
    monkeypatch.setattr(files, "free_bytes", lambda _: reserve)
    assert not box.intake.has_room()


def test_an_admitted_job_is_let_go_and_poked(box):
    """A job that the journal took is no longer in hand, logged without its contents, and the next station hears."""
    poked: list[bool] = []
    committed = box.commit()
    box.spool.in_hand.add(committed.id)
    with capture_logs() as logged:
        Intake(box.config, box.spool, box.journal, lambda: poked.append(True), Repeats(box.database)).admit(committed)
    assert box.spool.in_hand == set()
    assert poked == [True]
    assert [
        (line["event"], line["job"], line["origin"], line["recipients"], line["size_bytes"]) for line in logged
    ] == [("job-accepted", committed.id, "share/scans", 1, 4)]


def test_a_refusing_journal_lets_go_too(box, monkeypatch):
    """A job that the journal refuses is let go, so that it can be adopted, and the fault is logged."""

    def admit(*_: object) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Journal, "admit_all", admit)
    committed = box.commit()
    box.spool.in_hand.add(committed.id)
    with capture_logs() as logged:
        box.intake.admit(committed)
    assert box.spool.in_hand == set()
    assert [(line["event"], line["job"]) for line in logged] == [("local-fault", committed.id)]


def test_the_message_id_is_that_of_the_job(tmp_path):
    """The Message-ID is fixed with the job, in the sender's domain."""
    assert message_id(JobId("20261123T090257Z-k7q2"), config(tmp_path)) == "20261123T090257Z-k7q2@contoso.com"


def test_now_is_a_date_header():
    """The time of arrival is in UTC and has no fraction, as the Date header that it becomes."""
    before = datetime.now(UTC)
    now = now_utc()
    assert (now.tzinfo, now.microsecond) == (UTC, 0)
    assert abs((now - before).total_seconds()) <= 2


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EFBIG, True), (errno.EIO, False), (errno.EROFS, False)],
)
def test_a_full_disk_is_told_from_a_broken_one(number, expected):
    """Only errors that free space mends count as out of room."""
    assert is_out_of_room(OSError(number, "fault")) is expected
