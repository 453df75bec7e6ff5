"""The mail that goes out, through the whole service, as its recipients' programs show it."""

import io
import smtplib
from collections.abc import Callable, Sequence
from email.message import EmailMessage

import pytest
from PIL import Image

from gateway.spool.loop import OWN_SCAN
from gateway.spool.untold import UNTOLD
from tests.path.box import Box
from tests.path.fitting import delivered, text_of, to_maildir
from tests.path.upstreams import relay
from tests.peers import mailbox, readers, scans
from tests.peers.certificates import Certificate, Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix

ALICE, BOB = "alice@contoso.com", "bob@contoso.com"
SMALL = (200, 280)
LONG = "Angebot für Größen " + "é" * 90


def send(box: Box, recipients: Sequence[str], head: str, *, scan: bytes = b"", name: str = "scan.tif") -> None:
    """Send one scan as a device does, with these headers, to these recipients."""
    mail = EmailMessage()
    mail.add_attachment(scan or scans.tiff_g4(size_px=SMALL), maintype="image", subtype="tiff", filename=name)
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.sendmail("printer@contoso.com", list(recipients), head.encode() + mail.as_bytes())


CASES = {
    "bcc": ("To: {alice}\nCc: {bob}\nBcc: {eve}\n", "alice bob eve", "{alice}", "{bob}"),
    "dialogue": ("To: {alice}\n", "alice eve", "{alice}", ""),
    "bcc-only": ("Bcc: {eve}, {bob}\n", "eve bob", "undisclosed-recipients:;", ""),
    "one-bcc": ("Bcc: {eve}\n", "eve", "undisclosed-recipients:;", ""),
    "apart": ("To: {alice}\n", "eve", "undisclosed-recipients:;", ""),
    "nobody-named": ("Subject: Scan\n", "eve bob", "undisclosed-recipients:;", ""),
}
"""What a device writes, to whom it goes (eve is hidden), and what To and Cc then say."""


def test_bcc_stays_bcc(make_box: Callable[..., Box], certificates: Certificates, server_certificate: Certificate):
    """A hidden recipient gets the scan, and nothing in anybody's mail names them; To and Cc are as the device wrote."""
    with Postfix(server_certificate) as endpoint:
        box = make_box(relay(endpoint.port, certificates.authority_file))
        box.start()
        for case, (head, recipients, to, cc) in CASES.items():
            people = {name: f"{case}-{name}@contoso.com" for name in ("alice", "bob", "eve")}
            sent_to = [people[name] for name in recipients.split()]
            send(box, sent_to, head.format(**people))
            for recipient in sent_to:
                (mail,) = endpoint.wait_for_mails(recipient, 1)
                parsed = mailbox.parse(mail)
                found = (str(parsed["To"]), str(parsed["Cc"] or ""), parsed["Bcc"])
                assert found == (to.format(**people), cc.format(**people), None), case
                # On top of ours the smarthost writes whom it delivers to.
                assert people["eve"].encode() not in mail[mail.index(b"(scangate)") :], (case, recipient)
                assert mailbox.only_pdf(mail)
        box.stop()


@pytest.mark.parametrize(
    ("stem", "subject", "called"),
    [
        ("Größe 日本語 😀", "Größe 日本語 😀", "Größe 日本語 😀.pdf"),
        ("u\u0308ber \u202egpj", "über gpj", "über gpj.pdf"),
        (LONG, LONG, f"{LONG[:80]}.pdf"),
        ('CON "a" <b>, a=?b', 'CON "a" <b>, a=?b', "CON _a_ _b_, a=_b.pdf"),
    ],
    ids=["scripts", "turned-round", "long", "plain"],
)
def test_names_survive(stem: str, subject: str, called: str, make_box: Callable[..., Box]):
    """Three programs that share no code read the same subject, names, recipients and parts in the delivered mail."""
    box = to_maildir(make_box, "", to=[ALICE, BOB])
    config = box.config.read_text(encoding="utf-8").replace('name = "Scanner"', 'name = "Scänner, 2. Stock"')
    box.config.write_text(config.replace("[pdf]", '[mail]\nsubject = "{name}"\n[pdf]'), encoding="utf-8")
    (box.share / f"{stem}.tif").write_bytes(scans.tiff_g4(pages=2, size_px=SMALL))
    assert box.command("run", "--once").returncode == 0
    (path,) = (box.folder / "mailbox" / "new").iterdir()
    first = readers.by_python(path.read_bytes())
    assert first.parts == (
        ("text/plain", ""), ("text/html", ""), ("image/jpeg", "page-1.jpg"), ("image/jpeg", "page-2.jpg"),
        ("application/pdf", called),
    )  # fmt: skip
    assert first.subject == subject
    assert first.sender == "Scänner, 2. Stock"
    assert (first.to, first.cc) == (f"{ALICE}, {BOB}", "")
    assert first.text == "2 pages, scanned to scans. The scan is attached as PDF."
    assert readers.by_mblaze(path) == first
    dovecot = readers.by_dovecot(path)
    assert (dovecot.subject, dovecot.sender, dovecot.to, dovecot.parts) == (
        first.subject, first.sender, first.to, first.parts,
    )  # fmt: skip
    assert max(len(line) for line in path.read_bytes().splitlines()) <= 998


def test_the_first_pages_are_seen(make_box: Callable[..., Box]):
    """The mail shows its first pages small and upright; switched off it is text and PDF."""
    for setting, count in (("", 3), ("[mail]\nthumbnails = 0\n", 0)):
        box = to_maildir(make_box, "")
        box.config.write_text(box.config.read_text().replace("[pdf]", f"{setting}[pdf]"))
        (box.share / "scan.tif").write_bytes(scans.tiff_g4(pages=4, size_px=(1654, 2339)))
        assert box.command("run", "--once").returncode == 0
        (mail,) = delivered(box)
        pictures = [part for part in mailbox.parse(mail).walk() if part.get_content_type() == "image/jpeg"]
        assert len(pictures) == count
        assert b"text/html" in mail or not count
        for picture in pictures:
            with Image.open(io.BytesIO(picture.get_content())) as shown:
                assert (shown.format, shown.size) == ("JPEG", (240, 340))
        assert "4 pages, scanned to scans." in text_of(mail)
        assert mailbox.only_pdf(mail)


def test_a_mail_that_comes_back_ends_here(make_box: Callable[..., Box]):
    """Two boxes that write to each other: the scan goes once, is refused with a sentence by the other, told once."""
    box = to_maildir(make_box, "", gateway='admin = ["it@contoso.com"]')
    box.start()
    send(box, [ALICE], f"To: {ALICE}\nSubject: Round\n")
    wait_until(lambda: len(delivered(box)) == 1, 30, "the scan")
    (ours,) = delivered(box)
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.sendmail("scanner@contoso.com", [BOB], ours)
    wait_until(lambda: len(delivered(box)) == 2, 30, "the notice")
    (notice,) = set(delivered(box)) - {ours}
    assert OWN_SCAN in text_of(notice)
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.sendmail("scanner@contoso.com", [BOB], notice)
    box.waits_for_event("job-told", 2)
    box.stop()
    assert UNTOLD in box.log
    assert len(delivered(box)) == 2
