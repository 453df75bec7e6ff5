"""What is read of a scan's mails for the notice about it, however odd they are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.model import is_address
from gateway.deliver.scan_mail import headers_of, reply_to_in
from gateway.spool import files


@pytest.mark.parametrize(
    ("mail", "named"),
    [
        (b"Reply-To: alice@contoso.com\r\n\r\nbody", "alice@contoso.com"),
        (b'Subject: x\nReply-To: "A, B" <alice@contoso.com>, bob@contoso.com\n\n', "alice@contoso.com"),
        (b"Reply-To: printer\r\nReply-To: alice@contoso.com\r\n\r\n", "alice@contoso.com"),
        (b"From: alice@contoso.com\r\n\r\nReply-To: bob@contoso.com", None),
        (b"Reply-To: \xe4\r\n\r\n", None),
        (b"Reply-To: " + b"(" * 60000 + b"\r\n\r\n", None),
        (b"", None),
    ],
)
def test_reply_to_is_read_from_the_headers(mail: bytes, named: str | None):
    """The first address there; what is none, or stands in the text, names nobody."""
    assert reply_to_in(mail) == named


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda value: b"Reply-To: " + value + b"\r\n\r\n"))
def test_any_bytes_name_an_address_or_nobody(mail: bytes):
    """A mail is what a device says: whatever it is, the telling goes on."""
    found = reply_to_in(mail)
    assert found is None or is_address(found)


def test_only_the_headers_of_the_made_mail_are_shown(tmp_path: Path):
    """Nothing of the scan stands in the notice; and nothing at all when no mail was made of it, or not by us."""
    assert headers_of(tmp_path) == b""
    (tmp_path / files.MESSAGE).write_bytes(b"Subject: scan\r\nFrom: a@b.org\r\n\r\nthe scan")
    assert headers_of(tmp_path) == b"Subject: scan\r\nFrom: a@b.org\r\n"
    (tmp_path / files.MESSAGE).write_bytes(b"Subject: \xe4\r\n\r\nthe scan")
    assert headers_of(tmp_path) == b""
