"""The folder of smbd's logs is made and owned by root: never a link's target, never a folder of something else."""

import shutil
from collections.abc import Iterator

import pytest

from gateway.operate.exits import Exit
from tests.peers.appliance import Appliance
from tests.peers.branch import SMB_CONF, configure, furnish, says, scangate


@pytest.fixture
def box() -> Iterator[Appliance]:
    """A box with a configuration and no smb.conf of scangate's."""
    with Appliance() as made:
        furnish(made)
        yield made


def refused(box: Appliance, logs: str) -> str:
    """Have samba-apply run with this folder, and return its sentence; no file may be ours then."""
    configure(box, f'[samba]\nlogs = "{logs}"\n')
    done = scangate(box, "samba-apply")
    assert says(done, Exit.CONFIG) == []
    assert "scangate samba-config" not in box.path(SMB_CONF).read_text()
    return done.stderr


def test_a_folder_in_use_is_not_given_away(box: Appliance):
    """Group and mode of a folder that holds other things, such as /etc, stay as they are."""
    before = box.path("/etc").stat()
    assert "samba.logs: /etc holds other things than Samba's logs" in refused(box, "/etc")
    assert box.path("/etc").stat().st_mode == before.st_mode
    assert box.path("/etc").stat().st_gid == before.st_gid


def test_no_link_is_followed(box: Appliance):
    """A link under the folder's name, or a parent that others may write to, gives nothing away."""
    box.path("/etc/victim").mkdir()
    box.path("/var/lib/linked").symlink_to("/etc/victim")
    assert "is there and is no folder of root's" in refused(box, "/var/lib/linked")
    box.path("/var/lib/theirs").mkdir()
    shutil.chown(box.path("/var/lib/theirs"), "daemon")
    assert "/var/lib/theirs, where others than root may write" in refused(box, "/var/lib/theirs/logs")
    assert (box.path("/etc/victim").stat().st_gid, box.path("/etc/victim").stat().st_mode & 0o777) == (0, 0o755)


def test_smbds_own_logs_are_no_reason(box: Appliance):
    """A folder that smbd has logged into is ours still, also when its mode was changed."""
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    box.start_smbd(SMB_CONF)
    box.smb("10.99.0.1/scans", "printer1", "wrong", "ls")
    logs = box.path("/var/log/scangate-samba")
    assert list(logs.iterdir()) != []
    (logs / "10.99.0.1.log.old").touch()
    logs.chmod(0o700)
    assert says(scangate(box, "samba-apply")) == ["made the folder /var/log/scangate-samba"]
