import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.samba_log import Refused, Why, device_of, refusals


def login(user: str, by: str, status: str) -> str:
    """A failed login as Samba 4.17 writes it (measured 2026-11-25)."""
    return (
        "[2026/11/25 12:37:10.969978,  2] ../../auth/auth_log.c:647(log_authentication_event_human_readable)\n"
        rf"  Auth: [SMB2,(null)] user [WORKGROUP]\[{user}] at [Wed, 25 Nov 2026 12:36:10.969965 UTC] "
        f"with [{by}] status [{status}] workstation [VM] remote host [ipv4:192.168.1.40:53250] "
        f"mapped to [WORKGROUP]\\[{user}]. local host [ipv4:192.168.1.50:445] \n"
    )


LINES = {
    "  smb2_multi_protocol_reply_negprot: No protocol supported !\n": [Refused(Why.SMB1)],
    "  Denied connection from 127.0.0.1 (127.0.0.1)\n": [Refused(Why.CLIENT, device="127.0.0.1")],
    "  Denied connection from x) (2001:db8::1)\n": [Refused(Why.CLIENT, device="2001:db8::1")],
    "  Denied connection from x (....)\n": [Refused(Why.CLIENT)],
    "  Denied connection from x\n": [],
    login("printer1", "NTLMv2", "NT_STATUS_WRONG_PASSWORD"): [Refused(Why.PASSWORD, "printer1")],
    login("printer1", "NTLMv1", "NT_STATUS_WRONG_PASSWORD"): [Refused(Why.NTLMV1, "printer1")],
    login("printer1", "No-Password", "NT_STATUS_WRONG_PASSWORD"): [Refused(Why.NO_PASSWORD, "printer1")],
    login("printer9", "NTLMv2", "NT_STATUS_NO_SUCH_USER"): [Refused(Why.NO_ACCOUNT, "printer9")],
    login("printer9", "NTLMv1", "NT_STATUS_NO_SUCH_USER"): [Refused(Why.NO_ACCOUNT, "printer9")],
    login("printer8", "NTLMv2", "NT_STATUS_ACCOUNT_DISABLED"): [Refused(Why.DISABLED, "printer8")],
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
