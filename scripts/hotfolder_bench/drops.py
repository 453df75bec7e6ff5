"""What devices do to a share, each with the scans a person would expect of it: played by real SMB clients."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from hotfolder_bench.pages import growing, whole

from tests.peers.smb_client import SmbClient

Connect = Callable[[], SmbClient]


@dataclass(frozen=True, slots=True)
class Drop:
    """One device: what it does in a folder of the share, and the contents of the scans that come of it."""

    title: str
    file_name: str
    play: Callable[[Connect, str], None]
    scans: tuple[bytes, ...]
    is_in_facts: bool = True
    """One of the eight that every rule was first measured with."""


def _put(device: SmbClient, name: str, content: bytes) -> None:
    with device.open(name, content) as writer:
        writer.write()


def _fast(connect: Connect, folder: str) -> None:
    with connect() as device:
        _put(device, f"{folder}/fast.pdf", whole())


def _pauses(connect: Connect, folder: str) -> None:
    with connect() as device, device.open(f"{folder}/pauses.pdf", whole()) as writer:
        while writer.write(len(whole()) // 3 + 1):
            time.sleep(5)


def _appends(connect: Connect, folder: str) -> None:
    third = len(whole()) // 3 + 1
    for at in range(0, len(whole()), third):
        with (
            connect() as device,
            device.open(f"{folder}/appends.pdf", whole()[at : at + third], append_at=at or None) as writer,
        ):
            writer.write()
        time.sleep(4)


def _killed(connect: Connect, folder: str) -> None:
    device = connect()
    device.open(f"{folder}/killed.pdf", whole()).write(len(whole()) // 2)
    device.kill()


def _retried(connect: Connect, folder: str) -> None:
    device = connect()
    device.open(f"{folder}/retried.pdf", whole(4)).write(len(whole(4)) // 2)
    device.kill()
    time.sleep(5)
    with connect() as again:
        _put(again, f"{folder}/retried.pdf", whole(4))


def _renames(connect: Connect, folder: str) -> None:
    with connect() as device, device.open(f"{folder}/~renames.tmp", whole()) as writer:
        writer.write()
        time.sleep(4)
        writer.rename(f"{folder}/renames.pdf")


def _empty_first(connect: Connect, folder: str) -> None:
    with connect() as device:
        _put(device, f"{folder}/empty.pdf", b"")
        time.sleep(5)
        _put(device, f"{folder}/empty.pdf", whole())


def _preset(connect: Connect, folder: str) -> None:
    content = whole(40)
    with connect() as device, device.open(f"{folder}/preset.pdf", content) as writer:
        writer.set_size(len(content))
        while writer.write(len(content) // 4):
            time.sleep(3)


def _pages(connect: Connect, folder: str) -> None:
    at = 0
    for page in growing(4):
        with connect() as device, device.open(f"{folder}/pages.pdf", page, append_at=at or None) as writer:
            writer.write()
        at += len(page)
        time.sleep(1.2)


def _held(connect: Connect, folder: str) -> None:
    with connect() as device, device.open(f"{folder}/held.pdf", whole(5)) as writer:
        writer.write(len(whole(5)) - 30)
        time.sleep(8)
        writer.write()
        time.sleep(8)


def _reused(connect: Connect, folder: str) -> None:
    with connect() as device:
        for pages in (1, 2, 3):
            _put(device, f"{folder}/SCN_0001.pdf", whole(pages))
            time.sleep(7)


def _slow_start(connect: Connect, folder: str) -> None:
    with connect() as device, device.open(f"{folder}/warm.pdf", whole()) as writer:
        time.sleep(7)
        writer.write()


_WHOLE = (whole(),)
DROPS = (
    Drop("written at once", "fast.pdf", _fast, _WHOLE),
    Drop("5 s pauses, file held open", "pauses.pdf", _pauses, _WHOLE),
    Drop("closed between parts, 4 s", "appends.pdf", _appends, _WHOLE),
    Drop("killed half-way", "killed.pdf", _killed, ()),
    Drop("killed, then sent again", "retried.pdf", _retried, (whole(4),)),
    Drop("renamed after 4 s", "renames.pdf", _renames, _WHOLE),
    Drop("empty first, filled later", "empty.pdf", _empty_first, _WHOLE),
    Drop("size first, then 3 s pieces", "preset.pdf", _preset, (whole(40),)),
    Drop("a whole PDF after each page", "pages.pdf", _pages, (whole(4),), is_in_facts=False),
    Drop("end written last, then held", "held.pdf", _held, (whole(5),), is_in_facts=False),
    Drop("one name, three scans", "SCN_0001.pdf", _reused, (whole(1), whole(2), whole(3)), is_in_facts=False),
    Drop("opened, written 7 s later", "warm.pdf", _slow_start, _WHOLE, is_in_facts=False),
)
