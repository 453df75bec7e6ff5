"""Mails of every form that old devices write, through the whole service: a real port, a process, a mailbox."""

import base64
import binascii
import io
import os
import smtplib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps, ImageStat

from tests.path.box import Box
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
MAILDIR = '[[upstream]]\nmethod = "maildir"\npath = "{path}"\n'
OFFICE = "office@contoso.com"
TIFF = scans.tiff_g4(dpi=100)
PDF = scans.pdf(pages=2, dpi=75)
OCTETS = b"Content-Type: application/octet-stream\r\n"
BASE64 = b"Content-Transfer-Encoding: base64\r\n"


@pytest.fixture
def box(make_box: Callable[..., Box], tmp_path: Path) -> Box:
    """A service that delivers into a Maildir, started."""
    made = make_box(MAILDIR.format(path=tmp_path / "mailbox"), gateway='admin = ["it@contoso.com"]')
    made.start()
    return made


def send(box: Box, *messages: bytes, to: str = OFFICE, sender: str = "printer@contoso.com") -> None:
    """Send mails as they stand, in one session."""
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=60) as device:
        for message in messages:
            device.ehlo_or_helo_if_needed()
            device.mail(sender)
            device.rcpt(to)
            assert device.data(message)[0] == 250


def mails(box: Box, count: int) -> list[bytes]:
    """The delivered mails, oldest first, when there are so many."""
    folder = box.folder.parent / "mailbox" / "new"
    try:
        wait_until(lambda: folder.is_dir() and len(os.listdir(folder)) >= count, 60, f"{count} mails")
    except TimeoutError as late:
        raise AssertionError(f"{late}\n{box.log}") from late
    return [path.read_bytes() for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)]


def pages_of(mail: bytes, folder: Path) -> int:
    """How many pages the one PDF of a mail has, by poppler."""
    path = folder / "delivered.pdf"
    path.write_bytes(mailbox.only_pdf(mail))
    assert mailbox.qpdf_check(path) is None
    return mailbox.pdfinfo(path).pages


def multipart(
    *entities: bytes, boundary: bytes = b"b", close: bytes = b"\r\n--b--\r\n", kind: bytes = b"mixed"
) -> bytes:
    """A mail of parts, byte for byte."""
    head = b"Subject: Scan\r\nContent-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n\r\n'
    return head + b"".join(b"\r\n--" + boundary + b"\r\n" + entity for entity in entities) + close


def coded(contents: bytes) -> bytes:
    """Base64 in lines."""
    return base64.encodebytes(contents).replace(b"\n", b"\r\n")


def uuencoded(contents: bytes) -> bytes:
    """A file as uuencode writes it."""
    lines = [binascii.b2a_uu(contents[at : at + 45], backtick=True) for at in range(0, len(contents), 45)]
    return (b"begin 644 scan.tif\n" + b"".join(lines) + b"`\nend\n").replace(b"\n", b"\r\n")


