import asyncio
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyEmitter

from hotfolder import hints, watch
from hotfolder.arrival import Arrival, Hold, Standing
from hotfolder.claim import Taken, take
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, RULE, Watching, until

WHOLE = pdf()
CUT = WHOLE[:150]


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator[Watching]:
    """A share whose events are all it has: looks alone would come an hour later."""
    yield Watching(tmp_path, pace=BY_EVENTS_ALONE)
    assert [thread for thread in threading.enumerate() if "inotify" in type(thread).__name__.lower()] == []


@pytest.fixture
async def looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watching:
    """A share whose events are all lost, as after a queue overflow."""
    monkeypatch.setattr(hints.Hints, "on_any_event", lambda _self, _event: None)
    return Watching(tmp_path)


async def test_scans_from_before_the_start_arrive(watching: Watching):
    """Case 12: what was dropped while the service was down is found at once."""
    watching.drop("scan.pdf", WHOLE)
    async with watching.running():
        await until(lambda: watching.taken == [WHOLE])
    assert [arrival.rejected for arrival in watching.arrivals] == [""]


async def test_a_dropped_scan_wakes_the_watcher(watching: Watching):
    """Events bring a scan in without waiting for the next look."""
    async with watching.running():
        await until(
            lambda: any(isinstance(thread, InotifyEmitter) and thread.is_alive() for thread in threading.enumerate())
        )
        watching.drop("scan.pdf", WHOLE)
        await until(lambda: watching.taken == [WHOLE])


async def test_a_scan_without_any_event_arrives(looking: Watching):
    """Looking alone finds everything."""
    async with looking.running():
        looking.drop("scan.pdf", WHOLE)
        await until(lambda: looking.taken == [WHOLE])


async def test_a_temporary_name_arrives_once_it_has_its_own(watching: Watching):
    """What a client writes under a temporary name and renames is one scan, whole."""
    async with watching.running():
        temporary = watching.drop("~scan.tmp", WHOLE)
        temporary.rename(watching.path / "scan.pdf")
        await until(lambda: watching.taken == [WHOLE])
    assert len(watching.arrivals) == 1


WRITER = """
import sys, time
content = sys.stdin.buffer.read()
with open(sys.argv[1], "wb", buffering=0) as out:
    for at in range(0, len(content), 1 + len(content) // 8):
        out.write(content[at : at + 1 + len(content) // 8])
        time.sleep(float(sys.argv[2]))
"""


async def test_a_slow_writer_in_another_process_is_waited_for(watching: Watching):
    """A device that pauses longer than the quiet window while it holds the file open is taken once, whole."""
    async with watching.running():
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(watching.path / "scan.pdf"), "0.2", stdin=subprocess.PIPE
        )
        await writer.communicate(WHOLE)
        assert watching.taken == []
        await until(lambda: watching.taken == [WHOLE])
    assert len(watching.arrivals) == 1


async def test_pages_appended_within_the_quiet_window_are_one_scan(watching: Watching):
    """A device that closes a valid file after each page is taken after its last one."""
    pages = [pdf(), pdf(300), pdf(500)]
    async with watching.running():
        for number in range(3):
            with (watching.path / "scan.pdf").open("ab") as out:
                out.write(pages[number])
            await asyncio.sleep(RULE.quiet_s / 3)
        await until(lambda: watching.taken)
    assert watching.taken == [b"".join(pages)]


async def test_a_killed_client_is_told_and_then_rejected(watching: Watching):
    """A scan cut short is told at once, waits its ten minutes, and arrives with the sentence for its sender."""
    watching.drop("scan.pdf", CUT)
    async with watching.running():
        await until(lambda: watching.held)
        assert watching.taken == []
        watching.move_clock(601)
        await until(lambda: watching.taken == [CUT])
    assert [(held.hold, held.path) for held in watching.held] == [(Hold.INCOMPLETE, watching.path / "scan.pdf")]
    assert watching.held[0].sentence == "still incomplete: scan.pdf: the PDF has no end mark (%%EOF)"
    assert [arrival.rejected for arrival in watching.arrivals] == [
        "The file is cut short: the PDF has no end mark (%%EOF). Please scan again."
    ]


