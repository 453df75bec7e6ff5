import base64
import binascii
import email.policy
import tempfile
from email.message import EmailMessage
from email.utils import encode_rfc2231
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.normalise import cursor
from gateway.normalise.letter import decoded
from gateway.normalise.parts import Mail, MailError, split_stream
from gateway.normalise.pieces import Pieces, body_sha256, label_of
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


TYPES = st.sampled_from(
    ["application/pdf", "image/tiff", "application/octet-stream", "text/plain", "text/csv", "application/x-y", ""]
)
CTE = st.sampled_from(["base64", "quoted-printable", "8bit", "x-uuencode", ""])
NAMES = st.sampled_from(["", "scan.pdf", 'a "b" \\c.tif', "Grüße 概要.pdf", "x" * 90 + ".tif", "a;b=c, d.pdf"])


@st.composite
def entities(draw: st.DrawFn, depth: int = 0) -> bytes:
    """An entity byte for byte: a leaf in any encoding, a multipart, or a mail in a mail."""
    kind = draw(st.sampled_from(["leaf", "leaf", "leaf", "multipart", "mail"])) if depth < 3 else "leaf"
    if kind == "mail":
        within = draw(entities(depth + 1))
        return b"Content-Type: message/rfc822\r\n\r\nSubject: within\r\n" + within
    if kind == "multipart":
        boundary = draw(st.sampled_from([b"b", b"b%d" % depth, b"=_%d" % depth, b"b-" * (depth + 1)])) + b"_%d" % depth
        parts = draw(st.lists(entities(depth + 1), min_size=1, max_size=4))
        preamble, epilogue = (
            draw(st.sampled_from([b"", b"This is\r\na preamble"])),
            draw(st.sampled_from([b"", b"\r\nx"])),
        )
        subtype = draw(st.sampled_from([b"mixed", b"related", b"alternative", b"x-odd"]))
        divided = b"".join(b"\r\n--" + boundary + b"\r\n" + part for part in parts)
        head = b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n\r\n'
        return head + preamble + divided + b"\r\n--" + boundary + b"--" + epilogue
    return draw(leaf_entities())


@st.composite
def leaf_entities(draw: st.DrawFn) -> bytes:
    """A leaf part in any encoding, with lines of any width."""
    content_type, encoding, name = draw(TYPES), draw(CTE), draw(NAMES)
    contents = draw(st.binary(max_size=400))
    head = f"Content-Type: {content_type}\r\n".encode() if content_type else b""
    if name:
        spelled = encode_rfc2231(name, "utf-8")
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        shown = f'filename="{quoted}"' if name.isascii() else f"filename*={spelled}"
        head += f"Content-Disposition: attachment;\r\n\t{shown}\r\n".encode()
    if encoding:
        head += f"Content-Transfer-Encoding: {encoding}\r\n".encode()
    match encoding:
        case "base64":
            width = draw(st.sampled_from([4, 60, 76, 10_000]))
            text = base64.b64encode(contents)
            body = b"\r\n".join(text[at : at + width] for at in range(0, len(text), width))
        case "quoted-printable":
            body = binascii.b2a_qp(contents, quotetabs=True, istext=False)
        case "x-uuencode":
            lines = [binascii.b2a_uu(contents[at : at + 45], backtick=True) for at in range(0, len(contents), 45)]
            body = b"begin 644 x\n" + b"".join(lines) + b"`\nend\n"
        case _:
            body = contents.replace(b"-", b"_")
    return head + b"\r\n" + body


@given(entities(), st.integers(1, 300))
@settings(max_examples=200, deadline=None)
def test_any_well_formed_mail_is_read_as_the_standard_library_reads_it(entity, block_bytes):
    """Parts in any nesting and encoding, cut into blocks anywhere, are those that Python's own email package finds."""
    data = b"MIME-Version: 1.0\r\nSubject: Scan\r\n" + entity
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cursor, "BLOCK_BYTES", block_bytes)
        found = leaves(data, Path(folder))
    assert found == expected(data)


@given(LINES, ENDS, st.integers(1, 80))
@settings(max_examples=150, deadline=None)
def test_where_blocks_are_cut_changes_nothing(lines, end, block_bytes):
    """Any bytes give the same parts, however few of them are read at once."""
    data = end.join(lines)
    with tempfile.TemporaryDirectory() as folder:
        whole = outcome(data, Path(folder))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cursor, "BLOCK_BYTES", block_bytes)
        assert outcome(data, Path(folder)) == whole


def outcome(data: bytes, folder: Path) -> list[tuple[str, str, bytes]] | str:
    """The parts, or the sentence of the refusal."""
    try:
        return leaves(data, folder)
    except MailError as error:
        return str(error)


@given(st.lists(LINES, min_size=1, max_size=3), ENDS)
@settings(max_examples=150, deadline=None)
def test_any_pieces_are_a_mail_or_refused(pieces, end):
    """Any bytes as pieces of a mail say what they are, or that they are none, and are read as one mail or refused."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(number) for number in range(len(pieces))]
        for path, lines in zip(paths, pieces, strict=True):
            path.write_bytes(end.join(lines))
            try:
                label = label_of(path)
                assert label is None or 1 <= label.number <= 1000
            except MailError as error:
                assert "does not say properly of which" in str(error)  # noqa: PT017
            assert len(body_sha256(path)) == 64
        into = Path(folder) / "into"
        into.mkdir()
        with Pieces(paths) as whole:
            try:
                assert isinstance(split_stream(whole, into), Mail)
            except MailError as error:
                assert str(error).startswith("The mail ")  # noqa: PT017
