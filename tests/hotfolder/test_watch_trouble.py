import asyncio
import errno
import itertools
import shutil
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyEmitter

from hotfolder import hints
from hotfolder.arrival import Fault, Hold, Recovered, Trouble
from hotfolder.survey import take_survey
from tests.hotfolder.failing import fail_stat
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, PACE, Watching, until

WHOLE = pdf()
CUT = WHOLE[:150]


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator[Watching]:
    """A share whose events are all it has: looks alone would come an hour later."""
    yield Watching(tmp_path, pace=BY_EVENTS_ALONE)
    assert [thread for thread in threading.enumerate() if "inotify" in type(thread).__name__.lower()] == []


async def test_a_removed_folder_is_a_fault_until_it_is_back(tmp_path: Path):
    """Case 14: the loss of the folder is told, its return too, and the scans in the new one arrive."""
    watching = Watching(tmp_path)
    async with watching.running():
        watching.drop("1.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 1)
        shutil.rmtree(watching.path)
        await until(lambda: watching.troubles)
        watching.path.mkdir()
        watching.drop("2.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 2)
    assert [(type(trouble), trouble.trouble) for trouble in watching.troubles] == [
        (Fault, Trouble.FOLDER),
        (Recovered, Trouble.FOLDER),
    ]


async def test_a_replaced_folder_is_watched_again(tmp_path: Path):
    """When another folder takes the place of the share, events come from the new one, and that is told."""
    watching = Watching(tmp_path)
    async with watching.running():
        watching.drop("1.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 1)
        (tmp_path / "new").mkdir()
        watching.path.rename(tmp_path / "old")
        (tmp_path / "new").rename(watching.path)
        await until(lambda: any(isinstance(trouble, Recovered) for trouble in watching.troubles))
        watching.pace = BY_EVENTS_ALONE
        watching.drop("2.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 2)


async def test_a_dead_emitter_is_replaced(tmp_path: Path):
    """When watchdog's thread dies while its observer lives on, the watch begins again."""
    watching = Watching(tmp_path)
    async with watching.running():
        await until(lambda: any(isinstance(thread, InotifyEmitter) for thread in threading.enumerate()))
        first = next(thread for thread in threading.enumerate() if isinstance(thread, InotifyEmitter))
        first.stop()
        await until(lambda: watching.troubles)
        assert any(isinstance(thread, InotifyEmitter) and thread is not first for thread in threading.enumerate())
    assert [(type(trouble), trouble.trouble) for trouble in watching.troubles] == [(Recovered, Trouble.EVENTS)]


@pytest.mark.parametrize("at", ["making the observer", "starting it"])
async def test_without_inotify_looking_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str):
    """Case 15: when the kernel has no inotify to give, it is told, scans arrive, and events return by themselves."""

    def refuse(*_: object) -> None:
        number = errno.EMFILE if at == "making the observer" else errno.ENOSPC
        raise OSError(number, "inotify limit reached")

    watching = Watching(tmp_path)
    with monkeypatch.context() as patched:
        if at == "making the observer":
            patched.setattr(hints, "InotifyObserver", refuse)
        else:
            patched.setattr(InotifyEmitter, "on_thread_start", refuse)
        task = asyncio.create_task(watching.follow())
        watching.drop("scan.pdf", WHOLE)
        await until(lambda: watching.taken == [WHOLE])
    watching.move_clock(PACE.retry_s)
    await until(lambda: len(watching.troubles) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [(type(trouble), trouble.trouble) for trouble in watching.troubles] == [
        (Fault, Trouble.EVENTS),
        (Recovered, Trouble.EVENTS),
    ]
    assert "max_user_instances" in watching.troubles[0].sentence


async def test_a_scan_nobody_takes_is_offered_ever_more_slowly(watching: Watching):
    """A consumer that cannot take a scan is not asked in a tight loop, and the operator is told."""
    watching.is_taking = False
    watching.drop("scan.pdf", WHOLE)
    async with watching.running():
        await until(lambda: len(watching.arrivals) == 3)
        await until(lambda: watching.held)
        assert len(watching.arrivals) == 3
        watching.is_taking = True
        watching.move_clock(60)
        await until(lambda: watching.taken == [WHOLE])
    assert [held.hold for held in watching.held] == [Hold.LEFT]


async def test_a_storm_of_events_does_not_keep_the_box_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many events come, looks keep their distance; and without events there are none before their time."""
    looks: list[float] = []
    survey = take_survey

    def counted(*arguments: object, **options: object) -> object:
        looks.append(time.monotonic())
        return survey(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("hotfolder.watch.take_survey", counted)
    watching = Watching(tmp_path, pace=replace(BY_EVENTS_ALONE, gap_s=0.1))
    async with watching.running():
        await until(lambda: looks)
        for number in range(300):
            watching.drop(".dropping", b"%d" % number)
            await asyncio.sleep(0.001)
        stormy = len(looks)
        assert all(later - earlier >= 0.1 for earlier, later in itertools.pairwise(looks))
        await asyncio.sleep(0.3)
        assert len(looks) <= stormy + 1


async def test_a_file_that_cannot_be_looked_at_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file whose stat fails is named once and left; all others are taken, and so is it once it can be seen."""
    watching = Watching(tmp_path)
    for name in ("a.pdf", "bad.pdf", "c.pdf"):
        watching.drop(name, WHOLE)
    failing = {"bad.pdf": errno.EIO}
    fail_stat(monkeypatch, failing)
    async with watching.running():
        await until(lambda: len(watching.taken) == 2)
        for _ in range(5):
            watching.wake.set()
            await until(lambda: not watching.wake.is_set())
        assert [(held.hold, held.name) for held in watching.held] == [(Hold.STRANGE, "bad.pdf")]
        assert watching.held[0].reason.startswith("it cannot be looked at: ")
        assert watching.troubles == []
        failing.clear()
        await until(lambda: len(watching.taken) == 3)
