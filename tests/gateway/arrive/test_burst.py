"""A burst that overflows the kernel's queue of events, from the share to committed jobs."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.arrive.folder import FolderDoor
from gateway.spool import files
from gateway.spool.job import State
from tests.gateway.spool.given import OFFICE, Box, config, opened
from tests.hotfolder.samples import pdf

SCANS = 20_000


@pytest.fixture
def in_memory() -> Iterator[Box]:
    """A box whose share and state lie in memory, where a flush costs nothing."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    share = [{"name": "scans", "path": folder / "share", "to": [OFFICE], "quiet": "500ms"}]
    with opened(config(folder, share=share)) as box:
        yield box
    shutil.rmtree(folder)


async def test_twenty_thousand_scans_at_once_are_twenty_thousand_jobs(in_memory: Box):
    """Case 13: 20,000 files in a burst, more than the queue of events holds, are each one job with its own bytes."""
    share = in_memory.config.share[0]
    whole = pdf()

    def burst() -> None:
        for number in range(SCANS):
            (share.path / f"{number:05d}.pdf").write_bytes(b"%d\n" % number + whole)

    door = FolderDoor(in_memory.intake, share)
    running = asyncio.create_task(door.run())
    await asyncio.to_thread(burst)
    while len(files.listing(in_memory.spool.jobs)) < SCANS or any(share.path.iterdir()):
        assert not running.done()
        await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.wait({running})
    assert door.left == []
    jobs = files.listing(in_memory.spool.jobs)
    assert in_memory.journal.counts()[State.ACCEPTED] == SCANS
    found = set()
    for job in jobs:
        (stored,) = (in_memory.spool.jobs / job / files.ORIGINAL).iterdir()
        found.add(sha256(stored.read_bytes()).digest())
    assert found == {sha256(b"%d\n" % number + whole).digest() for number in range(SCANS)}
