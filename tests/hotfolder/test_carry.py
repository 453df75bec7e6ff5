"""Taking a file off a share on another file system: copied, then removed."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hotfolder import carry
from hotfolder.arrival import ArrivedFile
from hotfolder.claim import Changed, Gone, Taken
from hotfolder.errors import ShareError
from hotfolder.exclusive import rename_exclusive
from hotfolder.names import is_scan_name
from tests.hotfolder.apart import MARK, SCAN, Apart, at_the_rename, two_file_systems


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    """Both, empty."""
    with two_file_systems(tmp_path) as fresh:
        yield fresh


def test_two_file_systems_are_apart(apart: Apart):
    """Whether a rename can do it is asked of the folders; of one that is not there nothing is known."""
    assert carry.is_apart(apart.share, apart.claims)
    assert not carry.is_apart(apart.claims, apart.claims.parent)
    assert not carry.is_apart(apart.share / "none", apart.claims)


def test_a_finished_file_is_copied_and_then_removed(apart: Apart):
    """What was offered stands at its new place, whole, and nowhere else."""
    done = apart.take(apart.drop())
    assert isinstance(done, Taken)
    assert (apart.in_share, apart.in_claims) == ({}, {"0001": SCAN})


def test_the_copy_is_on_disk_before_the_share_is_touched(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """The data, then the name of the copy are flushed; only then does the share's file lose its name."""
    file = apart.drop()
    happened: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(fd: int) -> None:
        happened.append("flush " + Path(f"/proc/self/fd/{fd}").readlink().name)
        real_fsync(fd)

    def rename(old: str, new: str, **where: Any) -> None:
        assert apart.in_claims == {"0001": SCAN}
        happened.append(f"rename {old}")
        real_rename(old, new, **where)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    apart.take(file)
    assert happened == ["flush .0001.part", "flush claims", "rename scan.pdf", f"flush {apart.share.name}"]


def test_a_file_that_was_written_to_is_not_taken(apart: Apart):
    """Another size, another time, or other bytes than those the envelope names: it stays, and no copy does."""
    file = apart.drop()
    file.path.write_bytes(SCAN + b"x")
    assert isinstance(apart.take(file), Changed)
    os.utime(file.path, ns=(1, 1))
    assert isinstance(apart.take(file), Changed)
    file = apart.drop()
    assert isinstance(apart.take(file, b"other"), Changed)
    assert (list(apart.in_share), apart.in_claims) == (["scan.pdf"], {})


def test_a_file_that_went_away_is_gone(apart: Apart):
    """A sender may delete its scan; that is no error, and no copy stays."""
    file = apart.drop()
    file.path.unlink()
    assert isinstance(apart.take(file), Gone)
    assert (apart.in_share, apart.in_claims) == ({}, {})


def test_a_link_is_not_followed(apart: Apart):
    """A link that took the place of the scan is refused."""
    file = apart.drop()
    file.path.unlink()
    file.path.symlink_to("/etc/passwd")
    assert isinstance(apart.take(file), Changed)
    assert apart.in_claims == {}


