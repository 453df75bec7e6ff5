"""A share on a real remote mount: what lies behind it is written by another machine, as far as the kernel knows."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hotfolder import remote
from hotfolder.arrival import Fault, Hold, Recovered, Trouble
from hotfolder.lease import is_being_written
from hotfolder.remote import foreign_mount
from hotfolder.settle import Ready, polling
from hotfolder.survey import Survey, take_survey
from hotfolder.track import NOTHING
from hotfolder.verdict import Writing
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import RULE, Clock, Watching, until
from tests.peers.remote_mount import KIND, RemoteMount

WHOLE = pdf()


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[RemoteMount]:
    """The mount."""
    with RemoteMount(tmp_path) as mounted:
        yield mounted


class Looking:
    """Looks at a folder one by one, at times of its own."""

    def __init__(self, folder: Path):
        self.folder, self.clock, self.last = folder, Clock(), Survey(NOTHING, None, "", 0.0)  # type: ignore[arg-type]

    def after(self, wait_s: float) -> Survey:
        """Look again, so much later."""
        self.clock.ahead_s += wait_s
        self.last = take_survey(self.folder, self.last.track, {}, polling(RULE), self.clock)
        return self.last


def test_a_remote_mount_is_recognised(mount: RemoteMount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The folder of another machine is told from one of this; without the kernel's table each counts as local."""
    found = foreign_mount(mount.here)
    assert found is not None
    assert found.kind == KIND
    assert foreign_mount(mount.there) is None
    monkeypatch.setattr(remote, "_TABLE", tmp_path / "none")
    assert foreign_mount(mount.here) is None


def test_a_lease_on_a_remote_mount_proves_nothing(mount: RemoteMount):
    """Why leases are not asked there: a file that another machine is writing is granted one."""
    with (mount.there / "scan.pdf").open("wb", buffering=0) as writer:
        writer.write(WHOLE)
        fd = os.open(mount.here / "scan.pdf", os.O_RDONLY)
        try:
            assert is_being_written(fd) is Writing.NO
        finally:
            os.close(fd)


def test_a_scan_on_a_remote_mount_is_ready_after_three_stamps(mount: RemoteMount):
    """Ten seconds of quiet and two more stamps, then its ends; not one look before."""
    (mount.there / "scan.pdf").write_bytes(WHOLE)
    looking = Looking(mount.here)
    for wait_s in (0.0, 9.5, 0.6, 2.5):
        assert looking.after(wait_s).outlook.ready == ()
    assert looking.after(2.5).outlook.ready == (("scan.pdf", Ready()),)


def test_a_writer_elsewhere_is_seen_though_its_stamp_is_cached(mount: RemoteMount):
    """The mount shows an old size for 20 s (sshfs(1)); opening asks the other side, and the wait starts again."""
    scan = mount.there / "scan.pdf"
    scan.write_bytes(WHOLE)
    looking = Looking(mount.here)
    for wait_s in (0.0, 10.5, 2.5):
        looking.after(wait_s)
    with scan.open("ab") as more:
        more.write(b"2 0 obj")
    assert (mount.here / "scan.pdf").stat().st_size == len(WHOLE)
    assert looking.after(2.5).outlook.ready == ()
    for wait_s in (0.0, 10.5, 2.5, 2.5):
        assert looking.after(wait_s).outlook.ready == ()
    assert looking.last.outlook.held["scan.pdf"][0] is Hold.INCOMPLETE


async def test_a_share_that_is_mounted_later_is_polled_from_then_on(tmp_path: Path):
    """A folder that is local at first and a remote mount later changes its rule by itself, and back, and says so."""
    watching = Watching(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(watching.path)
    watching.share = replace(watching.share, path=link)
    async with watching.running():
        watching.drop("1.pdf", WHOLE)
        await until(lambda: watching.taken == [WHOLE])
        with RemoteMount(tmp_path) as mount:
            link.unlink()
            link.symlink_to(mount.here)
            await until(lambda: watching.troubles and isinstance(watching.troubles[-1], Fault))
            link.unlink()
            link.symlink_to(watching.path)
            await until(lambda: isinstance(watching.troubles[-1], Recovered))
        watching.drop("2.pdf", WHOLE)
        await until(lambda: len(watching.taken) == 2)
    remote_faults = [told.sentence for told in watching.troubles if KIND in told.sentence and isinstance(told, Fault)]
    assert len(remote_faults) == 1
    assert {told.trouble for told in watching.troubles if KIND in told.sentence} == {Trouble.EVENTS}
