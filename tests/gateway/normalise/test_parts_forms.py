"""Mails as old devices really write them, beyond what the RFCs allow."""

import base64
import binascii

import pytest

from gateway.normalise.parts import split
from tests.gateway.normalise.mails import PDF, TIFF, contents_of, leaves, multipart, parsed

OCTETS = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def uuencoded(name: str, contents: bytes, end: bytes = b"\r\n") -> bytes:
    """A file as uuencode puts it into a text."""
    lines = [binascii.b2a_uu(contents[at : at + 45]).rstrip(b"\n") for at in range(0, len(contents), 45)]
    return end.join([f"begin 644 {name}".encode(), *lines, b"`", b"end", b""])


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_files_within_a_text(tmp_path, end):
    """Case 43: files uuencoded within a text, several in one body, are parts behind it; the text keeps its words."""
    blocks = uuencoded("scan 1.tif", TIFF, end) + b"and" + end + uuencoded("SCAN2.PDF", PDF, end)
    body = b"Dear all," + end + blocks + b"begin 100 words" + end + b"Regards" + end
    found = leaves(b"Subject: Scan\r\n\r\n" + body, tmp_path)
    assert [name for _, name, _ in found] == ["", "scan 1.tif", "SCAN2.PDF"]
    assert contents_of(found)[1:] == [TIFF, PDF]
    text = end.join([b"Dear all,", b"and", b"begin 100 words", b"Regards", b""])
    assert contents_of(found)[0] == text


def test_a_file_within_a_text_without_its_end(tmp_path):
    """A uuencoded file whose end is missing, or that another begins in, is taken as far as it goes."""
    first = uuencoded("1.tif", TIFF)[: -len(b"`\r\nend\r\n")]
    last = uuencoded("2.tif", TIFF)[: -len(b"\r\n`\r\nend\r\n")]
    assert contents_of(leaves(b"\r\n" + first + last, tmp_path))[1:] == [TIFF, TIFF]


@pytest.mark.parametrize("boundary", [b"x" * 71, b"x" * 1500, b"a b", b"=_b?.(*)+[^$|\\", b"-", b"--", b"a--"])
@pytest.mark.parametrize("blanks", [b"", b" ", b" \t" * 30])
def test_boundaries_of_any_form(tmp_path, boundary, blanks):
    """Case 43: a boundary longer than 70 characters, of signs or dashes alone, or with blanks behind it, divides."""
    delimiter = b"\r\n--" + boundary
    head = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n'
    body = delimiter + blanks + b"\r\n\r\none" + delimiter + blanks + b"\r\n\r\ntwo" + delimiter + b"--" + blanks
    if b"\\" in boundary:
        head = head.replace(b"\\", b"\\\\")
    assert contents_of(leaves(head + body, tmp_path)) == [b"one", b"two"]


@pytest.mark.parametrize("one", [b"b", b"b1"])
def test_boundaries_that_begin_alike(tmp_path, one):
    """An inner boundary that begins as the outer does, or the other way round, is not mistaken for it."""
    other = b"b1" if one == b"b" else b"b"
    inner = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n\r\none\r\n--%s--\r\n' % (other, other, other)
    mail = multipart(inner, b"\r\ntwo", boundary=one, close=b"\r\n--" + one + b"--")
    assert contents_of(leaves(mail, tmp_path)) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("encoding", "body"), [(b"base64", base64.encodebytes(TIFF)), (b"binary", TIFF), (b"", PDF)], ids=str
)
def test_parts_are_promised_and_it_is_one_file(tmp_path, encoding, body):
    """Case 43: a mail that names a boundary and is nothing but the file gives the file."""
    head = b"Content-Type: multipart/mixed; boundary=never\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    assert contents_of(leaves(head + body, tmp_path)) in ([TIFF], [PDF])


@pytest.mark.parametrize("named", [b"", b"; boundary=other", b'; boundary=""'])
def test_a_boundary_that_is_not_the_one_named(tmp_path, named):
    """A mail that names no boundary, or another than it uses, is divided by the one it uses."""
    data = b"Content-Type: multipart/mixed" + named + b"\r\n\r\nThis is a mail in parts.\r\n"
    data += b"--used\r\nContent-Type: text/plain\r\n\r\none\r\n--used\r\n" + OCTETS + base64.encodebytes(TIFF)
    assert contents_of(leaves(data + b"--used--\r\n", tmp_path)) == [b"one", TIFF]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n", b"\r\r\n"], ids=repr)
def test_line_ends_of_any_kind(tmp_path, end):
    """Case 32: headers and boundaries may end with LF, CR, CRLF or CR CR LF, as bare_lf lets devices send them."""
    lines = [b"Subject: Scan", b"Content-Type: multipart/mixed;", b' boundary="b"', b"", b"--b"]
    lines += [*OCTETS.split(b"\r\n")[:-2], b"", base64.b64encode(TIFF), b"--b", b"", b"text", b"--b--", b""]
    mail = parsed(end.join(lines), tmp_path)
    assert mail.headers["Subject"] == "Scan"
    assert mail.parts[0].path.read_bytes() == TIFF
    assert mail.parts[1].path.read_bytes().strip() == b"text"


