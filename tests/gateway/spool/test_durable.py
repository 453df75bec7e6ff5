import errno
import os
from pathlib import Path

import pytest

from gateway.spool import durable


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached the disk, in order: ``fsync NAME`` and ``rename NAME``."""
    seen: list[str] = []
    real_fsync, real_rename = os.fsync, Path.rename

    def fsync(fd: int) -> None:
        real_fsync(fd)
        seen.append(f"fsync {Path(f'/proc/self/fd/{fd}').readlink().name}")

    def rename(source: Path, target: Path) -> Path:
        seen.append(f"rename {source.name}")
        return real_rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    return seen


def test_a_file_is_flushed_before_it_is_told(tmp_path, steps):
    """A written file holds every byte, in order, and was flushed."""
    assert durable.write_file(tmp_path / "file", [b"one ", b"", b"two"]) == 7
    assert (tmp_path / "file").read_bytes() == b"one two"
    assert steps == ["fsync file"]


def test_a_name_that_is_taken_is_not_overwritten(tmp_path):
    """Writing a new file never touches one that is there."""
    (tmp_path / "file").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        durable.write_file(tmp_path / "file", [b"second"])
    assert (tmp_path / "file").read_bytes() == b"first"


def test_no_part_of_a_file_stays_behind_a_fault(tmp_path, monkeypatch):
    """A file whose flush fails is removed, and the fault is told."""

    def failing(fd: int) -> None:
        raise OSError(errno.EIO, "fault")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="fault"):
        durable.write_file(tmp_path / "file", [b"data"])
    assert list(tmp_path.iterdir()) == []


def test_short_writes_are_continued(tmp_path, monkeypatch):
    """A system call that takes only a part of the bytes is repeated for the rest."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data[:3])))
    assert durable.write_file(tmp_path / "file", [b"0123456789"]) == 10
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_a_rename_flushes_both_directories(tmp_path, steps):
    """A rename between directories is flushed in the new and then in the old one: else a power cut undoes it."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "old" / "job").mkdir()
    durable.rename(tmp_path / "old" / "job", tmp_path / "new" / "job")
    assert steps == ["rename job", "fsync new", "fsync old"]


def test_a_replaced_file_is_whole_at_every_step(tmp_path, steps, monkeypatch):
    """While a file is replaced, its name always holds the whole old or the whole new bytes."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    (tmp_path / ".file.new").write_bytes(b"left by a crash")
    held = []
    monkeypatch.setattr(durable, "checkpoint", lambda _: held.append(path.read_bytes()))
    assert durable.replace_file(path, [b"new", b"er"]) == 5
    assert set(held) == {b"old", b"newer"}
    assert held == sorted(held, reverse=True)
    assert steps == ["fsync .file.new", "rename .file.new", f"fsync {tmp_path.name}"]
    assert os.listdir(tmp_path) == ["file"]
