import errno
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from hotfolder.errors import ShareError
from hotfolder.hints import Hints, Watched
from hotfolder.names import is_scan_name
from hotfolder.status_file import PART_NAME, put_status, standing
from tests.hotfolder.watching import until

NAME = "STATUS.txt"


def test_the_text_stands_there_alone(tmp_path: Path):
    """The text is what a client reads, whatever the umask; nothing else is left, and neither name is ever a scan."""
    umask = os.umask(0o077)
    try:
        written = put_status(tmp_path, b"one")
        assert put_status(tmp_path, b"two") != written
    finally:
        os.umask(umask)
    path = tmp_path / NAME
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"two", 0o640)
    assert os.listdir(tmp_path) == [NAME]
    assert not is_scan_name(NAME)
    assert not is_scan_name(PART_NAME)


def test_what_a_crash_left_is_written_over(tmp_path: Path):
    """Half a text of the last run is in nobody's way."""
    (tmp_path / PART_NAME).write_bytes(b"half a te")
    put_status(tmp_path, b"whole")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {NAME: b"whole"}


@pytest.mark.parametrize("name", [NAME, PART_NAME])
@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo", "dangling"])
def test_nothing_laid_in_its_place_is_followed(tmp_path: Path, name: str, kind: str):
    """A link, a pipe or a second name under ours is replaced; what it names keeps every byte."""
    share, victim = tmp_path / "share", tmp_path / "victim"
    share.mkdir()
    victim.write_bytes(b"secret")
    trap = share / name
    match kind:
        case "symlink":
            trap.symlink_to(victim)
        case "hard link":
            os.link(victim, trap)
        case "fifo":
            os.mkfifo(trap)
        case _:
            trap.symlink_to(tmp_path / "elsewhere")
    put_status(share, b"text")
    assert (share / NAME).read_bytes() == b"text"
    assert not (share / NAME).is_symlink()
    assert victim.read_bytes() == b"secret"
    assert not (tmp_path / "elsewhere").exists()
    assert os.listdir(share) == [NAME]


def test_a_folder_of_that_name_is_told(tmp_path: Path):
    """A folder in its place is left alone, and the sentence says what helps."""
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "theirs").touch()
    with pytest.raises(ShareError, match=r"cannot write STATUS\.txt: a folder of that name stands there; remove it"):
        put_status(tmp_path, b"text")
    assert sorted(os.listdir(tmp_path)) == [NAME]
    assert standing(tmp_path) is None


def test_a_folder_that_is_gone_is_told(tmp_path: Path):
    """A share that is not there is an error with a sentence, and is not made."""
    with pytest.raises(ShareError, match=r"cannot write STATUS\.txt: "):
        put_status(tmp_path / "gone", b"text")
    assert not (tmp_path / "gone").exists()


def test_a_full_disk_leaves_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What cannot be written leaves nothing half done: readers keep the text before it."""
    put_status(tmp_path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(ShareError, match="the disk is full; free some space"):
        put_status(tmp_path, b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {NAME: b"old"}


def test_a_foreign_hand_is_seen(tmp_path: Path):
    """The text that stands there is known as ours until somebody changes, replaces or removes it."""
    written = put_status(tmp_path, b"ours")
    path = tmp_path / NAME
    assert standing(tmp_path) == written
    path.write_bytes(b"theirs!")
    assert standing(tmp_path) != written
    path.unlink()
    assert standing(tmp_path) is None
    path.symlink_to(tmp_path / "elsewhere")
    assert standing(tmp_path) is None


async def test_writing_it_makes_nobody_look_for_a_scan(tmp_path: Path):
    """Its events wake no watcher: only what comes after it does."""
    woken = threading.Event()
    hints = Hints(tmp_path, woken.set, time.monotonic, 60.0)
    try:
        assert hints.ensure() == Watched()
        for number in range(20):
            put_status(tmp_path, b"%d" % number)
        (tmp_path / "after.pdf").touch()  # its events come after all of theirs
        await until(woken.is_set)
        assert set(hints.drain()) == {"after.pdf"}
    finally:
        hints.stop()
