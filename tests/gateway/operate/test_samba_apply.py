"""``samba-apply`` for real, as root of a box of its own: files, accounts, testparm, smbd."""

import os
import stat
from collections.abc import Iterator

import pytest

from conf.load import Loaded, load
from gateway.operate.exits import Exit
from gateway.operate.samba_apply import ApplyError, Report, apply
from gateway.operate.samba_files import Paths
from tests.peers.appliance import Appliance
from tests.peers.branch import (
    LEGACY_CONF,
    LOGS,
    OLD,
    OLD_PASSWORD,
    OLD_SHARE,
    PASSWORD,
    SCANS,
    SMB1,
    SMB_CONF,
    configure,
    furnish,
    says,
    scangate,
)

START = f"to do: smbd is not running: start it: smbd --daemon --configfile={SMB_CONF}"
FOREIGN = "[global]\n  workgroup = THEIRS\n[theirs]\n  path = /tmp\n"


@pytest.fixture
def box() -> Iterator[Appliance]:
    """A box with a configuration, and somebody else's smb.conf."""
    with Appliance() as made:
        furnish(made)
        made.path(SMB_CONF).write_text(FOREIGN)
        yield made


def test_the_first_run_makes_all_and_the_second_nothing(box: Appliance):
    """Accounts, folders and file are made once; what was there before is kept; a second run changes nothing."""
    first = scangate(box, "samba-apply")
    assert says(first, Exit.NOT_ALL) == [
        f"made the folder {LOGS}",
        "made the account printer1, without shell and home",
        "made the Samba account printer1",
        f"written {SMB_CONF}; what was there before is kept as {SMB_CONF}.before-scangate",
    ]
    assert first.stderr.splitlines() == [START]
    assert box.path(f"{SMB_CONF}.before-scangate").read_text() == FOREIGN
    assert box.path(SMB_CONF).read_text() == scangate(box, "samba-config").stdout
    assert stat.S_IMODE(box.path(SMB_CONF).stat().st_mode) == 0o644
    account = next(line for line in box.path("/etc/passwd").read_text().splitlines() if line.startswith("printer1:"))
    assert account.endswith(":scangate device:/nonexistent:/usr/sbin/nologin")
    assert stat.S_IMODE(box.path(LOGS).stat().st_mode) == 0o750
    second = scangate(box, "samba-apply")
    assert says(second, Exit.NOT_ALL) == ["nothing changed"]
    assert second.stderr.splitlines() == [START]
    assert PASSWORD not in first.stdout + first.stderr + second.stdout + second.stderr
    box.start_smbd(SMB_CONF)
    third = scangate(box, "samba-apply")
    assert (says(third), third.stderr) == (["nothing changed"], "")
    assert box.smb(SCANS, "printer1", PASSWORD, "ls").returncode == 0


def test_a_dry_run_changes_nothing(box: Appliance):
    """With --dry-run what would be done is told, and file and accounts are as they were."""
    before = box.path("/etc/passwd").read_text()
    dry = scangate(box, "samba-apply", "--dry-run")
    assert f"note: {SMB_CONF} is somebody else's: it would be out of force" in dry.stderr
    assert says(dry) == [
        f"would have made the folder {LOGS}",
        "would have made the account printer1, without shell and home",
        "would have made the Samba account printer1",
        f"would have written {SMB_CONF}",
    ]
    assert box.path(SMB_CONF).read_text() == FOREIGN
    assert box.path("/etc/passwd").read_text() == before
    assert sorted(path.name for path in box.path("/etc/samba").iterdir() if "smb.conf" in path.name) == ["smb.conf"]
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    again = scangate(box, "samba-apply", "--dry-run")
    assert says(again) == ["nothing to change"]
    assert again.stderr == "note: a dry run does not tell whether the passwords have changed\n"


def test_a_running_smbd_follows(box: Appliance):
    """A new password and a new user are in force after a reload; the account that no share names is shut."""
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    box.start_smbd(SMB_CONF)
    box.path("/etc/scangate/printer1").write_text("NewPassword1234567890\n")
    assert says(scangate(box, "samba-apply")) == ["given the Samba account printer1 its new password"]
    assert box.smb(SCANS, "printer1", PASSWORD, "ls").returncode != 0
    assert box.smb(SCANS, "printer1", "NewPassword1234567890", "ls").returncode == 0
    configure(box, user='"printer3"')
    assert says(scangate(box, "samba-apply")) == [
        "made the account printer3, without shell and home",
        "disabled the Samba account printer1, which no share names any more",
        "made the Samba account printer3",
        f"written {SMB_CONF}",
        "reloaded smbd",
    ]
    assert box.smb(SCANS, "printer1", "NewPassword1234567890", "ls").returncode != 0
    assert box.smb(SCANS, "printer3", "NewPassword1234567890", "ls").returncode == 0
    configure(box)
    told = says(scangate(box, "samba-apply"))
    assert "enabled the Samba account printer1" in told
    assert "disabled the Samba account printer3, which no share names any more" in told
    assert box.smb(SCANS, "printer1", "NewPassword1234567890", "ls").returncode == 0


