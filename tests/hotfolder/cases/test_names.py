"""Cases of section 6 about names: each way a scan gets its name, and each name it may get."""

import asyncio
import os
import unicodedata
from pathlib import Path

import pytest

from hotfolder.arrival import Hold
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import Watching, until
from tests.peers.samba import Samba

NAMES = {
    "latin-1": b"caf\xe9.pdf",
    "emoji": "\U0001f4c4\U0001f468\u200d\U0001f4bb.pdf".encode(),
    "right to left": "\u202efdp.exe".encode(),
    "newline": b"a\nSubject: x.pdf",
    "leading hyphen": b"-rf",
    "trailing dot": b"scan.pdf.",
    "trailing space": b"scan.pdf ",
    "255 bytes": b"x" * 251 + b".pdf",
    "a DOS device": b"CON",
    "a command": b"$(id).pdf",
    "lower case": b"scan.pdf",
    "upper case": b"SCAN.PDF",
    "composed": unicodedata.normalize("NFC", "B\u00fcro.pdf").encode(),
    "decomposed": unicodedata.normalize("NFD", "B\u00fcro.pdf").encode(),
}
BY_SMB = ["emoji", "right to left", "leading hyphen", "trailing dot", "trailing space", "a DOS device", "a command"]


async def test_every_name_is_one_scan(tmp_path: Path):
    """Case 20: whatever bytes a name has, its file is taken, whole and once; twins are two."""
    watching = Watching(tmp_path)
    scans = {name: pdf(300 + number) for number, name in enumerate(NAMES.values())}
    for name, scan in scans.items():
        watching.drop(os.fsdecode(name), scan)
    async with watching.running():
        await until(lambda: len(watching.taken) == len(scans))
    assert sorted(watching.taken) == sorted(scans.values())
    assert os.listdir(watching.path) == []
    assert {os.fsencode(arrival.files[0].path.name) for arrival in watching.arrivals} == set(scans)


async def test_every_name_that_smb_carries_is_one_scan(samba: Samba, watching: Watching):
    """Case 20: the names a device can send arrive as they were sent, through a real smbd."""
    scans = {os.fsdecode(NAMES[key]): pdf(400 + number) for number, key in enumerate(BY_SMB)}
    async with watching.running():
        with await asyncio.to_thread(samba.client) as device:
            for name, scan in scans.items():
                writer = await asyncio.to_thread(device.open, name, scan)
                await asyncio.to_thread(writer.write)
                await asyncio.to_thread(writer.close)
        await until(lambda: len(watching.taken) == len(scans))
    assert {arrival.files[0].path.name for arrival in watching.arrivals} == set(scans)


@pytest.mark.parametrize("how", ["renamed in the share", "moved in", "hard-linked in"])
async def test_a_name_that_comes_late_is_the_scan(tmp_path: Path, how: str):
    """Case 9: a file that gets its name at once, by a rename, a move or a link, is taken when it is its only name."""
    watching = Watching(tmp_path)
    scan = pdf()
    outside = tmp_path / "outside.pdf"
    async with watching.running():
        if how == "renamed in the share":
            watching.drop("~x.tmp", scan).rename(watching.path / "x.pdf")
        else:
            outside.write_bytes(scan)
        if how == "moved in":
            outside.rename(watching.path / "x.pdf")
        if how == "hard-linked in":
            (watching.path / "x.pdf").hardlink_to(outside)
            await until(lambda: watching.held)
            assert [held.hold for held in watching.held] == [Hold.STRANGE]
            assert watching.arrivals == []
            outside.unlink()
        await until(lambda: watching.taken == [scan])
    assert [arrival.files[0].path.name for arrival in watching.arrivals] == ["x.pdf"]
