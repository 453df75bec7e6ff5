"""The nasty cases of a share, from a device's SMB write to the mailbox: real smbd, real service, real Postfix."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.path.upstreams import by_password
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix
from tests.peers.samba import Samba

BRISK = Path(__file__).with_name("brisk.py")
ADMIN = 'admin = ["it@contoso.com"]'
SCAN = scans.pdf(pages=2)


@pytest.fixture
def start_box(
    make_box: Callable[..., Box], samba: Samba, postfix: Postfix, certificates: Certificates, password_file: Path
) -> Callable[..., Box]:
    """Starts a box that watches smbd's share, with an admin; `brisk` shortens its long times."""

    def start(brisk: str = "", **settings: str) -> Box:
        upstream = by_password(postfix.port, certificates.authority_file, password_file)
        box = make_box(upstream, share=samba.share_dir, gateway=ADMIN, **settings)
        box.extra_environment["BRISK"] = brisk
        box.start(program=(str(BRISK),))
        return box

    return start


def status(box: Box) -> str:
    """STATUS.txt of the share, on one line."""
    return " ".join((box.share / "STATUS.txt").read_bytes().decode("utf-8-sig").split())


def wait_for_status(box: Box, words: str) -> None:
    """Wait until the share says something."""
    wait_until(lambda: words in status(box), 30, f"{words!r} in STATUS.txt")


def hold_that_it_failed(box: Box, postfix: Postfix, name: str, content: bytes, why: str) -> None:
    """Hold that a file came to its end in _failed with a text, in STATUS.txt, and in one mail to the admin alone."""
    (notice,) = postfix.wait_for_mails("it@contoso.com", 1, timeout_s=60)
    text = box.share / "_failed" / f"{name}.txt"
    wait_until(text.exists, 20, text.name)
    wait_until(lambda: box.scans_left() == [], 20, "an empty share")
    assert (box.share / "_failed" / name).read_bytes() == content
    told = text.read_bytes().decode("utf-8-sig")
    (job,) = (job for job in box.queue() if job["state"] == "failed")
    for words in ("What happened:", why, "What to do:", "Please scan it again.", "Failed:  20", job["id"]):
        assert words in told
    body = mailbox.parse(notice).get_body(("plain",))
    assert body is not None
    assert name in body.get_content()
    wait_for_status(box, f"{name} FAILED, for office@contoso.com")
    assert why in status(box)
    assert postfix.mails("office@contoso.com") == []


def test_killed_half_way_and_never_again(start_box: Callable[..., Box], samba: Samba, postfix: Postfix):
    """Case 1: a client killed after half the file, no retry: it ends in _failed, the admin hears, nothing is mailed."""
    box = start_box()
    with samba.client() as client:
        client.open("scan.pdf", SCAN).write(len(SCAN) // 2)
        client.kill()
    hold_that_it_failed(box, postfix, "scan.pdf", SCAN[: len(SCAN) // 2], "The file is cut short")


def test_killed_half_way_and_sent_again(start_box: Callable[..., Box], samba: Samba, postfix: Postfix):
    """Case 2: the same, and the panel sends it again under the same name: exactly one mail, and a whole one."""
    box = start_box(incomplete_timeout="10m")
    with samba.client() as client:
        client.open("scan.pdf", SCAN).write(len(SCAN) // 2)
        client.kill()
    box.waits_for_event("share-held")
    wait_for_status(box, "scan.pdf is still incomplete")
    with samba.client() as client, client.open("scan.pdf", SCAN) as writer:
        writer.write()
    (mail,) = postfix.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    wait_for_status(box, "scan.pdf sent to office@contoso.com")
    assert "still incomplete" not in status(box)
    assert mailbox.pdfinfo(_saved(box, mailbox.only_pdf(mail))).pages == 2
    box.stop()
    assert len(postfix.all_mails()) == 1
    assert not (box.share / "_failed").exists()


def test_an_empty_probe_is_nothing(start_box: Callable[..., Box], samba: Samba, postfix: Postfix):
    """Case 8: a file of no bytes made and deleted again is nothing; the scan that follows it comes alone."""
    box = start_box()
    with samba.client() as client:
        client.open("probe.pdf").close()
    samba.run("del probe.pdf")
    with samba.client() as client, client.open("scan.pdf", SCAN) as writer:
        writer.write()
    postfix.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    box.stop()
    assert len(postfix.all_mails()) == 1
    assert "probe.pdf" not in box.log


def test_an_empty_file_left_behind(start_box: Callable[..., Box], samba: Samba, postfix: Postfix):
    """Case 8: a file of no bytes left behind goes after its day, visibly, but never while somebody has it open."""
    box = start_box(brisk="empty_s=2")
    with samba.client() as client:
        writer = client.open("empty.pdf")
        box.waits_for_event("share-held")
        wait_for_status(box, "empty.pdf is still empty")
        samba.put(_saved(box, SCAN), "marker.pdf")  # its whole way is longer than the day of the empty file
        postfix.wait_for_mails("office@contoso.com", 1, timeout_s=60)
        samba.put(_saved(box, SCAN), "marker.pdf")
        postfix.wait_for_mails("office@contoso.com", 2, timeout_s=60)
        assert box.scans_left() == ["empty.pdf"]
        postfix.forget()
        writer.close()
    hold_that_it_failed(box, postfix, "empty.pdf", b"", "The file stayed empty")


def test_an_empty_file_filled_later(start_box: Callable[..., Box], samba: Samba, postfix: Postfix):
    """Case 8: a file of no bytes that is filled after it was told as empty arrives as one whole mail."""
    box = start_box()
    with samba.client() as client:
        client.open("scan.pdf").close()
    box.waits_for_event("share-held")
    wait_for_status(box, "scan.pdf is still empty")
    with samba.client() as client, client.open("scan.pdf", SCAN, append_at=0) as writer:
        writer.write()
    (mail,) = postfix.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    assert mailbox.pdfinfo(_saved(box, mailbox.only_pdf(mail))).pages == 2
    box.stop()
    assert len(postfix.all_mails()) == 1


def test_one_name_twenty_times(start_box: Callable[..., Box], samba: Samba, postfix: Postfix):
    """Case 10: a device that calls every scan the same, twenty times in a row: twenty mails, each with its own scan."""
    box = start_box(more="[pdf]\narchive = false\n")
    sizes = [(400 + 10 * number, 600) for number in range(20)]
    for size_px in sizes:
        with samba.client() as client, client.open("SCN_0001.tif", scans.tiff_g4(size_px=size_px)) as writer:
            writer.write()
        # Such a device finds the folder empty each time, and so begins with its first name again.
        wait_until(lambda: box.scans_left() == [], 30, "the name is free again")
    delivered = postfix.wait_for_mails("office@contoso.com", 20, timeout_s=120)
    widths = [mailbox.pdfinfo(_saved(box, mailbox.only_pdf(mail))).sizes_pt[0][0] for mail in delivered]
    assert sorted(round(width * 300 / 72) for width in widths) == [width for width, _ in sizes]
    box.stop()
    assert len(postfix.all_mails()) == 20
    assert status(box).count("SCN_0001.tif sent to office@contoso.com") == 10


_COUNT = itertools.count()


def _saved(box: Box, content: bytes) -> Path:
    """Some bytes as a file of their own."""
    path = box.folder / f"saved-{next(_COUNT)}.pdf"
    path.write_bytes(content)
    return path
