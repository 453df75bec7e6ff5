"""Is a folder on a file system of this machine? Asked of the kernel's table of mounts."""

import os
from pathlib import Path
from typing import Final

from hotfolder.mounts import Mount, Reach, mount_of

_TABLE: Final = Path("/proc/self/mountinfo")


def foreign_mount(folder: Path) -> Mount | None:
    """Return the mount a folder lies on when it is not local, else None.

    Asked anew each time, because a share may be mounted after the start. Without the table, or without a line for the
    folder's device, it counts as local. Raises OSError when the folder cannot be looked at.
    """
    device = folder.stat().st_dev
    try:
        table = _TABLE.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    mount = mount_of(table, (os.major(device), os.minor(device)))
    return None if mount is None or mount.reach is Reach.LOCAL else mount
