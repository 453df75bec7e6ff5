import errno
import os

import pytest

from conf.small_file import Content, Trouble, read, sentence


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_file_is_read_whole_and_its_mode_noted(tmp_path, mode, is_open):
    """The bytes come as they are, and whether everyone may read them."""
    path = tmp_path / "f"
    path.write_bytes(b"\x00\xff\r\n")
    path.chmod(mode)
    assert read(path, 4) == Content(b"\x00\xff\r\n", is_open)


def test_what_is_no_file_is_told_at_once(tmp_path):
    """A directory, a pipe nobody writes to, a device and a missing file give a sentence, and none of them a wait."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "f").write_bytes(b"12345")
    assert {
        name: read(tmp_path / name, 4)
        for name in ("", "pipe", "/dev/zero", "none", "f/x", "f", "loop", "a\x00b")
    } == {
        "": Trouble("is a directory: name a file in it"),
        "pipe": Trouble("is a device or a pipe: name a file"),
        "/dev/zero": Trouble("is a device or a pipe: name a file"),
        "none": Trouble("does not exist: write it, or name another file"),
        "f/x": Trouble("does not exist: write it, or name another file"),
        "f": Trouble("is over 0 KiB: name another file"),
        "loop": Trouble("cannot be read: Too many levels of symbolic links"),
        "a\x00b": Trouble("cannot be named: its path holds a NUL character"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EACCES, "may not be read by the service: give it to the service's user"),
        (errno.EIO, "cannot be read: Input/output error"),
    ],
)
def test_an_error_of_the_disk_says_what_to_do(number, what):
    """What the kernel answers becomes a sentence."""
    assert sentence(OSError(number, "x")) == what


def test_the_bytes_never_print():
    """A file's content is a secret more often than not, so it does not show in a traceback."""
    assert "hunter2" not in repr(Content(b"hunter2", is_open_to_all=False))
