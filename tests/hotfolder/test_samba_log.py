import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.samba_log import Refused, Why, device_of, refusals

SOURCES = {
    "4.17.12": {
        "login": "../../auth/auth_log.c:647(log_authentication_event_human_readable)",
        "asked": "../../source3/smbd/smb2_negprot.c:1106(smb2_multi_protocol_reply_negprot)",
        "protocol": "../../source3/smbd/smb2_negprot.c:1153(smb2_multi_protocol_reply_negprot)",
        "client": "../../lib/util/access.c:372(allow_access)",
        "error": "../../source3/smbd/smb2_server.c:3961(smbd_smb2_request_error_ex)",
        "session": "../../source3/smbd/smb2_sesssetup.c:147",
    },
    "4.22.11": {
        "login": "auth/auth_log.c:860(log_authentication_event_human_readable)",
        "asked": "source3/smbd/smb2_negprot.c:1152(smb2_multi_protocol_reply_negprot)",
        "protocol": "source3/smbd/smb2_negprot.c:1199(smb2_multi_protocol_reply_negprot)",
        "client": "lib/util/access.c:372(allow_access)",
        "error": "source3/smbd/smb2_server.c:4074(smbd_smb2_request_error_ex)",
        "session": "source3/smbd/smb2_sesssetup.c:148",
    },
}
"""Where in the source of Samba each line is logged from: Debian 12 and 13, whose lines differ in nothing else.

Measured 2026-11-25, by an account, a password, a protocol or an address that the drawn smb.conf refuses.
"""


def line(kind: str, text: str, level: int, version: str) -> str:
    """What smbd writes: where it stands in the source, and under it the text."""
    return f"[2026/11/25 16:31:41.665769,  {level}] {SOURCES[version][kind]}\n  {text}\n"


def login(user: str, by: str, status: str, version: str = "4.22.11") -> str:
    """A login as smbd writes it, and the error that goes to the device."""
    text = (
        rf"Auth: [SMB2,(null)] user [WORKGROUP]\[{user}] at [Wed, 25 Nov 2026 16:31:41.665769 UTC] "
        f"with [{by}] status [{status}] workstation [VM] remote host [ipv4:192.168.1.40:53250] "
        f"mapped to [WORKGROUP]\\[{user}]. local host [ipv4:192.168.1.50:445] "
    )
    error = "smbd_smb2_request_error_ex: smbd_smb2_request_error_ex: idx[1] status[NT_STATUS_LOGON_FAILURE] || at"
    return line("login", text, 2, version) + line("error", f"{error} {SOURCES[version]['session']}", 3, version)


def visits(version: str) -> dict[str, list[Refused]]:
    """The log of a device that is refused, for each reason."""
    no_protocol = "smb2_multi_protocol_reply_negprot: No protocol supported !"
    asked = line("asked", "Requested protocol [NT LANMAN 1.0]", 3, version)
    asked += line("asked", "Requested protocol [NT LM 0.12]", 3, version)
    return {
        asked + line("protocol", no_protocol, 3, version): [Refused(Why.SMB1)],
        line("client", "Denied connection from 10.99.0.1 (10.99.0.1)", 0, version): [
            Refused(Why.CLIENT, device="10.99.0.1")
        ],
        login("printer1", "NTLMv2", "NT_STATUS_WRONG_PASSWORD", version): [Refused(Why.PASSWORD, "printer1")],
        login("printer1", "NTLMv1", "NT_STATUS_WRONG_PASSWORD", version): [Refused(Why.NTLMV1, "printer1")],
        login("printer1", "No-Password", "NT_STATUS_WRONG_PASSWORD", version): [Refused(Why.NO_PASSWORD, "printer1")],
        login("printer9", "NTLMv2", "NT_STATUS_NO_SUCH_USER", version): [Refused(Why.NO_ACCOUNT, "printer9")],
        login("printer1", "NTLMv2", "NT_STATUS_ACCOUNT_DISABLED", version): [Refused(Why.DISABLED, "printer1")],
    }


LINES = {
    **visits("4.17.12"),
    **visits("4.22.11"),
    "  Denied connection from x) (2001:db8::1)\n": [Refused(Why.CLIENT, device="2001:db8::1")],
    "  Denied connection from x (....)\n": [Refused(Why.CLIENT)],
    "  Denied connection from x\n": [],
    login("printer9", "NTLMv1", "NT_STATUS_NO_SUCH_USER"): [Refused(Why.NO_ACCOUNT, "printer9")],
    login("x\x1b[31m", "NTLMv2", "NT_STATUS_NO_SUCH_USER"): [Refused(Why.NO_ACCOUNT, "x[31m")],
    login("", "NTLMv2", "NT_STATUS_NO_SUCH_USER"): [Refused(Why.NO_ACCOUNT)],
    login("printer1", "NTLMv2", "NT_STATUS_OK"): [],
    "  Selected protocol SMB3_11\n": [],
    "": [],
}


@pytest.mark.parametrize("text", LINES)
def test_each_refusal_is_told_from_its_line(text):
    """The lines a refused device leaves in smbd's log mean what they are taken for; all others mean nothing."""
    assert list(refusals(text)) == LINES[text]


def test_each_sentence_says_what_to_do():
    """Each reason has a sentence with a mend after its semicolon."""
    for why in Why:
        _, semicolon, mend = Refused(why).sentence.partition("; ")
        assert semicolon
        assert mend
    assert "legacy_smb1" in Refused(Why.SMB1).sentence


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("192.168.1.40.log", "192.168.1.40"),
        ("smb1-192.168.1.40.log", "192.168.1.40"),
        ("2001:db8::1.log", "2001:db8::1"),
        ("192.168.1.40.log.old", None),
        ("smbd.log", None),
        ("cores", None),
        (".log", None),
        ("", None),
    ],
)
def test_a_log_is_named_for_its_device(name, device):
    """The device is read off the name of the log; another file is none."""
    assert device_of(name) == device


PIECES = st.lists(
    st.sampled_from(["  Auth: [", "] user [", "]\\[", "] at [", "] with [", "] status [NT_STATUS_", "\n"])
)


@given(
    st.one_of(
        st.text(), PIECES.map("".join), st.text().map(lambda user: login(user, "NTLMv2", "NT_STATUS_NO_SUCH_USER"))
    )
)
def test_any_log_is_read(text):
    """Whatever a device puts into a log, it is read, and what is told of it is one short line."""
    for refused in refusals(text):
        assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in refused.user)
        assert len(refused.user) <= 64
