"""What the healthy server reads of a client's lines, whatever bytes they are."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.peers import healthy
from tests.peers.healthy import Address, Credentials


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"MAIL FROM:<a@b>", Address("a@b", "")),
        (b"mail from: <a@b> SIZE=12 BODY=8BITMIME", Address("a@b", "SIZE=12 BODY=8BITMIME")),
        (b"MAIL FROM:<>", Address("", "")),
        (b"RCPT TO:<a@b> NOTIFY=NEVER", Address("a@b", "NOTIFY=NEVER")),
        (b"MAIL FROM:a@b", None),
        (b"RCPT TO", None),
    ],
)
def test_reads_paths(line: bytes, expected: Address | None):
    """The path and parameters come out as sent, and a malformed line gives nothing."""
    assert healthy.address(line) == expected


@given(st.binary())
def test_any_line_is_read_without_failing(line: bytes):
    """No bytes make a reader raise."""
    healthy.address(line)
    healthy.address(b"MAIL FROM:<" + line)
    healthy.chunk_size_bytes(b"BDAT " + line)
    for mechanism in healthy.CHALLENGES:
        healthy.credentials(mechanism, [line])
        healthy.credentials(mechanism, [base64.b64encode(line), base64.b64encode(line)])


@pytest.mark.parametrize(
    ("mechanism", "clear", "expected"),
    [
        ("LOGIN", [b"me", b"pw"], Credentials("me", "pw")),
        ("PLAIN", [b"\0me\0pw"], Credentials("me", "pw")),
        ("PLAIN", [b"me\0pw"], None),
        ("XOAUTH2", [b"user=me\x01auth=Bearer tok\x01\x01"], Credentials("me", "tok")),
        ("XOAUTH2", [b"user=me\x01auth=Bearer tok\x01"], None),
        ("CRAM-MD5", [b"x"], None),
    ],
)
def test_reads_credentials(mechanism: str, clear: list[bytes], expected: Credentials | None):
    """Each mechanism's answers give user and secret, and nothing when they are not well-formed."""
    assert healthy.credentials(mechanism, [base64.b64encode(one) for one in clear]) == expected


@given(st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line and b"\r" not in line)))
def test_takes_off_the_dots_that_were_added(lines: list[bytes]):
    """Any message, its dots doubled line by line, comes back as it was."""
    stuffed = b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
    assert healthy.unstuffed(stuffed) == b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "size_bytes"),
    [(b"BDAT 10", 10), (b"bdat 0 last", 0), (b"BDAT", None), (b"BDAT -1", None), (b"BDAT 1 NOW", None)],
)
def test_reads_chunk_sizes(line: bytes, size_bytes: int | None):
    """The size of a chunk is read as RFC 3030 writes it, and nothing else."""
    assert healthy.chunk_size_bytes(line) == size_bytes


@pytest.mark.parametrize("size_bytes", [None, 1000])
def test_reads_the_declared_size(size_bytes: int | None):
    """SIZE= is read wherever it stands among the parameters."""
    parameters = "BODY=8BITMIME" if size_bytes is None else f"BODY=8BITMIME SIZE={size_bytes} RET=HDRS"
    assert Address("a@b", parameters).size_bytes == size_bytes


def test_hides_what_does_not_apply():
    """STARTTLS is offered in the clear and AUTH inside TLS, and the reply ends as RFC 5321 says."""
    clear, inside = (healthy.ehlo(healthy.FEATURES, is_tls=is_tls) for is_tls in (False, True))
    assert b"STARTTLS" in clear
    assert b"AUTH" not in clear
    assert b"STARTTLS" not in inside
    assert b"250-AUTH LOGIN XOAUTH2\r\n" in inside
    assert inside.splitlines()[-1].startswith(b"250 ")
