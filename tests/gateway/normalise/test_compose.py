import email
import email.policy
import email.utils
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conf.model import Address
from gateway.normalise.compose import Letter, compose, encoded_size_bytes
from gateway.normalise.wording import clean, pdf_name
from image.document import Thumbnail
from tests.gateway.normalise.mails import PDF

LETTER = Letter(
    message_id="20261123T090257Z-k7q2@contoso.com",
    date=datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC),
    sender=Address("scanner@contoso.com"),
    sender_name="Scanner, second floor",
    recipients=(Address("office@contoso.com"),),
    reply_to=None,
    subject="Scan",
    text=("1 page, scanned to scans. The scan is attached as PDF.",),
    pdf_name="scan.pdf",
)
ADDRESSES = st.from_regex(r"[a-z!#$%&'*+/=?^_`{|}~-]{1,30}@[a-z]{1,20}\.example", fullmatch=True).map(Address)
TEXTS = st.text(max_size=200) | st.text('😀é\u202eﷺ㏂"\\;%=? \t', max_size=200)
LETTERS = st.builds(
    Letter,
    message_id=st.just(LETTER.message_id),
    date=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  zone added
    sender=ADDRESSES,
    sender_name=TEXTS,
    recipients=st.lists(ADDRESSES, max_size=5).map(tuple),
    reply_to=st.none() | ADDRESSES,
    subject=TEXTS,
    text=st.lists(st.text(st.characters(codec="utf-8"), max_size=300), max_size=3).map(tuple),
    pdf_name=TEXTS.map(pdf_name),
    copies=st.lists(ADDRESSES, max_size=3).map(tuple),
    trace=st.just("")
    | st.just("by box.example.org (scangate) id 20261123T090257Z-k7q2; Mon, 23 Nov 2026 09:02:57 +0000"),
    thumbnails=st.lists(
        st.builds(Thumbnail, st.integers(1, 2000), st.integers(8, 340), st.integers(8, 340), st.binary(max_size=300)),
        max_size=4,
        unique_by=lambda one: one.page,
    ).map(tuple),
)


def composed(letter: Letter, pdf: bytes) -> bytes:
    """The mail's bytes, the PDF read from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.pdf"
        path.write_bytes(pdf)
        return b"".join(compose(letter, path))


def read(letter: Letter, pdf: bytes = PDF) -> EmailMessage:
    """The mail as a receiver reads it, without a defect anywhere."""
    mail = email.message_from_bytes(composed(letter, pdf), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert [defect for part in mail.walk() for defect in part.defects] == []
    return mail


def pdf_of(mail: EmailMessage) -> Any:
    """The bytes of the one attachment."""
    (attachment,) = mail.iter_attachments()
    assert attachment.get_content_type() == "application/pdf"
    return attachment.get_content()


def pdf_name_of(letter: Letter) -> str:
    """The name of the attachment in both its headers, as a reader that knows RFC 2231 has it."""
    attachment = email.message_from_bytes(composed(letter, PDF)).get_payload(1)
    assert isinstance(attachment, Message)
    assert read(letter).get_payload(1).get_filename() == letter.pdf_name  # type: ignore[union-attr]
    spelt: list[str] = []
    for key, header in (("name", "Content-Type"), ("filename", "Content-Disposition")):
        params: list[tuple[str, Any]] = attachment.get_params([], header)
        values = [value for found, value in params if found == key]
        best = next((value for value in values if isinstance(value, tuple)), values[0])
        spelt.append(email.utils.collapse_rfc2231_value(best))
    assert spelt[0] == spelt[1]
    return spelt[0]


def shown(letter: Letter, header: str) -> str:
    """A header with its encoded words undone by RFC 2047; of an address only the display name."""
    written = str(email.message_from_bytes(composed(letter, PDF))[header]).replace("\r\n", "")
    name = email.utils.parseaddr(written)[0] if "<" in written and header == "From" else written
    return str(make_header(decode_header(name)))


def text_of(mail: EmailMessage) -> list[str]:
    """The lines of the text."""
    body = mail.get_body(("plain",))
    assert body is not None
    lines: list[str] = body.get_content().splitlines()
    return lines


def test_an_ordinary_letter():
    """Every header says what the letter says, the text is readable, and the PDF is the one that was given."""
    mail = read(replace(LETTER, reply_to=Address("printer@contoso.com")))
    assert {key: str(mail[key]) for key in mail} == {
        "From": '"Scanner, second floor" <scanner@contoso.com>',
        "To": "office@contoso.com",
        "Reply-To": "printer@contoso.com",
        "Subject": "Scan",
        "Date": "Mon, 23 Nov 2026 09:02:57 +0000",
        "Message-ID": "<20261123T090257Z-k7q2@contoso.com>",
        "MIME-Version": "1.0",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'multipart/mixed; boundary="=_20261123T090257Z-k7q2"',
    }
    assert text_of(mail) == ["1 page, scanned to scans. The scan is attached as PDF."]
    assert pdf_of(mail) == PDF
    assert pdf_name_of(LETTER) == "scan.pdf"


@given(LETTERS, st.binary(max_size=400))
@example(replace(LETTER, pdf_name=pdf_name("😀" * 80)), b"")
@settings(max_examples=200, deadline=None)
def test_any_letter_is_a_right_mail(letter, pdf):
    """Any letter becomes ASCII with CRLF line ends and no line over 998, read by a receiver as it was meant."""
    data = composed(letter, pdf)
    assert data.isascii()
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    assert len(data) == encoded_size_bytes(len(pdf), letter)
    mail = read(letter, pdf)
    assert pdf_of(mail) == pdf
    assert [address.addr_spec for address in mail["To"].addresses] == list(letter.recipients)
    assert [address.addr_spec for address in (mail["Cc"].addresses if mail["Cc"] else ())] == list(letter.copies)
    assert [address.addr_spec for address in mail["From"].addresses] == [letter.sender]
    assert (mail["Reply-To"] or None) == letter.reply_to
    assert len(mail.get_all("Subject", [])) == 1
    assert [part.get_content() for part in mail.walk() if part.get_content_type() == "image/jpeg"] == [
        one.jpeg for one in letter.thumbnails
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=100))
@settings(deadline=None)
def test_subject_and_names_are_read_as_meant(text):
    """A subject, a sender's name and a file name in any script are read by the receiver as they were given."""
    name = pdf_name(text)
    letter = replace(LETTER, subject=text, sender_name=text, pdf_name=name)
    if clean(text):
        assert shown(letter, "Subject") == clean(text)
        assert shown(letter, "From") == clean(text)
    assert pdf_name_of(letter) == name


