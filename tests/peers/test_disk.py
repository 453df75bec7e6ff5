"""The small disk: it fills up, turns read-only, and forgets what was not flushed."""

import errno
import os
from pathlib import Path

import pytest

from tests.peers.disk import Disk


def _write(path: Path) -> None:
    with path.open("wb", buffering=0) as out:
        out.write(b"x" * 5000)
        os.fsync(out.fileno())


def test_a_full_disk_takes_no_byte(tmp_path: Path):
    """Filled, nothing more can be written and flushed; the rest that was asked for can."""
    with Disk(tmp_path) as disk:
        filler = disk.fill()
        with pytest.raises(OSError, match="No space") as caught:
            _write(disk.path / "new")
        assert caught.value.errno == errno.ENOSPC
        filler.unlink()
        _write(disk.path / "new")


def test_a_read_only_disk_refuses(tmp_path: Path):
    """After the remount nothing can be made; after the next it can."""
    with Disk(tmp_path) as disk:
        disk.remount("ro")
        with pytest.raises(OSError, match="Read-only"):
            (disk.path / "new").touch()
        disk.remount("rw")
        (disk.path / "new").touch()


def test_a_power_cut_keeps_what_was_flushed_and_loses_the_rest(tmp_path: Path):
    """What was flushed with its folder is there afterwards; what was only written is not."""
    with Disk(tmp_path) as disk:
        for name in ("flushed", "written"):
            with (disk.path / name).open("wb", buffering=0) as out:
                out.write(b"a scan")
                if name == "flushed":
                    os.fsync(out.fileno())
                    folder = os.open(disk.path, os.O_RDONLY)
                    os.fsync(folder)
                    os.close(folder)
        image = disk.cut_power(tmp_path / "after.image")
    (tmp_path / "after").mkdir()
    with Disk(tmp_path / "after", image=image) as after:
        assert (after.path / "flushed").read_bytes() == b"a scan"
        assert not (after.path / "written").exists() or (after.path / "written").read_bytes() == b""
