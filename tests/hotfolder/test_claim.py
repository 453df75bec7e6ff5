import errno
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hotfolder import claim
from hotfolder.arrival import ArrivedFile
from hotfolder.claim import Changed, Gone, Taken, digest, give_back, take
from hotfolder.errors import ShareError
from hotfolder.exclusive import rename_exclusive
from hotfolder.failed import put_failed
from hotfolder.look import stamp_of
from tests.hotfolder.share_folders import Folders

TICKET = "20261123T090257Z-k7q2"
SENTENCE = "The file is cut short: the PDF has no end mark."


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A share and a place for claims, on one file system."""
    return Folders(tmp_path)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have something done right before or right after the rename of the next ``take``."""

    def arrange(before: Callable[[], object] = lambda: None, after: Callable[[], object] = lambda: None) -> None:
        rename, pending = rename_exclusive, [(before, after)]

        def disturbed(name: str, dir_fd: int, new_name: str, new_dir_fd: int) -> None:
            first, then = pending.pop() if pending else (lambda: None, lambda: None)
            first()
            rename(name, dir_fd, new_name, new_dir_fd)
            then()

        monkeypatch.setattr(claim, "rename_exclusive", disturbed)

    return arrange


@pytest.mark.parametrize("name", ["scan.pdf", "caf\udce9.pdf", "a\nb.pdf", "-rf.pdf", "x" * 255, "\u202efdp.exe"])
def test_a_finished_file_leaves_the_share(folders: Folders, name: str):
    """What was offered and has not changed stands at its new place, whole, and nowhere else."""
    file = folders.drop(name)
    into = folders.claims / "0001"
    taken = take(file, into)
    assert isinstance(taken, Taken)
    assert (taken.path, into.read_bytes(), folders.left()) == (into, b"a scan", {})


def test_data_reach_the_disk_before_the_name_and_both_directories_after(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
):
    """No power cut can show a claimed name without its data, or bring the old name back after ``take`` returned."""
    done: list[str] = []
    fsync, rename = os.fsync, rename_exclusive

    def noted_fsync(fd: int) -> None:
        done.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        fsync(fd)

    def noted_rename(*names: str | int) -> None:
        done.append("rename")
        rename(*names)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(claim, "rename_exclusive", noted_rename)
    assert isinstance(take(folders.drop(), folders.claims / "0001"), Taken)
    assert done == ["scan.pdf", "rename", "claims", "share"]


def test_a_file_that_went_away_is_gone(folders: Folders):
    """A sender may delete its scan; that is no error. Neither is a share that vanished."""
    file = folders.drop()
    file.path.unlink()
    assert take(file, folders.claims / "0001") == Gone()
    folders.share.rmdir()
    assert take(file, folders.claims / "0001") == Gone()


def test_a_file_that_vanishes_at_the_last_moment_is_gone(folders: Folders, meanwhile: Callable[..., None]):
    """Deleted between look and rename, it is gone all the same."""
    file = folders.drop()
    meanwhile(before=file.path.unlink)
    assert take(file, folders.claims / "0001") == Gone()


def grown(path: Path) -> None:
    """Append to it."""
    with path.open("ab") as out:
        out.write(b"!")


def linked(path: Path) -> None:
    """Replace it by a symbolic link."""
    path.unlink()
    path.symlink_to("/etc/passwd")


def twinned(path: Path) -> None:
    """Give it a second name."""
    path.with_name("twin.pdf").hardlink_to(path)


def directory(path: Path) -> None:
    """Replace it by a directory."""
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    """Replace it by a pipe."""
    path.unlink()
    os.mkfifo(path)


def replaced(path: Path) -> None:
    """Rename another file over it."""
    path.with_name("new").write_bytes(b"a scan")
    path.with_name("new").rename(path)


@pytest.mark.parametrize("change", [grown, linked, twinned, directory, fifo, replaced])
def test_a_file_that_changed_is_not_taken(folders: Folders, change: Callable[[Path], None]):
    """Written to, replaced, linked or no file any more: it stays where it is and nothing is followed."""
    file = folders.drop()
    change(file.path)
    assert isinstance(take(file, folders.claims / "0001"), Changed)
    assert os.path.lexists(file.path)
    assert os.listdir(folders.claims) == []


def test_a_file_that_is_open_again_is_not_taken(folders: Folders):
    """A writer that came back before the claim keeps its file."""
    file = folders.drop()
    with file.path.open("ab"):
        assert isinstance(take(file, folders.claims / "0001"), Changed)
    assert folders.left() == {"scan.pdf": b"a scan"}


def test_a_device_that_never_closes_is_served(folders: Folders):
    """What was found whole and long untouched is taken from under its open writer, unless that writer writes."""
    file = replace(folders.drop(), is_held_open=True)
    with file.path.open("ab"):
        assert isinstance(take(file, folders.claims / "0001"), Taken)
    file = replace(folders.drop(), is_held_open=True)
    with file.path.open("ab", buffering=0) as out:
        out.write(b"!")
        assert isinstance(take(file, folders.claims / "0002"), Changed)
    assert folders.left() == {"scan.pdf": b"a scan!"}