@pytest.mark.parametrize("size_bytes", [0, 1, 2, 3, 56, 57, 58, 57 * 1024 - 1, 57 * 1024, 57 * 1024 + 1, 57 * 2048 + 7])
def test_the_size_is_known_to_the_byte(size_bytes):
    """The size told before the mail is made is its size, at every edge of a line and a block."""
    data = composed(LETTER, b"x" * size_bytes)
    assert len(data) == encoded_size_bytes(size_bytes, LETTER)
    assert pdf_of(read(LETTER, b"x" * size_bytes)) == b"x" * size_bytes


def test_the_same_letter_is_the_same_mail():
    """The same facts give the same bytes, so that a retry sends what was sent before."""
    assert composed(LETTER, PDF) == composed(LETTER, PDF)


def test_the_pdf_is_never_held_whole(tmp_path):
    """The mail comes in pieces of at most 80 kB, however large the PDF is."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"x" * 1_000_000)
    pieces = [len(piece) for piece in compose(LETTER, path)]
    assert max(pieces) < 80_000
    assert len(pieces) > 10


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: evil@x.example", "a\nBcc: evil@x.example", "a\r\n\r\nbody", "\x00", "\u2028"]
)
def test_nothing_is_injected(evil):
    """A line end in a subject or a name starts no header of its own."""
    mail = read(replace(LETTER, subject=evil, sender_name=evil, pdf_name=pdf_name(evil)))
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type",
    }  # fmt: skip


def test_hidden_recipients_are_not_shown():
    """A mail whose recipients are all hidden names none, and still has a To."""
    data = composed(replace(LETTER, recipients=()), PDF)
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in data


def test_a_hundred_recipients_are_all_shown():
    """Many recipients are folded over lines, each of them whole."""
    many = tuple(Address(f"person-{number:03d}@contoso.com") for number in range(100))
    assert [address.addr_spec for address in read(replace(LETTER, recipients=many))["To"].addresses] == list(many)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (("One.", "", "Two."), ["One.", "", "Two."]),
        (("Größe: 3 ½ Seiten.",), ["Größe: 3 ½ Seiten."]),
        (("word " * 20,), [("word " * 15).strip(), ("word " * 5).strip()]),
        ((".", "--=_20261123T090257Z-k7q2x"), [".", "--=_20261123T090257Z-k7q2x"]),
    ],
)
def test_the_text_is_readable(text, content):
    """The sentences come as lines of at most 76 characters, in any language."""
    lines = text_of(read(replace(LETTER, text=text)))
    assert max(len(line) for line in lines) <= 76
    assert lines == content


def test_a_name_nobody_can_spell_in_ascii_has_a_fallback():
    """An old reader that knows no RFC 2231 is given a name it can save under, never a hidden file."""
    for name in ("日本.pdf", "😀.pdf"):
        data = composed(replace(LETTER, pdf_name=name), PDF)
        assert b'filename="scan.pdf"' in data
    assert b'filename="Ubersicht.pdf"' in composed(replace(LETTER, pdf_name="Übersicht.pdf"), PDF)


def test_the_date_keeps_its_zone():
    """The Date header is that of the arrival, in its zone."""
    berlin = timezone(timedelta(hours=1))
    mail = read(replace(LETTER, date=datetime(2026, 11, 23, 10, 2, 57, tzinfo=berlin)))
    assert str(mail["Date"]) == "Mon, 23 Nov 2026 10:02:57 +0100"
