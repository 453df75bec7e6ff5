"""Shares that Samba serves for us: what of them is refused, what is warned of."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.check_samba import is_drawable_path
from tests.conf.given import CLIENT_AUTH, GATEWAY, RIGHT, SENDER, mistakes, right

pytestmark = pytest.mark.usefixtures("folder")

PASSWORD = "Abcdefgh1234567890xy"
USER = f'user = "printer1"\npassword = "{PASSWORD}"\n'
CLIENTS = 'clients = ["192.168.1.40"]\n'
SERVED = RIGHT + USER + CLIENTS
LEGACY = "legacy_smb1 = true\n"
ADDRESSES = '[samba]\ninterfaces = ["192.168.1.50"]\nlegacy_address = "192.168.1.51"\n'


def second(more: str, name: str = "two") -> str:
    """Return another share."""
    return f'[[share]]\nname = "{name}"\npath = "/srv/{name}"\nto = ["office@contoso.com"]\n{more}'


MISTAKES = {
    RIGHT + 'user = "printer1"\n': ["gateway.toml:11: share[0]: user needs password_file (or password)"],
    RIGHT + LEGACY: ["gateway.toml:11: share[0]: legacy_smb1 needs user, the Samba account of the device"],
    RIGHT + CLIENTS: ["gateway.toml:11: share[0]: clients needs user, the Samba account of the device"],
    RIGHT + USER.replace("printer1", "Printer 1"): [
        (
            'gateway.toml:15: share[0].user: must be a new account such as "printer1": '
            "1 to 31 of a-z, 0-9, - and _, a letter first"
        )
    ],
    RIGHT + USER.replace("printer1", "root") + CLIENTS: [
        ("gateway.toml:15: share[0].user: is an account of the system: name a new one for the device, such as printer1")
    ],
    SERVED.replace('name = "scans"', 'name = "global"'): [
        'gateway.toml:12: share[0].name: is "global", which has a meaning of its own in Samba: rename it'
    ],
    SERVED.replace("/srv/scans", "/srv/%U"): [
        (
            "gateway.toml:13: share[0].path: must be of letters, digits, spaces and ./_-+@, "
            "when a share has a user: Samba cannot hold others"
        )
    ],
    SERVED.replace("[gateway]", '[gateway]\nstate = "/var/it\'s"'): [
        (
            "gateway.toml:2: gateway.state: must be of letters, digits, spaces and ./_-+@, "
            "when a share has a user: Samba cannot hold others"
        )
    ],
    SERVED + '[samba]\nlogs = "/srv/scans/logs"\n': [
        (
            'gateway.toml:19: samba.logs: overlaps the folder of share "scans": '
            "Samba's logs need a folder of root's, below /var/log"
        )
    ],
    SERVED + '[samba]\nlogs = "/var/lib"\n': [
        ("gateway.toml:19: samba.logs: overlaps [gateway] state: Samba's logs need a folder of root's, below /var/log")
    ],
    SERVED + second(USER.replace(PASSWORD, "x" * 20) + CLIENTS): [
        (
            'gateway.toml:22: share[1].user: is also the user of share "scans", with another password: '
            "an account has one password"
        )
    ],
    SERVED + second(USER + CLIENTS + LEGACY) + ADDRESSES: [
        (
            'gateway.toml:22: share[1].user: is also the user of share "scans", and one of the two has legacy_smb1, '
            "which gives its password away: each needs a user of its own"
        )
    ],
    SERVED + LEGACY: [
        (
            'gateway.toml: samba.legacy_address: is missing: share "scans" has legacy_smb1, '
            "which needs an address of its own on this box"
        )
    ],
    SERVED + LEGACY + '[samba]\nlegacy_address = "192.168.1.51"\n': [
        (
            "gateway.toml:19: samba.interfaces: must name the addresses for other shares when there is a "
            "legacy_address: otherwise the first smbd takes that address too"
        )
    ],
    SERVED + LEGACY + ADDRESSES.replace('"192.168.1.50"', '"eth0"'): [
        (
            "gateway.toml:20: samba.interfaces: must name the addresses for other shares when there is a "
            "legacy_address: otherwise the first smbd takes that address too"
        )
    ],
    SERVED + LEGACY + ADDRESSES.replace("1.50", "1.51"): [
        "gateway.toml:21: samba.legacy_address: is among interfaces: SMB1 needs an address that no other share has"
    ],
    SERVED + '[samba]\ninterfaces = ["eth0; root"]\n': [
        (
            "gateway.toml:19: samba.interfaces[0]: must be an address of this box or an interface, "
            'such as "192.168.1.50" or "eth0"'
        )
    ],
    SERVED + '[samba]\nlegacy_address = "box"\n': [
        'gateway.toml:19: samba.legacy_address: must be an IP address such as "192.168.1.51"'
    ],
    SERVED + '[samba]\nworkgroup = "A\\nB"\n': [
        "gateway.toml:19: samba.workgroup: must be 1 to 15 letters, digits and hyphens"
    ],
}

WARNINGS = {
    SERVED: [],
    RIGHT: [],
    SERVED + second(USER + CLIENTS): [],
    RIGHT + USER: [
        (
            "gateway.toml:11: share[0].clients: is empty: everyone who reaches the box may try passwords; "
            "name the device's address"
        )
    ],
    RIGHT + USER + 'clients = ["0.0.0.0/0"]\n': [
        ("gateway.toml:17: share[0].clients[0]: admits everyone who reaches the box: name the devices or their network")
    ],
    SERVED.replace(PASSWORD, "Abcdefgh!234567890xy"): [
        (
            "gateway.toml:16: share[0].password: has other characters than letters and digits: "
            "many panels cannot enter them, or change them"
        )
    ],
    SERVED.replace(PASSWORD, "scan"): [
        (
            "gateway.toml:16: share[0].password: is shorter than 12 characters: "
            "best 20 letters and digits, nobody has to remember them"
        )
    ],
    SERVED + LEGACY + ADDRESSES: [
        (
            "gateway.toml:18: share[0].legacy_smb1: is on: SMB1 has no encryption, and NTLMv1 gives the password to "
            "whoever listens; better let the device send mail to [[smtp]], and retire it"
        )
    ],
    SERVED + ADDRESSES: ["gateway.toml:20: samba.legacy_address: is not used: no share has legacy_smb1"],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_what_samba_cannot_serve_is_refused(text):
    """Each rule of a served share refuses once, with file, line and key, and says what to do."""
    assert mistakes(text) == MISTAKES[text]


@pytest.mark.parametrize("text", WARNINGS)
def test_what_is_unsafe_is_warned_of(text):
    """What works but is unsafe is a warning; the recommended form has none."""
    assert list(right(text).warnings) == WARNINGS[text]


def test_a_password_comes_from_its_file_and_is_never_shown(tmp_path):
    """The password of a share is read from its file, and neither the configuration nor a mistake prints it."""
    secret = tmp_path / "printer1"
    secret.write_text(f"{PASSWORD}\n")
    secret.chmod(0o600)
    text = RIGHT + f'user = "printer1"\npassword_file = "{secret}"\n' + CLIENTS
    loaded = right(text)
    assert loaded.config.share[0].password is not None
    assert loaded.config.share[0].password.get_secret_value() == PASSWORD
    assert PASSWORD not in f"{loaded!r}"
    odd = "pa ss!wort"
    secret.write_text(odd)
    warned = right(text).warnings
    assert len(warned) == 2
    assert odd not in str(warned)


def test_a_password_in_an_open_file_is_warned_of(folder):
    """A share's password that everyone on the box may read in the configuration is told, as an upstream's is."""
    path = Path("gateway.toml")
    path.write_text(SERVED)
    path.chmod(0o644)
    from conf.load import Loaded, load

    loaded = load(path, {})
    assert isinstance(loaded, Loaded)
    assert any("share[0].password: stands in a file that everyone" in warning for warning in loaded.warnings)


def test_a_too_long_password_is_refused():
    """A password smbpasswd would cut is refused, without a word of it."""
    text = GATEWAY + SENDER + CLIENT_AUTH + second(f'user = "printer1"\npassword = "{"x" * 128}"\n')
    assert [re.sub(r"^.*?: ", "", line) for line in mistakes(text)] == [
        "share[0].password: must have at most 127 bytes"
    ]


@given(st.text())
def test_a_drawable_path_has_nothing_smb_conf_would_read(text):
    """No path that passes has a quote, a percent sign, a comment, a continuation or a line end."""
    if is_drawable_path(Path(text)):
        assert not set(str(Path(text))) & set("\n\r\\\"'%;#[]=$`\x00")
