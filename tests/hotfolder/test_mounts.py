import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.mounts import Mount, Reach, mount_of, mounts

# As written by kernels 5.10 to 6.18; addresses and names are made up.
TABLE = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
31 27 0:44 / /mnt/win rw,relatime shared:7 master:2 - cifs //192.0.2.9/scans rw,vers=3.1.1,username=box,soft
32 27 0:45 /export /mnt/nas\\040two rw,relatime - nfs4 192.0.2.8:/export rw,vers=4.2,hard
33 27 0:46 / /mnt/far rw,nosuid,nodev,relatime - fuse.sshfs box@192.0.2.7:/scans rw,user_id=0,group_id=0
34 27 0:47 / /mnt/vm rw,relatime - 9p hostshare rw,trans=virtio
35 27 8:1 / /mnt/usb rw - fuseblk /dev/sda1 rw,allow_other
"""


@pytest.mark.parametrize(
    ("device", "kind", "reach"),
    [
        ((254, 0), "ext4", Reach.LOCAL),
        ((0, 44), "cifs", Reach.NETWORK),
        ((0, 45), "nfs4", Reach.NETWORK),
        ((0, 46), "fuse.sshfs", Reach.NETWORK),
        ((0, 47), "9p", Reach.SHARED),
        ((8, 1), "fuseblk", Reach.LOCAL),
    ],
)
def test_a_mount_is_known_by_its_device(device: tuple[int, int], kind: str, reach: Reach):
    """The type stands behind the hyphen, however many optional fields come before it."""
    found = mount_of(TABLE, device)
    assert found == Mount(kind, device)
    assert found.reach is reach


@pytest.mark.parametrize(
    "kind", ["tmpfs", "ext4", "xfs", "btrfs", "overlay", "f2fs", "vfat", "exfat", "zfs", "fusectl"]
)
def test_a_disk_of_this_machine_is_local(kind: str):
    """What boxes have in them gets events and leases."""
    assert Mount(kind, (0, 1)).reach is Reach.LOCAL


@pytest.mark.parametrize("kind", ["fuse", "fuse.mergerfs", "fuse.anything", "virtiofs", "vboxsf"])
def test_what_another_program_keeps_is_shared(kind: str):
    """A file system whose writers may be elsewhere is not trusted, known or not."""
    assert Mount(kind, (0, 1)).reach is Reach.SHARED


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "31 27 0:44 / /mnt rw",
        "31 27 044 / /mnt rw - cifs s rw",
        "31 27 x:1 / /mnt rw - cifs s rw",
        "1 2 3:4 -",
    ],
)
def test_a_line_of_another_form_is_passed_over(line: str):
    """A kernel that writes a line we do not know costs that line only."""
    assert mounts(f"{line}\n{TABLE}") == mounts(TABLE)


def test_an_unknown_device_has_no_mount():
    """A device that stands nowhere, as that of a btrfs subvolume, is no mount of ours."""
    assert mount_of(TABLE, (0, 99)) is None


@given(st.text() | st.lists(st.sampled_from([" - ", " ", "0:44", "1", "cifs", "\n", "/", ":", "²"])).map("".join))
def test_any_table_is_read(text: str):
    """No text stops the parser, and what it finds can be asked for its reach."""
    for mount in mounts(text):
        assert mount.reach in Reach
        assert mount_of(text, mount.device) is not None