def test_a_command_that_fails_is_told_without_its_output(box: Appliance):
    """What a failing command prints to stdout, which may stand for a password, is never shown; what it did is."""
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    fake = box.folder / "bin"
    fake.mkdir()
    (fake / "pdbedit").write_text("#!/bin/sh\necho 0123456789ABCDEF\necho 'no such database' >&2\nexit 3\n")
    (fake / "pdbedit").chmod(0o755)
    done = scangate(box, "samba-apply", env={"PATH": f"{fake}:/usr/sbin:/usr/bin:/sbin:/bin"})
    assert (done.returncode, done.stdout) == (Exit.LOCAL, "")
    assert done.stderr == "scangate: pdbedit failed with 3: no such database\n"


def test_an_account_of_somebody_else_is_not_touched(box: Appliance):
    """A user that is already an account of the box is refused before anything is done."""
    configure(box, user='"games"')
    done = scangate(box, "samba-apply")
    assert says(done, Exit.LOCAL) == []
    assert "share[0].user: the account games is there and is not scangate's" in done.stderr
    assert box.path(SMB_CONF).read_text() == FOREIGN


def test_a_file_that_testparm_refuses_replaces_nothing(box: Appliance):
    """When testparm says no, smb.conf stays, no account is made in Samba, and its words are shown."""
    fake = box.folder / "bin"
    fake.mkdir()
    (fake / "testparm").write_text("#!/bin/sh\necho 'ERROR: not like this' >&2\nexit 1\n")
    (fake / "testparm").chmod(0o755)
    done = scangate(box, "samba-apply", env={"PATH": f"{fake}:/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == Exit.LOCAL
    assert "testparm refuses the new file, so nothing was replaced: ERROR: not like this" in done.stderr
    assert "made the account printer1, without shell and home" in done.stdout  # what was done before is told
    assert box.path(SMB_CONF).read_text() == FOREIGN
    assert [path.name for path in box.path("/etc/samba").iterdir() if "scangate" in path.name] == []


def test_a_second_foreign_file_is_kept_beside_the_first(box: Appliance):
    """What somebody writes over our file is kept as well, under a name of its own."""
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    box.path(SMB_CONF).write_text("[global]\n")
    told = says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    assert told == [f"written {SMB_CONF}; what was there before is kept as {SMB_CONF}.before-scangate-2"]
    assert box.path(f"{SMB_CONF}.before-scangate").read_text() == FOREIGN
    assert box.path(f"{SMB_CONF}.before-scangate-2").read_text() == "[global]\n"


def test_shares_without_a_user_are_somebody_elses(box: Appliance):
    """Without a user nothing is drawn and nothing touched; when the last one goes, our server admits nobody."""
    foreign = '[[share]]\nname = "scans"\npath = "/var/lib/scans"\nto = ["office@contoso.com"]\n'
    path = box.path("/etc/scangate/gateway.toml")
    without = path.read_text().partition("[[share]]")[0] + foreign
    path.write_text(without)
    done = scangate(box, "samba-apply")
    assert says(done) == ["nothing changed"]
    assert "no share has a user" in done.stderr
    assert box.path(SMB_CONF).read_text() == FOREIGN
    assert scangate(box, "samba-config").returncode == Exit.CONFIG
    configure(box)
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    path.write_text(without)
    told = says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    assert told == ["disabled the Samba account printer1, which no share names any more", f"written {SMB_CONF}"]
    assert "hosts deny = ALL" in box.path(SMB_CONF).read_text()


def test_smb1_has_a_server_of_its_own(box: Appliance):
    """Only the share with the switch, at its address and with its account, takes SMB1 and NTLMv1; the other neither."""
    configure(box, OLD_SHARE)
    done = scangate(box, "samba-apply")
    assert says(done, Exit.NOT_ALL)[-2:] == [
        "made the Samba account printer2 of the SMB1 server",
        f"written {LEGACY_CONF}",
    ]
    assert "share[1].legacy_smb1: is on: SMB1 has no encryption" in done.stderr
    assert scangate(box, "samba-config", "--legacy").stdout == box.path(LEGACY_CONF).read_text()
    box.start_smbd(SMB_CONF)
    box.start_smbd(LEGACY_CONF)
    assert says(scangate(box, "samba-apply")) == ["nothing changed"]
    old = ("--option=client ntlmv2 auth=no", *SMB1)
    assert box.smb(OLD, "printer2", OLD_PASSWORD, "put /etc/hostname scan.pdf", *old).returncode == 0
    assert box.path("/var/lib/old/scan.pdf").owner() == "daemon"
    assert box.smb(OLD, "printer2", OLD_PASSWORD, "ls", "-p", "139", *SMB1).returncode == 0
    assert "NT_STATUS_INVALID_NETWORK_RESPONSE" in box.smb(SCANS, "printer1", PASSWORD, "ls", *SMB1).stdout
    assert box.smb(SCANS, "printer1", PASSWORD, "ls").returncode == 0
    for where, user, password in [
        (SCANS, "printer2", OLD_PASSWORD),
        (OLD, "printer1", PASSWORD),
        (OLD.replace("old", "scans"), "printer2", OLD_PASSWORD),
        (SCANS.replace("scans", "old"), "printer1", PASSWORD),
    ]:
        assert box.smb(where, user, password, "ls").returncode != 0, (where, user)


def test_smb1_ends_with_its_switch(box: Appliance):
    """Without the switch the second file goes, and the share is in the first."""
    configure(box, OLD_SHARE)
    says(scangate(box, "samba-apply"), Exit.NOT_ALL)
    box.start_smbd(SMB_CONF)
    configure(box, OLD_SHARE.replace("legacy_smb1 = true", "").replace("legacy_address", "#"))
    assert f"removed {LEGACY_CONF}: no share has legacy_smb1 any more" in says(scangate(box, "samba-apply"))
    assert not box.path(LEGACY_CONF).exists()
    assert box.smb(SCANS.replace("scans", "old"), "printer2", OLD_PASSWORD, "ls").returncode == 0


def test_systemd_runs_both_servers(box: Appliance):
    """Where systemd is, the distribution's unit and one of our own are enabled and started, and ours ends in order."""
    calls = box.folder / "calls"
    fake = box.folder / "bin"
    fake.mkdir()
    (fake / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    (fake / "systemctl").chmod(0o755)
    box.path("/run/systemd/system").mkdir(parents=True)
    env = {"PATH": f"{fake}:/usr/sbin:/usr/bin:/sbin:/bin"}
    configure(box, OLD_SHARE)
    says(scangate(box, "samba-apply", env=env))
    unit = box.path("/etc/systemd/system/scangate-legacy-smbd.service")
    assert f'"--configfile={LEGACY_CONF}"' in unit.read_text()
    assert calls.read_text().splitlines() == [
        "enable smbd",
        "restart smbd",
        "is-active --quiet nmbd",
        "disable --now nmbd",
        "daemon-reload",
        "enable scangate-legacy-smbd",
        "restart scangate-legacy-smbd",
    ]
    calls.unlink()
    configure(box)
    told = says(scangate(box, "samba-apply", env=env))
    assert "stopped scangate-legacy-smbd" in told
    assert not unit.exists()
    assert "disable --now scangate-legacy-smbd" in calls.read_text()


def test_what_is_missing_is_named(box: Appliance):
    """Without Samba one sentence says how to get it, and nothing is done."""
    stripped = box.run("mount", "--bind", box.folder / "var", "/usr/sbin")
    assert stripped.returncode == 0
    done = scangate(box, "samba-apply")
    assert (done.returncode, done.stdout) == (Exit.LOCAL, "")
    assert "Samba is not installed (smbd not found); install it: apt install samba" in done.stderr


def test_without_root_nothing_is_done(box: Appliance, monkeypatch: pytest.MonkeyPatch):
    """Another user than root is told to become it."""
    loaded = load(box.path("/etc/scangate/gateway.toml"), {})
    assert isinstance(loaded, Loaded), str(loaded)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    paths = Paths(box.path(SMB_CONF), box.path(LEGACY_CONF))
    with pytest.raises(ApplyError, match="this needs root"):
        apply(loaded.config, box.path("/etc/scangate/gateway.toml"), paths, Report(), is_dry=False)
    assert box.path(SMB_CONF).read_text() == FOREIGN
