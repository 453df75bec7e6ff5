import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.hidden import SecretStr
from gateway.operate.samba_plan import (
    GECOS,
    Account,
    draw_unit,
    parse_accounts,
    strangers,
    to_disable,
    wanted,
)
from hotfolder.samba import Server
from tests.hotfolder.served import PASSWORD, config, share

DIGEST = "0123456789ABCDEF0123456789ABCDEF"
LISTING = f"""\
printer1:999:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:{DIGEST}:[U          ]:LCT-6925A3F1:
printer2:998:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:{DIGEST}:[DU         ]:LCT-6925A3F1:
"""


def test_accounts_are_read_as_pdbedit_lists_them():
    """Each account is known with whether it is shut; what stands for its password is never printed."""
    found = parse_accounts(LISTING + "Unknown parameter encountered: x\n\n")
    assert found == {"printer1": Account(DIGEST, is_disabled=False), "printer2": Account(DIGEST, is_disabled=True)}
    assert DIGEST not in repr(found)


@given(st.text())
def test_any_listing_is_read(text):
    """Whatever pdbedit prints, reading it raises nothing."""
    assert all(isinstance(account, Account) for account in parse_accounts(text).values())


def test_each_server_wants_its_own_accounts():
    """The password of a share with SMB1 is in the accounts of the second server alone."""
    settings = config(share(), share("old", legacy_smb1=True), share("free", user=None, password=None, clients=[]))
    assert {name: secret.get_secret_value() for name, secret in wanted(settings, Server.MAIN).items()} == {
        "scans-printer": PASSWORD
    }
    assert set(wanted(settings, Server.LEGACY)) == {"old-printer"}


def test_only_what_scangate_made_is_shut():
    """An account is disabled when it is in force, unnamed, and marked as ours; nobody else's ever is."""
    there = {name: Account("x", is_disabled=name == "shut") for name in ("kept", "gone", "shut", "theirs", "unknown")}
    comments = dict.fromkeys(("kept", "gone", "shut"), GECOS) | {"theirs": "Alice"}
    assert to_disable(there, {"kept": SecretStr("x")}, comments) == ["gone"]


@pytest.mark.parametrize(("comment", "refused"), [(GECOS, 0), ("", 1), ("Alice,,,", 1)])
def test_an_account_of_somebody_else_is_told(comment, refused):
    """A user may be new or ours; any other account of the box is a sentence with its key."""
    settings = config(share())
    assert list(strangers(settings, {})) == []
    assert len(list(strangers(settings, {"scans-printer": comment}))) == refused


def test_systemd_understands_the_unit(tmp_path: Path):
    """The unit has no mistake that systemd's own checker finds, and names the file whatever its characters."""
    unit = tmp_path / "scangate-legacy-smbd.service"
    unit.write_text(draw_unit("/bin/true", Path("/etc/samba/50% old.conf")))
    assert '"--configfile=/etc/samba/50%% old.conf"' in unit.read_text()
    argv = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