def test_another_file_under_the_name_goes_back(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """The next scan of the same name, sent in the last instant, is not removed for the one before."""
    file = apart.drop()

    def replace() -> None:
        file.path.unlink()
        file.path.write_bytes(b"the next")

    at_the_rename(apart, monkeypatch, replace)
    assert isinstance(apart.take(file), Changed)
    assert (apart.in_share, apart.in_claims) == ({"scan.pdf": b"the next"}, {})


def test_a_file_deleted_in_the_last_instant_is_gone(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """Deleted between copy and removal, it is gone: its sender wants it no more."""
    file = apart.drop()
    at_the_rename(apart, monkeypatch, file.path.unlink)
    assert isinstance(apart.take(file), Gone)
    assert (apart.in_share, apart.in_claims) == ({}, {})


class CrashError(BaseException):
    """The process ends here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """End with the step-th durable step: flushes, renames and removals, each in the instant before it."""
    left = [step]

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def call(*args: Any, **where: Any) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise CrashError
            real(*args, **where)

        return call

    for name in ("fsync", "rename", "unlink"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(carry, "rename_exclusive", counted(rename_exclusive))


@pytest.mark.parametrize("step", range(1, 8))
@pytest.mark.parametrize("next_start", ["goes on", "gives back"])
def test_a_crash_at_any_step_leaves_one_scan(apart: Apart, step: int, next_start: str):
    """Wherever it stops, the next start has the scan in the job or in the share, whole, and never in both."""
    file = apart.drop()
    with pytest.MonkeyPatch.context() as patched:
        crash_at(patched, step)
        with pytest.raises(CrashError):
            apart.take(file)
    if apart.into.exists() and next_start == "goes on":
        carry.finish(apart.into, apart.share, "scan.pdf", MARK)
        assert apart.in_share == {}
    else:
        if apart.into.exists():
            carry.put_back(apart.into, apart.share, "scan.pdf", MARK)
        assert apart.in_share == {"scan.pdf": SCAN}
    assert apart.in_claims.get("0001", SCAN) == SCAN


def test_the_steps_of_a_claim_are_seven(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """The crash test above meets every durable step: an eighth there is not."""
    file = apart.drop()
    crash_at(monkeypatch, 8)
    assert isinstance(apart.take(file), Taken)


def test_giving_back_copies_what_the_share_no_longer_has(apart: Apart):
    """A file that was removed already goes back whole, beside the next one of its name."""
    file = apart.drop()
    apart.take(file)
    apart.drop(b"the next")
    carry.put_back(apart.into, apart.share, "scan.pdf", MARK)
    assert (apart.in_share, apart.in_claims) == ({"scan.pdf": b"the next", "scan~2.pdf": SCAN}, {})


def test_going_on_spares_the_next_scan(apart: Apart):
    """At the next start only the very same bytes are removed from under the old name."""
    apart.take(apart.drop())
    apart.drop(b"the next")
    carry.finish(apart.into, apart.share, "scan.pdf", MARK)
    assert apart.in_share == {"scan.pdf": b"the next"}


def test_a_claimed_file_is_hidden():
    """The name a file bears between claim and removal is none of a scan."""
    assert not is_scan_name(carry._hidden(MARK))


def test_a_failing_disk_is_told(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """A full disk is an error with its sentence; the scan stays, and no part of a copy does."""
    file = apart.drop()

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ShareError, match="the disk is full"):
        apart.take(file)
    assert (apart.in_share, apart.in_claims) == ({"scan.pdf": SCAN}, {})


def test_a_sub_folder_keeps_its_files(apart: Apart):
    """A file of a sub-folder is taken out of it, goes back into it, and is never found through a link in its place."""
    folder = apart.share / "alice"
    folder.mkdir()
    file = replace_folder(apart.drop(name="alice/scan.pdf"), "alice")
    assert isinstance(apart.take(file), Taken)
    assert list(folder.iterdir()) == []
    folder.rmdir()
    carry.put_back(apart.into, apart.share, "scan.pdf", MARK, "alice")
    assert (folder / "scan.pdf").read_bytes() == SCAN
    folder.rename(apart.share / "bob")
    folder.symlink_to(apart.share / "bob")
    assert isinstance(apart.take(file), Changed)
    assert apart.in_claims == {}


def test_a_folder_renamed_in_the_last_instant_keeps_its_file(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """A folder's name says who gets it: when it is another's by then, the file is not taken."""
    folder = apart.share / "alice"
    folder.mkdir()
    file = replace_folder(apart.drop(name="alice/scan.pdf"), "alice")

    def replace() -> None:
        folder.rename(apart.share / "bob")
        folder.mkdir()

    at_the_rename(apart, monkeypatch, replace)
    assert isinstance(apart.take(file), Changed)
    assert (apart.share / "bob" / "scan.pdf").read_bytes() == SCAN
    assert apart.in_claims == {}


def test_going_on_without_the_folder_has_nothing_to_do(apart: Apart):
    """A sub-folder that is gone at the next start took its file along; that is no error."""
    apart.into.write_bytes(SCAN)
    carry.finish(apart.into, apart.share, "scan.pdf", MARK, "alice")
    assert apart.in_claims == {"0001": SCAN}


def replace_folder(file: ArrivedFile, folder: str) -> ArrivedFile:
    """The same file, as lying in a sub-folder."""
    return ArrivedFile(file.path, file.stamp, folder=folder)