async def test_a_retry_under_the_same_name_is_one_scan(watching: Watching):
    """A panel that was cut off and sends again gives one mail, with the second file in it."""
    watching.drop("scan.pdf", CUT)
    async with watching.running():
        await until(lambda: watching.held)
        watching.drop("scan.pdf", WHOLE)
        await until(lambda: watching.taken == [WHOLE])
        watching.move_clock(601)
        await until(lambda: not watching.wake.is_set())
    assert len(watching.arrivals) == 1


async def test_a_device_that_never_closes_is_served_once(watching: Watching):
    """Case 7: a whole file held open is taken after two minutes without a change, not before, and only once."""
    with (watching.path / "scan.pdf").open("wb", buffering=0) as out:
        out.write(WHOLE)
        async with watching.running():
            await asyncio.sleep(3 * RULE.quiet_s)
            assert watching.arrivals == []
            watching.move_clock(120)
            await until(lambda: watching.taken == [WHOLE])
    assert [arrival.files[0].is_held_open for arrival in watching.arrivals] == [True]


async def test_an_empty_probe_is_nothing_until_it_is_filled(watching: Watching):
    """A zero-byte file is left alone, and becomes a scan when the device fills it minutes later."""
    watching.drop("scan.pdf", b"")
    async with watching.running():
        watching.move_clock(240)
        await until(lambda: not watching.wake.is_set())
        assert watching.reports == []
        watching.drop("scan.pdf", WHOLE)
        await until(lambda: watching.taken == [WHOLE])


async def test_one_name_used_twenty_times_is_twenty_scans(tmp_path: Path):
    """A device that always writes SCN_0001.pdf because the folder is empty again loses nothing."""
    watching = Watching(tmp_path)
    scans = [pdf(100 + number) for number in range(20)]
    async with watching.running():
        for number, scan in enumerate(scans, start=1):
            watching.drop("SCN_0001.pdf", scan)
            await until(partial(_has_taken, watching, number))
    assert watching.taken == scans


def _has_taken(watching: Watching, number: int) -> bool:
    return len(watching.taken) == number


async def test_many_scans_at_once_all_arrive_once(watching: Watching):
    """A burst of files is delivered whole and without doubles, more than one look can test."""
    scans = {pdf(100 + number) for number in range(1200)}
    for number, scan in enumerate(scans):
        watching.drop(f"{number}.pdf", scan)
    async with watching.running():
        await until(lambda: len(watching.taken) >= len(scans))
    assert len(watching.taken) == len(scans)
    assert set(watching.taken) == scans


async def test_a_link_is_told_and_never_followed(watching: Watching, tmp_path: Path):
    """A symbolic link in a share is reported; its target is neither read nor moved."""
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(WHOLE)
    (watching.path / "scan.pdf").symlink_to(secret)
    async with watching.running():
        await until(lambda: watching.held)
    assert [held.hold for held in watching.held] == [Hold.STRANGE]
    assert watching.arrivals == []


async def test_the_defaults_come_from_the_share(tmp_path: Path):
    """Without a rule of its own the watcher waits as long as the share says."""
    watching = Watching(tmp_path)
    share = replace(watching.share, quiet=0.1, incomplete_timeout=1.0)
    watching.drop("scan.pdf", WHOLE)
    async for report in watch.arrivals(share, until_empty=True):
        assert isinstance(report, Arrival)
        assert isinstance(take(report.files[0], watching.claims / "0001"), Taken)
    assert (watching.claims / "0001").read_bytes() == WHOLE


async def test_what_stands_there_is_told_as_a_whole(tmp_path: Path):
    """Each change of what is held is followed by all that is held then: a link, another one, and in the end nothing."""
    watching = Watching(tmp_path)
    link, other = watching.path / "link.pdf", watching.path / "other.pdf"

    def held() -> list[list[str]]:
        return [[one.path.name for one in r.held] for r in watching.reports if isinstance(r, Standing)]

    async with watching.running():
        link.symlink_to(tmp_path / "elsewhere")
        await until(lambda: held() == [["link.pdf"]])
        other.symlink_to(tmp_path / "elsewhere")
        await until(lambda: held() == [["link.pdf"], ["link.pdf", "other.pdf"]])
        shutil.rmtree(watching.path)
        await until(lambda: any(isinstance(r, Standing) and r.faults for r in watching.reports))
        watching.path.mkdir()
        await until(lambda: held()[-1] == [])
    assert [report.path.name for report in watching.held] == ["link.pdf", "other.pdf"]