def test_line_ends_mixed(tmp_path):
    """Case 32: a mail that mixes its line ends from line to line is read all the same."""
    head = b"Subject: Scan\nContent-Type: multipart/mixed; boundary=b\r\n\n--b\n"
    body = OCTETS.replace(b"\r\n", b"\n", 1) + base64.b64encode(TIFF) + b"\n--b\r\n\r\ntwo\n\r\n--b--\n"
    assert contents_of(leaves(head + body, tmp_path)) == [TIFF, b"two\n"]


RAW = {
    "utf-8": "Übersicht 概要.pdf",
    "latin-1": "Größe.pdf",
    "cp932": "スキャン文書.pdf",
    "gb2312": "扫描文件.pdf",
}


@pytest.mark.parametrize(("charset", "name"), RAW.items(), ids=RAW)
@pytest.mark.parametrize("header", [b"Content-Type: application/pdf; name=", b"Content-Disposition: x; filename="])
def test_names_in_8_bit(tmp_path, charset, name, header):
    """Case 34: a name written as it is, in UTF-8, Latin-1, Shift-JIS or GB 2312, is read."""
    entity = header + b'"' + name.encode(charset) + b'"\r\n\r\n%PDF'
    assert [found for _, found, _ in leaves(multipart(entity), tmp_path)] == [name]


def test_a_name_in_the_charset_of_the_text(tmp_path):
    """A name in 8 bit is read in the charset that the mail's text claims."""
    text = b"Content-Type: text/plain; charset=koi8-r\r\n\r\n" + "Скан".encode("koi8-r")
    entity = b'Content-Disposition: attachment; filename="' + "Скан.pdf".encode("koi8-r") + b'"\r\n\r\n%PDF'
    assert [name for _, name, _ in leaves(multipart(text, entity), tmp_path)] == ["", "Скан.pdf"]


def test_name_and_filename(tmp_path):
    """Of a name and a file name the file name counts; of a plain and an encoded one the encoded."""
    entity = b'Content-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment; filename="b.pdf";'
    found = leaves(multipart(entity + b" filename*=utf-8''%C3%BC.pdf\r\n\r\n%PDF", entity + b"\r\n\r\n%PDF"), tmp_path)
    assert [name for _, name, _ in found] == ["ü.pdf", "b.pdf"]


@pytest.mark.parametrize("charset", RAW)
def test_headers_in_8_bit_with_nuls_and_long_lines(tmp_path, charset):
    """Case 34: NULs, 8 bit and lines of 20,000 bytes in headers are read; no header behind them is lost."""
    subject = RAW[charset].removesuffix(".pdf")
    data = b"Subject: " + subject.encode(charset) + b"\0\r\nX-Long: " + b"y" * 20_000 + b"\r\nX-\0Nul: \0\r\n"
    mail = parsed(data + b"From: a@contoso.com\r\nContent-Type: application/pdf\r\n\r\n%PDF", tmp_path)
    assert (mail.headers["Subject"], mail.headers["From"]) == (subject, "a@contoso.com")
    assert [part.content_type for part in mail.parts] == ["application/pdf"]


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: a\r\n b\r\n\tc\r\nContent-Type:\r\n application/pdf\r\n",
        b"Subject : a b c\r\nContent-Type : application/pdf;\r\n",
        b"From nobody Mon Nov 23\r\nSubject: a b c\r\nContent-Type: application/pdf ; x\r\n",
        b"Subject: a\r\n b\r\nc\r\nContent-Type: application/pdf\r\n",
        b"subject: a b c\r\nCONTENT-TYPE: APPLICATION/PDF\r\n",
        b": none\r\nSubject: a b c\r\nContent-Type: application/pdf (a scan)\r\n",
    ],
)
def test_headers_folded_as_nobody_should(tmp_path, head):
    """Headers folded oddly, with blanks before the colon, or torn apart, are headers; the body is the scan."""
    mail = parsed(head + b"\r\n%PDF-1.4\r\n\r\nmore", tmp_path)
    assert " ".join(str(mail.headers["Subject"]).replace("bc", "b c").split()) == "a b c"
    assert [(part.content_type, part.path.read_bytes()) for part in mail.parts] == [
        ("application/pdf", b"%PDF-1.4\r\n\r\nmore")
    ]


def test_duplicate_headers(tmp_path):
    """Case 41: of headers that come twice the first counts."""
    data = (
        b"Subject: one\r\nSubject: two\r\nMessage-ID:\r\nContent-Type: text/plain\r\nContent-Type: image/tiff\r\n\r\nx"
    )
    mail = parsed(data, tmp_path)
    assert (mail.headers["Subject"], mail.headers["Message-ID"]) == ("one", "")
    assert [part.content_type for part in mail.parts] == ["text/plain"]


