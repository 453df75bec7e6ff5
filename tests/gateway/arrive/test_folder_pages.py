import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from conf.model import Share
from gateway.arrive.folder import FolderDoor
from gateway.spool import files
from gateway.spool.envelope import Envelope
from hotfolder import claim
from hotfolder.arrival import ArrivedFile, Emptied
from tests.gateway.arrive.sharing import drop, in_share
from tests.gateway.spool.given import Box
from tests.hotfolder.samples import pdf

PAGES = {f"Doc_{number:04d}.pdf": pdf(100 + number) for number in range(1, 7)}
FIRST, LAST = "Doc_0001.pdf", "Doc_0006.pdf"


def batching(box: Box, batch: Literal["sequence", "folder"]) -> FolderDoor:
    """The door of the box's share, which puts pages together and does not wait long."""
    share: Share = replace(box.config.share[0], batch=batch, page_gap=0.4, quiet=0.1)
    return FolderDoor(box.intake, share)


async def run(door: FolderDoor) -> None:
    """Take what there is."""
    async with asyncio.timeout(30):
        await door.run(until_empty=True)


def jobs(box: Box) -> list[Envelope]:
    """The envelopes of what is owed, oldest first."""
    return [files.read_envelope(box.spool.jobs / job_id) for job_id in files.listing(box.spool.jobs)]


def names(envelope: Envelope) -> list[str]:
    """The names of a job's files, in page order."""
    return [original.name for original in envelope.originals]


def contents(box: Box, envelope: Envelope) -> list[bytes]:
    """What they hold."""
    directory = box.spool.jobs / envelope.id / files.ORIGINAL
    return [(directory / original.stored).read_bytes() for original in envelope.originals]


@pytest.fixture
def vanishing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Files, by the name whose turn it is, that their sender deletes in the moment before that one is taken."""
    asked: dict[str, Path] = {}
    real = claim.take

    def take(file: ArrivedFile, into: Path) -> Any:
        victim = asked.pop(file.path.name, None)
        if victim is not None:
            victim.unlink()
        return real(file, into)

    monkeypatch.setattr(claim, "take", take)
    return asked


async def test_numbered_files_become_one_job(box):
    """Case 23: with batch = "sequence" the pages of a counter are one job, in page order, and the share is empty."""
    drop(box, dict(reversed(PAGES.items())))
    for path in box.config.share[0].path.iterdir():
        path.touch()
    for name in PAGES:  # in the order in which a device wrote them
        (box.config.share[0].path / name).touch()
    await run(batching(box, "sequence"))
    (whole,) = jobs(box)
    assert names(whole) == list(PAGES)
    assert contents(box, whole) == list(PAGES.values())
    assert (whole.notes, whole.called, in_share(box)) == ((), "", {})


async def test_a_page_that_vanishes_gives_all_back_and_the_rest_is_put_together_anew(box, vanishing):
    """A page that its sender deletes while its scan is taken costs the others nothing: they are taken, and say so."""
    drop(box, PAGES)
    vanishing["Doc_0004.pdf"] = box.config.share[0].path / "Doc_0004.pdf"
    await run(batching(box, "sequence"))
    kept = {name: data for name, data in PAGES.items() if name != "Doc_0004.pdf"}
    taken = jobs(box)
    assert sorted(name for job in taken for name in names(job)) == sorted(kept)
    assert sorted(map(names, taken)) == [list(PAGES)[:3], list(PAGES)[4:]]
    assert all("Page 4 (Doc_0004.pdf) seems to be missing" in job.notes[0] for job in taken)
    assert in_share(box) == {}


@pytest.mark.parametrize("victim", [FIRST, LAST])
async def test_a_page_that_vanishes_at_either_end_is_no_page(box, vanishing, victim):
    """The same at both ends of a scan: all the other pages are one job."""
    drop(box, PAGES)
    vanishing[victim] = box.config.share[0].path / victim
    await run(batching(box, "sequence"))
    (rest,) = jobs(box)
    assert names(rest) == [name for name in PAGES if name != victim]
    assert box.spool.in_hand == set()


async def test_a_page_that_changes_gives_all_back(box, monkeypatch):
    """A page that is written to while its scan is taken: nothing is taken by then, and nothing is lost."""
    drop(box, PAGES)
    target = box.config.share[0].path / "Doc_0003.pdf"
    real = claim.take
    changed: list[set[str]] = []

    def take(file: ArrivedFile, into: Path) -> Any:
        if file.path == target and not changed:
            changed.append(set(in_share(box)))
            target.write_bytes(pdf(999))
        return real(file, into)

    monkeypatch.setattr(claim, "take", take)
    await run(batching(box, "sequence"))
    assert changed == [set(PAGES) - {"Doc_0001.pdf", "Doc_0002.pdf"}]
    taken = [data for job in jobs(box) for data in contents(box, job)]
    assert sorted(taken) == sorted({**PAGES, "Doc_0003.pdf": pdf(999)}.values())


async def test_a_folder_becomes_one_job_named_after_it(box):
    """Case 16: with batch = "folder" the files of a sub-folder are one job; the folder stays for late pages."""
    folder = box.config.share[0].path / "Contract 7"
    folder.mkdir()
    for name, data in PAGES.items():
        (folder / name).write_bytes(data)
    await run(batching(box, "folder"))
    (whole,) = jobs(box)
    assert (names(whole), contents(box, whole), whole.called) == (list(PAGES), list(PAGES.values()), "Contract 7")
    assert {original.folder for original in whole.originals} == {"Contract 7"}
    assert list(folder.iterdir()) == []


async def test_an_emptied_folder_is_removed_and_no_other(box, monkeypatch):
    """Case 16: a folder that was long empty is removed by the door; one in which something lies by then is not."""
    path = box.config.share[0].path
    (path / "old").mkdir()
    (path / "late").mkdir()
    (path / "late" / "scan.pdf").write_bytes(pdf())

    async def reports(*_: object, **__: object) -> Any:
        for folder in ("old", "late"):
            yield Emptied(folder, "scans")

    monkeypatch.setattr("hotfolder.watch.arrivals", reports)
    door = batching(box, "folder")
    await door.run()
    assert [entry.name for entry in path.iterdir()] == ["late"]
    assert door.left == []


async def test_five_hundred_pages_are_one_job(box):
    """Case 23: the longest scan there may be is taken whole, and what comes after it is the next one, which says so."""
    pages = {f"Doc_{number:04d}.pdf": pdf(50 + number) for number in range(1, 503)}
    drop(box, pages)
    await run(batching(box, "sequence"))
    whole, rest = sorted(jobs(box), key=lambda job: -len(job.originals))
    assert (names(whole), names(rest)) == (list(pages)[:500], list(pages)[500:])
    assert contents(box, whole) == list(pages.values())[:500]
    assert whole.notes == ("The scan was cut after 500 files; what came after them is in another mail.",)
    assert rest.notes == ("This is the rest of a scan that was cut after 500 files; they are in another mail.",)
    assert in_share(box) == {}
