"""Failure notices and alerts about upstreams, from the fault to the mailbox of whoever has to hear of it."""

import base64
import contextlib
import smtplib
import sqlite3
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import HeaderParser
from pathlib import Path

import pytest

from gateway.operate.records import reading
from gateway.spool.job import State
from tests.path.box import Box
from tests.path.upstreams import by_password, direct_send, relay
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import MAILBOX
from tests.peers.fixtures import PASSWORD
from tests.peers.loopback import wait_until
from tests.peers.postfix import Logins, Postfix

BRISK = Path(__file__).with_name("brisk.py")
ADMIN = 'admin = ["it@contoso.com"]'
REFUSING = {
    "smtpd_recipient_restrictions": "check_recipient_access inline:{{nobody@contoso.com = 550 5.1.1"
    " RESOLVER.ADR.RecipientNotFound}, {it@contoso.com = 550 5.1.1 no such user}}"
}


@pytest.fixture
def endpoint(server_certificate: Certificate) -> Iterator[Postfix]:
    """A smarthost that takes all."""
    with Postfix(server_certificate) as running:
        yield running


@pytest.fixture
def refusing(server_certificate: Certificate) -> Iterator[Postfix]:
    """A smarthost without mailboxes for nobody@contoso.com and the administrator."""
    with Postfix(server_certificate, parameters=REFUSING) as running:
        yield running


def _start(box: Box) -> Box:
    box.extra_environment["BRISK"] = ""
    box.extra_environment["PERSON_S"] = "1"
    box.start(program=(str(BRISK),))
    return box


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _scan(box: Box, *recipients: str, sender: str = "printer@contoso.com", headers: bytes = b"") -> None:
    mail = b"Subject: Scan\r\n" + headers + b"Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.sendmail(sender, recipients, mail + base64.encodebytes(scans.tiff_g4(size_px=(300, 400))))


def test_a_refused_recipient_is_reported_to_whoever_scanned(
    make_box: Callable[..., Box], refusing: Postfix, certificates: Certificates
):
    """The person in Reply-To gets a report with the server's words, the recipient who got the scan among them."""
    box = _start(make_box(relay(refusing.port, certificates.authority_file)))
    _scan(box, "nobody@contoso.com", "alice@contoso.com", headers=b"Reply-To: Bob <bob@contoso.com>\r\n")
    (mail,) = refusing.wait_for_mails("bob@contoso.com", 1, timeout_s=60)
    refusing.wait_for_mails("alice@contoso.com", 1)
    box.stop()
    notice = mailbox.parse(mail)
    assert notice["Content-Type"].params["report-type"] == "delivery-status"
    text = _text(notice)
    assert text.startswith("A scan was delivered to alice@contoso.com, but not to everybody.")
    assert "There is no such mailbox: correct the address" in text.partition("For the administrator:")[0]
    _, status, headers = notice.iter_parts()
    message, *blocks = status.iter_parts()
    assert message["Reporting-MTA"] == "dns; box.example.org"
    told = {block["Final-Recipient"]: (block["Action"], block["Status"]) for block in blocks}
    assert told == {
        "rfc822; nobody@contoso.com": ("failed", "5.1.1"),
        "rfc822; alice@contoso.com": ("relayed", "2.0.0"),
    }
    refused = next(block for block in blocks if block["Action"] == "failed")
    assert refused["Remote-MTA"] == "dns; localhost"
    assert refused["Diagnostic-Code"].startswith("smtp; 550 5.1.1 ")
    assert "RESOLVER.ADR.RecipientNotFound" in refused["Diagnostic-Code"]
    assert HeaderParser().parsestr(headers.get_content())["Subject"] == "Scan"
    assert b"%PDF" not in mail
    assert b"JVBER" not in mail


def test_the_owner_of_a_folder_hears_of_its_scan(
    make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates
):
    """A damaged scan in a person's folder is told to that person and the admin, in one notice."""
    sharing = 'folders = "address"\ndomain = "contoso.com"\nrecipients = ["contoso.com"]'
    box = _start(make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN, sharing=sharing, to=()))
    (box.share / "alice").mkdir()
    (box.share / "alice" / "scan.pdf").write_bytes(scans.truncated(scans.pdf(dpi=50)))
    (mail,) = endpoint.wait_for_mails("alice@contoso.com", 1, timeout_s=60)
    endpoint.wait_for_mails("it@contoso.com", 1)
    box.stop()
    assert mailbox.parse(mail)["To"] == "alice@contoso.com, it@contoso.com"
    assert "cut short" in _text(mailbox.parse(mail))


