import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from hotfolder.arrival import Emptied, Hold
from hotfolder.emptied import NEVER_FILLED_S, TAKEN_S
from tests.hotfolder.paging import GAP_S, PAGES, doc, names_of, settled, sharing
from tests.hotfolder.samples import image
from tests.hotfolder.watching import PACE, RULE, Watching, until


async def test_pages_of_a_counter_are_one_scan(tmp_path: Path):
    """Case 23: twelve files that come one after the other are taken together, in page order, byte for byte."""
    watching = sharing(tmp_path, "sequence")
    async with watching.running():
        await settled(watching)
        for number, page in enumerate(PAGES, start=1):
            watching.drop(doc(number), page)
            await asyncio.sleep(GAP_S / 6)
        await until(lambda: len(watching.taken) == 12)
    assert watching.taken == PAGES
    assert names_of(watching) == [[doc(number) for number in range(1, 13)]]


async def test_a_missing_page_reaches_whoever_gets_the_scan(tmp_path: Path):
    """Case 23: both scans around a number that lacks say so, and every page is taken once."""
    watching = sharing(tmp_path, "sequence")
    for number in (1, 2, 4):
        watching.drop(doc(number), PAGES[number])
    async with watching.running():
        await until(lambda: len(watching.taken) == 3)
    assert names_of(watching) == [[doc(1), doc(2)], [doc(4)]]
    assert all("Page 3 (Doc_0003.pdf) seems to be missing" in arrival.notes[0] for arrival in watching.arrivals)


async def test_a_page_under_way_holds_the_scan_back(tmp_path: Path):
    """While the next page is being written, for longer than the gap, the scan waits for it."""
    watching = sharing(tmp_path, "sequence")
    async with watching.running():
        await settled(watching)
        watching.drop(doc(1), PAGES[1])
        with (watching.path / doc(2)).open("wb", buffering=0) as out:
            out.write(PAGES[2][:100])
            await asyncio.sleep(3 * GAP_S)
            assert watching.arrivals == []
            out.write(PAGES[2][100:])
        await until(lambda: watching.taken == [PAGES[1], PAGES[2]])
    assert len(watching.arrivals) == 1


async def test_a_page_cut_short_is_told_with_those_that_wait_for_it(tmp_path: Path):
    """A broken page and the pages it holds up are told; after its time it fails, and the others go."""
    watching = sharing(tmp_path, "sequence")
    watching.drop(doc(1), PAGES[1])
    watching.drop(doc(2), PAGES[2][:150])
    async with watching.running():
        await until(lambda: len(watching.held) == 2)
        assert {(held.hold, held.path.name) for held in watching.held} == {
            (Hold.INCOMPLETE, doc(2)),
            (Hold.PAGES, doc(1)),
        }
        watching.move_clock(601)
        await until(lambda: len(watching.taken) == 2)
    assert sorted(names_of(watching)) == [[doc(1)], [doc(2)]]
    assert [bool(arrival.rejected) for arrival in watching.arrivals] == [False, True]
    assert "Page 2 (Doc_0002.pdf) could not be taken" in watching.arrivals[0].notes[0]


async def test_a_run_until_empty_takes_whole_scans(tmp_path: Path):
    """A single run waits until no further page can come, and then takes all of them together."""
    watching = sharing(tmp_path, "sequence")
    for number in (1, 2, 3):
        watching.drop(doc(number), PAGES[number])
    async with asyncio.timeout(20):
        await watching.follow(until_empty=True)
    assert names_of(watching) == [[doc(1), doc(2), doc(3)]]


async def test_a_run_until_empty_names_the_pages_that_wait(tmp_path: Path):
    """Pages behind a broken one are left by a single run, and named."""
    watching = sharing(tmp_path, "sequence")
    watching.drop(doc(1), PAGES[1])
    watching.drop(doc(2), PAGES[2][:150])
    async with asyncio.timeout(20):
        await watching.follow(until_empty=True)
    assert watching.taken == []
    assert "waits for a page: Doc_0001.pdf: its scan waits for Doc_0002.pdf, which is not finished" in {
        held.sentence for held in watching.held
    }


async def test_an_unlisted_folder_does_not_end_a_scan(tmp_path: Path):
    """While the share cannot be read its pages wait: what cannot be seen has not stopped coming."""
    watching = sharing(tmp_path, "sequence", gap_s=2.0)
    watching.drop(doc(1), PAGES[1])
    async with watching.running():
        away = watching.path.with_name("away")
        watching.path.rename(away)
        await until(lambda: watching.troubles)
        watching.move_clock(60)
        await until(lambda: not watching.wake.is_set())
        assert watching.arrivals == []
        away.rename(watching.path)
        await until(lambda: watching.taken == [PAGES[1]])


def fill(folder: Path, count: int) -> list[bytes]:
    """Put JPEGs into a folder, out of order, and return them in page order."""
    folder.mkdir(exist_ok=True)
    pages = [image("JPEG") + bytes([number]) for number in range(count)]
    for number in reversed(range(count)):
        (folder / f"scan{number + 1}.jpg").write_bytes(pages[number])
    return pages


