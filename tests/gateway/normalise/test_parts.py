import base64
import binascii
import email.policy
from email.message import EmailMessage

import pytest

from gateway.normalise.parts import MailError
from tests.gateway.normalise.mails import PDF, TIFF, attached, contents_of, expected, leaves, multipart, parsed

BASE64 = b"Content-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def base64_lines(contents: bytes, width: int = 76, end: bytes = b"\r\n") -> bytes:
    """Base64 in lines of any width."""
    text = base64.b64encode(contents)
    return b"".join(text[at : at + width] + end for at in range(0, len(text), width))


def uuencoded(contents: bytes, *, is_stripped: bool = False) -> bytes:
    """A file as uuencode writes it, or as mailers leave it that strip blanks at line ends."""
    lines = [binascii.b2a_uu(contents[at : at + 45]) for at in range(0, len(contents), 45)]
    if is_stripped:
        lines = [line.rstrip() + b"\n" for line in lines]
    return b"begin 644 scan.pdf\n" + b"".join(lines) + b" \nend\n"


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_an_ordinary_mail(tmp_path, line_end):
    """Text and attachments come out in their order, with type and name, byte for byte, whatever the line ends."""
    mail = attached(("application/pdf", "scan.pdf", PDF), ("image/tiff", "scan 2.tif", TIFF)).as_bytes()
    found = leaves(mail.replace(b"\r\n", line_end), tmp_path)
    assert [(kind, name) for kind, name, _ in found] == [
        ("text/plain", ""),
        ("application/pdf", "scan.pdf"),
        ("image/tiff", "scan 2.tif"),
    ]
    assert contents_of(found)[1:] == [PDF, TIFF]


def test_the_headers_of_the_top_are_kept(tmp_path):
    """The headers returned are those of the mail itself, not of a part."""
    headers = parsed(attached(("application/pdf", "scan.pdf", PDF)).as_bytes(), tmp_path).headers
    assert (headers["Subject"], headers["From"]) == ("Scan", "printer@contoso.com")


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Übersicht.pdf", b"filename*=utf-8''%C3%9Cbersicht.pdf"),
        ("long name.pdf", b'filename*0="long "; filename*1="name.pdf"'),
        ("Grün.pdf", b"filename*0*=iso-8859-1''Gr; filename*1*=%FCn.pdf"),
        ("=?utf-8?q?=C3=9C=2Epdf?=", b'filename="=?utf-8?q?=C3=9C=2Epdf?="'),
        ("plain.pdf", b"filename=plain.pdf"),
        ("", b""),
    ],
)
def test_names_in_every_spelling(tmp_path, name, header):
    """A file name is found in one piece or several, in any charset; encoded words are left to the letter."""
    disposition = b"Content-Disposition: attachment; " + header + b"\r\n"
    entity = disposition + b"Content-Type: application/octet-stream\r\n\r\n%PDF"
    ((_, found, contents),) = leaves(multipart(entity), tmp_path)
    assert (found, contents) == (name, b"%PDF")


@pytest.mark.parametrize(
    "close", [b"\r\n--b--\r\n", b"\r\n--b--", b"\r\n--b-- \t\r\n", b"\r\n--b--\r\nepilogue\r\n", b"\r\n--b\r\n\r\n"]
)
def test_a_part_ends_at_its_boundary(tmp_path, close):
    """The line end before a boundary is the boundary's; epilogue and blanks behind it are nobody's."""
    found = leaves(multipart(b"Content-Type: application/pdf\r\n\r\none\r\n", b"\r\ntwo", close=close), tmp_path)
    assert contents_of(found)[:2] == [b"one\r\n", b"two"]


def test_a_mail_that_is_not_closed(tmp_path):
    """A mail whose closing boundary is missing, as old devices forget it, gives its last part whole."""
    mail = multipart(BASE64 + base64_lines(PDF), close=b"")
    assert contents_of(leaves(mail, tmp_path)) == [PDF]


def test_what_looks_like_a_boundary_is_content(tmp_path):
    """Only a whole line of an open boundary is one: not a longer one, not one within a line, not a stranger's."""
    body = b"--bb\r\n --b\r\nx--b\r\n--c\r\n--b-\r\n--\r\n---b"
    assert contents_of(leaves(multipart(b"\r\n" + body), tmp_path)) == [body]


def test_a_boundary_may_be_any_length(tmp_path):
    """A boundary longer than the 70 characters of RFC 2046, or with odd characters, is a boundary."""
    boundary = b"=_" + b"x" * 300 + b"()+_,-./:=? '"
    mail = multipart(b"\r\none", b"\r\ntwo", boundary=boundary, close=b"\r\n--" + boundary + b"--\r\n")
    assert contents_of(leaves(mail, tmp_path)) == [b"one", b"two"]


def test_nested_multiparts(tmp_path):
    """Parts within parts come out in the order they are read in, though an inner one is not closed."""
    inner = b'Content-Type: multipart/related; boundary="i"\r\n\r\n--i\r\n\r\ntwo\r\n--i\r\n\r\nthree'
    mail = multipart(b"\r\none", inner, b"\r\nfour")
    assert contents_of(leaves(mail, tmp_path)) == [b"one", b"two", b"three", b"four"]


def test_an_inner_boundary_that_begins_like_the_outer(tmp_path):
    """A boundary that is the beginning of another is not mistaken for it."""
    inner = b'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\n\r\none\r\n--b1--\r\n'
    assert contents_of(leaves(multipart(inner, b"\r\ntwo"), tmp_path)) == [b"one", b"two"]


