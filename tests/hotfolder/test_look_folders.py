import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotfolder.listing import Bound, list_folder
from hotfolder.look import ask_lease, ask_structure, open_directory, stamp_of
from hotfolder.names import display_key, is_folder_name, split_key
from hotfolder.verdict import Unreadable, Whole, Writing
from tests.hotfolder.failing import fail_stat
from tests.hotfolder.samples import pdf

FOLDERS = ["alice@contoso.com", "alice", "Job.tmp", "a b", "ALICE@CONTOSO.COM.", "caf\udce9"]
NO_FOLDERS = [
    "_failed", "_FAILED", ".recycle", "~old", "lost+found", "$RECYCLE.BIN", "System Volume Information", "@eaDir",
    "#recycle", "STATUS.txt", "",
]  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_a_person_may_make_is_one(name: str):
    """No folder into which a person may lay scans is passed over in silence."""
    assert is_folder_name(name)


@pytest.mark.parametrize("name", [name for name in NO_FOLDERS if name])
def test_what_systems_keep_is_no_folder_for_scans(name: str):
    """Recycle bins, lost+found, hidden folders and our own are never looked into."""
    assert not is_folder_name(name)


def test_a_key_is_folder_and_name():
    """A key splits into the sub-folder and the name, and is shown without anything that could mislead."""
    assert split_key("alice/scan.pdf") == ("alice", "scan.pdf")
    assert split_key("scan.pdf") == ("", "scan.pdf")
    assert display_key("al\u202eice/a\nb.pdf") == "alice/a b.pdf"


def test_folders_are_looked_into_when_asked(tmp_path: Path):
    """The folders directly below a share are seen with what is in them, no deeper, no droppings, and no links."""
    for name in (*FOLDERS, *filter(None, NO_FOLDERS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scan.pdf").write_bytes(b"x")
        (tmp_path / name / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "top.pdf").write_bytes(b"x")
    (tmp_path / "alice" / "2026").mkdir()
    (tmp_path / "alice" / "2026" / "deep.pdf").write_bytes(b"x")
    (tmp_path / "alice" / "link.pdf").symlink_to("/etc/passwd")
    (tmp_path / "bob").symlink_to(tmp_path / "alice")
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert set(listing.sightings) == {"top.pdf", *(f"{name}/scan.pdf" for name in FOLDERS)}
    assert set(listing.strange) == {"alice/2026", "alice/link.pdf", "bob"}
    assert "one level up" in listing.strange["alice/2026"]
    assert listing.folders == {name: (tmp_path / name).stat().st_ino for name in FOLDERS}


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT])
def test_a_folder_listed_in_part_counts_as_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int):
    """Half a folder would look like a whole scan with fewer pages: none of its files is seen in such a look."""
    folder = tmp_path / "job"
    folder.mkdir()
    for name in ("1.jpg", "2.jpg"):
        (folder / name).write_bytes(b"x")
    real = os.scandir

    @contextmanager
    def failing(fd: int) -> Iterator[Iterator[os.DirEntry[str]]]:
        def entries() -> Iterator[os.DirEntry[str]]:
            with real(fd) as found:
                yield next(found)
            if os.fstat(fd).st_ino == folder.stat().st_ino:
                raise OSError(number, "it fails")

        yield entries()

    monkeypatch.setattr(os, "scandir", failing)
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert (listing.sightings, listing.folders) == ({}, {})
    assert set(listing.strange) == ({"job"} if number == errno.EIO else set())


def test_a_file_that_cannot_be_looked_at_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One broken entry, at the top or in a folder, is told by name; every other file is seen."""
    (tmp_path / "alice").mkdir()
    for name in ("a.pdf", "bad.pdf", "c.pdf", "alice/1.pdf", "alice/stale.pdf", ".hidden.part"):
        (tmp_path / name).write_bytes(b"x")
    fail_stat(monkeypatch, {"bad.pdf": errno.EIO, "stale.pdf": errno.ESTALE, ".hidden.part": errno.EIO})
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert set(listing.sightings) == {"a.pdf", "c.pdf", "alice/1.pdf"}
    assert set(listing.strange) == {"bad.pdf", "alice/stale.pdf"}
    assert (
        listing.strange["bad.pdf"] == "it cannot be looked at: the disk cannot read or write it; check the card or disk"
    )
    assert listing.unfinished == dict.fromkeys(["bad.pdf", "alice/stale.pdf", ".hidden.part"])


def test_a_folder_that_cannot_be_looked_at_is_asked_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A directory whose stat fails is looked into where folders count, and passed over where they do not."""
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "1.pdf").write_bytes(b"x")
    fail_stat(monkeypatch, {"alice": errno.ESTALE})
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert (set(listing.sightings), set(listing.folders), listing.strange) == ({"alice/1.pdf"}, {"alice"}, {})
    listing = list_folder(tmp_path, time.monotonic)
    assert (listing.sightings, listing.strange, listing.unfinished) == ({}, {}, {})


