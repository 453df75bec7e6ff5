import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hotfolder.arrival import Hold
from tests.hotfolder.samples import big_tiff, noise, pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, RULE, Watching, until
from tests.peers.samba import Samba
from tests.peers.smb_client import SmbClient, SmbWriter

SCAN = pdf(page_bytes=200_000)
QUIET_S = RULE.quiet_s


@pytest.fixture
def watching(samba: Samba, tmp_path: Path) -> Watching:
    """The share of a real smbd under watch; events bring the looks."""
    return Watching(tmp_path, pace=replace(BY_EVENTS_ALONE, pending_s=0.2), share_dir=samba.share_dir)


async def connected(samba: Samba) -> SmbClient:
    """A client, made without holding up the watcher."""
    return await asyncio.to_thread(samba.client)


async def written(writer: SmbWriter, size_bytes: int) -> None:
    """One piece, and a pause longer than the quiet window."""
    await asyncio.to_thread(writer.write, size_bytes)
    await asyncio.sleep(3 * QUIET_S)


async def test_a_file_put_at_once_arrives_once(samba: Samba, watching: Watching, tmp_path: Path):
    """What smbclient puts is one scan, byte for byte."""
    (tmp_path / "local").write_bytes(SCAN)
    async with watching.running():
        await asyncio.to_thread(samba.put, tmp_path / "local", "Scan 001.pdf")
        await until(lambda: watching.taken == [SCAN])
    assert len(watching.arrivals) == 1


async def test_a_device_that_pauses_with_the_file_open_is_waited_for(samba: Samba, watching: Watching):
    """Smbd's own handle is seen by the lease test: nothing is taken before the device closes."""
    async with watching.running():
        with await connected(samba) as device:
            writer = await asyncio.to_thread(device.open, "slow.pdf", SCAN)
            for _ in range(2):
                await written(writer, 90_000)
            await written(writer, len(SCAN))
            assert watching.arrivals == []
            await asyncio.to_thread(writer.close)
            await until(lambda: watching.taken == [SCAN])
    assert len(watching.arrivals) == 1


async def test_a_killed_device_is_told_and_its_retry_is_the_scan(samba: Samba, watching: Watching):
    """A connection lost half-way gives no mail; the same name sent again gives one, with all of it."""
    async with watching.running():
        device = await connected(samba)
        writer = await asyncio.to_thread(device.open, "scan.pdf", SCAN)
        await asyncio.to_thread(writer.write, 120_000)
        device.kill()
        await until(lambda: watching.held)
        with await connected(samba) as again:
            whole = await asyncio.to_thread(again.open, "scan.pdf", SCAN)
            await asyncio.to_thread(whole.write)
            await asyncio.to_thread(whole.close)
            await until(lambda: watching.taken)
    assert watching.taken == [SCAN]
    assert [held.hold for held in watching.held] == [Hold.INCOMPLETE]


async def test_a_killed_copy_of_preset_size_is_not_a_scan(samba: Samba, watching: Watching):
    """A TIFF whose directory came first and whose data never did is incomplete, though it has its final size."""
    strip = noise(900_000, 1)
    head = big_tiff()[:-40].replace((40).to_bytes(8, "little"), len(strip).to_bytes(8, "little"))
    whole = head + strip
    async with watching.running():
        device = await connected(samba)
        writer = await asyncio.to_thread(device.open, "copied.tif", whole)
        await asyncio.to_thread(writer.set_size, len(whole))
        await asyncio.to_thread(writer.write, 65_536)
        device.kill()
        await until(lambda: watching.held)
        assert (samba.share_dir / "copied.tif").stat().st_size == len(whole)
        with await connected(samba) as again:
            second = await asyncio.to_thread(again.open, "copied.tif", whole)
            await asyncio.to_thread(second.set_size, len(whole))
            for _ in range(2):
                await written(second, 300_000)
            await asyncio.to_thread(second.write)
            await asyncio.to_thread(second.close)
            await until(lambda: watching.taken)
    assert watching.taken == [whole]


async def test_a_temporary_name_then_the_real_one_is_one_scan(samba: Samba, watching: Watching):
    """Case 9: a device that writes under a temporary name, pauses, and renames is taken after the rename."""
    async with watching.running():
        with await connected(samba) as device:
            writer = await asyncio.to_thread(device.open, "~scan.tmp", SCAN)
            await written(writer, len(SCAN))
            await asyncio.to_thread(writer.rename, "scan.pdf")
            await asyncio.to_thread(writer.close)
            await until(lambda: watching.taken == [SCAN])
    assert [arrival.files[0].path.name for arrival in watching.arrivals] == ["scan.pdf"]


async def test_pages_appended_after_closing_are_one_scan(samba: Samba, watching: Watching):
    """Case 4: a device that closes a broken file after each page, for longer than quiet, is taken after its last."""
    async with watching.running():
        with await connected(samba) as device:
            for at in range(0, len(SCAN), 80_000):
                page = SCAN[at : at + 80_000]
                writer = await asyncio.to_thread(device.open, "scan.pdf", page, append_at=at or None)
                await asyncio.to_thread(writer.write)
                await asyncio.to_thread(writer.close)
                await asyncio.sleep(2 * QUIET_S)
            await until(lambda: watching.taken == [SCAN])
    assert len(watching.arrivals) == 1


async def test_a_device_that_never_closes_is_served_after_two_minutes(samba: Samba, watching: Watching):
    """Case 7: a whole file that smbd keeps open is taken, unchanged for 120 s; the device's close then does no harm."""
    async with watching.running():
        with await connected(samba) as device:
            writer = await asyncio.to_thread(device.open, "scan.pdf", SCAN)
            await written(writer, len(SCAN))
            assert watching.arrivals == []
            watching.move_clock(121)
            await until(lambda: watching.taken == [SCAN])
            await asyncio.to_thread(writer.close)
    assert [arrival.files[0].is_held_open for arrival in watching.arrivals] == [True]