@pytest.mark.parametrize("is_multipart", [False, True])
def test_a_mail_within_a_mail(tmp_path, is_multipart):
    """A forwarded mail is opened: its attachments are parts like any other."""
    within = attached(("application/pdf", "scan.pdf", PDF))
    if is_multipart:
        mail = EmailMessage(policy=email.policy.SMTP)
        mail.set_content("See below.")
        mail.add_attachment(within)
        data = mail.as_bytes()
    else:
        data = b"Content-Type: message/rfc822\r\n\r\n" + within.as_bytes()
    assert PDF in contents_of(leaves(data, tmp_path))


@pytest.mark.parametrize("encoding", ["base64", "BASE64 ", "binary", "8bit", "", "x-unknown"])
def test_a_mail_that_is_nothing_but_a_scan(tmp_path, encoding):
    """A mail without parts, whose body is the scan itself, gives the scan, whatever the device calls its encoding."""
    is_base64 = encoding.strip().lower() == "base64"
    head = f"Content-Type: image/tiff; name=scan.tif\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    body = base64_lines(TIFF) if is_base64 else TIFF
    assert leaves(head + body, tmp_path) == [("image/tiff", "scan.tif", TIFF)]


@pytest.mark.parametrize("width", [1, 3, 5, 75, 76, 77, 998, 10**7])
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b" \t\r\n", b"\r\n\r\n"])
def test_base64_in_lines_of_any_width(tmp_path, width, end):
    """Base64 in lines that are no multiple of four, with blanks or empty lines between, or in one line, is read."""
    mail = multipart(BASE64 + base64_lines(PDF, width, end))
    assert contents_of(leaves(mail, tmp_path)) == [PDF]


@pytest.mark.parametrize("length", range(6))
def test_base64_without_padding(tmp_path, length):
    """Base64 whose padding was left off gives every byte that was meant."""
    body = base64.b64encode(PDF[:length]).rstrip(b"=")
    assert contents_of(leaves(multipart(BASE64 + body), tmp_path)) == [PDF[:length]]


def test_base64_longer_than_a_block(tmp_path):
    """A line of base64 longer than what is read at once is decoded as one."""
    big = PDF * 400
    assert contents_of(leaves(multipart(BASE64 + base64.b64encode(big)), tmp_path)) == [big]


def test_quoted_printable(tmp_path):
    """A scan in quoted-printable, as few devices dare, comes out byte for byte."""
    head = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n"
    body = binascii.b2a_qp(PDF, quotetabs=True, istext=False)
    assert contents_of(leaves(multipart(head + body), tmp_path)) == [PDF]


@pytest.mark.parametrize("encoding", [b"x-uuencode", b"uuencode", b"x-uue", b"UUE"])
@pytest.mark.parametrize("is_stripped", [False, True])
def test_uuencode(tmp_path, encoding, is_stripped):
    """A uuencoded part comes out byte for byte, even if blanks at line ends were lost on the way."""
    contents = PDF + b"\0" * 100
    head = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    body = uuencoded(contents, is_stripped=is_stripped)
    assert contents_of(leaves(multipart(head + body), tmp_path)) == [contents]


@pytest.mark.parametrize(
    ("data", "contents"),
    [
        (b"", [b""]),
        (b"\r\n", [b""]),
        (b"\r\n%PDF", [b"%PDF"]),
        (b"Subject: x", [b""]),
        (b"Subject: x\r\n\r\n", [b""]),
        (b"Content-Type: multipart/mixed\r\n\r\nbody", [b"body"]),
        (b"Content-Type: multipart/mixed; boundary=\r\n\r\nbody", [b"body"]),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\nno boundary at all", [b"no boundary at all"]),
        (b"Content-Type: multipart/mixed; boundary=b", [b""]),
        (multipart(b"Content-Type: application/pdf"), [b""]),
        (multipart(b""), [b""]),
        (multipart(b"Content-Type: message/rfc822"), [b""]),
    ],
)
def test_mails_that_are_hardly_any(tmp_path, data, contents):
    """A mail with nothing in it, no headers, no boundary or a part without a body is read as far as it goes."""
    assert contents_of(leaves(data, tmp_path)) == contents


@pytest.mark.parametrize(
    "data",
    [
        b"X: y\r\n" * 60_000,
        b"X: " + b"y" * 2_000_000,
        multipart(*[b"\r\n"] * 501),
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(20)),
        b"Content-Type: message/rfc822\r\n\r\n" * 5000,
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n'
        + b"--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n" * 20_000,
    ],
    ids=["endless headers", "endless line", "too many parts", "too deep", "mails in mails", "empty multiparts"],
)
def test_a_hostile_mail_is_refused(tmp_path, data):
    """A mail made to exhaust us is refused with a sentence for its sender."""
    with pytest.raises(MailError, match=r"^The mail (has|is) .*\.$"):
        parsed(data, tmp_path)


def test_the_same_as_the_standard_library(tmp_path):
    """A mail of every shape comes out as Python's own email package reads it."""
    mail = attached(("application/pdf", "scan.pdf", PDF), ("application/octet-stream", "x.bin", TIFF), text="Größe\n")
    mail.add_attachment("a text\n", filename="note.txt")
    mail.add_attachment(attached(("image/tiff", "within.tif", TIFF)))
    data = mail.as_bytes()
    assert leaves(data, tmp_path) == expected(data)