@pytest.mark.parametrize("contents", [PDF, TIFF, b"\xff\xd8\xff" + b"\r" * 300_000, b"\0" * 70_000])
def test_a_mail_without_headers(tmp_path, contents):
    """A file that is sent as it is, without any header, is the part."""
    assert contents_of(leaves(contents, tmp_path)) == [contents]


def test_headers_without_an_empty_line(tmp_path):
    """The body begins where the headers end, though the empty line was forgotten."""
    assert contents_of(leaves(b"Subject: Scan\r\nContent-Type: image/tiff\r\n" + TIFF, tmp_path)) == [TIFF]


def test_base64_in_one_line_of_5_mb(tmp_path):
    """Case 34: base64 without any line break, 5 MB of it, is read."""
    contents = TIFF * 740
    assert len(base64.b64encode(contents)) > 5_000_000
    assert contents_of(leaves(multipart(OCTETS + base64.b64encode(contents)), tmp_path)) == [contents]


@pytest.mark.parametrize("junk", [b" ", b"\0", b"!\r\n", b"\xff\xfe", b"\t-\t"])
def test_base64_with_junk(tmp_path, junk):
    """Base64 with blanks, NULs and other junk in it is read around the junk."""
    text = base64.b64encode(TIFF)
    body = junk.join(text[at : at + 7] for at in range(0, len(text), 7))
    assert contents_of(leaves(multipart(OCTETS + body), tmp_path)) == [TIFF]


def test_base64_padded_block_by_block(tmp_path):
    """Base64 whose encoder padded each block of its own is read to its end."""
    body = b"".join(base64.b64encode(TIFF[at : at + 100]) for at in range(0, len(TIFF), 100))
    assert contents_of(leaves(multipart(OCTETS + body), tmp_path)) == [TIFF]


@pytest.mark.parametrize("soft", [b"=\r\n", b"=\n", b"=\r", b"= \t\r\n"])
def test_quoted_printable_with_soft_breaks(tmp_path, soft):
    """Case 43: a PDF in quoted-printable comes out byte for byte, whatever its soft breaks and however long it is."""
    contents = PDF * 60
    quoted = b"".join(b"=%02X" % byte for byte in contents)
    body = soft.join(quoted[at : at + 75] for at in range(0, len(quoted), 75))
    head = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    assert contents_of(leaves(multipart(head + body), tmp_path)) == [contents]


@pytest.mark.parametrize("kind", [b"mixed", b"related", b"fax-message", b"report", b"x-whatever", b"alternative"])
def test_multiparts_of_any_kind(tmp_path, kind):
    """A multipart of whatever kind is divided."""
    assert contents_of(leaves(multipart(b"\r\none", b"\r\ntwo", kind=kind), tmp_path)) == [b"one", b"two"]


def test_a_digest_holds_mails(tmp_path):
    """In a digest a part is a mail, if it does not say otherwise (RFC 2046 section 5.1.5)."""
    within = b"\r\nSubject: in it\r\nContent-Type: image/tiff\r\n\r\n" + TIFF
    assert leaves(multipart(within, kind=b"digest"), tmp_path) == [("image/tiff", "", TIFF)]


def test_a_mail_in_a_mail_that_is_encoded(tmp_path):
    """A mail within a mail that was put in base64, as some gateways do, is opened too."""
    within = multipart(OCTETS + base64.encodebytes(TIFF), b"\r\nlast", boundary=b"in", close=b"\r\n--in--")
    entity = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    found = leaves(multipart(entity + base64.encodebytes(within), b"\r\nbehind"), tmp_path)
    assert contents_of(found) == [TIFF, b"last", b"behind"]
    assert len(list((tmp_path / "parts").iterdir())) == 3


@pytest.mark.parametrize("depth", [2, 5])
def test_a_mail_encoded_in_encoded_mails(tmp_path, depth):
    """Mails forwarded in mails, each encoded again, are taken apart down to the scan, and nothing else is left."""
    mail = b"Content-Type: image/tiff; name=a.tif\r\n\r\n" + TIFF
    for _ in range(depth):
        head = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        mail = head + base64.encodebytes(mail)
    assert contents_of(leaves(mail, tmp_path)) == [TIFF]


def test_nothing_but_the_parts_is_left(tmp_path):
    """The preamble and the epilogue are no parts, and no files of theirs are left."""
    source, into = tmp_path / "mail", tmp_path / "into"
    into.mkdir()
    source.write_bytes(multipart(b"\r\none").replace(b"\r\n\r\n", b"\r\n\r\npreamble", 1) + b"epilogue")
    assert [part.path for part in split(source, into).parts] == list(into.iterdir())
