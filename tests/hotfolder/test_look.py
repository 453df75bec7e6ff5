import os
import socket
import time
from pathlib import Path

import pytest

from hotfolder.listing import list_folder
from hotfolder.look import ask_lease, ask_structure, open_directory, stamp_of
from hotfolder.verdict import Incomplete, Malformed, Unreadable, Whole, Writing
from tests.hotfolder.samples import big_tiff, pdf

NAMES = [
    b"caf\xe9.pdf",
    "\U0001f4c4.pdf".encode(),
    "\u202efdp.exe".encode(),
    b"a\nb.pdf",
    b"-rf.pdf",
    b"scan.pdf.",
    b"scan.pdf ",
    b"x" * 255,
    b"CON",
]


def test_a_listing_holds_scans_and_nothing_else(tmp_path: Path):
    """Case 21: files of any name are seen, droppings and directories are not, links and pipes are told apart."""
    for name in NAMES:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    for dropping in ("Thumbs.db", ".hidden.pdf", "STATUS.txt"):
        (tmp_path / dropping).write_bytes(b"x")
    (tmp_path / "_failed").mkdir()
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "link.pdf").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "twin.pdf").hardlink_to(tmp_path / "CON")
    listing = list_folder(tmp_path, time.monotonic)
    assert {os.fsencode(name) for name in listing.sightings} == set(NAMES) - {b"CON"}
    assert set(listing.strange) == {"link.pdf", "pipe.pdf", "twin.pdf", "CON"}


def test_a_missing_folder_is_an_error_and_no_empty_listing(tmp_path: Path):
    """A folder that cannot be listed never looks like one whose files were deleted."""
    with pytest.raises(FileNotFoundError):
        list_folder(tmp_path / "gone", time.monotonic)


def test_an_open_file_is_asked_about_without_being_followed(tmp_path: Path):
    """Open for writing is YES, closed NO, vanished YES for now, and a link is nothing we may know."""
    path, link = tmp_path / "scan.pdf", tmp_path / "link.pdf"
    path.write_bytes(pdf())
    link.symlink_to(path)
    with path.open("ab"):
        assert ask_lease(path) is Writing.YES
    assert ask_lease(path) is Writing.NO
    assert ask_lease(link) is Writing.UNKNOWN
    assert ask_lease(tmp_path / "gone.pdf") is Writing.YES


def test_the_ends_of_a_long_file_are_enough(tmp_path: Path):
    """A PDF larger than head and tail together is judged by its true ends."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf(page_bytes=300_000))
    stamp = stamp_of(path.stat())
    assert ask_structure(path, stamp) == Whole()
    os.truncate(path, 290_000)
    assert ask_structure(path, stamp) is None
    assert isinstance(ask_structure(path, stamp_of(path.stat())), Incomplete)


def test_a_hole_is_not_an_end(tmp_path: Path):
    """A file of its final size that was filled only in part is incomplete, though its directory says otherwise."""
    path = tmp_path / "scan.tif"
    whole = big_tiff()
    path.write_bytes(whole)
    assert ask_structure(path, stamp_of(path.stat())) == Whole()
    with path.open("wb") as out:
        # the strip lies where nothing was ever written
        out.write(whole.replace((72).to_bytes(8, "little"), (1_000_000).to_bytes(8, "little")))
        out.truncate(2_000_000)
    assert isinstance(ask_structure(path, stamp_of(path.stat())), Incomplete)


def test_a_gap_within_is_told_and_padding_is_not(tmp_path: Path):
    """A whole scan, a gap, and something behind it is no finished scan; nothing but a gap behind it is padding."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf())
    os.truncate(path, 100_000)
    assert ask_structure(path, stamp_of(path.stat())) == Whole()
    with path.open("r+b") as out:
        out.seek(90_000)
        out.write(b"another's")
    assert isinstance(ask_structure(path, stamp_of(path.stat())), Malformed)


def test_ten_sparse_gigabytes_cost_nothing(tmp_path: Path):
    """A huge file without content is judged without reading it."""
    path = tmp_path / "scan.pdf"
    path.touch()
    os.truncate(path, 10_000_000_000)
    assert isinstance(ask_structure(path, stamp_of(path.stat())), Incomplete)


def test_what_is_no_file_is_unreadable(tmp_path: Path):
    """Links, pipes, sockets and directories under a scan's name give a reason and never block."""
    stamp = stamp_of(tmp_path.stat())
    (tmp_path / "link.pdf").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "folder.pdf").mkdir()
    with socket.socket(socket.AF_UNIX) as listener, open_directory(tmp_path) as fd:
        listener.bind(f"/proc/self/fd/{fd}/socket.pdf")
        for name in ("link.pdf", "pipe.pdf", "folder.pdf", "socket.pdf"):
            assert isinstance(ask_structure(tmp_path / name, stamp), Unreadable), name
    assert ask_structure(tmp_path / "gone.pdf", stamp) is None