def test_a_notice_that_is_refused_makes_no_notice(
    make_box: Callable[..., Box], refusing: Postfix, certificates: Certificates
):
    """Nobody hears that nobody could be told; the share has the scan and its text all the same."""
    box = _start(make_box(relay(refusing.port, certificates.authority_file), gateway=ADMIN, to=["nobody@contoso.com"]))
    (box.share / "scan.tif").write_bytes(scans.tiff_g4(size_px=(300, 400)))

    def failed() -> list[str]:
        with reading(box.state) as (journal, _):
            return sorted(job.id for job in journal.jobs((State.FAILED,)) if not journal.untold(1))

    wait_until(lambda: len(failed()) == 2, 60, "scan and notice")
    wait_until((box.share / "_failed" / "scan.tif.txt").exists, 20, "the text")
    box.stop()
    scan, notice = failed()
    assert notice == f"{scan}-n"
    assert refusing.all_mails() == []
    assert box.log.count("event=job-failed") == 2


def test_a_notice_that_comes_back_is_the_end(
    make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates
):
    """The admin's mailbox forwards to the box: the notice fails there, and nobody is told of it."""
    box = _start(make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN))
    (box.share / "scan.pdf").write_bytes(scans.truncated(scans.pdf(dpi=50)))
    (mail,) = endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=60)
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        device.sendmail("it@contoso.com", ["alice@contoso.com"], mail)
    box.waits_for_event("job-told", 1)
    box.waits_for_event("job-failed", 2)
    (box.share / "next.tif").write_bytes(scans.tiff_g4(size_px=(300, 400)))
    endpoint.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    box.stop()
    assert len(endpoint.all_mails()) == 2


def test_a_wrong_password_is_told_through_the_second_upstream_and_its_end_too(
    make_box: Callable[..., Box],
    server_certificate: Certificate,
    certificates: Certificates,
    endpoint: Postfix,
    password_file: Path,
):
    """Submission says 535: the admin hears by Direct Send, STATUS.txt shows it, and the end is told with counts."""
    with Postfix(server_certificate, logins=Logins({MAILBOX: PASSWORD})) as submission:
        password_file.write_text("wrong\n")
        authority = certificates.authority_file
        ways = by_password(submission.port, authority, password_file) + direct_send(endpoint.port, authority)
        box = _start(make_box(ways, gateway=ADMIN))
        (box.share / "scan.tif").write_bytes(scans.tiff_g4(size_px=(300, 400)))
        (fault,) = endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=60)
        shown = (box.share / "STATUS.txt").read_text("utf-8-sig")
        box.kill()
        password_file.write_text(f"{PASSWORD}\n")
        _end_the_rest(box)
        _start(box)
        submission.wait_for_mails("office@contoso.com", 1, timeout_s=60)
        (over,) = submission.wait_for_mails("it@contoso.com", 1, timeout_s=60)
        box.stop()
        assert len(submission.all_mails()) == 2
    assert mailbox.parse(fault)["Subject"] == 'Scans wait: the way "submission" is at fault'
    assert "535" in _text(mailbox.parse(fault))
    assert "What to do: " in _text(mailbox.parse(fault))
    assert 'the way "submission" is at fault' in " ".join(shown.split())
    assert "What to do:" in shown
    assert mailbox.parse(over)["Subject"] == 'Scans go again: the way "submission" works'
    assert "1 scan waited for it: 1 delivered since." in _text(mailbox.parse(over))
    assert len(endpoint.all_mails()) == 1
    assert box.log.count("event=route-alert") == 2


def _end_the_rest(box: Box) -> None:
    """Let the pause of every upstream and the waits behind it be over, without the wait."""
    with contextlib.closing(sqlite3.connect(box.state / "journal.db")) as db, db:
        db.execute("UPDATE route SET paused_until = 0")
        db.execute("UPDATE job SET next_try_at = 0 WHERE state = 'deferred'")
