import asyncio
import errno
import random
import shutil
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver

from hotfolder import hints
from hotfolder.arrival import Hold
from hotfolder.hints import Hints
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, RULE, Watching, until

ALICE = "alice@contoso.com"


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator[Watching]:
    """A share with sub-folders whose events are all it has: looks alone would come an hour later."""
    watching = Watching(tmp_path, pace=BY_EVENTS_ALONE)
    watching.with_folders = True
    yield watching
    assert [thread for thread in threading.enumerate() if "inotify" in type(thread).__name__.lower()] == []


def emitters() -> list[InotifyEmitter]:
    """The watches that are alive."""
    return [thread for thread in threading.enumerate() if isinstance(thread, InotifyEmitter) and thread.is_alive()]


def offered(watching: Watching) -> list[tuple[str, str]]:
    """Folder and name of what was offered."""
    return [(arrival.folder, arrival.files[0].path.name) for arrival in watching.arrivals]


async def test_what_lies_in_a_folder_arrives_with_its_name(watching: Watching):
    """A scan dropped into a sub-folder before the start says where it lay; one at the top level lay in none."""
    (watching.path / ALICE).mkdir()
    watching.drop(f"{ALICE}/scan.pdf", pdf())
    watching.drop("scan.pdf", pdf(300))
    async with watching.running():
        await until(lambda: len(watching.taken) == 2)
    assert sorted(offered(watching)) == [("", "scan.pdf"), (ALICE, "scan.pdf")]
    assert list((watching.path / ALICE).iterdir()) == []


async def test_events_in_a_folder_made_later_wake_the_watcher(watching: Watching):
    """A folder made while the service runs is watched: what comes into it is seen at once, the hundredth file too."""
    async with watching.running():
        await until(lambda: len(emitters()) == 1)
        (watching.path / ALICE).mkdir()
        watching.drop(f"{ALICE}/1.pdf", pdf())
        await until(lambda: len(watching.taken) == 1)
        await until(lambda: len(emitters()) == 2)
        watching.drop(f"{ALICE}/2.pdf", pdf(300))
        await until(lambda: len(watching.taken) == 2)


async def test_a_folder_made_and_filled_at_once_loses_nothing(watching: Watching):
    """Case 16: what comes between the making of a folder and its watch is found by the look after it."""
    async with watching.running():
        await until(emitters)
        for number in range(30):
            (watching.path / f"p{number}").mkdir()
            watching.drop(f"p{number}/scan.pdf", pdf(100 + number))
        await until(lambda: len(watching.taken) == 30)
    assert set(watching.taken) == {pdf(100 + number) for number in range(30)}


