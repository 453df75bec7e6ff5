"""Every way in which a scan of a share can fail leaves something to see there, and tells the admin."""

import io
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from tests.path.box import Box
from tests.path.upstreams import relay
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificate, Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix

BRISK = Path(__file__).with_name("brisk.py")
ADMIN = 'admin = ["it@contoso.com"]'


def _encrypted() -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(scans.pdf(dpi=50))) as document:
        document.save(written, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    return written.getvalue()


def _hollow() -> bytes:
    """A PDF whose ends are right and whose pages are gone."""
    whole = scans.pdf(dpi=50)
    return whole.replace(b"/Type /Pages", b"/Type /Wages").replace(b"/Kids", b"/Bids")


def _office() -> bytes:
    """A whole archive, as office documents are."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return written.getvalue()


FATES: dict[str, tuple[bytes, str]] = {
    "cut.pdf": (scans.truncated(scans.pdf(dpi=50)), "The file is cut short"),
    "notes.txt": (b"Dear colleagues, this is no scan.", "The file is not a scan"),
    "hollow.pdf": (_hollow(), "PDF"),
    "large.jpg": (scans.jpeg(dpi=200, quality=95), "one mail has room for a PDF of"),
    "secret.pdf": (_encrypted(), "password"),
    "empty.pdf": (b"", "The file stayed empty"),
}

JUNK = ("notes.txt", "empty.pdf")


@pytest.fixture
def endpoint(server_certificate: Certificate):
    """A smarthost that has no mailbox for nobody@contoso.com."""
    refusing = "check_recipient_access inline:{{nobody@contoso.com = 550 5.1.10 RESOLVER.ADR.RecipientNotFound}}"
    with Postfix(server_certificate, parameters={"smtpd_recipient_restrictions": refusing}) as running:
        yield running


def _start(box: Box) -> Box:
    box.extra_environment["BRISK"] = "unknown_s=0.5 empty_s=2"
    box.start(program=(str(BRISK),))
    return box


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def test_each_fate_is_seen_and_told(make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates):
    """Cut off, of no type, damaged, too large, locked by a password, left empty: file, text and mail for each."""
    more = '[pdf]\nmail_limit = "100 kB"\nover_limit = []\n'
    box = _start(make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN, more=more))
    for name, (content, _) in FATES.items():
        (box.share / name).write_bytes(content)
    notices = [mailbox.parse(mail) for mail in endpoint.wait_for_mails("it@contoso.com", len(FATES), timeout_s=90)]
    failed = box.share / "_failed"
    wait_until(lambda: all((failed / f"{name}.txt").exists() for name in FATES), 20, "every text")
    box.stop()
    told = "".join(str(notice.get_body(("plain",))) for notice in notices)
    shown = _text(box.share / "STATUS.txt")
    for name, (content, why) in FATES.items():
        assert (failed / name).read_bytes() == content
        text = _text(failed / f"{name}.txt")
        assert why in text
        assert "What to do:" in text
        assert name in told
        assert name in shown or name in JUNK
    assert sum(name in shown for name in JUNK) == 1  # the last of what is no scan, for all of it
    assert shown.count("FAILED") == len(FATES) - len(JUNK) + 1
    assert "So did, before it, 1 file" in " ".join(shown.split())
    assert endpoint.mails("office@contoso.com") == []
    assert box.scans_left() == []


def test_a_refused_scan_is_seen_and_told(make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates):
    """A scan whose recipient the mail server refuses comes back into _failed, and the text says who was refused."""
    upstream = relay(endpoint.port, certificates.authority_file)
    box = _start(make_box(upstream, gateway=ADMIN, to=["nobody@contoso.com", "office@contoso.com"]))
    scan = scans.tiff_g4(size_px=(300, 400))
    (box.share / "scan.tif").write_bytes(scan)
    endpoint.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=60)
    note = box.share / "_failed" / "scan.tif.txt"
    wait_until(note.exists, 20, "the text")
    box.stop()
    assert "RESOLVER.ADR.RecipientNotFound" in _text(note)
    assert "The mail server refused nobody@contoso.com: have that address checked." in _text(note)
    assert (box.share / "_failed" / "scan.tif").read_bytes() == scan
    shown = " ".join(_text(box.share / "STATUS.txt").split())
    assert "scan.tif FAILED, for nobody@contoso.com" in shown
    assert "sent to office@contoso.com" in shown


def test_strange_things_are_shown_told_once_and_left_alone(
    make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates, tmp_path: Path
):
    """A link, a pipe and a second name stand in STATUS.txt and in one alert, and are not touched (case 21)."""
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(scans.pdf(dpi=50))
    box = make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN)
    (box.share / "link.pdf").symlink_to(secret)
    os.link(secret, box.share / "twin.pdf")
    os.mkfifo(box.share / "pipe.pdf")
    _start(box)
    (mail,) = endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=60)
    body = mailbox.parse(mail).get_body(("plain",))
    assert body is not None
    box.stop()
    _start(box)  # the alert is not repeated
    (box.share / "scan.pdf").write_bytes(secret.read_bytes())
    endpoint.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    shown = _text(box.share / "STATUS.txt")
    for name in ("link.pdf", "twin.pdf", "pipe.pdf"):
        assert f"- not taken: {name}: " in body.get_content()
        assert f"{name} is not taken: " in shown
    box.stop()
    assert box.scans_left() == ["link.pdf", "pipe.pdf", "twin.pdf"]
    assert secret.stat().st_nlink == 2
    assert len(endpoint.all_mails()) == 2
    assert subprocess.run(["test", "-p", box.share / "pipe.pdf"], check=False).returncode == 0


def test_a_share_that_cannot_be_written_silences_nobody(
    make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates
):
    """With files in the way of _failed and STATUS.txt scans are delivered, and the admin hears of what fails."""
    box = make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN)
    (box.share / "_failed").write_text("a file in the way")
    (box.share / "STATUS.txt").mkdir()
    _start(box)
    (box.share / "notes.txt").write_text("this is no scan")
    (box.share / "scan.tif").write_bytes(scans.tiff_g4(size_px=(300, 400)))
    endpoint.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=60)
    box.stop()
    assert box.log.count("event=status-fault ") == 1


def test_the_text_follows_the_service(make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates):
    """Running, stopped, running again, killed, running again: the share says so, and after a kill the next start."""
    box = make_box(relay(endpoint.port, certificates.authority_file))
    path = box.share / "STATUS.txt"
    _start(box)
    wait_until(path.exists, 20, "STATUS.txt")
    assert "Running since 20" in _text(path)
    box.stop()
    assert "scangate was stopped at 20" in _text(path)
    _start(box)
    wait_until(lambda: "Running since 20" in _text(path), 20, "running again")
    box.kill()
    stale = path.stat().st_ino
    _start(box)
    wait_until(lambda: path.stat().st_ino != stale, 20, "a new text")
    box.stop()
    assert sorted(item.name for item in box.share.iterdir()) == ["STATUS.txt"]


def test_rubbish_in_a_share_makes_two_mails(
    make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates
):
    """Of thirty files that are no scans each stands in _failed; one mail tells of the first, one of the rest.

    Also when the service is started anew in between.
    """
    box = make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN)
    for number in range(30):
        (box.share / f"junk{number:02d}.docx").write_bytes(_office() if number % 2 else b"this is no scan")
    _start(box)
    failed = box.share / "_failed"
    wait_until(lambda: failed.is_dir() and len(os.listdir(failed)) == 60, 90, "every file with its text")
    (first,) = (mailbox.parse(mail) for mail in endpoint.wait_for_mails("it@contoso.com", 1, timeout_s=30))
    box.stop()
    box.extra_environment["HOUR_S"] = "1"  # it is over
    _start(box)
    mails = [mailbox.parse(mail) for mail in endpoint.wait_for_mails("it@contoso.com", 2, timeout_s=60)]
    box.stop()
    assert "Scan not delivered" in first["Subject"]
    assert [mail["Subject"] for mail in mails if "Scan not" not in mail["Subject"]] == [
        "29 more failures (share/scans)"
    ]
    told = "".join(str(mail.get_body()) for mail in mails)
    assert all(f"junk{number:02d}.docx" in told for number in range(30))
    assert len(endpoint.all_mails()) == 2


def test_a_file_in_the_way_of_failed_is_shown_and_its_end_mends_all(
    make_box: Callable[..., Box], endpoint: Postfix, certificates: Certificates
):
    """A file named _failed is a problem in STATUS.txt with its mend; once it is gone what failed meanwhile is there."""
    box = make_box(relay(endpoint.port, certificates.authority_file), gateway=ADMIN)
    failed, status = box.share / "_failed", box.share / "STATUS.txt"
    failed.write_text("a file in the way")
    _start(box)
    for number in range(3):
        (box.share / f"cut{number}.pdf").write_bytes(FATES["hollow.pdf"][0])
    endpoint.wait_for_mails("it@contoso.com", 3, timeout_s=60)
    wait_until(lambda: "remove or rename what is called _failed here" in _text(status), 20, "the problem")
    failed.unlink()
    wait_until(lambda: failed.is_dir() and len(os.listdir(failed)) == 6, 20, "what failed meanwhile")
    wait_until(lambda: "_failed here" not in _text(status), 20, "no problem any more")
    box.stop()
    assert box.log.count("event=share-fault ") == 1
    assert box.log.count("event=share-recovered ") == 1
    assert "event=local-fault" not in box.log
