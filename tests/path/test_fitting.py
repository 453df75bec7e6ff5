"""Scans that are larger than a mail may be, through the whole service, with the real converter."""

import io
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from tests.image import signed_pdf
from tests.path.box import Box
from tests.path.fitting import by_number, delivered, jpeg, noise, pages_of, text_of, to_maildir
from tests.peers import mailbox, scans

PAGES = 7


def pdf_of(count: int = PAGES) -> pikepdf.Pdf:
    """A scanner's PDF of ``noise``, about 400 kB a page."""
    pdf = pikepdf.new()
    for number in range(count):
        picture = noise(number)
        image = pdf.make_stream(
            jpeg(picture),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=picture.width,
            Height=picture.height,
            ColorSpace=pikepdf.Name.DeviceRGB,
            BitsPerComponent=8,
            Filter=pikepdf.Name.DCTDecode,
        )
        size_pt = (picture.width * 72 / 200, picture.height * 72 / 200)
        page = pdf.add_blank_page(page_size=size_pt)
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
        page.Contents = pdf.make_stream(f"q {size_pt[0]:.2f} 0 0 {size_pt[1]:.2f} 0 0 cm /Im0 Do Q".encode())
    return pdf


def bytes_of(pdf: pikepdf.Pdf) -> bytes:
    """The PDF as a file."""
    file = io.BytesIO()
    pdf.save(file)
    return file.getvalue()


def once(box: Box, code: int = 0) -> list[bytes]:
    """The mails that ``run --once`` delivers, which ends with this code and says a line a job."""
    done = box.command("run", "--once")
    assert done.returncode == code, done.stdout + done.stderr
    (box.folder / "service-once.log").write_text(done.stderr)
    return delivered(box)


def test_a_large_scan_is_reduced_and_says_so(make_box: Callable[..., Box], tmp_path: Path):
    """A scan over the limit arrives whole, within it to the byte, and mail and log say what was reduced."""
    box = to_maildir(make_box, 'mail_limit = "500 kB"')
    (box.share / "scan.pdf").write_bytes(bytes_of(pdf_of(3)))
    (mail,) = once(box)
    assert len(mail) <= 500_000
    assert pages_of(mail, tmp_path) == [0, 1, 2]
    assert "Pages 1 to 3 were reduced to 150 dpi, JPEG quality 60" in text_of(mail)
    (ready,) = [line for line in box.log.splitlines() if "event=job-ready " in line]
    assert "Pages 1 to 3 were reduced to 150 dpi, JPEG quality 60" in ready.partition(" notes=")[2]


@pytest.mark.parametrize("order", ['["split"]', '["split", "reduce"]'])
def test_a_split_scan_arrives_whole(order: str, make_box: Callable[..., Box], tmp_path: Path):
    """A scan that is split arrives as mails that say what they hold, each within the limit, with every page once."""
    limit = 1_400_000
    box = to_maildir(make_box, f'mail_limit = "1400 kB"\nover_limit = {order}')
    (box.share / "scan.pdf").write_bytes(bytes_of(pdf_of()))
    mails = by_number(once(box))
    assert len(mails) == 4
    assert [len(mail) <= limit for mail in mails] == [True] * len(mails)
    held = [pages_of(mail, tmp_path) for mail in mails]
    assert [page for pages in held for page in pages] == list(range(PAGES))
    for number, (mail, pages) in enumerate(zip(mails, held, strict=True), 1):
        said = mailbox.parse(mail)
        assert said["Subject"] == f"Scan from scans: scan ({number} of 4)"
        which = f"Pages {pages[0] + 1} to {pages[-1] + 1} of 7" if len(pages) > 1 else f"Page {pages[0] + 1} of 7"
        assert text_of(mail).startswith(f"{which}, scanned to scans. This is mail {number} of 4;")
        assert "The scan was split into 4 mails" in text_of(mail)
    assert len({mailbox.parse(mail)["Message-ID"] for mail in mails}) == 4
    assert box.is_at_rest()


def test_reduced_as_far_as_allowed_then_split(make_box: Callable[..., Box], tmp_path: Path):
    """What reducing alone cannot bring within the limit is reduced and split, and says both."""
    box = to_maildir(make_box, 'mail_limit = "300 kB"')
    (box.share / "scan.pdf").write_bytes(bytes_of(pdf_of()))
    mails = by_number(once(box))
    assert len(mails) > 1
    assert all(len(mail) <= 300_000 for mail in mails)
    assert [page for mail in mails for page in pages_of(mail, tmp_path)] == list(range(PAGES))
    assert all("were reduced" in text_of(mail) and "was split" in text_of(mail) for mail in mails)


@pytest.mark.parametrize(
    ("order", "said"),
    [("[]", "The scan makes a PDF of 3.1 MB, and one mail has room for"), ('["split"]', "Page 1 of the scan makes a")],
)
def test_a_scan_that_may_not_be_changed_is_refused(order: str, said: str, make_box: Callable[..., Box]):
    """What no allowed way brings within the limit fails: a notice tells the admin, the folder has file and reason."""
    box = to_maildir(make_box, f'mail_limit = "300 kB"\nover_limit = {order}', gateway='admin = ["it@contoso.com"]')
    scan = bytes_of(pdf_of())
    (box.share / "scan.pdf").write_bytes(scan)
    (notice,) = once(box, code=1)
    assert mailbox.parse(notice)["To"] == "it@contoso.com"
    assert said in text_of(notice)
    assert (box.share / "_failed" / "scan.pdf").read_bytes() == scan
    assert said in " ".join((box.share / "_failed" / "scan.pdf.txt").read_text().split())


def test_a_signed_pdf_over_the_limit(make_box: Callable[..., Box], tmp_path: Path):
    """A signed PDF within the limit passes byte for byte; over it, it arrives cleaned and split, and says why."""
    signed = signed_pdf.signed(pdf_of(4))
    box = to_maildir(make_box, 'mail_limit = "25 MB"')
    (box.share / "signed.pdf").write_bytes(signed)
    (mail,) = once(box)
    assert mailbox.only_pdf(mail) == signed
    box = to_maildir(make_box, 'mail_limit = "1400 kB"\nover_limit = ["split"]')
    (box.share / "signed.pdf").write_bytes(signed)
    mails = by_number(once(box))
    assert [page for mail in mails for page in pages_of(mail, tmp_path)] == [0, 1, 2, 3]
    assert all(len(mail) <= 1_400_000 for mail in mails)
    assert all("signature" in text_of(mail) for mail in mails)


def test_a_scan_of_several_mails_is_told_once_a_mail(make_box: Callable[..., Box]):
    """``run --once`` prints a line for each mail of a split scan."""
    box = to_maildir(make_box, 'mail_limit = "1400 kB"\nover_limit = ["split"]')
    (box.share / "scan.pdf").write_bytes(bytes_of(pdf_of(4)))
    (box.share / "small.tif").write_bytes(scans.tiff_g4(size_px=(200, 280)))
    done = box.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert all(" sent: " in line for line in done.stdout.splitlines())
