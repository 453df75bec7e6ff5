"""What a fault costs: at most the job it is in."""

import asyncio
import errno
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.normalise import runner
from gateway.spool import files
from gateway.spool.job import Job, State
from gateway.spool.journal import Journal
from image.errors import ScanError, ScanFault
from tests.gateway.normalise.mails import attached
from tests.gateway.normalise.station import SMALL, failing_with, mailed
from tests.gateway.spool.given import NOW_S
from tests.peers.loopback import until
from tests.peers.scans import jpeg


async def test_a_fault_of_the_disk_keeps_the_job(station, monkeypatch):
    """When our disk is at fault the job waits, counts no attempt, and is normalised later."""
    failing_with(monkeypatch, OSError(errno.ENOSPC, "No space left on device"), times=1)
    job_id = station.box.admit(contents=jpeg(size_px=SMALL))
    with capture_logs() as logged:
        await station.work()
    job = station.job(job_id)
    assert (job.state, job.attempts) == (State.ACCEPTED, 0)
    assert job.next_try_at > time.time()
    assert "No space left on device" in job.reason
    assert [line["job"] for line in logged if line["event"] == "local-fault"] == [job_id]
    station.box.journal.move(job_id, State.ACCEPTED, NOW_S)
    await station.work()
    assert station.job(job_id).state is State.READY


@pytest.mark.parametrize("fault", [ScanFault.CRASHED, ScanFault.TIMEOUT])
async def test_a_chance_fault_has_a_second_try(station, monkeypatch, fault):
    """A conversion that crashed or took too long is tried once more, and only then fails."""
    asked = failing_with(monkeypatch, ScanError(fault, "It crashed."))
    job_id = station.box.admit()
    await station.work()
    assert (station.job(job_id).state, station.job(job_id).attempts) == (State.ACCEPTED, 1)
    station.box.journal.move(job_id, State.ACCEPTED, NOW_S)
    await station.work()
    assert (station.job(job_id).state, station.job(job_id).reason) == (State.FAILED, "It crashed.")
    assert len(asked) == 2


async def test_a_fault_of_ours_costs_one_job(station, monkeypatch):
    """A bug puts its job into quarantine, whole and told of, with its traceback in the log; the next job is made."""
    failing_with(monkeypatch, ZeroDivisionError("ours"), times=1)
    ids = sorted(station.box.admit(contents=jpeg(size_px=SMALL)) for _ in range(2))
    with capture_logs() as logged:
        await station.work()
    assert [station.job(job_id).state for job_id in ids] == [State.QUARANTINE, State.READY]
    assert station.job(ids[0]).reason == "a fault of scangate: ZeroDivisionError('ours')"
    assert (station.box.spool.quarantine / ids[0] / "original" / "0001").is_file()
    assert any(isinstance(line.get("exc_info"), ZeroDivisionError) for line in logged)
    assert station.normaliser.is_idle


async def test_changed_bytes_are_never_sent(station):
    """A job whose original changed on the disk goes to quarantine, and says which file."""
    job_id = station.box.admit(contents=jpeg(size_px=SMALL))
    with (station.box.spool.jobs / job_id / "original" / "0001").open("r+b") as stored:
        stored.write(b"x")
    await station.work()
    assert station.job(job_id).state is State.QUARANTINE
    assert station.job(job_id).reason == "0001 is not what arrived (SHA-256 differs)"


async def test_a_message_that_is_there_is_kept(station, monkeypatch):
    """A job that has its message already is ready with exactly those bytes; nothing is converted again."""
    asked = failing_with(monkeypatch, AssertionError())
    job_id = station.box.admit()
    files.put_message(station.box.spool.jobs / job_id, [b"made before"])
    await station.work()
    assert (station.job(job_id).state, station.job(job_id).size_bytes) == (State.READY, len(b"made before"))
    assert (station.box.spool.jobs / job_id / files.MESSAGE).read_bytes() == b"made before"
    assert asked == []


def _killed_at_work(directory: Path) -> None:
    """Put into a job directory what a conversion leaves that is killed while it reads, reduces, splits and writes."""
    for folder in (files.PDF + ".reading", "work"):
        (directory / folder).mkdir()
        (directory / folder / "part-0001").write_bytes(b"old")
    for name in ("", ".part-reduced", ".part1"):
        (directory / f"{files.PDF}{name}").write_bytes(b"old")
    for name in (".message.eml.new", ".message-7.eml.new", "message-8.eml"):
        (directory / name).write_bytes(b"old")


async def test_leftovers_of_a_crash_are_no_hindrance(station):
    """What a conversion that was killed left behind is removed, and the job is made anew."""
    job_id = mailed(station.box, attached(("image/jpeg", "1.jpg", jpeg(size_px=SMALL))).as_bytes())
    directory = station.box.spool.jobs / job_id
    _killed_at_work(directory)
    await station.work()
    assert station.job(job_id).state is State.READY
    assert sorted(os.listdir(directory)) == ["envelope.json", "message.eml", "original"]


async def test_leftovers_of_a_crash_are_not_kept_for_a_person(station):
    """What is kept of a scan that fails is what arrived, whatever an earlier attempt has left."""
    job_id = station.box.admit(contents=b"no scan")
    _killed_at_work(station.box.spool.jobs / job_id)
    (station.box.spool.jobs / job_id / "original" / "0001").write_bytes(b"changed")
    await station.work()
    assert station.job(job_id).state is State.QUARANTINE
    assert sorted(os.listdir(station.box.spool.quarantine / job_id)) == ["envelope.json", "original"]


async def test_an_unknown_job_is_adopted_and_made(station):
    """A job that the journal could not take when it came is adopted and made as soon as there is time."""
    committed = station.box.commit(jpeg(size_px=SMALL))
    working = asyncio.create_task(station.normaliser.run())
    try:
        await until(lambda: station.told == ["ready"], 20, "the job made")
    finally:
        working.cancel()
    assert station.job(committed.id).state is State.READY


async def test_the_station_outlives_a_failing_journal(station, monkeypatch):
    """When the journal cannot be read the station says so and tries again; it does not end."""
    monkeypatch.setattr(runner, "_LOCAL_FAULT_S", 0.01)
    real, asked = Journal.due, [0]

    def due(*args: Any) -> list[Job]:
        asked[0] += 1
        if asked[0] <= 2:
            raise sqlite3.OperationalError("disk I/O error")
        return real(*args)

    monkeypatch.setattr(Journal, "due", due)
    job_id = station.box.admit(contents=jpeg(size_px=SMALL))
    with capture_logs() as logged:
        working = asyncio.create_task(station.normaliser.run())
        try:
            await until(lambda: station.told == ["ready"], 20, "the job made")
        finally:
            working.cancel()
    assert station.job(job_id).state is State.READY
    assert [line["event"] for line in logged].count("local-fault") == 2


async def test_work_is_begun_when_it_is_told_of(station):
    """An idle station begins as soon as it is told that a job was accepted."""
    working = asyncio.create_task(station.normaliser.run())
    try:
        await until(lambda: not station.normaliser.wake.is_set(), 5, "idle")
        station.box.admit(contents=jpeg(size_px=SMALL))
        station.normaliser.wake.set()
        await until(lambda: station.told == ["ready"], 20, "the job made")
    finally:
        working.cancel()