async def test_a_folder_moved_in_with_its_scan_arrives(watching: Watching, tmp_path: Path):
    """A whole folder that is moved into the share is seen with what is in it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "scan.pdf").write_bytes(pdf())
    async with watching.running():
        await until(emitters)
        (tmp_path / "outside").rename(watching.path / ALICE)
        await until(lambda: watching.taken == [pdf()])
    assert offered(watching) == [(ALICE, "scan.pdf")]


async def test_a_folder_renamed_while_its_scan_waits_arrives_under_its_new_name(watching: Watching):
    """The name a folder has at the end is the one that counts, after a quiet window of its own."""
    (watching.path / "bob").mkdir()
    watching.drop("bob/scan.pdf", pdf())
    async with watching.running():
        await asyncio.sleep(RULE.quiet_s / 2)
        (watching.path / "bob").rename(watching.path / ALICE)
        await until(lambda: watching.taken == [pdf()])
    assert offered(watching)[-1] == (ALICE, "scan.pdf")


async def test_an_event_in_a_folder_is_of_its_own_file(watching: Watching):
    """What is done to a file of one name in one folder holds up no file of that name in another."""
    seen = Hints(watching.path, lambda: None, time.monotonic, 60.0)
    (watching.path / ALICE).mkdir()
    try:
        seen.ensure()
        seen.follow({ALICE: (watching.path / ALICE).stat().st_ino})
        watching.drop(f"{ALICE}/scan.pdf", b"")
        watching.drop("top.pdf", b"")
        events: dict[str, float] = {}

        def both() -> bool:
            events.update(seen.drain())
            return set(events) == {f"{ALICE}/scan.pdf", "top.pdf"}

        await until(both)
    finally:
        seen.stop()


async def test_a_removed_folder_is_no_trouble(watching: Watching):
    """Folders come and go: their watches go with them, nothing is told, and one made again is watched again."""
    async with watching.running():
        await until(emitters)
        for number in range(3):
            (watching.path / ALICE).mkdir()
            watching.drop(f"{ALICE}/scan.pdf", pdf(100 + number))
            await until(lambda number=number: len(watching.taken) == number + 1)  # type: ignore[misc]
            shutil.rmtree(watching.path / ALICE)
            await until(lambda: len(emitters()) == 1)
    assert watching.troubles == []


async def test_a_folder_too_deep_is_told(watching: Watching):
    """What lies deeper than one folder is not taken, and is told once."""
    (watching.path / ALICE / "2026").mkdir(parents=True)
    watching.drop(f"{ALICE}/2026/scan.pdf", pdf())
    async with watching.running():
        await until(lambda: watching.held)
    assert [(held.hold, held.name, held.folder) for held in watching.held] == [(Hold.STRANGE, f"{ALICE}/2026", ALICE)]
    assert watching.arrivals == []


async def test_beyond_the_limit_looking_is_enough(watching: Watching, monkeypatch: pytest.MonkeyPatch):
    """Folders beyond those that are watched, or that the kernel refuses to watch, are found by looks."""
    monkeypatch.setattr(hints, "_FOLDERS", 2)
    real = InotifyObserver.schedule

    def schedule(self: InotifyObserver, handler: Hints, path: str, **options: object) -> object:
        if path.endswith("p0"):
            raise OSError(errno.EACCES, "refused")
        return real(self, handler, path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(InotifyObserver, "schedule", schedule)
    for number in range(5):
        (watching.path / f"p{number}").mkdir()
        watching.drop(f"p{number}/scan.pdf", pdf(100 + number))
    async with watching.running():
        await until(lambda: len(watching.taken) == 5)
        assert len(emitters()) == 3


async def test_a_kernel_without_watches_is_asked_again_later(watching: Watching, monkeypatch: pytest.MonkeyPatch):
    """When the kernel has no more watches to give, looks go on, and it is asked again a minute later."""
    asked: list[str] = []
    real = InotifyObserver.schedule

    def schedule(self: InotifyObserver, handler: Hints, path: str, **options: object) -> object:
        if path.endswith(ALICE):
            asked.append(path)
            if len(asked) == 1:
                raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return real(self, handler, path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(InotifyObserver, "schedule", schedule)
    (watching.path / ALICE).mkdir()
    watching.drop(f"{ALICE}/scan.pdf", pdf())
    async with watching.running():
        await until(lambda: watching.taken)
        assert len(asked) == 1
        watching.move_clock(60)
        await until(lambda: len(emitters()) == 2)


def test_watches_survive_folders_in_motion(tmp_path: Path):
    """Whatever is made, moved, swapped and removed below a share, its watch lives on and still hears of new files."""
    chance = random.Random(4)
    seen = Hints(tmp_path, lambda: None, time.monotonic, 60.0)
    names = [f"d{number}" for number in range(5)]
    try:
        seen.ensure()
        for turn in range(3000):
            one, two = (tmp_path / chance.choice(names) for _ in range(2))
            with suppress(OSError):
                match chance.randrange(5):
                    case 0:
                        one.mkdir()
                    case 1:
                        one.rename(two)
                    case 2:
                        shutil.rmtree(one)
                    case 3:
                        (one / "deep").mkdir()
                    case _:
                        (one / "scan.pdf").write_bytes(b"x")
            if turn % 10 == 0:
                seen.follow({path.name: path.stat().st_ino for path in tmp_path.iterdir() if path.is_dir()})
        shutil.rmtree(tmp_path / "d0", ignore_errors=True)
        (tmp_path / "d0").mkdir()
        seen.follow({"d0": (tmp_path / "d0").stat().st_ino})
        assert seen.ensure().recovered == ""
        seen.drain()
        (tmp_path / "d0" / "last.pdf").write_bytes(b"x")
        late = time.monotonic() + 20
        while "d0/last.pdf" not in seen.drain():
            assert time.monotonic() < late
    finally:
        seen.stop()
