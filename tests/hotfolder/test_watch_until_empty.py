import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hotfolder.arrival import Hold, Trouble
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, Watching, until

WHOLE = pdf()
CUT = WHOLE[:150]


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator[Watching]:
    """A share whose events are all it has: looks alone would come an hour later."""
    yield Watching(tmp_path, pace=BY_EVENTS_ALONE)
    assert [thread for thread in threading.enumerate() if "inotify" in type(thread).__name__.lower()] == []


async def test_a_run_until_empty_ends_with_the_folder_empty(watching: Watching):
    """A single run takes what is there, also what is still being written when it starts, and ends."""
    watching.drop("1.pdf", WHOLE)
    with (watching.path / "2.pdf").open("wb", buffering=0) as out:
        out.write(WHOLE[:100])
        task = asyncio.create_task(watching.follow(until_empty=True))
        await until(lambda: len(watching.taken) == 1)
        assert not task.done()
        out.write(WHOLE[100:])
    async with asyncio.timeout(20):
        await task
    assert watching.taken == [WHOLE, WHOLE]


@pytest.mark.parametrize("name", [None, "empty.pdf", "Thumbs.db"])
async def test_a_run_until_empty_ends_at_once_when_nothing_is_there(watching: Watching, name: str | None):
    """Neither an empty folder nor an empty file nor a dropping keeps a single run waiting."""
    if name is not None:
        watching.drop(name, b"" if name == "empty.pdf" else b"x")
    async with asyncio.timeout(20):
        await watching.follow(until_empty=True)
    assert watching.reports == []


async def test_a_run_until_empty_names_what_is_incomplete(watching: Watching):
    """A scan cut short does not keep a single run waiting; it is named, and stays."""
    watching.drop("cut.pdf", CUT)
    watching.drop("whole.pdf", WHOLE)
    async with asyncio.timeout(20):
        await watching.follow(until_empty=True)
    assert watching.taken == [WHOLE]
    assert [held.sentence for held in watching.held] == ["still incomplete: cut.pdf: the PDF has no end mark (%%EOF)"]
    assert (watching.path / "cut.pdf").read_bytes() == CUT


async def test_a_run_until_empty_ends_when_nothing_can_be_taken(watching: Watching):
    """A single run whose spool is full says what it left, and ends."""
    watching.is_taking = False
    watching.drop("scan.pdf", WHOLE)
    async with asyncio.timeout(20):
        await watching.follow(until_empty=True)
    assert [held.hold for held in watching.held] == [Hold.LEFT]


async def test_a_run_until_empty_without_its_folder_says_so(watching: Watching):
    """A folder that is not there is a fault, and the single run is over."""
    watching.path.rmdir()
    async with asyncio.timeout(20):
        await watching.follow(until_empty=True)
    assert [trouble.trouble for trouble in watching.troubles] == [Trouble.FOLDER]
