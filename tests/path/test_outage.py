"""A smarthost that is down, and a box that dies meanwhile: nothing is lost, nothing doubled."""

import smtplib
from collections.abc import Callable
from pathlib import Path

from tests.path.box import Box
from tests.path.test_methods import scan_to
from tests.path.upstreams import relay
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificate, Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix


def test_down_then_up(
    make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates, tmp_path: Path
):
    """Scans wait as deferred while the smarthost is down, survive kill -9, and each arrives once when it is back."""
    with Postfix(server_certificate) as endpoint:
        endpoint.stop()
        box = make_box(relay(endpoint.port, certificates.authority_file))
        box.start()
        scan_to(box, "alice@contoso.com")
        (box.share / "scan.tif").write_bytes(scans.tiff_g4())
        wait_until(lambda: [job["state"] for job in box.queue()] == ["deferred"] * 2, 30, "both scans deferred")
        assert {job["attempts"] for job in box.queue()} == {0}
        box.kill()
        box.start()
        box.waits_for_event("route-paused", 2)
        box.kill()
        endpoint.start()
        box.start()
        endpoint.wait_for_mails("alice@contoso.com", 1, timeout_s=40)
        endpoint.wait_for_mails("office@contoso.com", 1, timeout_s=40)
        wait_until(lambda: box.queue() == [], 20, "empty queue")
        box.stop()
        assert len(endpoint.all_mails()) == 2


def test_an_unreadable_scan_from_the_share_is_told_there(
    make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates
):
    """A file that is no scan ends in _failed with a text that says why, and the admin gets a mail."""
    with Postfix(server_certificate) as endpoint:
        box = make_box(relay(endpoint.port, certificates.authority_file), gateway='admin = ["it@contoso.com"]')
        box.start()
        broken = scans.truncated(scans.pdf(pages=2))
        (box.share / "broken.pdf").write_bytes(broken)
        (mail,) = endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=40)
        failed = box.share / "_failed"
        wait_until((failed / "broken.pdf.txt").exists, 10, "text beside the failed scan")
        assert (failed / "broken.pdf").read_bytes() == broken
        text = (failed / "broken.pdf.txt").read_text(encoding="utf-8")
        notice = mailbox.parse(mail)
        body = notice.get_body(("plain",))
        assert body is not None
        assert "broken.pdf" in body.get_content()
        assert notice["Auto-Submitted"] == "auto-replied"
        (job,) = box.queue()
        assert job["state"] == "failed"
        assert job["reason"]
        assert job["reason"] in text
        assert not (box.share / "broken.pdf").exists()
        box.stop()


def test_an_unreadable_scan_by_mail_is_told_its_sender(
    make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates
):
    """The sender of a mail whose scan cannot be read gets a notice that says why, and its recipients get nothing."""
    with Postfix(server_certificate) as endpoint:
        box = make_box(relay(endpoint.port, certificates.authority_file))
        box.start()
        with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
            device.sendmail(
                "anna@contoso.com",
                ["alice@contoso.com"],
                b"Subject: Scan\r\nContent-Type: image/tiff\r\n\r\nII*\x00 this is no picture\r\n",
            )
        (mail,) = endpoint.wait_for_mails("anna@contoso.com", 1, timeout_s=40)
        body = mailbox.parse(mail).get_body(("plain",))
        assert body is not None
        assert "not delivered" in body.get_content()
        assert endpoint.mails("alice@contoso.com") == []
        box.stop()
