"""Cases of section 6 about the folder: its start, its loss, its disk, and what the kernel has to give."""

import asyncio
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from smbprotocol.exceptions import SMBResponseException

from hotfolder.arrival import Fault, Hold, Recovered, Trouble
from hotfolder.errors import ShareError
from hotfolder.hints import Hints, Watched
from hotfolder.listing import Listing, list_folder
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, Watching, until
from tests.peers.disk import Disk
from tests.peers.samba import Samba

WHOLE = pdf()
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("moment", ["before the watch", "between watch and look", "within the look", "after the look"])
async def test_a_scan_around_the_start_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str):
    """Case 12: dropped before the watch begins, between watch and look, during the look or after it: it is taken."""
    watching = Watching(tmp_path, pace=BY_EVENTS_ALONE)
    real_ensure = Hints.ensure
    has_dropped: list[Path] = []

    def drop(now: str) -> None:
        if moment == now and not has_dropped:
            has_dropped.append(watching.drop("scan.pdf", WHOLE))

    def ensure(hints: Hints) -> Watched:
        drop("before the watch")
        watched = real_ensure(hints)
        drop("between watch and look")
        return watched

    def look(*arguments: object, **options: object) -> Listing:
        listing = list_folder(*arguments, **options)  # type: ignore[arg-type]
        drop("within the look")
        return listing

    monkeypatch.setattr(Hints, "ensure", ensure)
    monkeypatch.setattr("hotfolder.survey.list_folder", look)
    async with watching.running():
        await until(lambda: has_dropped or moment == "after the look")
        drop("after the look")
        await until(lambda: watching.taken == [WHOLE])


async def test_a_share_that_a_user_empties_is_an_empty_share(tmp_path: Path):
    """Case 14: whoever deletes what waits, also what is just looked at, gets no fault, and the next scan is taken."""
    watching = Watching(tmp_path)
    watching.drop("cut.pdf", WHOLE[:150])
    async with watching.running():
        await until(lambda: watching.held)
        for number in range(50):
            watching.drop(f"{number}.pdf", WHOLE)
        for path in watching.path.iterdir():
            path.unlink(missing_ok=True)
        watching.drop("next.pdf", WHOLE + b"\n")
        await until(lambda: WHOLE + b"\n" in watching.taken)
    assert watching.troubles == []


