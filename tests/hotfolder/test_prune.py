import os
from pathlib import Path

import pytest

from hotfolder.errors import ShareError
from hotfolder.failed import put_failed, put_note
from hotfolder.prune import Pruned, prune_failed
from hotfolder.shelf_life import ShelfLife

DAY_S = 86400.0
LIFE = ShelfLife(30 * DAY_S, 10_000)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A share with three failed scans of 3000 bytes, put there in the order of their names."""
    folder, original = tmp_path / "share", tmp_path / "0001"
    folder.mkdir()
    original.write_bytes(b"x" * 3000)
    for name in ("a.pdf", "b.pdf", "c.txt"):
        put_failed(original, folder, name, "It is damaged.", f"ticket-{name[0]}")
        os.utime(folder / "_failed" / name)
    return folder


def shown(share: Path) -> list[str]:
    """What lies in _failed."""
    return sorted(os.listdir(share / "_failed"))


def now(share: Path) -> float:
    """The time at which the last scan came there."""
    return max(path.stat().st_ctime for path in (share / "_failed").iterdir())


def test_what_is_young_and_small_stays(share: Path):
    """Within both bounds nothing is touched."""
    assert prune_failed(share, now(share), LIFE) == Pruned(0, 0)
    assert shown(share) == ["a.pdf", "a.pdf.txt", "b.pdf", "b.pdf.txt", "c.txt", "c.txt.txt"]


def test_what_is_old_goes_with_its_text(share: Path):
    """After its time each scan goes, and its text with it; so does a text whose scan somebody took away."""
    (share / "_failed" / "a.pdf").unlink()
    gone = prune_failed(share, now(share) + 31 * DAY_S, LIFE)
    assert shown(share) == []
    assert gone.files == 3


def test_too_much_goes_oldest_first(share: Path):
    """When they take too much room the oldest goes, with its text, and no more than are needed."""
    gone = prune_failed(share, now(share), ShelfLife(30 * DAY_S, 7000))
    assert (gone.files, shown(share)) == (1, ["b.pdf", "b.pdf.txt", "c.txt", "c.txt.txt"])


def test_what_people_put_there_goes_by_age_alone(share: Path):
    """A person's own file, also a text, neither counts nor goes for room; after the same time it goes too."""
    failed = share / "_failed"
    (failed / "theirs.pdf").write_bytes(b"y" * 50_000)
    os.utime(failed / "theirs.pdf", (1, 1))  # as a copy over SMB keeps the time of what was copied
    (failed / "b.pdf.txt.txt").write_text("a remark\nTicket: none\n")
    prune_failed(share, now(share), ShelfLife(30 * DAY_S, 0))
    assert shown(share) == ["b.pdf.txt.txt", "theirs.pdf"]
    prune_failed(share, now(share) + 31 * DAY_S, LIFE)
    assert shown(share) == []


def test_folders_and_links_are_left_alone(share: Path, tmp_path: Path):
    """What is no plain file was not put there by us: it stays, and what a link names is never touched."""
    failed, victim = share / "_failed", tmp_path / "victim"
    victim.write_text("kept")
    (failed / "folder").mkdir()
    (failed / "link").symlink_to(victim)
    os.mkfifo(failed / "pipe")
    prune_failed(share, now(share) + 31 * DAY_S, LIFE)
    assert shown(share) == ["folder", "link", "pipe"]
    assert victim.read_text() == "kept"


def test_a_linked_folder_is_not_tidied(share: Path, tmp_path: Path):
    """A link named _failed makes us remove nothing elsewhere; no _failed at all is nothing to do."""
    elsewhere = tmp_path / "elsewhere"
    (share / "_failed").rename(elsewhere)
    assert prune_failed(share, 0.0, LIFE) == Pruned(0, 0)
    (share / "_failed").symlink_to(elsewhere)
    with pytest.raises(ShareError, match="_failed"):
        prune_failed(share, 1e12, LIFE)
    assert len(os.listdir(elsewhere)) == 6


def test_a_lost_scan_leaves_its_text(share: Path):
    """A scan whose bytes are lost leaves a text, once for each ticket, that is ours like any other."""
    first = put_note(share, "d.pdf", "It is lost.", "ticket-d")
    assert put_note(share, "d.pdf", "It is lost.", "ticket-d") == first
    other = put_note(share, "a.pdf", "It is lost.", "ticket-e")
    assert (first.name, other.name) == ("d.pdf.txt", "a~ticket-e.pdf.txt")
    prune_failed(share, now(share) + 31 * DAY_S, LIFE)
    assert shown(share) == []
