"""Scans that went without a sidecar are remembered over a restart."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.arrive import lone
from gateway.arrive.folder import FolderDoor
from gateway.spool import files
from gateway.spool.alone import Alone
from gateway.spool.envelope import Envelope
from hotfolder.shelf_life import EARLIEST_S
from tests.gateway.spool.given import Box, config, opened
from tests.hotfolder.samples import pdf

ALICE, BOB = pdf(100), pdf(101)
TO_ALICE = b"To: alice@contoso.com\n"
WAYS: dict[str, Any] = {"sidecars": True, "recipients": ["contoso.com"], "to": ["office@contoso.com"]}
QUICK: dict[str, Any] = {"quiet": 0.1, "sidecar_timeout": 1.0}


@contextmanager
def started(root: Path) -> Iterator[Box]:
    """A start of the service."""
    share = {"name": "scans", "path": root / "share", **WAYS}
    with opened(config(root, share=[share])) as box:
        box.recover()
        yield box


async def run(box: Box) -> None:
    """Take what there is."""
    door = FolderDoor(box.intake, replace(box.config.share[0], **QUICK))
    async with asyncio.timeout(30):
        await door.run(until_empty=True)


def job_of(box: Box, scan: bytes) -> Envelope:
    """The one job of this scan."""
    envelopes = [files.read_envelope(box.spool.jobs / job.id) for job in box.journal.jobs()]
    (found,) = [one for one in envelopes if one.originals[0].sha256 == sha256(scan).hexdigest()]
    return found


@pytest.mark.parametrize("order", [("scan.txt", "scan.pdf"), ("scan.pdf", "scan.txt")])
async def test_a_sidecar_too_late_addresses_no_other_scan_after_a_restart(tmp_path: Path, order: tuple[str, str]):
    """Alice's scan went alone; after a restart comes her sidecar, and Bob's scan of the same name: it is not hers."""
    share = tmp_path / "share"
    with started(tmp_path) as box:
        (share / "scan.pdf").write_bytes(ALICE)
        await run(box)
        assert job_of(box, ALICE).recipients == ("office@contoso.com",)
    with started(tmp_path) as box:
        for name in order:
            (share / name).write_bytes(TO_ALICE if name == "scan.txt" else BOB)
        await run(box)
        bobs = job_of(box, BOB)
    assert [original.name for original in bobs.originals] == ["scan.pdf", "scan.txt"]
    assert "an earlier scan of its name went without one" in bobs.rejected
    assert list(share.glob("scan*")) == []


async def test_a_scan_with_its_sidecar_is_not_doubted_after_a_restart(tmp_path: Path):
    """A device that always sends a sidecar, and uses its names again, is served as before."""
    for scan in (ALICE, BOB):
        with started(tmp_path) as box:
            (tmp_path / "share" / "scan.pdf").write_bytes(scan)
            (tmp_path / "share" / "scan.txt").write_bytes(TO_ALICE)
            await run(box)
            job = job_of(box, scan)
            assert (job.rejected, job.recipients) == ("", ("alice@contoso.com",))


async def test_it_is_noted_before_the_scan_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever is cut short after that, the next start knows of the scan; without its note nothing is taken."""
    monkeypatch.setattr(files, "commit", _full)
    with started(tmp_path) as box:
        (tmp_path / "share" / "scan.pdf").write_bytes(ALICE)
        door = FolderDoor(box.intake, replace(box.config.share[0], **QUICK))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await door.run(until_empty=True)
        assert set(lone.remembered(box.journal, door.share)) == {"scan.pdf"}


async def test_what_the_journal_cannot_note_stays_in_the_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A scan whose going alone cannot be noted is left, and told; nothing of it is lost."""
    monkeypatch.setattr(Alone, "note", _broken)
    with started(tmp_path) as box:
        (tmp_path / "share" / "scan.pdf").write_bytes(ALICE)
        door = FolderDoor(box.intake, replace(box.config.share[0], **QUICK))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await door.run(until_empty=True)
        assert files.listing(box.spool.jobs) == ()
    assert "disk I/O error" in door.left[0]
    assert (tmp_path / "share" / "scan.pdf").read_bytes() == ALICE


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def _broken(*_: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


def test_a_share_without_sidecars_notes_nothing(tmp_path: Path):
    """Where nothing is a sidecar there is nothing to remember, and no write for each scan."""
    with opened(config(tmp_path)) as box:
        assert lone.remembered(box.journal, box.config.share[0]) == {}


NOW = EARLIEST_S + 1e6


def test_the_journal_tells_how_long_ago(tmp_path: Path):
    """By key, whatever its bytes, for each share; a time of the future, from a clock that was wrong, counts as now."""
    name, later = "a/caf\udce9\n.pdf", NOW + 90_000
    with opened(config(tmp_path)) as box:
        alone = Alone(box.journal.database)
        alone.note("scans", [name], NOW - 1000, 0.0)
        alone.note("scans", ["b.pdf"], later, 0.0)
        alone.note("other", ["c.pdf"], NOW - 1000, 0.0)
        assert alone.times("scans", NOW) == {name: NOW - 1000, "b.pdf": NOW}
        assert alone.times("scans", NOW + 3000) == {name: NOW - 1000, "b.pdf": NOW}
        alone.note("scans", ["d.pdf"], NOW + 3000, NOW - 500)
        assert alone.times("scans", NOW + 3000) == {"b.pdf": NOW, "d.pdf": NOW + 3000}
        assert alone.times("other", NOW + 3000) == {"c.pdf": NOW - 1000}


@pytest.mark.parametrize("lagging", [5.0, NOW - 3600])
def test_a_clock_that_lags_at_a_start_makes_nothing_older(tmp_path: Path, lagging: float):
    """A box without a battery clock starts at 1970, or an hour ago, and again once it is set: the note is as it was."""
    with opened(config(tmp_path)) as box:
        alone = Alone(box.journal.database)
        alone.note("scans", ["scan.pdf"], NOW, 0.0)
        assert alone.times("scans", lagging) == {"scan.pdf": lagging}
        assert alone.times("scans", NOW + 60) == {"scan.pdf": NOW}


def test_what_was_noted_before_the_clock_was_set_is_as_young_as_it_can_be(tmp_path: Path):
    """Noted at 1970: nobody knows when that was, so it counts as now, once; the next note does not sweep it away."""
    with opened(config(tmp_path)) as box:
        alone = Alone(box.journal.database)
        alone.note("scans", ["scan.pdf"], 5.0, 0.0)
        alone.note("scans", ["b.pdf"], NOW, NOW - 500)
        assert alone.times("scans", NOW) == {"scan.pdf": NOW, "b.pdf": NOW}
        assert alone.times("scans", NOW + 60) == {"scan.pdf": NOW, "b.pdf": NOW}
