import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotfolder.arrival import Arrival, ArrivedFile, Hold
from hotfolder.errors import ShareError
from hotfolder.look import stamp_of
from hotfolder.look_sidecar import Read, ask_sidecar, read_sidecar
from hotfolder.sidecar import Sidecar
from hotfolder.verdict import Incomplete, Unreadable, Whole
from hotfolder.watch import _rule, arrivals
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import PACE, RULE, Watching, until

SIDECAR = b"To: alice@contoso.com\n"


@pytest.fixture
def watching(tmp_path: Path) -> Watching:
    """A share whose scans wait up to a minute for their sidecars, and whose clock can be moved."""
    return Watching(tmp_path, rule=replace(RULE, sidecar_s=60.0))


def names(watching: Watching) -> list[tuple[str, ...]]:
    """What was offered together."""
    return [tuple(file.path.name for file in arrival.files) for arrival in watching.arrivals]


def offered(watching: Watching) -> list[list[tuple[str, bool]]]:
    """What was offered together, and which of it is a sidecar."""
    return [[(file.path.name, file.is_sidecar) for file in arrival.files] for arrival in watching.arrivals]


@pytest.mark.parametrize("order", [("scan.pdf", "scan.txt"), ("scan.txt", "scan.pdf")])
async def test_scan_and_sidecar_are_offered_together(watching: Watching, order: tuple[str, str]):
    """Case 22: whichever comes first, the scan is offered once, first, with its sidecar behind it."""
    watching.is_taking = False
    async with watching.running():
        for name in order:
            watching.drop(name, pdf() if name.endswith("pdf") else SIDECAR)
            await asyncio.sleep(2 * RULE.quiet_s)
        await until(lambda: watching.arrivals)
    assert offered(watching)[0] == [("scan.pdf", False), ("scan.txt", True)]
    assert watching.arrivals[0].rejected == ""


async def test_a_scan_goes_alone_once_its_time_is_over(watching: Watching):
    """Until the stated time has passed a scan without a sidecar stays; then it goes as it is."""
    watching.drop("scan.pdf", pdf())
    async with watching.running():
        await asyncio.sleep(5 * RULE.quiet_s)
        assert watching.arrivals == []
        watching.move_clock(60)
        await until(lambda: watching.taken == [pdf()])
    assert offered(watching) == [[("scan.pdf", False)]]


async def test_a_broken_sidecar_holds_its_scan_and_fails_it(watching: Watching):
    """A sidecar that cannot be understood is told, waits for its retry, and takes its scan with it in the end."""
    watching.drop("scan.pdf", pdf())
    watching.drop("scan.txt", b"Dear Alice")
    async with watching.running():
        await until(lambda: len(watching.held) == 2)
        assert watching.arrivals == []
        watching.move_clock(601)
        await until(lambda: watching.arrivals)
    assert {(held.hold, held.name) for held in watching.held} == {
        (Hold.INCOMPLETE, "scan.pdf"),
        (Hold.INCOMPLETE, "scan.txt"),
    }
    assert names(watching)[0] == ("scan.pdf", "scan.txt")
    assert 'line 1 begins with neither "To:" nor "Subject:"' in watching.arrivals[0].rejected


async def test_a_broken_sidecar_that_is_sent_again_is_used(watching: Watching):
    """The retry of a broken sidecar saves its scan."""
    watching.drop("scan.pdf", pdf())
    watching.drop("scan.txt", b"Dear Alice")
    async with watching.running():
        await until(lambda: watching.held)
        watching.drop("scan.txt", SIDECAR)
        await until(lambda: watching.arrivals)
    assert names(watching)[0] == ("scan.pdf", "scan.txt")
    assert watching.arrivals[0].rejected == ""


async def test_a_sidecar_alone_stays_and_is_told(watching: Watching):
    """A sidecar without a scan is never offered; after its time it is told once."""
    path = watching.drop("scan.xml", b"<scan><to>alice@contoso.com</to></scan>")
    async with watching.running():
        await asyncio.sleep(5 * RULE.quiet_s)
        assert watching.reports == []
        watching.move_clock(60)
        await until(lambda: watching.held)
    assert [(held.hold, held.sentence) for held in watching.held] == [
        (Hold.ALONE, "without its scan: scan.xml: no scan of its name came with it")
    ]
    assert path.exists()


async def test_a_link_for_a_sidecar_is_never_read(watching: Watching, tmp_path: Path):
    """A link under a sidecar's name is not followed, and does not let its scan go without one."""
    (tmp_path / "outside.txt").write_bytes(SIDECAR)
    (watching.path / "scan.txt").symlink_to(tmp_path / "outside.txt")
    watching.drop("scan.pdf", pdf())
    async with watching.running():
        await until(lambda: len(watching.held) == 2)
        watching.move_clock(601)
        await until(lambda: watching.taken)
    assert offered(watching) == [[("scan.pdf", False)]]
    assert "scan.txt beside it is not finished: it is a symbolic link" in watching.arrivals[0].rejected


async def test_the_share_says_how_long(tmp_path: Path):
    """Sidecars and their time come from the share; without them a text is a file like any other."""
    watching = Watching(tmp_path)
    keys: dict[str, Any] = {"quiet": 0.1, "incomplete_timeout": 1.0}
    off = replace(watching.share, **keys)
    on = replace(off, sidecars=True, sidecar_timeout=1.0)
    assert (_rule(off).sidecar_s, _rule(on).sidecar_s) == (None, 1.0)
    watching.drop("scan.pdf", pdf())
    watching.drop("scan.txt", SIDECAR)
    async with aclosing(arrivals(on, until_empty=True, pace=PACE)) as stream:
        found = await anext(stream)
    assert isinstance(found, Arrival)
    assert [file.path.name for file in found.files] == ["scan.pdf", "scan.txt"]


def test_a_sidecar_is_read_only_as_it_was_seen(tmp_path: Path):
    """Of a sidecar that changed or vanished nothing is said; one that may not be read says why."""
    path = tmp_path / "scan.txt"
    path.write_bytes(SIDECAR)
    stamp = stamp_of(path.stat())
    assert ask_sidecar(path, stamp) == Whole()
    read = read_sidecar(ArrivedFile(path, stamp))
    assert isinstance(read, Read)
    assert read.said == Sidecar(("alice@contoso.com",), "")
    path.write_bytes(b"Dear Alice,")
    assert ask_sidecar(path, stamp) is None
    assert read_sidecar(ArrivedFile(path, stamp)) is None
    assert isinstance(ask_sidecar(path, stamp_of(path.stat())), Incomplete)
    path.unlink()
    assert ask_sidecar(path, stamp) is None
    with pytest.raises(ShareError):
        read_sidecar(ArrivedFile(path, stamp))
    path.symlink_to("/etc/passwd")
    assert isinstance(ask_sidecar(path, stamp), Unreadable)
