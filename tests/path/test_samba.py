"""Devices at the Samba that scangate has set up: who gets in, who does not, and what scangate says of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from hotfolder.samba import SHARE_CONNECTIONS
from tests.gateway.command import environment
from tests.peers import scans
from tests.peers.appliance import Appliance
from tests.peers.branch import (
    OLD_PASSWORD,
    OLD_SHARE,
    PASSWORD,
    SCANS,
    SMB1,
    SMB_CONF,
    configure,
    furnish,
    scangate,
)
from tests.peers.loopback import wait_until
from tests.peers.process import Process

JSON = '[log]\nformat = "json"\n'
PATIENCE_S = 30


@pytest.fixture
def box() -> Iterator[Appliance]:
    """A box with a share for one printer, and Samba running as samba-apply has set it up."""
    with Appliance() as made:
        furnish(made)
        configure(made, JSON)
        serve(made)
        yield made


def serve(box: Appliance) -> None:
    """Apply the configuration and start smbd."""
    done = scangate(box, "samba-apply")
    assert "to do: smbd is not running" in done.stderr, done.stderr
    box.start_smbd(SMB_CONF)


@contextmanager
def service(box: Appliance) -> Iterator[Process]:
    """The service in the box, from ready to stopped."""
    process = Process(box.argv(sys.executable, "-m", "gateway", "run"), box.folder / "service.log", environment())
    try:
        process.wait_ready(lambda: "service-ready" in process.log_text())
        yield process
    finally:
        process.stop()


def logged(process: Process, event: str) -> list[dict[str, Any]]:
    """The lines of one event in the service's log."""
    lines = [json.loads(line) for line in process.log_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def put(box: Appliance, name: str, where: str = SCANS, user: str = "printer1", password: str = PASSWORD) -> str:
    """Have a device put a scan; empty when it went well, else what smbclient said."""
    local = box.folder / "local.pdf"
    local.write_bytes(scans.pdf(dpi=50))
    done = box.smb(where, user, password, f'put "{local}" "{name}"')
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_a_scan_goes_from_the_printer_to_the_mailbox(box: Appliance):
    """With nothing but the configuration and samba-apply a device's scan is delivered."""
    with service(box):
        assert put(box, "Scan 001.pdf") == ""
        wait_until(lambda: len(list(box.path("/var/lib/mailbox/new").glob("*"))) == 1, PATIENCE_S, "the mail")


@pytest.mark.parametrize(
    ("user", "password", "options", "said"),
    [
        ("printer1", "wrong", (), "NT_STATUS_LOGON_FAILURE"),
        ("printer9", PASSWORD, (), "NT_STATUS_LOGON_FAILURE"),
        ("root", PASSWORD, (), "NT_STATUS_LOGON_FAILURE"),
        ("", "", ("-N",), "NT_STATUS_ACCESS_DENIED"),
        ("printer1", PASSWORD, SMB1, "NT_STATUS_INVALID_NETWORK_RESPONSE"),
        ("printer1", PASSWORD, ("--option=client ntlmv2 auth=no",), "NT_STATUS_LOGON_FAILURE"),
    ],
)
def test_strangers_are_refused(box: Appliance, user: str, password: str, options: tuple[str, ...], said: str):
    """A wrong password, an unknown account, a guest, SMB1 and NTLMv1 are refused; the printer is not."""
    done = box.smb(SCANS, user, password, "ls", *options)
    assert done.returncode != 0
    assert said in done.stdout
    assert put(box, "scan.pdf") == ""


def test_each_device_has_its_share_alone(box: Appliance):
    """An account opens the share that names it and no other, though both are of one server."""
    configure(box, OLD_SHARE.partition("legacy_smb1")[0])
    assert scangate(box, "samba-apply").returncode == 0
    theirs = SCANS.replace("scans", "old")
    assert put(box, "a.pdf") == ""
    assert put(box, "b.pdf", theirs, "printer2", OLD_PASSWORD) == ""
    assert "NT_STATUS_ACCESS_DENIED" in put(box, "c.pdf", theirs)
    assert "NT_STATUS_ACCESS_DENIED" in put(box, "d.pdf", SCANS, "printer2", OLD_PASSWORD)


def test_a_device_elsewhere_is_refused_and_named(box: Appliance):
    """An address that is not in clients gets in with no password, and the log says which and why."""
    configure(box, JSON, clients='["10.98.0.7"]')
    assert scangate(box, "samba-apply").returncode == 0
    with service(box) as process:
        assert "NT_STATUS_" in put(box, "scan.pdf")
        wait_until(lambda: logged(process, "smb-refused") != [], PATIENCE_S, "the refusal in the log")
        [line] = logged(process, "smb-refused")
    assert (line["client"], line["why"]) == ("10.99.0.1", "client")


def test_an_smb1_device_is_named_with_the_fix(box: Appliance):
    """Case 28: an SMB1 device against the locked server is a line with its address and what to do; with NTLMv1 too."""
    with service(box) as process:
        assert box.smb(SCANS, "printer1", PASSWORD, "ls", *SMB1).returncode != 0
        assert box.smb(SCANS, "printer1", PASSWORD, "ls", "--option=client ntlmv2 auth=no").returncode != 0
        wait_until(lambda: len(logged(process, "smb-refused")) == 2, PATIENCE_S, "both refusals in the log")
        lines = {line["why"]: line for line in logged(process, "smb-refused")}
    assert lines["smb1"]["client"] == lines["ntlmv1"]["client"] == "10.99.0.1"
    assert "legacy_smb1 = true" in lines["smb1"]["reason"]
    assert lines["ntlmv1"]["user"] == "printer1"


def test_a_storm_of_wrong_passwords_hits_nobody_else(box: Appliance):
    """Case 29: while one panel tries a wrong password again and again, others and even its own account get in."""
    configure(box, OLD_SHARE.partition("legacy_smb1")[0] + JSON)
    assert scangate(box, "samba-apply").returncode == 0
    argv = box.argv("sh", "-c", f"while :; do smbclient //{SCANS} -U printer1%wrong -c ls; done")
    with service(box) as process:
        storms = [subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
        try:
            wait_until(lambda: logged(process, "smb-refused") != [], PATIENCE_S, "the storm in the log")
            for number in range(5):
                other = SCANS.replace("scans", "old")
                assert put(box, f"{number}.pdf", other, "printer2", OLD_PASSWORD) == ""
                assert put(box, f"{number}.pdf") == ""
            assert all(storm.poll() is None for storm in storms)
        finally:
            for storm in storms:
                storm.kill()
                storm.wait()
        lines = logged(process, "smb-refused")
    assert [(line["why"], line["user"]) for line in lines] == [("password", "printer1")]


def test_a_device_that_holds_connections_takes_its_own_share_alone(box: Appliance):
    """Who opens ever more connections is refused at the bound of his share; another share's device gets in."""
    configure(box, OLD_SHARE.partition("legacy_smb1")[0])
    assert scangate(box, "samba-apply").returncode == 0
    argv = box.argv("smbclient", f"//{SCANS}", "-U", f"printer1%{PASSWORD}", "--configfile=/dev/null")
    with ExitStack() as held:
        for number in range(SHARE_CONNECTIONS):
            device = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
            held.enter_context(device)
            assert device.stdin is not None
            device.stdin.write(f"put /etc/hostname {number}.pdf\n")
            device.stdin.flush()
        taken = [box.path("/var/lib/scans") / f"{number}.pdf" for number in range(SHARE_CONNECTIONS)]
        wait_until(lambda: all(path.exists() for path in taken), PATIENCE_S, "every connection")
        assert "NT_STATUS_INSUFFICIENT_RESOURCES" in put(box, "one more.pdf")
        assert put(box, "b.pdf", SCANS.replace("scans", "old"), "printer2", OLD_PASSWORD) == ""
    assert put(box, "later.pdf") == ""


def test_below_the_reserve_the_share_refuses_and_delivery_goes_on(box: Appliance):
    """With too little space a device's write fails and status says why; what is there is delivered; then it opens."""
    for name in ("scangate", "scans"):
        assert box.run("mkdir", "-p", f"/var/lib/data/{name}").returncode == 0
    assert box.run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", "/var/lib/data").returncode == 0
    assert box.run("install", "-d", "-o", "daemon", "/var/lib/data/scangate", "/var/lib/data/scans").returncode == 0
    text = box.path("/etc/scangate/gateway.toml").read_text()
    text = text.replace("/var/lib/scangate", "/var/lib/data/scangate").replace("/var/lib/scans", "/var/lib/data/scans")
    box.path("/etc/scangate/gateway.toml").write_text(text)
    assert scangate(box, "samba-apply").returncode == 0
    mails = box.path("/var/lib/mailbox/new")
    with service(box) as process:
        assert put(box, "before.pdf") == ""
        wait_until(lambda: len(list(mails.glob("*"))) == 1, PATIENCE_S, "the first mail")
        assert box.run("dd", "if=/dev/zero", "of=/var/lib/data/ballast", "bs=1M", "count=16").returncode == 0
        wait_until(lambda: logged(process, "shares-closed") != [], PATIENCE_S, "closed shares")
        assert "NT_STATUS_ACCESS_DENIED" in put(box, "refused.pdf")
        late = ("install", "-o", "daemon", "-m", "660", str(box.folder / "local.pdf"), "/var/lib/data/scans/late.pdf")
        assert box.run(*late).returncode == 0  # as from a device that was connected
        wait_until(lambda: len(list(mails.glob("*"))) == 2, PATIENCE_S, "a mail while the shares are closed")
        assert logged(process, "shares-opened") == []
        status = scangate(box, "status")
        assert status.returncode == 1
        assert "Shares:    CLOSED for new scans, because too little space is free" in status.stdout
        assert box.run("rm", "/var/lib/data/ballast").returncode == 0
        wait_until(lambda: logged(process, "shares-opened") != [], PATIENCE_S, "open shares")
        assert put(box, "after.pdf") == ""
        wait_until(lambda: len(list(mails.glob("*"))) == 3, PATIENCE_S, "the last mail")
        assert scangate(box, "status").returncode == 0
    assert len(logged(process, "shares-closed")) == len(logged(process, "shares-opened")) == 1


def test_a_session_that_is_open_is_not_cut(box: Appliance):
    """Closed shares refuse new connections alone: a device that is connected finishes what it sends (Samba 4.17)."""
    configure(box, state='"/var/lib/scän gate+@,1"')
    assert scangate(box, "samba-apply").returncode == 0
    box.path("/var/lib/scän gate+@,1").mkdir()
    argv = box.argv("smbclient", f"//{SCANS}", "-U", f"printer1%{PASSWORD}", "--configfile=/dev/null")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as device:
        assert device.stdin is not None
        for name in ("one.pdf", "two.pdf"):
            device.stdin.write(f"put /etc/hostname {name}\n")
            device.stdin.flush()
            wait_until((box.path("/var/lib/scans") / name).exists, PATIENCE_S, name)
            box.path("/var/lib/scän gate+@,1/shares-closed").touch()
        device.stdin.close()
    assert "NT_STATUS_ACCESS_DENIED" in put(box, "three.pdf")
    box.path("/var/lib/scän gate+@,1/shares-closed").unlink()
    assert put(box, "three.pdf") == ""


def test_closed_shares_are_closed_whoever_owns_the_state(box: Appliance):
    """A state that the folder's owner may not look into closes the shares all the same; so does one that is gone."""
    state = box.path("/var/lib/scangate")
    state.chmod(0o700)
    shutil.chown(state, "root")
    assert put(box, "one.pdf") == ""
    (state / "shares-closed").touch()
    assert "NT_STATUS_ACCESS_DENIED" in put(box, "two.pdf")
    (state / "shares-closed").unlink()
    assert put(box, "three.pdf") == ""
    state.rmdir()
    assert "NT_STATUS_ACCESS_DENIED" in put(box, "four.pdf")


def test_status_and_check_warn_of_smb1(box: Appliance):
    """A share with legacy_smb1 is a warning of check, and stands in the status as long as it is on."""
    configure(box, OLD_SHARE)
    checked = scangate(box, "check")
    assert checked.returncode == 0
    assert "legacy_smb1: is on: SMB1 has no encryption" in checked.stderr
    with service(box):
        status = scangate(box, "status")
        assert status.returncode == 0
        assert "Warning:   share old has legacy_smb1, which is unsafe" in status.stdout
        assert json.loads(scangate(box, "status", "--json").stdout)["legacy_shares"] == ["old"]
