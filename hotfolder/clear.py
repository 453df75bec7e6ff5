"""Remove a sub-folder of a share that holds nothing any more."""

import errno
import os
from pathlib import Path
from typing import Final

from hotfolder.errors import telling
from hotfolder.look import open_directory
from hotfolder.names import display_name, is_folder_name

# A file in it (either number, rmdir(2)); a mount on it; a file or a link in its place.
_IN_USE: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY, errno.ENOTDIR})


def remove_folder(share_dir: Path, folder: str) -> bool:
    """Remove a sub-folder, durably, if there is nothing in it; tell whether it is gone.

    Whatever lies in it keeps it, also what is hidden; a link under its name stays. The kernel decides and removes in
    one step, so that a file made in that instant is never lost. Raises ShareError; ValueError for what is no folder for
    scans.
    """
    if not is_folder_name(folder) or folder in {"", ".", ".."} or "/" in folder or "\0" in folder:
        raise ValueError(f"not a folder for scans: {folder!r}")
    with telling(f"cannot remove the empty folder {display_name(folder)}"), open_directory(share_dir) as share_fd:
        try:
            os.rmdir(folder, dir_fd=share_fd)
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno in _IN_USE:
                return False
            raise
        os.fsync(share_fd)
        return True
