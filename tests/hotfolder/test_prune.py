import os
from pathlib import Path

import pytest

from hotfolder import prune as prune_module
from hotfolder.errors import ShareError
from hotfolder.failed import put_failed, put_note
from hotfolder.prune import Pruned, prune_failed
from hotfolder.shelf_life import ShelfLife
from hotfolder.texts import is_note

DAY_S = 86400.0
LIFE = ShelfLife(30 * DAY_S, 10_000)


def prune(share: Path, at: float, life: ShelfLife = LIFE, *, is_steady: bool = True) -> Pruned:
    """Prune at a time; what goes for room is said to be in the cellar."""
    return prune_failed(share, at, life, lambda ticket: f"{ticket} is in the cellar.", is_steady=is_steady)


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
    assert prune(share, now(share)) == Pruned(0, 0)
    assert shown(share) == ["a.pdf", "a.pdf.txt", "b.pdf", "b.pdf.txt", "c.txt", "c.txt.txt"]


def test_what_is_old_goes_with_its_text(share: Path):
    """After its time each scan goes, and its text with it; so does a text whose scan somebody took away."""
    (share / "_failed" / "a.pdf").unlink()
    gone = prune(share, now(share) + 31 * DAY_S)
    assert shown(share) == []
    assert gone.files == 3


def test_too_much_goes_oldest_first(share: Path):
    """When they take too much room the oldest goes, and no more than needed; its text stays and says where it is."""
    gone = prune(share, now(share), ShelfLife(30 * DAY_S, 7000))
    assert (gone, shown(share)) == (
        Pruned(1, 3000),
        ["a.pdf.txt", "b.pdf", "b.pdf.txt", "c.txt", "c.txt.txt"],
    )
    text = (share / "_failed" / "a.pdf.txt").read_bytes()
    assert text.decode("utf-8-sig").startswith("It is damaged.")
    assert b"ticket-a is in the cellar.\r\n" in text
    assert is_note(text)
    assert prune(share, now(share), ShelfLife(30 * DAY_S, 7000)) == Pruned(0, 0)
    assert prune(share, now(share) + 31 * DAY_S).files == 3
    assert shown(share) == []


def test_a_scan_larger_than_the_room_leaves_its_text(share: Path):
    """Without any room the scans go and the texts stay for their time: a person sees why."""
    assert prune(share, now(share), ShelfLife(30 * DAY_S, 0)).files == 3
    assert shown(share) == ["a.pdf.txt", "b.pdf.txt", "c.txt.txt"]
    put_failed(share.parent / "0001", share, "a.pdf", "Again.", "ticket-z")
    assert "a~ticket-z.pdf" in shown(share)


@pytest.mark.parametrize("cut", ["rename", "unlink"])
def test_a_cut_while_room_is_made_is_made_good(share: Path, monkeypatch: pytest.MonkeyPatch, cut: str):
    """Ended between the text and the file's removal, or within the text, the next time makes both as they should be."""

    def ends(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patched.setattr(os if cut == "rename" else prune_module, "rename" if cut == "rename" else "_remove", ends)
        prune(share, now(share), ShelfLife(30 * DAY_S, 7000))
    assert prune(share, now(share), ShelfLife(30 * DAY_S, 7000)).files == 1
    assert shown(share) == ["a.pdf.txt", "b.pdf", "b.pdf.txt", "c.txt", "c.txt.txt"]
    assert (share / "_failed" / "a.pdf.txt").read_bytes().count(b"in the cellar") == 1


def test_a_clock_that_was_set_makes_nothing_old(share: Path, monkeypatch: pytest.MonkeyPatch):
    """What came while the clock stood at 1970 stays when it is set, and is dated then, with its own time untouched."""
    real, late = os.stat, now(share) + 400 * DAY_S
    os.utime(share / "_failed" / "a.pdf", (7, 7))
    with monkeypatch.context() as patched:
        patched.setattr(prune_module, "_changed_at", lambda _status: 60.0)
        assert prune(share, 3600.0) == Pruned(0, 0)
        before = {name: real(share / "_failed" / name).st_ctime_ns for name in shown(share)}
        assert prune(share, late) == Pruned(0, 0)
    assert len(shown(share)) == 6
    assert real(share / "_failed" / "a.pdf").st_ctime_ns > before["a.pdf"]
    assert real(share / "_failed" / "a.pdf").st_mtime == 7
    assert prune(share, late, is_steady=False) == Pruned(0, 0)
    assert prune(share, late).files == 3


def test_what_people_put_there_goes_by_age_alone(share: Path):
    """A person's own file, also a text, neither counts nor goes for room; after the same time it goes too."""
    failed = share / "_failed"
    (failed / "theirs.pdf").write_bytes(b"y" * 50_000)
    os.utime(failed / "theirs.pdf", (1, 1))  # as a copy over SMB keeps the time of what was copied
    (failed / "b.pdf.txt.txt").write_text("a remark\nTicket: none\n")
    prune(share, now(share), ShelfLife(30 * DAY_S, 0))
    assert shown(share) == ["a.pdf.txt", "b.pdf.txt", "b.pdf.txt.txt", "c.txt.txt", "theirs.pdf"]
    prune(share, now(share) + 31 * DAY_S)
    assert shown(share) == []


def test_folders_and_links_are_left_alone(share: Path, tmp_path: Path):
    """What is no plain file was not put there by us: it stays, and what a link names is never touched."""
    failed, victim = share / "_failed", tmp_path / "victim"
    victim.write_text("kept")
    (failed / "folder").mkdir()
    (failed / "link").symlink_to(victim)
    os.mkfifo(failed / "pipe")
    prune(share, now(share) + 31 * DAY_S)
    assert shown(share) == ["folder", "link", "pipe"]
    assert victim.read_text() == "kept"


def test_a_linked_folder_is_not_tidied(share: Path, tmp_path: Path):
    """A link named _failed makes us remove nothing elsewhere; no _failed at all is nothing to do."""
    elsewhere = tmp_path / "elsewhere"
    (share / "_failed").rename(elsewhere)
    assert prune(share, 0.0) == Pruned(0, 0)
    (share / "_failed").symlink_to(elsewhere)
    with pytest.raises(ShareError, match="_failed"):
        prune(share, 1e12)
    assert len(os.listdir(elsewhere)) == 6


def test_a_lost_scan_leaves_its_text(share: Path):
    """A scan whose bytes are lost leaves a text, once for each ticket, that is ours like any other."""
    first = put_note(share, "d.pdf", "It is lost.", "ticket-d")
    assert put_note(share, "d.pdf", "It is lost.", "ticket-d") == first
    other = put_note(share, "a.pdf", "It is lost.", "ticket-e")
    assert (first.name, other.name) == ("d.pdf.txt", "a~ticket-e.pdf.txt")
    prune(share, now(share) + 31 * DAY_S)
    assert shown(share) == []