def test_a_writer_that_comes_back_during_the_claim_gets_its_file_back(folders: Folders, meanwhile: Callable[..., None]):
    """Opened for writing between look and rename, the file goes back under its name with all that is written."""
    file = folders.drop()
    writers = []
    meanwhile(before=lambda: writers.append(file.path.open("ab", buffering=0)))
    changed = take(file, folders.claims / "0001")
    assert changed == Changed(file.path, "it is open for writing again")
    with writers[0] as out:
        out.write(b", page 2")
    assert folders.left() == {"scan.pdf": b"a scan, page 2"}


def test_a_file_given_back_overwrites_nothing(folders: Folders, meanwhile: Callable[..., None]):
    """When the name is taken by the next scan meanwhile, both are there afterwards."""
    file = folders.drop()
    into = folders.claims / "0001"

    def next_scan() -> None:
        grown(into)
        file.path.write_bytes(b"the next scan")

    meanwhile(after=next_scan)
    assert take(file, into) == Changed(folders.share / "scan~2.pdf", "it was written to")
    assert folders.left() == {"scan.pdf": b"the next scan", "scan~2.pdf": b"a scan!"}


def test_another_file_under_the_name_is_not_mistaken(folders: Folders, meanwhile: Callable[..., None]):
    """A file renamed over the offered one in the last instant is not the one that was looked at: it goes back."""
    file = folders.drop()
    meanwhile(before=lambda: replaced(file.path))
    assert take(file, folders.claims / "0001") == Changed(file.path, "another file took its name")
    assert folders.left() == {"scan.pdf": b"a scan"}


def test_a_claim_never_overwrites_a_claim(folders: Folders):
    """A name that is taken in the spool is an error with a sentence, and the scan stays."""
    (folders.claims / "0001").write_bytes(b"older")
    with pytest.raises(ShareError, match="taken"):
        take(folders.drop(), folders.claims / "0001")
    assert folders.left() == {"scan.pdf": b"a scan"}
    assert (folders.claims / "0001").read_bytes() == b"older"


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A directory on another file system."""
    made = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


def test_another_file_system_is_an_error_that_says_what_to_do(folders: Folders, elsewhere: Path):
    """A share and a spool that cannot be renamed between are told with the keys to change; the scan stays."""
    assert elsewhere.stat().st_dev != folders.share.stat().st_dev
    with pytest.raises(ShareError, match=r"\[\[share\]\] path") as caught:
        take(folders.drop(), elsewhere / "0001")
    assert caught.value.errno == errno.EXDEV
    assert folders.left() == {"scan.pdf": b"a scan"}


def test_a_failing_disk_gives_the_file_back(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[..., None]
):
    """When the directories cannot be flushed, the scan is in the share again and the error is told."""
    fsync = os.fsync

    def failing(fd: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        raise OSError(errno.EIO, "Input/output error")

    file = folders.drop()
    meanwhile(after=lambda: monkeypatch.setattr(os, "fsync", failing))
    with pytest.raises(ShareError, match="card"):
        take(file, folders.claims / "0001")
    assert folders.left() == {"scan.pdf": b"a scan"}


def test_a_claimed_file_never_changes_again(folders: Folders):
    """Case 11: against a writer that overwrites one name all the time, no file changes after it was taken."""
    path, stop = folders.share / "scan.pdf", threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with path.open("ab", buffering=0) as out:
                out.write(b"%d," % number)
                out.write(b"%d;" % number)
            stop.wait(0.0005)  # or it would be open nearly always

    writer = threading.Thread(target=write)
    writer.start()
    digests: dict[Path, tuple[int, str]] = {}
    until_s = time.monotonic() + 30
    try:
        while len(digests) < 50 and time.monotonic() < until_s:
            try:
                file = ArrivedFile(path, stamp_of(path.stat()))
            except FileNotFoundError:
                continue
            taken = take(file, folders.claims / f"{len(digests):04d}")
            if isinstance(taken, Taken):
                digests[taken.path] = digest(taken.path)
    finally:
        stop.set()
        writer.join()
    assert len(digests) == 50
    assert {path: digest(path) for path in digests} == digests


def test_a_digest_is_size_and_sha256(tmp_path: Path):
    """A file longer than one block is digested whole; a link is not followed."""
    content = os.urandom(2_500_000)
    (tmp_path / "scan.pdf").write_bytes(content)
    (tmp_path / "link.pdf").symlink_to(tmp_path / "scan.pdf")
    assert digest(tmp_path / "scan.pdf") == (len(content), hashlib.sha256(content).hexdigest())
    with pytest.raises(ShareError, match="link"):
        digest(tmp_path / "link.pdf")


def test_giving_back_finds_a_free_name(folders: Folders):
    """Three files of one name are three files afterwards."""
    for number in range(3):
        (folders.claims / "0001").write_bytes(b"%d" % number)
        give_back(folders.claims / "0001", folders.share, "scan.pdf")
    assert folders.left() == {"scan.pdf": b"0", "scan~2.pdf": b"1", "scan~3.pdf": b"2"}


@pytest.mark.parametrize("name", ["", ".", "..", "../x.pdf", "a/b.pdf", "a\0b"])
def test_a_path_is_no_name(folders: Folders, name: str):
    """Nothing can be given back or shown outside the share."""
    file = folders.drop()
    with pytest.raises(ValueError, match="not the name of a file"):
        give_back(file.path, folders.share, name)
    with pytest.raises(ValueError, match="not the name of a file"):
        put_failed(file.path, folders.share, name, SENTENCE, TICKET)
