"""A disk that is really full, in the midst of taking a scan off its share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.arrive import ballast
from gateway.arrive.folder import FolderDoor
from gateway.arrive.intake import Intake
from gateway.arrive.samba import Gate
from gateway.spool import files
from gateway.spool.envelope import Envelope
from gateway.spool.job import State
from tests.gateway.arrive.sharing import drop, in_share
from tests.gateway.spool.given import OFFICE, Box, config, opened
from tests.peers.disk import Disk

SCAN = b"a scan" * 1000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk for share and state."""
    with Disk(tmp_path) as made:
        yield made


@pytest.fixture
def small(disk: Disk) -> Iterator[Box]:
    """A box on it."""
    share = [{"name": "scans", "path": disk.path / "share", "to": [OFFICE]}]
    with opened(config(disk.path, share=share)) as box:
        yield box


def test_a_disk_full_at_the_claim_leaves_the_scan(disk: Disk, small: Box, monkeypatch: pytest.MonkeyPatch):
    """Case 17: with no block left for the job the scan stays in the share, which is told; with room it is taken."""
    door = FolderDoor(small.intake, small.config.share[0])
    arrival = drop(small, {"scan.pdf": SCAN})
    filler = disk.fill()
    monkeypatch.setattr(
        Intake, "has_room", lambda _self, _size_bytes=0, **_: True
    )  # full between the question and the claim
    with capture_logs() as logged:
        door._take_or_leave(arrival)
    assert [line["event"] for line in logged] == ["space-low"]
    assert in_share(small) == {"scan.pdf": SCAN}
    assert files.listing(small.spool.jobs) == ()
    filler.unlink()
    door._take_or_leave(arrival)
    (job,) = files.listing(small.spool.jobs)
    assert (small.spool.jobs / job / files.ORIGINAL / "0001").read_bytes() == SCAN
    assert in_share(small) == {}


def test_a_disk_full_at_the_journal_loses_nothing(disk: Disk, small: Box, monkeypatch: pytest.MonkeyPatch):
    """Case 17: a job whose row the journal cannot take is kept, told, and adopted when there is room."""
    door = FolderDoor(small.intake, small.config.share[0])
    real, fillers = Intake.admit, []

    def admit(intake: Intake, envelope: Envelope) -> None:
        fillers.append(disk.fill())
        real(intake, envelope)

    monkeypatch.setattr(Intake, "admit", admit)
    with capture_logs() as logged:
        door._take_or_leave(drop(small, {"scan.pdf": SCAN}))
    assert [line["event"] for line in logged] == ["local-fault"]
    (job,) = files.listing(small.spool.jobs)
    assert small.journal.job(job) is None
    fillers[0].unlink()
    small.recover()
    assert small.state_of(job) is State.ACCEPTED
    assert (small.spool.jobs / job / files.ORIGINAL / "0001").read_bytes() == SCAN
    assert in_share(small) == {}


def test_a_disk_that_a_device_has_filled_is_worked_off(disk: Disk):
    """With nothing but scans in the share on a full disk the ballast goes once nobody writes, and they are taken."""
    share = [{"name": "scans", "path": disk.path / "share", "to": [OFFICE]}]
    gateway = {"state": disk.path / "state", "free_space": "8 MB"}
    with opened(config(disk.path, gateway=gateway, share=share)) as box:
        gate = Gate(box.spool, box.config.gateway.state, box.config.gateway.free_space)
        door = FolderDoor(box.intake, box.config.share[0])
        gate.look()
        arrival = drop(box, {"scan.pdf": SCAN})
        disk.fill()
        with capture_logs() as logged:
            for is_taken in (False, False, True):
                door._take_or_leave(arrival)
                assert (in_share(box) == {}) is is_taken
                gate.look()
    told = [line["event"] for line in logged if line["event"] != "job-accepted"]
    assert told == ["space-low", "shares-closed", "space-low", "space-low"]


def test_a_ballast_that_has_no_room_is_not_kept(disk: Disk):
    """Half a ballast is none: what was taken of it is free again."""
    disk.fill(leave_bytes=1 << 20)
    with pytest.raises(OSError, match="No space left"):
        ballast.keep(disk.path, 8 << 20)
    assert not ballast.is_there(disk.path)
