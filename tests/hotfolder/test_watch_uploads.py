import asyncio
import errno
import os
from pathlib import Path
from typing import Literal

import pytest

from hotfolder.arrival import Hold
from tests.hotfolder.failing import fail_stat
from tests.hotfolder.paging import GAP_S, PAGES, doc, names_of, settled, sharing
from tests.hotfolder.watching import until


@pytest.mark.parametrize("batch", ["sequence", "folder"])
@pytest.mark.parametrize("form", ["{}.part", ".{}.tmp", "~{}"])
async def test_a_page_under_its_uploads_name_is_waited_for(
    tmp_path: Path, batch: Literal["sequence", "folder"], form: str
):
    """A page that gets its name only when it is whole belongs to its scan, however long after the gap that is."""
    watching = sharing(tmp_path, batch)
    folder = watching.path / "job" if batch == "folder" else watching.path
    folder.mkdir(exist_ok=True)
    async with watching.running():
        await settled(watching)
        (folder / doc(1)).write_bytes(PAGES[1])
        upload = folder / form.format(doc(2))
        with upload.open("wb", buffering=0) as out:
            for at in range(0, len(PAGES[2]), 20):
                out.write(PAGES[2][at : at + 20])
                await asyncio.sleep(GAP_S / 4)
        assert watching.arrivals == []
        upload.rename(folder / doc(2))
        await until(lambda: watching.taken == [PAGES[1], PAGES[2]])
    assert names_of(watching) == [[doc(1), doc(2)]]
    assert watching.arrivals[0].notes == ()


@pytest.mark.parametrize("batch", ["sequence", "folder"])
async def test_an_upload_that_never_ends_is_told_and_named(tmp_path: Path, batch: Literal["sequence", "folder"]):
    """A page that never gets its name holds the others, which is told; then they go, and their mail names it."""
    watching = sharing(tmp_path, batch)
    folder = watching.path / "job" if batch == "folder" else watching.path
    folder.mkdir(exist_ok=True)
    (folder / doc(1)).write_bytes(PAGES[1])
    (folder / f"{doc(2)}.part").write_bytes(PAGES[2][:150])
    async with watching.running():
        await until(lambda: watching.held)
        assert (watching.held[0].hold, watching.arrivals) == (Hold.PAGES, [])
        watching.move_clock(601)
        await until(lambda: watching.taken)
    assert (watching.taken, names_of(watching)) == ([PAGES[1]], [[doc(1)]])
    assert watching.arrivals[0].notes == (f"{doc(2)}.part was not finished in time, and is missing from this mail.",)
    assert os.listdir(folder) == [f"{doc(2)}.part"]


@pytest.mark.parametrize("batch", ["sequence", "folder"])
async def test_a_page_that_cannot_be_looked_at_is_waited_for(
    tmp_path: Path, batch: Literal["sequence", "folder"], monkeypatch: pytest.MonkeyPatch
):
    """A look at a part of the pages is no look at the scan: it waits for the one that could not be seen."""
    watching = sharing(tmp_path, batch)
    folder = watching.path / "job" if batch == "folder" else watching.path
    folder.mkdir(exist_ok=True)
    for number in (1, 2, 3):
        (folder / doc(number)).write_bytes(PAGES[number])
    failing = {doc(2): errno.ESTALE}
    fail_stat(monkeypatch, failing)
    async with watching.running():
        await until(lambda: {held.hold for held in watching.held} == {Hold.STRANGE, Hold.PAGES})
        assert watching.arrivals == []
        failing.clear()
        await until(lambda: len(watching.taken) == 3)
    assert names_of(watching) == [[doc(1), doc(2), doc(3)]]
