"""Names and contents that no scan should have, from a share to the mail, or to the sentence that says why not."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from tests.path.box import Box
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until

MAILDIR = '[[upstream]]\nmethod = "maildir"\npath = "{path}"\n'
PAGE = scans.tiff_g4(size_px=(200, 280), dpi=25)
JPEG = scans.jpeg(dpi=25, size_px=(200, 280))
PDF = scans.pdf(dpi=25)


def encrypted() -> bytes:
    """A PDF that nobody opens without its password."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as document:
        document.save(written, encryption=pikepdf.Encryption(owner="o", user="secret"))
    return written.getvalue()


def without_pages() -> bytes:
    """A PDF with none."""
    written = io.BytesIO()
    with pikepdf.new() as document:
        document.save(written)
    return written.getvalue()


DELIVERED = {
    "a JPEG named .pdf": ("jpeg.pdf", JPEG),
    "a PDF named .jpg": ("pdf.jpg", PDF),
    "no suffix": ("scan", PAGE),
    "junk before the header": ("before.pdf", b"\x1b%-12345X@PJL\r\n" + PDF),
    "junk after the end": ("after.pdf", PDF + b"\r\n\0\0\0junk"),
    "two ends": ("two.pdf", PDF + b"%%EOF\n"),
}
FAILED = {
    "encrypted": ("encrypted.pdf", encrypted(), "password"),
    "no pages": ("empty.pdf", without_pages(), "no page"),
    "a TIFF cut before its directory": ("cut.tif", PAGE[:-60], "cut short"),
    "text": ("notes.pdf", b"only words, and many of them\n" * 100, "not a scan"),
}


@pytest.fixture
def box(make_box: Callable[..., Box], tmp_path: Path) -> Box:
    """A box that delivers into a Maildir."""
    return make_box(MAILDIR.format(path=tmp_path / "mailbox"))


def mails(tmp_path: Path) -> list[bytes]:
    """What was delivered."""
    return [path.read_bytes() for path in sorted((tmp_path / "mailbox" / "new").glob("*"))]


@pytest.mark.parametrize("kind", DELIVERED)
def test_a_scan_of_strange_form_is_delivered(box: Box, tmp_path: Path, kind: str):
    """Case 27: what can be read is delivered as a PDF, whatever its name says and whatever stands around it."""
    name, content = DELIVERED[kind]
    (box.share / name).write_bytes(content)
    done = box.command("run", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    (mail,) = mails(tmp_path)
    assert mailbox.only_pdf(mail).startswith(b"%PDF-")
    assert box.scans_left() == []


def test_what_is_no_scan_fails_visibly(make_box: Callable[..., Box], tmp_path: Path):
    """Case 27: what cannot be read is no mail; each file lies in `_failed` with the sentence that says why."""
    box = make_box(MAILDIR.format(path=tmp_path / "mailbox"))
    for name, content, _ in FAILED.values():
        (box.share / name).write_bytes(content)
    with box:
        failed = box.share / "_failed"
        # A text comes before its file.
        shown = {name for name, _, _ in FAILED.values()} | {f"{name}.txt" for name, _, _ in FAILED.values()}
        wait_until(lambda: failed.is_dir() and shown <= set(os.listdir(failed)), 90, "all of them told")
        for name, content, word in FAILED.values():
            assert (failed / name).read_bytes() == content
            assert word in (failed / f"{name}.txt").read_text(encoding="utf-8"), name
    for mail in mails(tmp_path):  # without an admin those who wait for the scan are told
        assert mailbox.parse(mail)["Subject"].startswith("Scan not delivered")
        kinds = [part.get_content_type() for part in mailbox.parse(mail).iter_parts()]
        assert kinds == ["text/plain", "message/delivery-status"]


NAMES = [
    "caf\udce9.pdf", "\U0001f4c4.pdf", "\u202efdp.exe", "a\nBcc: eve@evil.example\n.pdf", "-rf", "scan.pdf.",
    "scan.pdf ", "x" * 251 + ".pdf", "CON", "$(id).pdf", "`id`.pdf", "scan.pdf", "SCAN.PDF", "B\u00fcro.pdf",
    "Bu\u0308ro.pdf",
]  # fmt: skip


def test_a_scan_of_any_name_is_delivered(box: Box, tmp_path: Path):
    """Case 20: every name reaches a mail of its own, with one safe line for it and nothing that a name could forge."""
    for name in NAMES:
        (box.share / name).write_bytes(PAGE)
    done = box.command("run", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    delivered = mails(tmp_path)
    assert len(delivered) == len(NAMES)
    for mail in delivered:
        parsed = mailbox.parse(mail)
        assert (parsed["To"], parsed["Bcc"], parsed["Cc"]) == ("office@contoso.com", None, None)
        (name,) = mailbox.attachments(mail)
        assert name.isprintable()
        assert not set(name) & set("/\\\r\n\u202e")
    shown: list[dict[str, Any]] = json.loads(box.command("queue", "--json").stdout)
    assert shown == []
    assert box.scans_left() == []
