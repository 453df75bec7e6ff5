import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from hotfolder import failed
from hotfolder.errors import ShareError
from hotfolder.exclusive import rename_exclusive
from hotfolder.failed import obstacle, put_failed
from tests.hotfolder.share_folders import Folders

TICKET = "20261123T090257Z-k7q2"
SENTENCE = "The file is cut short: the PDF has no end mark."


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A share and a place for claims, on one file system."""
    return Folders(tmp_path)


@pytest.fixture
def original(folders: Folders) -> Path:
    """A scan in the spool that failed."""
    path = folders.claims / "0001"
    path.write_bytes(b"a broken scan")
    return path


def test_a_failed_scan_is_shown_with_its_sentence(folders: Folders, original: Path):
    """Whoever opens the share finds the scan in _failed, beside it why, and may take it away."""
    umask = os.umask(0o077)
    try:
        shown = put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    finally:
        os.umask(umask)
    assert shown == folders.share / "_failed" / "scan.pdf"
    assert (shown.read_bytes(), original.read_bytes()) == (b"a broken scan", b"a broken scan")
    text = shown.with_name("scan.pdf.txt").read_text(encoding="utf-8-sig")
    assert text.startswith(SENTENCE)
    assert TICKET in text
    assert stat.S_IMODE(shown.parent.stat().st_mode) == 0o770
    assert stat.S_IMODE(shown.stat().st_mode) == 0o660
    assert sorted(os.listdir(shown.parent)) == ["scan.pdf", "scan.pdf.txt"]


def test_the_same_ticket_is_shown_once_and_another_beside_it(folders: Folders, original: Path):
    """Repeating changes nothing; another scan of that name, or another file of the same scan, gets a free one."""
    first = put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    assert put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET) == first
    other = put_failed(original, folders.share, "scan.pdf", SENTENCE, "20261123T090300Z-zzzz")
    original.write_bytes(b"its second page")
    second = put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    assert [path.name for path in (other, second)] == ["scan~20261123T090300Z-zzzz.pdf", f"scan~{TICKET}.pdf"]
    assert put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET) == second
    assert len(os.listdir(first.parent)) == 6


@pytest.mark.parametrize("name", ["caf\udce9.pdf", "x" * 255, "x" * 251 + ".pdf", "a\nb.pdf", ".hidden"])
def test_a_failed_scan_of_any_name_can_be_shown(folders: Folders, original: Path, name: str):
    """The longest and strangest names find a place, and so do their texts."""
    paths = {put_failed(original, folders.share, name, SENTENCE, ticket) for ticket in ("one", "two")}
    assert len(paths) == 2
    assert all(path.read_bytes() == b"a broken scan" and path.with_name(f"{path.name}.txt").exists() for path in paths)


class PowerCutError(BaseException):
    """The process ends here; no handler of ours runs on."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(2))
def test_a_cut_half_way_is_made_good(
    folders: Folders,
    original: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    when: str,
):
    """Cut off before or after either name appears, doing it again leaves one scan, one text, nothing else."""

    def cut() -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        rename, calls = rename_exclusive, list[object]()

        def cut_rename(*names: str | int) -> None:
            calls.append(names)
            if len(calls) == at + 1 and when == "before":
                cut()
            rename(*names)  # type: ignore[arg-type]
            if len(calls) == at + 1 and when == "after":
                cut()

        patched.setattr(failed, "rename_exclusive", cut_rename)
        with pytest.raises(PowerCutError):
            put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    shown = put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    assert shown.read_bytes() == b"a broken scan"
    assert sorted(os.listdir(shown.parent)) == ["scan.pdf", "scan.pdf.txt"]


def test_a_linked_failed_directory_is_refused(folders: Folders, original: Path, tmp_path: Path):
    """A link named _failed does not make the gateway write elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (folders.share / "_failed").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ShareError, match="_failed"):
        put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    assert os.listdir(tmp_path / "elsewhere") == []


def test_links_in_failed_are_names_that_are_taken(folders: Folders, original: Path, tmp_path: Path):
    """Links laid out under the names a failed scan would get are neither followed nor overwritten."""
    failed, victim = folders.share / "_failed", tmp_path / "victim"
    failed.mkdir()
    for name in ("scan.pdf", f"scan~{TICKET}.pdf.txt"):
        (failed / name).symlink_to(victim)
    (failed / f".{TICKET}.part").symlink_to(victim)
    shown = put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    assert shown.name == f"scan~{TICKET}~2.pdf"
    assert not victim.exists()


def test_a_full_disk_leaves_nothing_half_done(folders: Folders, original: Path, monkeypatch: pytest.MonkeyPatch):
    """When the copy cannot be written the error says so, and no part of it stays."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        with pytest.raises(ShareError, match="full") as caught:
            put_failed(original, folders.share, "scan.pdf", SENTENCE, TICKET)
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir(folders.share / "_failed") == []


def test_what_is_in_the_way_is_named(folders: Folders, tmp_path: Path):
    """A file or a link named _failed is told of with its mend; a folder, nothing at all, or no share is no obstacle."""
    shown = folders.share / "_failed"
    assert obstacle(folders.share) == obstacle(tmp_path / "gone") == ""
    shown.mkdir()
    assert obstacle(folders.share) == ""
    shown.rmdir()
    shown.symlink_to(tmp_path)
    assert "a link named _failed" in obstacle(folders.share)
    shown.unlink()
    shown.write_text("mine")
    assert "a file named _failed" in obstacle(folders.share)
    assert "remove or rename it" in obstacle(folders.share)