def test_more_than_some_faults_are_the_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When a server fails at every file, it is named once, and not each file; in a folder the folder is."""
    (tmp_path / "job").mkdir()
    names = [f"{number}.pdf" for number in range(11)]
    for name in names:
        (tmp_path / "job" / name).write_bytes(b"x")
    fail_stat(monkeypatch, dict.fromkeys(names, errno.ESTALE))
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert (set(listing.strange), listing.unfinished) == ({"job"}, {})
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        list_folder(tmp_path / "job", time.monotonic)


def test_uploads_are_seen_and_litter_is_not(tmp_path: Path):
    """A file under an upload's name may become a page; what desktops and we ourselves leave never does."""
    (tmp_path / "job").mkdir()
    uploads = {"2.pdf.part", "2.TMP", "~2.pdf", ".2.pdf", ".2.pdf.Xy3", "2.lck"}
    litter = {"Thumbs.db", ".DS_Store", "._2.pdf", "~$2.docx", ".scangate-20261125T090257Z-k7q2-0001", ".nfs00000001"}
    for name in (*uploads, *litter):
        (tmp_path / "job" / name).write_bytes(b"x")
    (tmp_path / "job" / ".link").symlink_to("/etc/passwd")
    (tmp_path / "job" / ".folder").mkdir()
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert (set(listing.unfinished), listing.sightings) == ({f"job/{name}" for name in uploads}, {})
    assert listing.strange == {}


def test_where_nothing_waits_for_uploads_none_is_listed(tmp_path: Path):
    """In a share whose listing is bounded a hundred thousand files left by uploads take no memory."""
    (tmp_path / "1.pdf.part").write_bytes(b"x")
    (tmp_path / "1.pdf").write_bytes(b"x")
    listing = list_folder(tmp_path, time.monotonic, bound=Bound())
    assert (listing.unfinished, set(listing.sightings), listing.more) == ({}, {"1.pdf"}, 0)
    assert set(list_folder(tmp_path, time.monotonic).unfinished) == {"1.pdf.part"}


def test_folders_are_passed_over_otherwise(tmp_path: Path):
    """A share without folders for people sees its top level alone."""
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "scan.pdf").write_bytes(b"x")
    listing = list_folder(tmp_path, time.monotonic)
    assert (listing.sightings, listing.strange, listing.folders) == ({}, {}, {})


def test_a_folder_that_goes_away_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder removed, or replaced by a link, between the listing of its share and its own is no error and no scan."""
    for name in ("gone", "swapped", "alice"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scan.pdf").write_bytes(b"x")
    secret = tmp_path.with_name(f"{tmp_path.name}-secret")
    secret.mkdir()
    (secret / "secret.pdf").write_bytes(b"x")
    monkeypatch.setattr("hotfolder.listing.open_directory", _swapping(tmp_path, secret))
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert set(listing.sightings) == {"alice/scan.pdf"}
    assert listing.strange == {}


def _swapping(root: Path, secret: Path):
    """open_directory, which removes and swaps folders right before they are opened."""

    def opening(path, *, dir_fd=None, is_link_refused=False):
        if path == "gone":
            (root / "gone").rename(root / ".gone")
        if path == "swapped":
            (root / "swapped").rename(root / ".swapped")
            (root / "swapped").symlink_to(secret)
        return open_directory(path, dir_fd=dir_fd, is_link_refused=is_link_refused)

    return opening


def test_a_folder_that_cannot_be_read_is_strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder whose listing fails is told by name, and keeps nobody else's scans from being seen."""
    for name in ("alice", "locked"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scan.pdf").write_bytes(b"x")

    def refusing(path, *, dir_fd=None, is_link_refused=False):
        if path == "locked":
            raise PermissionError(13, "Permission denied", path)
        return open_directory(path, dir_fd=dir_fd, is_link_refused=is_link_refused)

    monkeypatch.setattr("hotfolder.listing.open_directory", refusing)
    listing = list_folder(tmp_path, time.monotonic, with_folders=True)
    assert set(listing.sightings) == {"alice/scan.pdf"}
    assert listing.strange["locked"].startswith("the folder cannot be read: permission denied")


def test_a_file_behind_a_linked_folder_is_not_opened(tmp_path: Path):
    """A sub-folder that became a link is not followed to lease or read what lies behind it."""
    secret, share = tmp_path / "secret", tmp_path / "share"
    secret.mkdir()
    share.mkdir()
    (secret / "scan.pdf").write_bytes(pdf())
    stamp = stamp_of((secret / "scan.pdf").stat())
    (share / "alice").symlink_to(secret)
    assert ask_lease(share / "alice" / "scan.pdf", "alice") is Writing.UNKNOWN
    assert isinstance(ask_structure(share / "alice" / "scan.pdf", stamp, "alice"), Unreadable)
    (share / "alice").unlink()
    secret.rename(share / "alice")
    assert ask_lease(share / "alice" / "scan.pdf", "alice") is Writing.NO
    assert ask_structure(share / "alice" / "scan.pdf", stamp, "alice") == Whole()
