import os
from pathlib import Path

import pytest

from gateway.arrive import place
from hotfolder.mounts import Mount
from tests.gateway.spool.given import OFFICE, config


def with_share(root: Path, path: Path) -> list[str]:
    """The faults of a configuration whose share is at the path."""
    return place.faults(config(root, share=[{"name": "scans", "path": path, "to": [OFFICE]}]))


def test_folders_that_can_be_worked_in_are_no_fault(box):
    """A share beside the state directory is right, whether the state directory exists already or not."""
    assert place.faults(box.config) == []
    assert with_share(box.config.gateway.state.parent / "new", box.config.share[0].path) == []


def test_a_missing_share_is_told(tmp_path):
    """A share that does not exist is named with its key and the mend; the state directory is not made meanwhile."""
    (found,) = with_share(tmp_path, tmp_path / "none")
    assert found == (
        f"share.scans.path: {tmp_path / 'none'} does not exist; make the folder, owned by the service's user"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_share(tmp_path):
    """A share that is a file is told."""
    (tmp_path / "file").write_bytes(b"")
    assert with_share(tmp_path, tmp_path / "file") == [
        f"share.scans.path: {tmp_path / 'file'} is not a folder; name one"
    ]


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system, as every Linux has one there")
def test_a_share_elsewhere_is_told(tmp_path):
    """A share on another file system is told: no scan could leave it by a rename."""
    elsewhere = Path("/dev/shm")
    found = with_share(tmp_path, elsewhere)
    if elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        assert found == []
    else:
        said = f"share.scans.path: {elsewhere} is not on the file system of gateway.state ({tmp_path / 'state'})"
        assert found == [f"{said}; put both on one"]


@pytest.mark.parametrize(
    ("kind", "is_refused", "is_warned"), [("cifs", True, False), ("virtiofs", False, True), ("fuse.x", False, True)]
)
def test_a_state_on_another_machine_is_told(tmp_path, monkeypatch, kind, is_refused, is_warned):
    """A network file system is refused for the state; one that a host or a program keeps is warned of."""
    monkeypatch.setattr(place, "foreign_mount", lambda _path: Mount(kind, (0, 1)))
    alone = config(tmp_path, share=[])
    said = f"gateway.state: {tmp_path / 'state'} is on a "
    assert [found.startswith(f"{said}network file system ({kind})") for found in place.faults(alone)] == [
        True
    ] * is_refused
    assert [found.startswith(f"{said}shared file system ({kind})") for found in place.warnings(alone)] == (
        [True] * is_warned
    )


def test_a_missing_share_is_not_warned_of(tmp_path):
    """What ``faults`` says is not said twice."""
    assert place.warnings(config(tmp_path, share=[{"name": "s", "path": tmp_path / "none", "to": [OFFICE]}])) == []


def test_a_state_that_is_a_file_is_told(tmp_path):
    """A state directory that is a file, or below one, is told."""
    (tmp_path / "file").write_bytes(b"")
    for state in (tmp_path / "file", tmp_path / "file" / "below"):
        (found,) = place.faults(config(tmp_path, gateway={"state": state}, share=[]))
        assert found == f"gateway.state: {tmp_path / 'file'} is not a directory; name one on a local disk"


def test_a_state_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    """A state directory, or the nearest parent that exists, which the user may not write is told."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (found,) = place.faults(config(tmp_path, gateway={"state": tmp_path / "deep" / "down"}, share=[]))
    assert found == f"gateway.state: {tmp_path} cannot be written; name a directory that the service's user owns"


def test_a_share_that_cannot_be_written_is_told(box, monkeypatch):
    """A share that the user may not write is told: its scans could not be taken off it."""
    share = box.config.share[0].path
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != share and real(path, mode))
    assert place.faults(box.config) == [
        f"share.scans.path: {share} cannot be read and written; give it to the service's user"
    ]