def zipped(*pages: bytes) -> bytes:
    """A zip of pages."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, page in enumerate(pages, 1):
            archive.writestr(f"../{number}.tif", page)
    return out.getvalue()


def quoted(contents: bytes) -> bytes:
    """Quoted-printable with soft breaks."""
    return binascii.b2a_qp(contents, quotetabs=True, istext=False).replace(b"=\n", b"=\r\n")


LONG = b"=_" + b"boundary" * 20
WITHIN = multipart(OCTETS + BASE64 + b"\r\n" + coded(TIFF))
INNER = WITHIN.replace(b'"b"', b'"i"').replace(b"--b", b"--i")
PIECES = (
    b"Content-Disposition: attachment; filename*0*=utf-8''Rechnung%20; filename*1*=M%C3%BCller; filename*2=\".pdf\"\r\n"
)

FORMS: dict[str, tuple[bytes, int]] = {
    "ten tiffs": (multipart(*[b"Content-Type: image/tiff\r\n" + BASE64 + b"\r\n" + coded(TIFF)] * 10), 10),
    "octet-stream without disposition": (multipart(OCTETS + BASE64 + b"\r\n" + coded(PDF)), 2),
    "name in pieces": (multipart(OCTETS + PIECES + BASE64 + b"\r\n" + coded(PDF)), 2),
    "no closing boundary": (multipart(OCTETS + BASE64 + b"\r\n" + coded(PDF), close=b""), 2),
    "long boundary": (
        multipart(OCTETS + BASE64 + b"\r\n" + coded(PDF), boundary=LONG, close=b"\r\n--" + LONG + b"-- \r\n"),
        2,
    ),
    "quoted-printable": (multipart(OCTETS + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(PDF)), 2),
    "x-uuencode": (multipart(OCTETS + b"Content-Transfer-Encoding: x-uuencode\r\n\r\n" + uuencoded(TIFF)), 1),
    "uuencode in the text": (b"Subject: Scan\r\n\r\nHello\r\n" + uuencoded(TIFF) + uuencoded(TIFF), 2),
    "nested rfc822": (multipart(b"Content-Type: message/rfc822\r\n\r\n" + INNER), 1),
    "zip": (multipart(OCTETS + BASE64 + b"\r\n" + coded(zipped(TIFF, TIFF, TIFF))), 3),
    "bare tiff": (b"Content-Type: image/tiff\r\n" + BASE64 + b"\r\n" + coded(TIFF), 1),
    "one line": (multipart(OCTETS + BASE64 + b"\r\n" + base64.b64encode(PDF)), 2),
    "no headers": (b"\r\n" + uuencoded(TIFF), 1),
    "8 bit and nuls": (b"Subject: Gr\xfc\xdfe \x83X\0\r\nX: " + b"y" * 20_000 + b"\r\n" + WITHIN, 1),
}  # fmt: skip


def test_every_form_arrives(box: Box, tmp_path: Path):
    """Cases 34, 41 and 43: each form of mail, none with Date, Message-ID or From, is delivered with all its pages."""
    for number, (message, _) in enumerate(FORMS.values()):
        send(box, message, to=f"form{number}@contoso.com")
    delivered = {str(mailbox.parse(mail)["To"]): mail for mail in mails(box, len(FORMS))}
    for number, (form, (_, pages)) in enumerate(FORMS.items()):
        mail = delivered[f"form{number}@contoso.com"]
        assert pages_of(mail, tmp_path) == pages, form
        parsed = mailbox.parse(mail)
        assert all(len(parsed.get_all(key, [])) == 1 for key in ("Date", "Message-ID", "MIME-Version", "From")), form
    assert box.is_at_rest()


def test_winmail_dat_is_told(box: Box):
    """Case 43: a winmail.dat ends in quarantine, and the admin is told what it is."""
    tnef = b"\x78\x9f\x3e\x22" + bytes(100)
    send(box, multipart(b"Content-Type: application/ms-tnef; name=winmail.dat\r\n" + BASE64 + b"\r\n" + coded(tnef)))
    (notice,) = [mailbox.parse(mail) for mail in mails(box, 1)]
    assert notice["To"] == "printer@contoso.com, it@contoso.com"
    text = notice.get_body(("plain",))
    assert text is not None
    assert "a format of Outlook's own" in " ".join(text.get_content().split())
    (job,) = box.queue()
    assert job["state"] == "quarantine"


def test_pieces_over_a_restart(box: Box, tmp_path: Path):
    """Case 42: pieces reversed, one of them twice, and a kill between them: one mail, and nothing else is told."""
    whole = multipart(b"Content-Type: text/plain\r\n\r\nHi", OCTETS + BASE64 + b"\r\n" + coded(PDF))
    lines = whole.splitlines(keepends=True)
    size = -(-len(lines) // 5)
    pieces = [
        b"From: printer@contoso.com\r\nSubject: Scan [%d/5]\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: message/partial; id="a scan \\"1\\""; number=%d; total=5\r\n\r\n'
        % (number + 1, number + 1)
        + b"".join(lines[size * number : size * (number + 1)])
        for number in range(5)
    ]
    send(box, pieces[4], pieces[3], pieces[3])
    box.waits_for_event("job-piece", 3)
    box.kill()
    box.start()
    send(box, pieces[2], pieces[1], pieces[0])
    (mail,) = mails(box, 1)
    assert pages_of(mail, tmp_path) == 2
    assert mailbox.parse(mail)["Subject"] == "Scan"
    box.waits_for_event("job-joined", 6)
    box.waits_for_event("job-sent")
    assert box.is_at_rest()
    assert len(mails(box, 1)) == 1


def fax(compression: str, photometric: int) -> bytes:
    """A page of TIFF-F: 1728 pixels a line, 204 by 98 dpi (RFC 2306)."""
    drawn = scans.page(size_px=(1728, 1145))
    out = io.BytesIO()
    stored = drawn if photometric else ImageOps.invert(drawn.convert("L")).convert("1")
    stored.save(out, "TIFF", compression=compression, dpi=(204, 98))
    one = (262).to_bytes(2, "little") + b"\3\0\1\0\0\0\1\0"
    assert out.getvalue().count(one) == 1
    return out.getvalue().replace(one, one[:-2] + bytes([photometric, 0]))


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_a_fax_is_neither_squashed_nor_inverted(box: Box, tmp_path: Path, compression: str):
    """Case 44: fax pages in MH or MMR at 204 by 98 dpi, of either polarity, are A4 in black on white."""
    pages = [fax(compression, photometric) for photometric in (0, 1)]
    head = b'Content-Type: image/tiff; application="faxbw"\r\n' + BASE64 + b"\r\n"
    send(box, multipart(*(head + coded(page) for page in pages), kind=b"fax-message"))
    (mail,) = mails(box, 1)
    path = tmp_path / "fax.pdf"
    path.write_bytes(mailbox.only_pdf(mail))
    for width, height in mailbox.pdfinfo(path).sizes_pt:
        assert (width, height) == pytest.approx((610, 841), abs=8)
    drawn = [Image.open(png).convert("L") for png in mailbox.page_pngs(path, tmp_path)]
    assert [ImageStat.Stat(page).mean[0] > 128 for page in drawn] == [True, True]


FAXES = sorted(path for path in CORPUS.glob("tif-*") if "fax" in path.name or "-g3-" in path.name)


def test_faxes_of_the_corpus(box: Box, tmp_path: Path):
    """Case 44: every fax of the corpus beside the checkout, when present, arrives; without it the fax above does."""
    sent = [path.read_bytes() for path in FAXES] or [fax("group3", 0)]
    for number, contents in enumerate(sent):
        send(box, b"Content-Type: image/tiff\r\n" + BASE64 + b"\r\n" + coded(contents), to=f"fax{number}@contoso.com")
    for mail in mails(box, len(sent)):
        assert pages_of(mail, tmp_path) >= 1


def test_a_report_and_an_answer(make_box: Callable[..., Box], tmp_path: Path):
    """With reports a device's warning arrives as text; a bounce that comes in is told to nobody, so no loop begins."""
    made = make_box(MAILDIR.format(path=tmp_path / "mailbox"), gateway='admin = ["it@contoso.com"]')
    made.config.write_text(made.config.read_text().replace("[delivery]", "reports = true\n[delivery]"))
    made.start()
    bounce = b"Auto-Submitted: auto-replied\r\nIn-Reply-To: <x@contoso.com>\r\nSubject: Undeliverable\r\n\r\nNo.\r\n"
    send(made, bounce, sender="")
    made.waits_for_event("job-told")
    send(made, b"Subject: MFP-07 warning\r\n\r\nToner is low.\r\n")
    (mail,) = [mailbox.parse(mail) for mail in mails(made, 1)]
    assert (mail["Subject"], mail["To"]) == ("MFP-07 warning", OFFICE)
    (only,) = [part for part in mail.walk() if not part.is_multipart()]
    assert only.get_content().strip() == "Toner is low."
    made.waits_for_event("job-sent")
    assert len(mails(made, 1)) == 1
