"""A run of samba-apply that stops after smb.conf is in place is finished by the next: smbd comes to use the file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.operate.exits import Exit
from tests.peers.appliance import ADDRESS, Appliance
from tests.peers.branch import OLD_SHARE, SMB_CONF, configure, furnish, says, scangate


@pytest.fixture
def box() -> Iterator[Appliance]:
    """A box whose Samba runs as samba-apply has set it up."""
    with Appliance() as made:
        furnish(made)
        says(scangate(made, "samba-apply"), Exit.NOT_ALL)
        made.start_smbd(SMB_CONF)
        yield made


def command(box: Appliance, name: str, script: str) -> Path:
    """Put a command of our own before the system's; the folder to be named in PATH."""
    folder = box.folder / f"bin-{name}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return folder


def path(*folders: Path) -> dict[str, str]:
    """The environment in which these folders come first."""
    return {"PATH": ":".join([*map(str, folders), "/usr/sbin:/usr/bin:/sbin:/bin"])}


def test_a_reload_that_failed_is_made_up_for(box: Appliance):
    """When smbd could not be told, the next run tells it, though the file is in place by then; the third does not."""
    configure(box, clients='["10.98.0.7"]')
    broken = command(box, "smbcontrol", 'case "$*" in *reload*) exit 1;; esac; exec /usr/bin/smbcontrol "$@"')
    assert scangate(box, "samba-apply", env=path(broken)).returncode == Exit.LOCAL
    assert "10.98.0.7" in box.path(SMB_CONF).read_text()
    assert says(scangate(box, "samba-apply")) == ["reloaded smbd"]
    assert says(scangate(box, "samba-apply")) == ["nothing changed"]


def test_a_restart_that_failed_is_made_up_for(box: Appliance):
    """A restart is owed as a restart: a reload would leave smbd listening where it was. So is the second server's."""
    box.path("/run/systemd/system").mkdir(parents=True)
    calls = box.folder / "calls"
    quiet = command(box, "systemctl", f'echo "$@" >> {calls}')
    configure(box, OLD_SHARE)
    says(scangate(box, "samba-apply", env=path(quiet)))
    configure(box, OLD_SHARE.replace(f'["{ADDRESS}"]', f'["{ADDRESS}", "127.0.0.1"]'))
    broken = command(box, "systemctl", 'case "$*" in "restart smbd") exit 1;; esac')
    assert scangate(box, "samba-apply", env=path(broken)).returncode == Exit.LOCAL
    command(box, "systemctl", f'echo "$@" >> {calls}')
    calls.unlink()
    assert "restarted smbd" in says(scangate(box, "samba-apply", env=path(quiet)))
    assert "restart smbd" in calls.read_text()
