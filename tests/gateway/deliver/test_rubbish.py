"""The spool keeps of what is no scan only so much, and nothing of it goes before a person had the time to look."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.deliver import rubbish
from gateway.deliver.rubbish import LEAST_S, LONGEST_S, ROOM_BYTES, surplus
from gateway.spool import files
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import JobId, State
from gateway.spool.no_scans import Ended
from hotfolder.settle import EMPTY, NOT_A_SCAN
from image.refusal import refusal_of
from image.sniff import Kind
from tests.gateway.deliver.given import OFFICE, Box, box, config, put_job

NOW = 2e9
ARCHIVE = str(refusal_of(Kind.ZIP))


def ended(name: str, age_s: float, size_bytes: int = 1) -> Ended:
    """A job that failed so long ago."""
    return Ended(JobId(name), NOW - age_s, size_bytes)


@pytest.mark.parametrize(
    ("newest_first", "gone"),
    [
        ([], ""),
        ([ended("a", 10), ended("b", LONGEST_S)], ""),
        ([ended("a", 10), ended("b", LONGEST_S + 1)], "b"),
        ([ended("a", 10, ROOM_BYTES), ended("b", LEAST_S, 1)], ""),
        ([ended("a", 10, ROOM_BYTES), ended("b", LEAST_S + 1, 1)], "b"),
        ([ended("a", -10), ended("b", -1e9)], ""),
    ],
)
def test_what_goes(newest_first: list[Ended], gone: str):
    """After a week each goes, after a day the oldest beyond the bounds, before that none."""
    assert "".join(job.id for job in surplus(newest_first, NOW)) == gone


def test_there_are_not_more_than_so_many(monkeypatch: pytest.MonkeyPatch):
    """Beyond a number the oldest go, once they are a day old."""
    monkeypatch.setattr(rubbish, "MOST", 2)
    newest_first = [ended(name, LEAST_S + 1) for name in "abcd"]
    assert "".join(job.id for job in surplus(newest_first, NOW)) == "cd"


def _fail(here: Box, reason: str, days: float, **facts: Any) -> JobId:
    job_id = put_job(here.spool, here.journal, (OFFICE,), None, name="x.docx", rejected=reason, **facts)
    here.journal.fail_pending(job_id, datetime.now(UTC).timestamp() - days * 86400, reason)
    files.move_aside(here.spool.jobs / job_id, here.spool.failed)
    return job_id


async def test_only_rubbish_that_was_told_is_forgotten(tmp_path: Path):
    """A week after it failed rubbish leaves spool and journal; scans, archives, mails and what is untold stay."""
    folder = tmp_path / "scans"
    folder.mkdir()
    share = {"name": "scans", "path": str(folder), "to": [OFFICE]}
    async with box(config(tmp_path, {"method": "maildir", "path": str(tmp_path / "mail")}, share=[share])) as here:
        old = [_fail(here, NOT_A_SCAN, 8), _fail(here, EMPTY, 8)]
        kept = [_fail(here, NOT_A_SCAN, 6), _fail(here, "The scan is damaged.", 8), _fail(here, ARCHIVE, 8)]
        kept.append(_fail(here, NOT_A_SCAN, 8, origin=Origin(OriginKind.SMTP, "scanners")))
        here.teller.tell_all()
        untold = _fail(here, NOT_A_SCAN, 8)
        now = datetime.now(UTC).timestamp()
        with capture_logs() as logged:
            here.teller.tidier.prune_spool(now)  # nobody knows yet whether the clock was just set
            assert [job for job in old if here.journal.job(job) is None] == []
            here.teller.tidier.clock.note(now, now - 2 * 86400)
            here.teller.tidier.prune_spool(now)
        assert [line["event"] for line in logged] == ["spool-pruned"]
        assert sorted(os.listdir(here.spool.failed)) == sorted([*kept, untold])
        assert [here.journal.job(job) for job in old] == [None, None]
        assert here.journal.counts()[State.FAILED] == 5
        assert here.journal.history(old[0]) == []
        assert (folder / "_failed" / "x.docx").exists()


async def test_rubbish_that_was_never_moved_aside_goes_as_well(tmp_path: Path):
    """One whose move to the failed jobs has not worked goes with its files: else they would be adopted as new."""
    async with box(config(tmp_path, {"method": "maildir", "path": str(tmp_path / "mail")})) as here:
        job_id = _fail(here, NOT_A_SCAN, 8)
        (here.spool.failed / job_id).rename(here.spool.jobs / job_id)
        here.journal.mark_told(job_id)
        now = datetime.now(UTC).timestamp()
        here.teller.tidier.clock.note(now, now - 2 * 86400)
        here.teller.tidier.prune_spool(now)
        assert (here.journal.job(job_id), files.listing(here.spool.jobs)) == (None, ())


async def test_a_crash_within_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ended between the directory and the entry, the entry goes the next time."""
    async with box(config(tmp_path, {"method": "maildir", "path": str(tmp_path / "mail")})) as here:
        job_id = _fail(here, NOT_A_SCAN, 8)
        here.journal.mark_told(job_id)
        now = datetime.now(UTC).timestamp()
        here.teller.tidier.clock.note(now, now - 2 * 86400)

        def ends(*_args: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(type(here.journal), "forget", ends)
            with pytest.raises(KeyboardInterrupt):
                here.teller.tidier.prune_spool(now)
        assert here.journal.job(job_id) is not None
        here.teller.tidier.prune_spool(now)
        assert here.journal.job(job_id) is None
        assert os.listdir(here.spool.failed) == []
