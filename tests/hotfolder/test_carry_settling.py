"""After a crash within a claim by copying: what bears another's name or mark is nobody's copy."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hotfolder import carry
from hotfolder.errors import ShareError
from tests.hotfolder.apart import MARK, SCAN, Apart, at_the_rename, two_file_systems


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    """Both, empty."""
    with two_file_systems(tmp_path) as fresh:
        yield fresh


def test_going_on_spares_what_took_the_name_of_the_copied_file(apart: Apart, monkeypatch: pytest.MonkeyPatch):
    """Sent in the instant between the next start's look and its removal, the next scan is in the share afterwards."""
    apart.into.write_bytes(SCAN)
    file = apart.drop()
    at_the_rename(apart, monkeypatch, lambda: file.path.write_bytes(b"the next"))
    carry.finish(apart.into, apart.share, "scan.pdf", MARK)
    assert apart.in_share == {"scan.pdf": b"the next"}


def test_going_on_looks_at_what_was_hidden(apart: Apart):
    """A crash before the hidden file was compared may have hidden the next scan, which is nobody's copy."""
    apart.into.write_bytes(SCAN)
    apart.drop(b"the next", carry._hidden(MARK))
    carry.finish(apart.into, apart.share, "scan.pdf", MARK)
    assert (apart.in_share, apart.in_claims) == ({"scan.pdf": b"the next"}, {"0001": SCAN})


@pytest.mark.parametrize("settled", [carry.finish, carry.put_back])
def test_a_share_that_cannot_be_read_settles_nothing(
    apart: Apart, monkeypatch: pytest.MonkeyPatch, settled: Callable[..., None]
):
    """Whether the file is still there cannot be told from a mount that fails: an error, never a second scan."""
    apart.into.write_bytes(SCAN)
    apart.drop()

    def fail(_fd: int) -> tuple[int, str]:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(carry, "digest_of", fail)
    with pytest.raises(ShareError):
        settled(apart.into, apart.share, "scan.pdf", MARK)
    assert (apart.in_share, apart.in_claims) == ({"scan.pdf": SCAN}, {"0001": SCAN})


def test_a_crash_before_the_next_scan_is_shown_again_does_not_hide_it_for_ever(apart: Apart):
    """The copy is removed, the file still hidden: giving back shows it, and makes no folder for what is not there."""
    apart.drop(b"the next", carry._hidden(MARK))
    carry.put_back(apart.into, apart.share, "scan.pdf", MARK)
    carry.put_back(apart.into, apart.share, "scan.pdf", MARK, "alice")
    assert (apart.in_share, apart.in_claims) == ({"scan.pdf": b"the next"}, {})
