"""Cases of section 6 that a device makes: slow, appending, held, cut off, two at once. Played through a real smbd."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from conf.model import QUIET_S
from hotfolder.arrival import Hold
from hotfolder.settle import Rule
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import BY_EVENTS_ALONE, RULE, Watching, until
from tests.peers.cable import BOX_ADDRESS, Cable
from tests.peers.samba import SHARE, Samba
from tests.peers.smb_client import SmbClient, SmbWriter

SCAN = pdf(page_bytes=200_000)
ROOT = Path(__file__).resolve().parents[3]

DEVICE = """
import sys
from tests.peers.smb_client import SmbClient
address, port, share, user, password, size = sys.argv[1:]
scan = sys.stdin.buffer.read(int(size))
with SmbClient(int(port), share, user, password, address) as device:
    writer = device.open("scan.pdf", scan)
    writer.write(len(scan) // 2)
    print("half", flush=True)
    sys.stdin.buffer.read()
"""


async def connected(samba: Samba) -> SmbClient:
    """A client, made without holding up the watcher."""
    return await asyncio.to_thread(samba.client)


async def written(writer: SmbWriter, size_bytes: int) -> None:
    """One piece."""
    await asyncio.to_thread(writer.write, size_bytes)


async def looked(watching: Watching) -> None:
    """Wait until the watcher has looked twice after this moment, so that what it would take it has taken."""
    for _ in range(2):
        watching.wake.set()
        await until(lambda: not watching.wake.is_set())


async def test_a_pulled_cable_leaves_no_mail(tmp_path: Path):
    """Case 3: the link goes down mid-file; smbd closes it when keepalive gives up, and it is as a killed client's."""
    # A twelfth of the hot folder's minute. Keepalive alone would not do: while smbd's last answer is not acknowledged
    # it is sent again and again, for 15 minutes (tcp(7), tcp_retries2; seen here in two runs of three).
    gives_up = "TCP_NODELAY SO_KEEPALIVE TCP_KEEPIDLE=2 TCP_KEEPINTVL=1 TCP_KEEPCNT=3 TCP_USER_TIMEOUT=5000"
    with Cable() as cable, Samba(extra=f"socket options = {gives_up}", cable=cable) as samba:
        watching = Watching(tmp_path, pace=replace(BY_EVENTS_ALONE, pending_s=0.2), share_dir=samba.share_dir)
        where = [BOX_ADDRESS, str(samba.port), SHARE, samba.user, samba.password, str(len(SCAN))]
        argv = [*cable.in_device, sys.executable, "-c", DEVICE, *where]
        pipe = subprocess.PIPE
        device = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, cwd=ROOT)
        assert device.stdin is not None
        assert device.stdout is not None
        try:
            async with watching.running():
                device.stdin.write(SCAN)
                assert await device.stdout.readline() == b"half\n"
                cable.pull()
                await asyncio.sleep(5 * RULE.quiet_s)
                assert (watching.held, watching.arrivals) == ([], [])  # nobody knows yet: the file is open
                await until(lambda: watching.held)
                assert [held.hold for held in watching.held] == [Hold.INCOMPLETE]
                async with asyncio.timeout(60):
                    while not watching.arrivals:  # an event that comes late begins the wait anew
                        watching.move_clock(601)
                        await asyncio.sleep(1)
                assert watching.arrivals[0].rejected.startswith("The file is cut short")
        finally:
            device.kill()
            await device.communicate()


async def test_whole_pages_appended_are_one_scan(samba: Samba, watching: Watching):
    """Case 5: a device that closes a valid PDF after each page, 4 s apart, gives one document with `page-append`."""
    watching.rule = Rule(quiet_s=QUIET_S["page-append"], incomplete_timeout_s=600.0)
    pages = [pdf(300 + number) for number in range(3)]
    async with watching.running():
        at = 0
        for page in pages:
            with await connected(samba) as device:
                writer = await asyncio.to_thread(device.open, "scan.pdf", page, append_at=at or None)
                await written(writer, len(page))
                await asyncio.to_thread(writer.close)
            at += len(page)
            await looked(watching)
            watching.move_clock(4)
            await looked(watching)
            assert watching.arrivals == []
        watching.move_clock(12)
        await looked(watching)
        watching.move_clock(1)
        await until(lambda: watching.taken == [b"".join(pages)])


async def test_a_final_size_from_the_start_fools_nobody(samba: Samba, watching: Watching):
    """Case 6: the end of file is set first, the data trickle for ten minutes; nothing is taken before the close."""
    async with watching.running():
        with await connected(samba) as device:
            writer = await asyncio.to_thread(device.open, "scan.pdf", SCAN)
            await asyncio.to_thread(writer.set_size, len(SCAN))
            for _ in range(10):
                await written(writer, 20_000)
                watching.move_clock(60)
                await looked(watching)
            assert watching.arrivals == []
            await written(writer, len(SCAN))
            await asyncio.to_thread(writer.close)
            await until(lambda: watching.taken == [SCAN])


async def test_two_clients_with_one_name_are_both_waited_for(samba: Samba, watching: Watching):
    """Case 24: while either of two writers has the file open nothing is taken; then what is there is, once."""
    async with watching.running():
        with await connected(samba) as one, await connected(samba) as other:
            slow = await asyncio.to_thread(one.open, "scan.pdf", SCAN)
            await written(slow, 120_000)
            fast = await asyncio.to_thread(other.open, "scan.pdf", SCAN)
            await written(fast, len(SCAN))
            await asyncio.to_thread(fast.close)
            await asyncio.sleep(3 * RULE.quiet_s)
            await looked(watching)
            assert watching.arrivals == []
            await written(slow, len(SCAN))
            await asyncio.to_thread(slow.close)
            await until(lambda: watching.taken == [SCAN])
    assert len(watching.arrivals) == 1
    assert list(samba.share_dir.iterdir()) == []


async def test_two_clients_whose_writings_mix_give_no_broken_mail(samba: Samba, watching: Watching):
    """Case 24: when the slower one's scan is longer and it dies, the mixture is told as cut short, and not taken."""
    short = pdf(page_bytes=50_000)
    async with watching.running():
        slow_device = await connected(samba)
        slow = await asyncio.to_thread(slow_device.open, "scan.pdf", SCAN)
        await written(slow, 60_000)
        with await connected(samba) as other:
            fast = await asyncio.to_thread(other.open, "scan.pdf", short)
            await written(fast, len(short))
            await asyncio.to_thread(fast.close)
        await written(slow, 30_000)
        slow_device.kill()
        await until(lambda: watching.held)
    assert [held.hold for held in watching.held] == [Hold.INCOMPLETE]
    assert watching.arrivals == []
