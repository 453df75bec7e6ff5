"""A run of samba-apply that stops after smb.conf is in place is finished by the next: smbd comes to use the file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.operate.exits import Exit
from tests.peers.appliance import ADDRESS, Appliance
from tests.peers.branch import (
    LEGACY_CONF,
    OLD,
    OLD_PASSWORD,
    OLD_SHARE,
    SMB1,
    SMB_CONF,
    configure,
    furnish,
    says,
    scangate,
)
from tests.peers.process import Process


@pytest.fixture
def box() -> Iterator[Appliance]:
    """A box whose Samba is as samba-apply has set it up."""
    with Appliance() as made:
        furnish(made)
        says(scangate(made, "samba-apply"), Exit.NOT_ALL)
        yield made


@pytest.fixture
def smbd(box: Appliance) -> Process:
    """Its smbd."""
    return box.start_smbd(SMB_CONF)


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


def test_a_reload_that_failed_is_made_up_for(box: Appliance, smbd: Process):
    """When smbd could not be told, the next run tells it, though the file is in place by then; the third does not."""
    configure(box, clients='["10.98.0.7"]')
    broken = command(box, "smbcontrol", 'case "$*" in *reload*) exit 1;; esac; exec /usr/bin/smbcontrol "$@"')
    assert scangate(box, "samba-apply", env=path(broken)).returncode == Exit.LOCAL
    assert "10.98.0.7" in box.path(SMB_CONF).read_text()
    assert says(scangate(box, "samba-apply", "--dry-run")) == ["nothing to change"]
    assert says(scangate(box, "samba-apply")) == ["reloaded smbd"]
    assert says(scangate(box, "samba-apply")) == ["nothing changed"]


def test_a_restart_that_failed_is_made_up_for(box: Appliance, smbd: Process):
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


def test_a_restart_that_is_left_to_a_person_is_told_until_it_is_done(box: Appliance, smbd: Process):
    """While the smbd runs that listens as before every run says so, and which process; other changes are in force."""
    to_do = f"to do: smbd has to listen elsewhere: stop it (process {smbd.pid}) and start it again: smbd --daemon"
    configure(box, f'[samba]\ninterfaces = ["{ADDRESS}"]\n')
    for expected in ([f"written {SMB_CONF}", "reloaded smbd"], ["nothing changed"], ["nothing changed"]):
        done = scangate(box, "samba-apply")
        assert says(done, Exit.NOT_ALL) == expected
        assert to_do in done.stderr
    dry = scangate(box, "samba-apply", "--dry-run")
    assert says(dry, Exit.NOT_ALL) == ["nothing to change"]
    assert to_do in dry.stderr
    configure(box, f'[samba]\ninterfaces = ["{ADDRESS}"]\n', clients='["10.98.0.7"]')
    done = scangate(box, "samba-apply")
    assert says(done, Exit.NOT_ALL) == [f"written {SMB_CONF}", "reloaded smbd"]
    assert to_do in done.stderr
    smbd.stop()
    assert "smbd is not running: start it" in scangate(box, "samba-apply").stderr
    box.start_smbd(SMB_CONF)
    for _ in range(2):
        done = scangate(box, "samba-apply")
        assert (says(done), done.stderr) == (["nothing changed"], "")


def test_a_restart_in_between_is_seen(box: Appliance, smbd: Process):
    """A smbd that was started again since it was told of is another one, and nothing is left to do."""
    configure(box, f'[samba]\ninterfaces = ["{ADDRESS}"]\n')
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    smbd.stop()
    box.start_smbd(SMB_CONF)
    done = scangate(box, "samba-apply")
    assert (says(done), done.stderr) == (["nothing changed"], "")


def test_a_reload_that_failed_before_a_restart_is_made_up_for(box: Appliance, smbd: Process):
    """While a restart is left to a person a further change is brought to the smbd that runs, if need be later."""
    moved = f'[samba]\ninterfaces = ["{ADDRESS}"]\n'
    configure(box, moved)
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    configure(box, moved, clients='["10.98.0.7"]')
    broken = command(box, "smbcontrol", 'case "$*" in *reload*) exit 1;; esac; exec /usr/bin/smbcontrol "$@"')
    assert scangate(box, "samba-apply", env=path(broken)).returncode == Exit.LOCAL
    for expected in (["reloaded smbd"], ["nothing changed"]):
        done = scangate(box, "samba-apply")
        assert says(done, Exit.NOT_ALL) == expected
        assert f"stop it (process {smbd.pid})" in done.stderr


def test_an_smb1_server_that_still_runs_is_told_until_it_is_ended(box: Appliance):
    """Without the switch nobody logs in there any more; every run says to end it, and then its file goes."""
    configure(box, OLD_SHARE)
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    smb1 = box.start_smbd(LEGACY_CONF)
    box.start_smbd(SMB_CONF)
    old = ("--option=client ntlmv2 auth=no", *SMB1)
    assert box.smb(OLD, "printer2", OLD_PASSWORD, "ls", *old).returncode == 0
    configure(box, OLD_SHARE.replace("legacy_smb1 = true", "").replace("legacy_address", "#"))
    to_do = f"to do: the SMB1 server still runs, though no share has legacy_smb1 any more: end it (process {smb1.pid})"
    first = scangate(box, "samba-apply")
    assert "disabled the Samba account printer2 of the SMB1 server" in "".join(says(first, Exit.NOT_ALL))
    assert to_do in first.stderr
    assert box.smb(OLD, "printer2", OLD_PASSWORD, "ls", *old).returncode != 0
    second = scangate(box, "samba-apply")
    assert says(second, Exit.NOT_ALL) == ["nothing changed"]
    assert to_do in second.stderr
    smb1.stop()
    third = scangate(box, "samba-apply")
    assert says(third) == [f"removed {LEGACY_CONF}: no share has legacy_smb1 any more"]
    assert not box.path(LEGACY_CONF).exists()
    assert says(scangate(box, "samba-apply")) == ["nothing changed"]
