import base64
import email.policy
import tempfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.normalise import cursor
from gateway.normalise.letter import decoded
from gateway.normalise.parts import Mail, MailError
from tests.gateway.normalise.mails import attached, contents_of, expected, leaves, multipart, parsed

LINES = st.lists(
    st.sampled_from(
        [
            b"Content-Type: multipart/mixed; boundary=b",
            b'Content-Type: multipart/mixed; boundary="b"; boundary*0=c',
            b"Content-Type: multipart/alternative; boundary*=utf-8''%62",
            b"Content-Type: multipart/mixed; boundary*=\0''b",
            b"Content-Type: message/rfc822",
            b"Content-Type: message/partial; number=1; total=2; id=x",
            b"Content-Type: application/pdf; name*0*=%ff%00''a; name*x=b",
            b"Content-Type: \xff/\xfe",
            b"Content-Disposition: attachment; filename*=idna''a%ff",
            b"Content-Disposition: attachment; filename*=undefined''a",
            b"Subject: =?idna?q?a=ff?= =?undefined?b?YQ==?= =?punycode?q?=ff?=",
            b"From: =?utf-8?b?YQ=?= <a@b.c>, (((",
            b"Content-Transfer-Encoding: base64",
            b"Content-Transfer-Encoding: quoted-printable",
            b"Content-Transfer-Encoding: x-uuencode",
            b"Content-Disposition: attachment; filename*=a%00b''%ff",
            b"Content-Disposition: attachment; filename*0=a; filename*0=b; filename*99999999999=c",
            b"Subject: =?x?q?=ff?= =?utf-8?b?!!!?= \xff",
            b" folded",
            b"From \xff nobody",
            b": none",
            b"--b",
            b"--b--",
            b"--c",
            b"begin 644 x",
            b"M" + b"A" * 60,
            b"#86)C",
            b"end",
            b"QUJD=QQ=",
            b"=",
            b"a=",
            b"",
            b"\0",
        ]
    )
    | st.binary(max_size=20),
    max_size=25,
)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])


def taken(data: bytes) -> Mail | MailError:
    """What becomes of any bytes, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            mail = parsed(data, Path(folder))
        except MailError as error:
            return error
        for part in mail.parts:
            assert part.path.stat().st_size == part.size_bytes
            assert part.path.parent.name == "parts"
            str(part.name)
        for key in ("Subject", "From", "To"):
            decoded(str(mail.headers.get(key, ""))).encode("utf-8", "replace")
        return mail


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_mail_or_refused(data):
    """Whatever bytes a device sends, they are read as far as they go or refused with a sentence."""
    assert isinstance(taken(data), (Mail, MailError))


@given(LINES, ENDS)
@settings(max_examples=300, deadline=None)
def test_any_lines_of_mail_are_a_mail_or_refused(lines, end):
    """The same for any order of the lines that mails are made of."""
    assert isinstance(taken(end.join(lines)), (Mail, MailError))


@given(st.binary(max_size=1500), st.integers(1, 200), st.sampled_from(["base64", "binary"]))
@settings(max_examples=60, deadline=None)
def test_a_line_longer_than_a_block_is_one_line(contents, block_bytes, encoding):
    """How much of an endless line is read at once changes nothing of the part."""
    contents = contents.replace(b"\n", b" ")
    body = base64.b64encode(contents) if encoding == "base64" else contents
    data = multipart(f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body, boundary=b"=_b")
    data = data.replace(b"--b--", b"--=_b--")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cursor, "BLOCK_BYTES", block_bytes)
        assert contents_of(leaves(data, Path(folder))) == [contents]


ATTACHMENTS = st.lists(
    st.tuples(
        st.sampled_from(["application/pdf", "image/tiff", "application/octet-stream"]),
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
        st.binary(max_size=300),
    ),
    max_size=4,
)


@given(ATTACHMENTS, st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=50), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_well_formed_mail_is_read_as_the_standard_library_reads_it(attachments, text, is_wrapped):
    """Every part of a well-formed mail has the type, name and bytes that Python's own email package finds."""
    mail = attached(*attachments, text=text + "\n")
    if is_wrapped:
        outer = EmailMessage(policy=email.policy.SMTP)
        outer.set_content("within:\n")
        outer.add_attachment(mail)
        mail = outer
    data = mail.as_bytes()
    with tempfile.TemporaryDirectory() as folder:
        found = leaves(data, Path(folder))
    assert found == expected(data)
    if attachments:
        assert contents_of(found)[-len(attachments) :] == [contents for _, _, contents in attachments]
