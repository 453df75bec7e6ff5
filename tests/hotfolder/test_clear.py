import os
from pathlib import Path

import pytest

from hotfolder.clear import remove_folder
from hotfolder.errors import ShareError
from tests.hotfolder.share_folders import Folders


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A share with one empty sub-folder."""
    made = Folders(tmp_path).share
    (made / "job").mkdir()
    return made


def test_an_empty_folder_is_removed(share: Path):
    """A sub-folder with nothing in it goes; asked again there is nothing to do."""
    assert remove_folder(share, "job")
    assert os.listdir(share) == []
    assert remove_folder(share, "job")


@pytest.mark.parametrize("name", ["scan.pdf", ".hidden", "Thumbs.db", "deep"])
def test_a_folder_with_anything_in_it_stays(share: Path, name: str):
    """Case 16: whatever lies in a folder keeps it, also what is never taken for a scan."""
    inside = share / "job" / name
    if name == "deep":
        inside.mkdir()
    else:
        inside.write_bytes(b"")
    assert not remove_folder(share, "job")
    assert inside.exists()


def test_a_link_is_neither_followed_nor_removed(share: Path, tmp_path: Path):
    """A link to an empty folder stays, and so does the folder it names."""
    target = tmp_path / "elsewhere"
    target.mkdir()
    (share / "link").symlink_to(target)
    assert not remove_folder(share, "link")
    assert (share / "link").is_symlink()
    assert target.is_dir()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../job", "_failed", "STATUS.txt", "a\0b"])
def test_only_folders_for_scans_are_removed(share: Path, name: str):
    """No path and none of our own names is ever removed."""
    with pytest.raises(ValueError, match="not a folder for scans"):
        remove_folder(share, name)


def test_a_share_that_is_gone_is_told(tmp_path: Path):
    """What cannot be done is a sentence for the operator."""
    with pytest.raises(ShareError, match="cannot remove the empty folder job"):
        remove_folder(tmp_path / "gone", "job")
