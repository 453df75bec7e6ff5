"""The binary form of a mail: the same mail to whoever reads it, and fewer bytes."""

import base64
import email
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.deliver.binary import Plan, binary_form, plan
from gateway.normalise.compose import Letter
from image.document import Thumbnail
from tests.gateway.deliver.test_mime import CUTS, MAILS, cut
from tests.gateway.normalise.test_compose import LETTER, LETTERS, composed

PDF = b"%PDF-1.7\r\n" + bytes(range(256)) * 40 + b"\r\n.\r\n..\r\n%%EOF\r\n"
RICH = replace(LETTER, text=("Grüße.",), thumbnails=(Thumbnail(1, 8, 8, PDF), Thumbnail(2, 8, 8, b"")))


def in_binary(mail: bytes, cuts: list[int]) -> bytes | None:
    """A mail in binary form, of the size that was announced for it; None when it has none."""
    made = plan(cut(mail, cuts))
    if made is None:
        return None
    form = b"".join(binary_form(cut(mail, cuts[1:]), made))
    assert len(form) == made.size_bytes
    return form


def leaves(mail: bytes) -> list[tuple[list[tuple[str, str]], bytes]]:
    """The headers and the decoded content of each part, as Python's email reads them, without how it was encoded."""
    return [
        ([one for one in part.items() if one[0].lower() != "content-transfer-encoding"], _content(part))
        for part in email.message_from_bytes(mail).walk()
    ]


def _content(part: Message) -> bytes:
    content = b"" if part.is_multipart() else part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@given(LETTERS, st.binary(max_size=2000) | st.just(PDF), CUTS)
@example(RICH, PDF, [3000, 3100, 3101])
@example(LETTER, b"", [])
@example(LETTER, b"\r", [])
@example(LETTER, b"\r\n", [])
def test_each_part_is_what_it_was(letter: Letter, pdf: bytes, cuts: list[int]):
    """Whatever mail we write, each part's headers and content are the same in both forms, and none is in base64."""
    mail = composed(letter, pdf)
    form = in_binary(mail, cuts)
    assert form is not None
    assert leaves(form) == leaves(mail)
    assert b"base64" not in form.partition(PDF[:8])[0]


@given(MAILS, CUTS)
def test_any_bytes_keep_their_content(mail: bytes, cuts: list[int]):
    """Bytes of any kind have a binary form of the announced size with the same content, or none."""
    form = in_binary(mail, cuts)
    if form is not None:
        assert leaves(form) == leaves(mail)


HEAD = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=edge\r\n\r\n--edge\r\n"
PART = b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def _mail(*bodies: bytes) -> bytes:
    return HEAD + b"\r\n--edge\r\n".join(PART + body for body in bodies) + b"\r\n--edge--\r\n"


def _lines(content: bytes) -> bytes:
    return base64.encodebytes(content).strip().replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"QUJ",  # cut short
        b"QUJD=",
        b"QQ==QUJD",  # goes on behind its padding
        b"QUJD QUJD",
        b"QU\xc3\xa4D",
        b"- QUJD",
        _lines(b"see\r\n--edge\r\nthere"),  # would end the part
        _lines(b"--edge"),
        _lines(b"x" * 3000 + b"\n--edge--\n" + b"y" * 3000),
    ],
)
def test_a_part_that_is_not_plain_stays(body: bytes):
    """What is no clean base64, or would hold a delimiter, stays as it is; the part beside it goes in binary form."""
    good = _lines(PDF)
    for cuts in ([], [200, 201, 202], list(range(100, 9000, 61))):
        form = in_binary(_mail(body, good), cuts)
        assert form is not None
        assert PART + body + b"\r\n--edge" in form
        assert b"Content-Transfer-Encoding: binary\r\n\r\n" + PDF + b"\r\n--edge--\r\n" in form
        assert in_binary(_mail(body), cuts) is None


def test_what_surrounds_a_binary_part_says_so():
    """A multipart with a binary part is labelled binary, once, and no other entity is (RFC 2045 section 6.4)."""
    form = in_binary(_mail(_lines(PDF)).replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n", 1), [])
    assert form is not None
    head, _, rest = form.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[2:] == [b"Content-Transfer-Encoding: binary"]
    assert rest.startswith(b"--edge\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: binary\r\n\r\n%PDF")


@pytest.mark.parametrize(
    "mail", [PART + _lines(PDF) + b"\r\n", b"Subject: x\r\n\r\ntext\r\n", _mail(b"QUJD")[:-12], b""]
)
def test_where_nothing_is_won_there_is_no_binary_form(mail: bytes):
    """A mail without a whole part in base64 goes as text."""
    assert plan(iter([mail])) is None


def test_a_mail_that_changed_is_not_sent():
    """A plan fits the bytes it was made of: others are an error, never a mail."""
    made = Plan(100, frozenset({1}), frozenset({0}))
    for mail in (_mail(b"%%%%"), b"no header"):
        with pytest.raises(ValueError, match=r"."):
            list(binary_form(iter([mail]), made))


def test_a_scan_goes_with_27_percent_fewer_bytes():
    """What base64 and its line ends add to a scan is gone: 37 % of it, so 27 % of the mail."""
    mail = composed(LETTER, PDF * 100)
    form = in_binary(mail, [])
    assert form is not None
    assert 0.72 < len(form) / len(mail) < 0.74


def test_little_is_held():
    """Each block goes on before the next is asked for."""
    mail, asked = composed(LETTER, PDF * 10), 0

    def blocks() -> Iterator[bytes]:
        nonlocal asked
        for at in range(0, len(mail), 1000):
            asked += 1
            yield mail[at : at + 1000]

    made = plan(blocks())
    assert made is not None
    asked, out_bytes = 0, 0
    for piece in binary_form(blocks(), made):
        out_bytes += len(piece)
        assert asked * 1000 * 57 // 78 - out_bytes < 2500  # a line of base64 with its end
