"""smbd writes as the service's user and no other: never as root, never into a folder that is another user's."""

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conf.model import Config
from gateway.operate.exits import Exit
from gateway.operate.samba_owner import SiteError, faults_of_owners, owners
from tests.hotfolder.served import config, share
from tests.peers.appliance import Appliance
from tests.peers.branch import CONFIG, OWNER, PASSWORD, SCANS, SMB_CONF, configure, furnish, says, scangate

DAEMON = pwd.getpwnam("daemon")
BIN = pwd.getpwnam("bin")


def settings(state: Path, *shares: dict[str, Any]) -> Config:
    """A configuration with this state."""
    made = config(*shares)
    return replace(made, gateway=replace(made.gateway, state=state))


def owned(path: Path, user_id: int) -> Path:
    """Make a folder of an account's."""
    path.mkdir()
    os.chown(path, user_id, -1)
    return path


def test_the_owner_of_a_folder_is_looked_up(tmp_path: Path):
    """A share's files become those of its folder's owner; root, nobody, a stranger and a missing folder are told."""
    users = {"good": DAEMON.pw_uid, "roots": 0, "guest": pwd.getpwnam("nobody").pw_uid, "strange": 54321}
    tables = [share(name, path=str(owned(tmp_path / name, user_id))) for name, user_id in users.items()]
    tables.append(share("gone", path=str(tmp_path / "gone")))
    (tmp_path / "file").touch()
    tables.append(share("file", path=str(tmp_path / "file")))
    nowhere = tmp_path / "nowhere"
    assert owners(settings(nowhere, tables[0])) == {"good": "daemon"}
    with pytest.raises(SiteError) as caught:
        owners(settings(nowhere, *tables))
    lines = str(caught.value).splitlines()
    names = ["roots", "guest", "strange", "gone", "file"]
    assert [line.partition(":")[0] for line in lines] == [f"share.{name}.path" for name in names]
    mend = "give it to the service's user: chown USER"
    assert f"belongs to root, and Samba would write as root; {mend} {tmp_path}/roots" in lines[0]
    assert all(mend in line for line in lines[:3])
    assert "does not exist; make the folder, owned by the service's user" in lines[3]
    assert faults_of_owners(settings(nowhere, *tables)) == [*lines[:3], lines[4]]


def test_the_state_says_whose_the_folders_are_to_be(tmp_path: Path):
    """Folder and state belong to one account, or scangate could not ask who writes; the sentence names it."""
    state = owned(tmp_path / "state", DAEMON.pw_uid)
    theirs = owned(tmp_path / "scans", BIN.pw_uid)
    (sentence,) = faults_of_owners(settings(state, share(path=str(theirs))))
    assert sentence.endswith(f"whom the service runs as; give it to the service's user: chown daemon {theirs}")
    os.chown(state, 0, -1)  # says nothing
    assert faults_of_owners(settings(state, share(path=str(theirs)))) == []


def test_a_box_that_ran_as_root_is_told_how_to_go_on(tmp_path: Path):
    """Where folder and state are both root's there is no user to give it to: the sentence says what is to be done."""
    state, scans = owned(tmp_path / "state", 0), owned(tmp_path / "scans", 0)
    (sentence,) = faults_of_owners(settings(state, share(path=str(scans))))
    assert "belongs to root, and Samba would write as root; run scangate as a user of its own, not as root" in sentence
    assert sentence.endswith(f"gateway.state: chown USER {scans}, chown -R USER {state}")


def test_a_share_that_somebody_else_serves_is_not_looked_at(tmp_path: Path):
    """Without a user no smbd of ours writes there."""
    free = share(path=str(owned(tmp_path / "scans", 0)), user=None, password=None, clients=[])
    assert faults_of_owners(settings(tmp_path / "state", free)) == []


def put_at(box: Appliance, path: str) -> None:
    """Have the share's folder be another."""
    configure(box)
    text = box.path(CONFIG).read_text()
    box.path(CONFIG).write_text(text.replace('"/var/lib/scans"', f'"{path}"'))


@pytest.fixture
def box() -> Iterator[Appliance]:
    """A box with a configuration."""
    with Appliance() as made:
        furnish(made)
        yield made


def test_smbd_is_never_told_to_write_as_root(box: Appliance):
    """samba-apply, samba-config and check refuse a folder of root's, say what to do, and nothing is changed."""
    shutil.chown(box.path("/var/lib/scans"), "root")
    said = (
        f"belongs to root, and Samba would write as root; give it to the service's user: chown {OWNER} /var/lib/scans"
    )
    before = box.path("/etc/passwd").read_text()
    for arguments in (["check"], ["samba-config"], ["samba-apply", "--dry-run"], ["samba-apply"]):
        done = scangate(box, *arguments)
        assert says(done, Exit.CONFIG) == []
        assert done.stderr.count(said) == 1
    assert "force user" not in box.path(SMB_CONF).read_text()
    assert box.path("/etc/passwd").read_text() == before
    shutil.chown(box.path("/var/lib/scans"), OWNER)
    assert scangate(box, "check").returncode == 0
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    assert f"force user = {OWNER}" in box.path(SMB_CONF).read_text()


def test_a_missing_folder_is_made_for_the_service(box: Appliance):
    """Once the state says who the service is, samba-apply makes a share's folder, and a device can write there."""
    put_at(box, "/var/lib/shares/scans")
    dry = scangate(box, "samba-apply", "--dry-run")
    assert f"would have made the folder /var/lib/shares/scans, owned by {OWNER}" in says(dry)
    assert not box.path("/var/lib/shares").exists()
    told = says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    assert told[0] == f"made the folder /var/lib/shares/scans, owned by {OWNER}"
    made = box.path("/var/lib/shares/scans").stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (DAEMON.pw_uid, DAEMON.pw_gid, 0o750)
    box.start_smbd(SMB_CONF)
    assert box.smb(SCANS, "printer1", PASSWORD, "put /etc/hostname scan.pdf").returncode == 0
    assert says(scangate(box, "samba-apply")) == ["nothing changed"]


def test_a_missing_folder_is_not_made_where_it_would_be_wrong(box: Appliance):
    """Not below a folder of another's, where a link could lie; not on another disk; not for nobody known."""
    wrong = {
        "/var/lib/old/scans": "lies in /var/lib/old, where others than root may write",
        "/run/scans": "would not be on the file system of gateway.state",
    }
    assert box.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run").returncode == 0
    for path, said in wrong.items():
        put_at(box, path)
        done = scangate(box, "samba-apply")
        assert says(done, Exit.CONFIG) == []
        assert f"share.scans.path: {path} does not exist, and {said}" in done.stderr
    configure(box)
    box.path("/var/lib/scans").rmdir()
    shutil.chown(box.path("/var/lib/scangate"), "root")
    done = scangate(box, "samba-apply")
    assert says(done, Exit.CONFIG) == []
    assert "/var/lib/scans does not exist; make the folder, owned by the service's user" in done.stderr


def test_the_service_warns_of_a_folder_of_roots(box: Appliance):
    """What an smbd of before still writes as root is delivered, and the log says what to do."""
    shutil.chown(box.path("/var/lib/scans"), "root")
    done = scangate(box, "run", "--once")
    assert done.returncode == 0
    assert "belongs to root, and Samba would write as root" in done.stderr
