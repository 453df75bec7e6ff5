"""Reading a delivered mail finds the one PDF, and refuses everything that is not exactly that."""

from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image

from tests.peers import scans
from tests.peers.mailbox import attachments, only_pdf, page_pngs, parse, pdfinfo, qpdf_check


def _mail(*files: tuple[str, str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "scanner@contoso.com", "scan"
    message.set_content("see attached")
    for name, subtype, content in files:
        message.add_attachment(content, "application", subtype, filename=name)
    return message.as_bytes()


def test_finds_the_one_pdf():
    """The attachment comes out byte for byte, and by its name."""
    mail = _mail(("scan.pdf", "pdf", scans.pdf(1, 50)))
    assert only_pdf(mail) == scans.pdf(1, 50)
    assert attachments(mail) == {"scan.pdf": scans.pdf(1, 50)}


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ([], r"attachments are \[\]"),
        ([("a.pdf", "pdf", b"%PDF-"), ("b.pdf", "pdf", b"%PDF-")], "expected one PDF"),
        ([("a.pdf", "octet-stream", b"%PDF-")], "expected one PDF"),
        ([("a.tif", "pdf", b"%PDF-")], "a PDF called a.tif"),
        ([("a.pdf", "pdf", b"II*")], "begins with"),
    ],
)
def test_refuses_what_is_not_one_pdf(files: list[tuple[str, str, bytes]], complaint: str):
    """No attachment, two, a wrong type, a wrong name or wrong bytes fail the test that asks, saying why."""
    with pytest.raises(AssertionError, match=complaint):
        only_pdf(_mail(*files))


def test_two_attachments_of_one_name_are_told():
    """Names that clash are an error and not a lost attachment."""
    with pytest.raises(AssertionError, match="two attachments"):
        attachments(_mail(("a.pdf", "pdf", b"1"), ("a.pdf", "pdf", b"2")))


def test_a_broken_mail_is_told():
    """A mail the standard library finds defects in is not read as if it were whole."""
    broken = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext without an end\n"
    with pytest.raises(AssertionError, match="CloseBoundaryNotFound"):
        parse(broken)


def test_not_a_pdf_is_told(tmp_path: Path):
    """Poppler's and qpdf's complaints about a file that is no PDF reach the reader."""
    path = tmp_path / "x.pdf"
    path.write_bytes(b"not a pdf")
    with pytest.raises(AssertionError, match="PDF"):
        pdfinfo(path)
    assert "errors" in (qpdf_check(path) or "")


def test_pages_are_drawn_in_order(tmp_path: Path):
    """Each page becomes one picture of its size, the tenth behind the ninth."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(scans.pdf(11, 20))
    drawn = page_pngs(path, tmp_path, dpi=20)
    assert [int(one.stem.rpartition("-")[2]) for one in drawn] == list(range(1, 12))
    with Image.open(drawn[0]) as image:
        assert abs(image.width - scans.a4_px(20)[0]) <= 1
