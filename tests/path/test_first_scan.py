"""From the scanner to the inbox: real Samba and SMTP in, real Postfix with STARTTLS and AUTH out."""

import smtplib
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.path.upstreams import by_password
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix
from tests.peers.samba import Samba

A4_PT = (595.28, 841.89)

SCANS: dict[str, tuple[bytes, int]] = {
    "letter.tif": (scans.tiff_g4(pages=3), 3),
    "photo.jpg": (scans.jpeg(), 1),
    "drawing.png": (scans.png(), 1),
    "report.pdf": (scans.pdf(pages=2), 2),
}
"""Each format with its number of A4 pages."""


def judge(mail: bytes, pages: int, folder: Path) -> None:
    """Hold that a delivered mail has one PDF that poppler and qpdf accept, with so many A4 pages."""
    pdf = folder / "delivered.pdf"
    pdf.write_bytes(mailbox.only_pdf(mail))
    facts = mailbox.pdfinfo(pdf)
    assert facts.pages == pages
    for size_pt in facts.sizes_pt:
        assert size_pt == pytest.approx(A4_PT, abs=2)
    assert mailbox.qpdf_check(pdf) is None
    assert mailbox.parse(mail)["From"] == "Scanner <scanner@contoso.com>"


def test_every_format_through_samba(
    tmp_path: Path,
    make_box: Callable[..., Box],
    samba: Samba,
    postfix: Postfix,
    certificates: Certificates,
    password_file: Path,
):
    """A TIFF, a JPEG, a PNG and a PDF put by smbclient each arrive as one mail with one PDF, and leave the share."""
    # Share and spool must be on one file system: the state lies beside the share of the peer.
    box = make_box(by_password(postfix.port, certificates.authority_file, password_file), share=samba.share_dir)
    box.start()
    for name, (scan, _) in SCANS.items():
        local = tmp_path / name
        local.write_bytes(scan)
        samba.put(local, name)
    mails = postfix.wait_for_mails("office@contoso.com", len(SCANS), timeout_s=60)
    assert len(mails) == len(SCANS)
    by_name = {next(iter(mailbox.attachments(mail))): mail for mail in mails}
    for name, (_, pages) in SCANS.items():
        judge(by_name[f"{Path(name).stem}.pdf"], pages, tmp_path)
    wait_until(lambda: box.queue() == [], 10, "empty queue")
    assert [path for path in samba.share_dir.iterdir() if path.name in SCANS] == []


@pytest.mark.parametrize("name", SCANS)
def test_every_format_by_swaks(
    name: str,
    tmp_path: Path,
    make_box: Callable[..., Box],
    postfix: Postfix,
    certificates: Certificates,
    password_file: Path,
):
    """A scan mailed by swaks without TLS or AUTH arrives as one mail with one PDF at the recipient it named."""
    scan, pages = SCANS[name]
    attached = tmp_path / name
    attached.write_bytes(scan)
    box = make_box(by_password(postfix.port, certificates.authority_file, password_file))
    box.start()
    sent = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{box.smtp_port}", "--helo", "printer", "--from", "printer@contoso.com",
         "--to", "alice@contoso.com", "--header", "Subject: Scan for Alice", "--attach", f"@{attached}"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert sent.returncode == 0, sent.stdout
    (mail,) = postfix.wait_for_mails("alice@contoso.com", 1)
    judge(mail, pages, tmp_path)
    assert mailbox.parse(mail)["Subject"] == "Scan for Alice"
    assert mailbox.parse(mail)["Reply-To"] == "printer@contoso.com"


def test_every_format_by_smtplib(
    tmp_path: Path, make_box: Callable[..., Box], postfix: Postfix, certificates: Certificates, password_file: Path
):
    """Scans mailed by smtplib one after the other in one session, without TLS or AUTH, each arrive as one PDF."""
    box = make_box(by_password(postfix.port, certificates.authority_file, password_file))
    box.start()
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        for number, (name, (scan, _)) in enumerate(SCANS.items()):
            mail = EmailMessage()
            mail["From"], mail["To"] = "Printer <printer@contoso.com>", f"person{number}@contoso.com"
            mail["Subject"] = f"Scan {number}"
            mail.set_content("Attached.")
            mail.add_attachment(scan, maintype="application", subtype="octet-stream", filename=name)
            device.send_message(mail)
    for number, (_, pages) in enumerate(SCANS.values()):
        (mail_out,) = postfix.wait_for_mails(f"person{number}@contoso.com", 1, timeout_s=60)
        judge(mail_out, pages, tmp_path)


def test_a_stranger_is_not_relayed_for(make_box: Callable[..., Box], certificates: Certificates, password_file: Path):
    """A recipient outside `recipients` is refused with 550 while the device is still connected."""
    box = make_box(by_password(1, certificates.authority_file, password_file))
    box.start()
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.ehlo("printer")
        assert device.mail("printer@contoso.com")[0] == 250
        code, text = device.rcpt("victim@elsewhere.org")
        assert (code, b"recipients of [[smtp]]" in text) == (550, True)