async def test_a_folder_removed_and_made_again_goes_on(tmp_path: Path):
    """Case 14: the watched folder is deleted and made again with a scan in it, which is taken; it is told."""
    watching = Watching(tmp_path)
    async with watching.running():
        watching.drop("1.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 1)
        shutil.rmtree(watching.path)
        watching.path.mkdir()
        watching.drop("2.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 2)
        await until(lambda: any(isinstance(trouble, Recovered) for trouble in watching.troubles))
        watching.drop("3.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 3)


def test_a_folder_gone_for_the_watch_alone_is_told_once(tmp_path: Path):
    """Case 14: gone when the watch asks and back when the look comes, no fault is told: then the watch says it."""
    folder = tmp_path / "share"
    folder.mkdir()
    hints = Hints(folder, lambda: None, time.monotonic, 60.0)
    try:
        assert hints.ensure() == Watched()
        folder.rmdir()
        assert hints.ensure() == Watched()
        folder.mkdir()
        assert "watched again" in hints.ensure().recovered
        assert hints.ensure() == Watched()
    finally:
        hints.stop()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk."""
    with Disk(tmp_path) as made:
        yield made


async def test_a_disk_that_turns_read_only_keeps_its_scans(disk: Disk):
    """Case 14: mounted again read-only nothing can be taken, which is told, and nothing is lost; then it is taken."""
    watching = Watching(disk.path)
    refused: list[ShareError] = []
    watching.refused = refused
    watching.drop("scan.pdf", WHOLE)
    disk.remount("ro")
    async with watching.running():
        await until(lambda: refused)
        assert refused[0].errno == errno.EROFS
        assert "read-only" in str(refused[0])
        assert (watching.path / "scan.pdf").read_bytes() == WHOLE
        disk.remount("rw")
        watching.move_clock(61)
        await until(lambda: watching.taken == [WHOLE])


async def test_a_full_disk_under_the_device_is_an_incomplete_scan(disk: Disk):
    """Case 17: the device is told that the disk is full; its part stays, is told, and its retry is the scan."""
    watching = Watching(disk.path)
    scan = pdf(page_bytes=3_000_000)
    with Samba(watching.path) as samba:
        filler = disk.fill(leave_bytes=1 << 20)
        async with watching.running():
            with await asyncio.to_thread(samba.client) as device:
                writer = await asyncio.to_thread(device.open, "scan.pdf", scan)
                with pytest.raises(SMBResponseException, match="STATUS_DISK_FULL"):
                    await asyncio.to_thread(writer.write)
                await asyncio.to_thread(writer.close)
                await until(lambda: watching.held)
                filler.unlink()
                again = await asyncio.to_thread(device.open, "scan.pdf", scan)
                await asyncio.to_thread(again.write)
                await asyncio.to_thread(again.close)
                await until(lambda: watching.taken == [scan])
    assert {held.hold for held in watching.held} == {Hold.INCOMPLETE}
    assert len(watching.arrivals) == 1


# The kernel's limits on inotify belong to a user namespace (inotify(7), user.max_inotify_instances).
WITHOUT_INOTIFY = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.hotfolder.watching import Watching, until
LIMIT = Path("/proc/sys/user/max_inotify_instances")
async def main():
    watching = Watching(Path(sys.argv[2]))
    LIMIT.write_text("0")
    async with watching.running():
        watching.drop("scan.pdf", Path(sys.argv[3]).read_bytes())
        await until(lambda: watching.taken)
        LIMIT.write_text("128")
        watching.move_clock(61)
        await until(lambda: len(watching.troubles) == 2)
    for trouble in watching.troubles:
        print(type(trouble).__name__, trouble.trouble.value, trouble.sentence)
asyncio.run(main())
"""


def test_exhausted_inotify_is_polling_and_a_warning(tmp_path: Path):
    """Case 15: with no inotify instance left scans are found by looking, it is told, and ends by itself."""
    (tmp_path / "local").write_bytes(WHOLE)
    argv = ["unshare", "--user", "--map-root-user", sys.executable, "-c", WITHOUT_INOTIFY]
    done = subprocess.run(
        [*argv, str(ROOT), str(tmp_path), str(tmp_path / "local")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    fault, recovered = done.stdout.splitlines()
    assert fault.startswith(f"{Fault.__name__} {Trouble.EVENTS.value} no events, scans are seen some seconds later")
    assert "max_user_instances" in fault
    assert recovered.startswith(f"{Recovered.__name__} {Trouble.EVENTS.value} it is over")


# Takes what comes until there are so many, and then says what it was told of the share.
TAKING = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.hotfolder.watching import Watching, until
async def main():
    watching = Watching(Path(sys.argv[2]))
    async with watching.running():
        await until(lambda: watching.taken)
        print("ready", flush=True)
        while len(watching.taken) < int(sys.argv[3]) or not watching.troubles:
            await asyncio.sleep(0.05)  # without a deadline: this process is stopped meanwhile
    for trouble in watching.troubles:
        print(type(trouble).__name__, trouble.sentence)
asyncio.run(main())
"""


def test_lost_events_are_told_and_lose_no_scan(tmp_path: Path):
    """Case 13: when more happens than the kernel's queue holds, that is told, and looking finds every scan."""
    share = tmp_path / "share"
    share.mkdir()
    (share / "first.pdf").write_bytes(WHOLE)
    argv = [sys.executable, "-c", TAKING, str(ROOT), str(tmp_path), "21"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "ready\n"
            watcher.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, watcher.pid, os.WSTOPPED | os.WNOWAIT)
            limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text(encoding="ascii"))
            for number in range(limit + 1000):
                (share / f".{number % 2}").write_bytes(b"")  # an event each, and never the same twice running
            for number in range(20):
                (share / f"{number}.pdf").write_bytes(pdf(300 + number))
            watcher.send_signal(signal.SIGCONT)
            told = watcher.stdout.read().splitlines()
            assert watcher.wait(60) == 0
        finally:
            watcher.kill()
    assert [line.partition(" ")[0] for line in told] == [Recovered.__name__]
    assert "events were lost; the folder was looked at instead" in told[0]
