"""The settings of [pdf], and what a scan has to say of itself, through the whole service with the real converter."""

import smtplib
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from tests.image import sheets
from tests.image.drawn import saved
from tests.image.scanned_pdf import font
from tests.image.through_ocr import g4
from tests.image.worded import MANY, SEEN, worded
from tests.path.box import Box
from tests.path.fitting import delivered, jpeg, noise, pages_of, text_of, to_maildir
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until


def only_mail(box: Box) -> bytes:
    """The one mail that ``run --once`` delivers."""
    done = box.command("run", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    (box.folder / "service-once.log").write_text(done.stderr)
    (mail,) = delivered(box)
    return mail


def ready_line(box: Box) -> str:
    """What the log says of the one scan that was made ready."""
    (line,) = [line for line in box.log.splitlines() if "event=job-ready " in line]
    return line


def poppler_text(mail: bytes, folder: Path) -> str:
    """The text in the mail's PDF."""
    pdf = folder / "text.pdf"
    pdf.write_bytes(mailbox.only_pdf(mail))
    return subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("is_on", "pages"), [("true", 1), ("false", 2)])
def test_blank_pages(is_on: str, pages: int, make_box: Callable[..., Box], tmp_path: Path):
    """Blank pages are left out when that is asked for, and mail and log say which."""
    box = to_maildir(make_box, f"drop_blank = {is_on}")
    for number, sheet in enumerate((sheets.text_page(), sheets.paper())):
        (tmp_path / f"{number}.pdf").write_bytes(saved(sheet, "PDF", resolution=sheets.DPI))
    with pikepdf.open(tmp_path / "0.pdf") as pdf, pikepdf.open(tmp_path / "1.pdf") as blank:
        pdf.pages.extend(blank.pages)
        pdf.save(box.share / "scan.pdf")
    mail = only_mail(box)
    (tmp_path / "out.pdf").write_bytes(mailbox.only_pdf(mail))
    assert mailbox.pdfinfo(tmp_path / "out.pdf").pages == pages
    assert ("1 blank page was left out (page 2 of the scan)." in text_of(mail)) is (is_on == "true")
    assert ("blank" in ready_line(box)) is (is_on == "true")


def test_pages_are_read_turned_and_straightened(make_box: Callable[..., Box], tmp_path: Path):
    """With rotate, deskew and ocr a page that lies on its side comes upright, and its words can be searched."""
    box = to_maildir(make_box, "rotate = true\ndeskew = true\nocr = true")
    (box.share / "scan.tif").write_bytes(g4(worded(MANY, turn=90), worded(MANY, skew=3)))
    mail = only_mail(box)
    assert set(poppler_text(mail, tmp_path).replace(",", " ").replace(".", " ").split()) >= SEEN
    assert "Page 1 was turned upright." in text_of(mail)
    assert "Page 2 was straightened." in text_of(mail)
    assert "Text was recognised" in ready_line(box)


def test_the_archive_is_the_default(make_box: Callable[..., Box], tmp_path: Path):
    """A scan is PDF/A-2b unless archive is off, and its title is the mail's subject."""
    for setting, is_archive in (("", True), ("archive = false", False)):
        box = to_maildir(make_box, setting)
        (box.share / "Größe.tif").write_bytes(scans.tiff_g4(size_px=(200, 280)))
        mail = only_mail(box)
        (tmp_path / "out.pdf").write_bytes(mailbox.only_pdf(mail))
        assert (b"<pdfaid:part>2</pdfaid:part>" in mailbox.only_pdf(mail)) is is_archive
        assert mailbox.pdfinfo(tmp_path / "out.pdf").title == "Scan from scans: Größe" == mailbox.parse(mail)["Subject"]


def test_what_is_no_archive_says_so_in_the_log(make_box: Callable[..., Box]):
    """A PDF that cannot be PDF/A, for a font it does not bring, is delivered as it is; the log says why."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    page.Resources = pikepdf.Dictionary(Font=font())
    page.Contents = pdf.make_stream(b"BT /F1 24 Tf 72 700 Td (Invoice) Tj ET")
    box = to_maildir(make_box, "")
    pdf.save(box.share / "born.pdf")
    mail = only_mail(box)
    assert b"pdfaid" not in mailbox.only_pdf(mail)
    assert " not_archive=" in ready_line(box)
    assert " notes=" not in ready_line(box)


def test_damage_reaches_mail_and_log(make_box: Callable[..., Box]):
    """A page that could be saved only in part is named in the mail's text and on the line of the log."""
    box = to_maildir(make_box, "")
    whole = jpeg(noise())
    (box.share / "scan.jpg").write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    mail = only_mail(box)
    assert "Page 1: " in text_of(mail)
    assert "Page 1: " in ready_line(box).partition(" notes=")[2]


def test_what_was_too_much_to_be_decoded_is_told_in_the_log(make_box: Callable[..., Box]):
    """Of a scan with more pixels than are decoded, the log names the pages that were looked at by their ends alone."""
    box = to_maildir(make_box, "")
    large = jpeg(Image.new("L", (12_000, 12_000), 255))
    (box.share / "scan.jpg").write_bytes(large * 6)
    only_mail(box)
    assert ' quick="pages 5 and 6"' in ready_line(box)


def test_parts_of_a_mail_in_natural_order(make_box: Callable[..., Box], tmp_path: Path):
    """The files of one mail, attached as 10, 9, 2, become one PDF of pages 2, 9, 10."""
    box = to_maildir(make_box, "")
    box.start()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "printer@contoso.com", "alice@contoso.com", "Scan"
    for number in (10, 9, 2):
        mail.add_attachment(jpeg(noise(number)), maintype="image", subtype="jpeg", filename=f"Scan {number}.jpg")
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.send_message(mail)
    wait_until(lambda: bool(delivered(box)), 30, "the mail")
    (out,) = delivered(box)
    assert pages_of(out, tmp_path) == [2, 9, 10]


def test_every_kind_is_taken_from_the_folder(make_box: Callable[..., Box], tmp_path: Path):
    """What the converter reads, the folder lets through: no kind of scan is a stranger to one and not to the other."""
    box = to_maildir(make_box, "")
    printer = b"\x1b%-12345X@PJL COMMENT a printer's own language\r\n" * 50
    found = {
        "1.jp2": saved(noise(1), "JPEG2000"),
        "2.j2k": saved(noise(2), "JPEG2000", no_jp2=True),
        "3.gif": saved(noise(3), "GIF"),
        "4.bmp": saved(noise(4), "BMP"),
        "5.tif": saved(noise(5), "TIFF", big_tiff=True),
        "6.pdf": printer + scans.pdf() + b"\x1b%-12345X",
        "7.pdf": bytes(3000) + scans.pdf() + bytes(1000),
    }
    for name, data in found.items():
        (box.share / name).write_bytes(data)
    done = box.command("run", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(delivered(box)) == len(found)
    for mail in delivered(box):
        assert len(pages_of(mail, tmp_path)) == 1
