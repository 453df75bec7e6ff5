import ctypes
import errno
import os
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder import exclusive
from hotfolder.exclusive import free_names, rename_exclusive, with_mark


@contextmanager
def directory(path: Path):
    """An open directory."""
    fd = os.open(path, os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def test_free_names_count_up_before_the_suffix():
    """The first choice is the wanted name; then numbers that a person recognises."""
    assert list(islice(free_names("scan.pdf"), 3)) == ["scan.pdf", "scan~2.pdf", "scan~3.pdf"]
    assert list(islice(free_names("scan.pdf", "k7"), 4)) == [
        "scan.pdf",
        "scan~k7.pdf",
        "scan~k7~2.pdf",
        "scan~k7~3.pdf",
    ]
    assert list(islice(free_names("scan"), 2)) == ["scan", "scan~2"]


@given(st.binary(min_size=1, max_size=255).map(os.fsdecode), st.integers(20, 255))
def test_a_marked_name_fits_and_keeps_its_mark(name: str, name_bytes: int):
    """However long a name is and whatever bytes it has, a marked one can be created."""
    marked = with_mark(name, "~2", name_bytes)
    assert len(os.fsencode(marked)) <= name_bytes
    assert "~2" in marked


@pytest.fixture(params=["renameat2", "link and unlink"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Both ways: the kernel's, and the one for file systems without it."""
    if request.param == "link and unlink":

        class Without:
            @staticmethod
            def renameat2(*_: object) -> int:
                ctypes.set_errno(errno.EINVAL)
                return -1

        monkeypatch.setattr(exclusive, "_LIBC", Without)


@pytest.mark.usefixtures("how")
def test_a_rename_never_overwrites(tmp_path: Path):
    """A file that has the name already keeps it and its bytes; so does the file that was to get it."""
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    with directory(tmp_path) as fd, pytest.raises(FileExistsError):
        rename_exclusive("a", fd, "b", fd)
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"one", b"two"]


@pytest.mark.usefixtures("how")
def test_a_rename_moves_any_name(tmp_path: Path):
    """Names are bytes: what is no UTF-8 moves like any other."""
    name = "caf\udce9\n.pdf"
    (tmp_path / name).write_bytes(b"one")
    (tmp_path / "in").mkdir()
    with directory(tmp_path) as fd, directory(tmp_path / "in") as in_fd:
        rename_exclusive(name, fd, "x", in_fd)
    assert os.listdir(tmp_path) == ["in"]
    assert (tmp_path / "in" / "x").read_bytes() == b"one"


def test_a_missing_file_is_told_with_its_name(tmp_path: Path):
    """The error names the file, as those of the standard library do."""
    with directory(tmp_path) as fd, pytest.raises(FileNotFoundError, match="gone") as caught:
        rename_exclusive("gone", fd, "b", fd)
    assert caught.value.filename == "gone"