async def test_a_folder_is_one_scan(tmp_path: Path):
    """Case 16: a folder that is made and filled at once is one scan, its files as people count, named after it."""
    watching = sharing(tmp_path, "folder")
    async with watching.running():
        pages = fill(watching.path / "Contract 7", 11)
        watching.drop("alone.pdf", PAGES[0])
        await until(lambda: len(watching.taken) == 12)
    (alone,) = [arrival for arrival in watching.arrivals if not arrival.folder]
    (whole,) = [arrival for arrival in watching.arrivals if arrival.folder]
    assert ([file.path.name for file in alone.files], alone.called) == (["alone.pdf"], "")
    assert [file.path.name for file in whole.files] == [f"scan{number}.jpg" for number in range(1, 12)]
    assert (whole.folder, whole.called, whole.notes) == ("Contract 7", "Contract 7", ())
    assert sorted(watching.taken) == sorted([*pages, PAGES[0]])


async def test_a_folder_waits_for_every_file_in_it(tmp_path: Path):
    """While one file of a folder is being written none of it is taken."""
    watching = sharing(tmp_path, "folder")
    async with watching.running():
        pages = fill(watching.path / "job", 2)
        with (watching.path / "job" / "scan3.jpg").open("wb", buffering=0) as out:
            out.write(pages[0][:100])
            await asyncio.sleep(3 * GAP_S)
            assert watching.arrivals == []
            out.write(pages[0][100:])
        await until(lambda: len(watching.taken) == 3)
    assert len(watching.arrivals) == 1


async def test_a_late_file_is_a_scan_of_its_own(tmp_path: Path):
    """What comes into a folder after its scan was taken is the next scan of that name."""
    watching = sharing(tmp_path, "folder")
    async with watching.running():
        fill(watching.path / "job", 2)
        await until(lambda: len(watching.taken) == 2)
        (watching.path / "job" / "scan3.jpg").write_bytes(image("JPEG"))
        await until(lambda: len(watching.taken) == 3)
    assert names_of(watching) == [["scan1.jpg", "scan2.jpg"], ["scan3.jpg"]]
    assert [arrival.called for arrival in watching.arrivals] == ["job", "job"]


async def test_what_is_deeper_is_told_and_left(tmp_path: Path):
    """Case 16: a folder within a folder is told once and left; the mail says so; the files beside it are taken."""
    watching = sharing(tmp_path, "folder")
    fill(watching.path / "job", 2)
    fill(watching.path / "job" / "deep", 1)
    async with watching.running():
        await until(lambda: len(watching.taken) == 2)
        watching.move_clock(30)
        await until(lambda: not watching.wake.is_set())
    assert [(held.hold, held.path) for held in watching.held] == [(Hold.STRANGE, watching.path / "job" / "deep")]
    assert watching.arrivals[0].notes[0].startswith("deep was not taken: it is a folder within a folder")
    assert os.listdir(watching.path / "job" / "deep") == ["scan1.jpg"]


async def test_a_broken_file_is_left_out_and_named(tmp_path: Path):
    """A file of a folder that was cut short holds the scan for its retry, and is then missing from it by name."""
    watching = sharing(tmp_path, "folder")
    fill(watching.path / "job", 2)
    (watching.path / "job" / "scan3.jpg").write_bytes(image("JPEG")[:300])
    async with watching.running():
        await until(lambda: len(watching.held) == 2)
        assert watching.arrivals == []
        watching.move_clock(601)
        await until(lambda: len(watching.taken) == 3)
    said = {tuple(names): arrival.notes for names, arrival in zip(names_of(watching), watching.arrivals, strict=True)}
    assert said == {
        ("scan3.jpg",): (),
        ("scan1.jpg", "scan2.jpg"): ("scan3.jpg could not be taken, and is missing from this mail.",),
    }


async def test_an_empty_folder_is_told_after_an_hour(tmp_path: Path):
    """Case 16: a folder is offered for removal when it was empty for an hour; one whose scan was taken, sooner."""
    watching = sharing(tmp_path, "folder")
    (watching.path / "made").mkdir()
    fill(watching.path / "job", 1)
    async with watching.running():
        await until(lambda: watching.taken)
        await settled(watching)
        watching.move_clock(TAKEN_S)
        await until(partial(emptied, watching, "job"))
        assert not emptied(watching, "made")
        watching.move_clock(NEVER_FILLED_S - TAKEN_S)
        await until(partial(emptied, watching, "made"))


def emptied(watching: Watching, folder: str) -> bool:
    """Whether the folder was offered for removal."""
    return Emptied(folder, "scans") in watching.reports


@pytest.mark.parametrize("batch", ["sequence", "folder"])
async def test_a_scan_that_is_left_comes_again_whole(tmp_path: Path, batch: Literal["sequence", "folder"]):
    """What cannot be taken now is offered again with all its pages, later each time, and told."""
    watching = sharing(tmp_path, batch)
    watching.is_taking = False
    folder = watching.path / "job"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder if batch == "folder" else watching.path).joinpath(doc(number)).write_bytes(PAGES[number])
    async with watching.running():
        await until(lambda: len(watching.arrivals) >= 3)
        watching.is_taking = True
        await until(lambda: len(watching.taken) == 3)
    assert {tuple(names) for names in names_of(watching)} == {(doc(1), doc(2), doc(3))}
    assert PACE.pending_s < RULE.quiet_s
