"""A branch office's box: an Appliance on which scangate is configured for one printer, or for an old one beside it."""

import re
import shutil
import subprocess
import sys
from typing import Final

from tests.gateway.command import environment
from tests.peers.appliance import ADDRESS, LEGACY_ADDRESS, Appliance

SMB_CONF: Final = "/etc/samba/smb.conf"
LEGACY_CONF: Final = "/etc/samba/scangate-legacy.conf"
LOGS: Final = "/var/log/scangate-samba"
SCANS: Final = f"{ADDRESS}/scans"
OLD: Final = f"{LEGACY_ADDRESS}/old"
PASSWORD: Final = "Abcdefgh1234567890xy"
OLD_PASSWORD: Final = "Zyxwvuts1234567890xy"
OWNER: Final = "daemon"
"""Whose the shares' folders are: an account without rights, as the service's would be."""
SMB1: Final = ("--option=client min protocol=NT1", "--option=client max protocol=NT1")
CONFIG: Final = "/etc/scangate/gateway.toml"

_TEXT: Final = """\
[gateway]
state = "/var/lib/scangate"
free_space = "10 MB"

[sender]
address = "scanner@contoso.com"

[[upstream]]
method = "maildir"
path = "/var/lib/mailbox"

[[share]]
name = "scans"
path = "/var/lib/scans"
to = ["office@contoso.com"]
quiet = "200ms"
user = "printer1"
password_file = "printer1"
clients = ["10.99.0.0/24"]
"""
OLD_SHARE: Final = f"""\
[[share]]
name = "old"
path = "/var/lib/old"
to = ["office@contoso.com"]
user = "printer2"
password_file = "printer2"
clients = ["10.99.0.0/24"]
legacy_smb1 = true

[samba]
interfaces = ["{ADDRESS}"]
legacy_address = "{LEGACY_ADDRESS}"
"""


def furnish(box: Appliance) -> None:
    """Give a box two folders for shares, the passwords of two printers, and a configuration of one share."""
    for name in ("scans", "old", "scangate"):
        box.path(f"/var/lib/{name}").mkdir()
        shutil.chown(box.path(f"/var/lib/{name}"), OWNER)
    box.path("/etc/scangate").mkdir()
    for user, password in (("printer1", PASSWORD), ("printer2", OLD_PASSWORD)):
        secret = box.path(f"/etc/scangate/{user}")
        secret.write_text(f"{password}\n")
        secret.chmod(0o600)
    configure(box)


def configure(box: Appliance, more: str = "", **keys: str) -> None:
    """Write the configuration; ``keys`` replace values of the first share or of [gateway], as TOML has them."""
    text = _TEXT
    for key, value in keys.items():
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert count == 1, key
    path = box.path(CONFIG)
    path.write_text(text + more)
    path.chmod(0o600)


def scangate(box: Appliance, *arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in the box."""
    return box.run(sys.executable, "-m", "gateway", *arguments, env=environment(env))


def says(done: subprocess.CompletedProcess[str], code: int = 0) -> list[str]:
    """What a command printed to stdout, after its exit code was looked at."""
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout.splitlines()
