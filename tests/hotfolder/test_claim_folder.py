import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hotfolder import claim
from hotfolder.claim import Changed, Gone, Taken, digest, give_back, take
from hotfolder.errors import ShareError
from hotfolder.exclusive import rename_exclusive
from tests.hotfolder.share_folders import Folders

ALICE, BOB = "alice@contoso.com", "bob@contoso.com"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A share and a place for claims, on one file system."""
    return Folders(tmp_path)


def at_rename(monkeypatch: pytest.MonkeyPatch, before: Callable[[], object], after: Callable[[], object]) -> None:
    """Have something done right before and right after the rename of the next ``take``."""
    pending = [(before, after)]

    def disturbed(name: str, dir_fd: int, new_name: str, new_dir_fd: int) -> None:
        first, then = pending.pop() if pending else (lambda: None, lambda: None)
        first()
        rename_exclusive(name, dir_fd, new_name, new_dir_fd)
        then()

    monkeypatch.setattr(claim, "rename_exclusive", disturbed)


def nothing() -> None:
    """Do nothing."""


def test_a_file_leaves_its_folder_and_the_folder_stays(folders: Folders):
    """What was offered out of a sub-folder is taken; the emptied folder is its owner's and is not touched."""
    file = folders.drop(folder=ALICE)
    assert digest(file.path, ALICE)[0] == len(b"a scan")
    assert isinstance(take(file, folders.claims / "0001"), Taken)
    assert (folders.claims / "0001").read_bytes() == b"a scan"
    assert list((folders.share / ALICE).iterdir()) == []


def test_a_folder_renamed_before_the_claim_gives_nothing(folders: Folders):
    """When the folder has another name by the time of the claim, its file stays: it is offered anew for that name."""
    file = folders.drop(folder=ALICE)
    (folders.share / ALICE).rename(folders.share / BOB)
    assert take(file, folders.claims / "0001") == Gone()
    assert (folders.share / BOB / "scan.pdf").read_bytes() == b"a scan"


def test_a_folder_swapped_before_the_claim_gives_nothing(folders: Folders):
    """When another folder has taken the name, its file of the same name is not the one that was offered."""
    file, other = folders.drop(folder=ALICE), folders.drop(content=b"bobs x", folder=BOB)
    os.utime(other.path, ns=(file.stamp.mtime_ns, file.stamp.mtime_ns))
    (folders.share / ALICE).rename(folders.share / "x")
    (folders.share / BOB).rename(folders.share / ALICE)
    assert take(file, folders.claims / "0001") == Changed(file.path, "it was written to")
    assert (folders.share / ALICE / "scan.pdf").read_bytes() == b"bobs x"
    assert (folders.share / "x" / "scan.pdf").read_bytes() == b"a scan"
    assert list(folders.claims.iterdir()) == []


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("successor", ["none", "folder", "link", "file"])
def test_a_folder_renamed_during_the_claim_gets_its_file_back(
    folders: Folders,
    monkeypatch: pytest.MonkeyPatch,
    is_before: bool,  # noqa: FBT001  a table
    successor: str,
):
    """A rename in the very instant of the claim is seen, whatever takes the name: the file goes back where it was."""
    file = folders.drop(folder=ALICE)

    def swap() -> None:
        (folders.share / ALICE).rename(folders.share / BOB)
        match successor:
            case "folder":
                (folders.share / ALICE).mkdir()
            case "link":
                (folders.share / ALICE).symlink_to(folders.share / BOB)
            case "file":
                (folders.share / ALICE).write_bytes(b"")
            case _:
                pass

    at_rename(monkeypatch, *((swap, nothing) if is_before else (nothing, swap)))
    taken = take(file, folders.claims / "0001")
    assert isinstance(taken, Changed)
    assert taken.reason == "its folder was renamed"
    assert (folders.share / BOB / "scan.pdf").read_bytes() == b"a scan"
    assert list(folders.claims.iterdir()) == []


@pytest.mark.parametrize("is_link", [True, False])
def test_a_folder_that_is_no_folder_any_more_is_not_followed(folders: Folders, is_link: bool):  # noqa: FBT001  a table
    """A link or a file under the folder's name leads nowhere."""
    file = folders.drop(folder=ALICE)
    (folders.share / ALICE).rename(folders.claims / "elsewhere")
    if is_link:
        (folders.share / ALICE).symlink_to(folders.claims / "elsewhere")
    else:
        (folders.share / ALICE).write_bytes(b"")
    assert isinstance(take(file, folders.claims / "0001"), Changed)
    assert (folders.claims / "elsewhere" / "scan.pdf").read_bytes() == b"a scan"
    with pytest.raises(ShareError):
        digest(file.path, ALICE)


def test_giving_back_goes_to_the_folder(folders: Folders):
    """A claimed file goes back into its sub-folder, beside a newer file of its name; a folder that is gone is made."""
    (folders.claims / "0001").write_bytes(b"one")
    (folders.claims / "0002").write_bytes(b"two")
    assert give_back(folders.claims / "0001", folders.share, "scan.pdf", ALICE) == folders.share / ALICE / "scan.pdf"
    assert (folders.share / ALICE).stat().st_mode & 0o777 == 0o770
    assert give_back(folders.claims / "0002", folders.share, "scan.pdf", ALICE).name == "scan~2.pdf"
    assert {path.name: path.read_bytes() for path in (folders.share / ALICE).iterdir()} == {
        "scan.pdf": b"one",
        "scan~2.pdf": b"two",
    }


def test_giving_back_follows_no_link(folders: Folders):
    """When a link has taken the folder's name the file is kept where it is, and the sentence says what to remove."""
    (folders.share / ALICE).symlink_to("/tmp")
    (folders.claims / "0001").write_bytes(b"one")
    with pytest.raises(ShareError, match=r"a link stands|has to be"):
        give_back(folders.claims / "0001", folders.share, "scan.pdf", ALICE)
    assert (folders.claims / "0001").read_bytes() == b"one"


@pytest.mark.parametrize("folder", ["..", ".", "a/b", "a\0b"])
def test_giving_back_takes_no_path_for_a_folder(folders: Folders, folder: str):
    """A folder that would lead out of the share is refused."""
    (folders.claims / "0001").write_bytes(b"one")
    with pytest.raises(ValueError, match="not the name"):
        give_back(folders.claims / "0001", folders.share, "scan.pdf", folder)
