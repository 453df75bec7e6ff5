"""Which file systems are not on this machine: read from the text of /proc/self/mountinfo, proc(5)."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

_NETWORK: Final = frozenset(
    {
        *("cifs", "smb3", "smbfs", "nfs", "nfs4", "afs", "ceph", "coda", "davfs", "glusterfs", "lustre", "ncpfs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.smbnetfs", "fuse.davfs2", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs"),
        *("fuse.curlftpfs", "fuse.gvfsd-fuse", "fuse.juicefs", "fuse.ceph-fuse"),
    }
)
_OF_THE_HOST: Final = frozenset({"9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs"})


@unique
class Reach(Enum):
    """Whose a file system is. Beyond ``LOCAL`` neither events nor leases tell of every writer (inotify(7))."""

    LOCAL = "local"
    SHARED = "shared"
    """Another program or the host of a virtual machine keeps it; it may well be this machine's own disk."""
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: its type, such as ``cifs``, and the device number that stat gives of what lies on it."""

    kind: str
    device: tuple[int, int]

    @property
    def reach(self) -> Reach:
        """Whose it is, by its type. FUSE is taken for local only on a block device."""
        if self.kind in _NETWORK:
            return Reach.NETWORK
        is_fuse = self.kind == "fuse" or self.kind.startswith("fuse.")
        return Reach.SHARED if is_fuse or self.kind in _OF_THE_HOST else Reach.LOCAL


def mounts(mountinfo: str) -> tuple[Mount, ...]:
    """Return the mounts of a table, in its order; a line of another form is passed over."""
    return tuple(mount for line in mountinfo.split("\n") if (mount := _mount(line)) is not None)


def mount_of(mountinfo: str, device: tuple[int, int]) -> Mount | None:
    """Return the mount of a device number; None when none has it.

    A device number has one type however often it is mounted. The subvolumes of btrfs have numbers that stand nowhere.
    """
    return next((mount for mount in mounts(mountinfo) if mount.device == device), None)


def _mount(line: str) -> Mount | None:
    # proc(5): "36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/sda1 rw"; spaces in names are \040, and
    # there may be any number of optional fields before the hyphen.
    before, hyphen, after = line.partition(" - ")
    fields, kinds = before.split(" "), after.split(" ")
    if not hyphen or len(fields) < 6 or not kinds[0]:  # noqa: PLR2004  those that every line has
        return None
    major, colon, minor = fields[2].partition(":")
    if not colon or not _is_number(major) or not _is_number(minor):
        return None
    return Mount(kinds[0], (int(major), int(minor)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10  # noqa: PLR2004  32 bits
