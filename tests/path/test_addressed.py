"""Who gets a scan: folders named for people, and sidecars, through real Samba to real mailboxes."""

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

ADMIN = "it@contoso.com"
ADDRESSED = 'folders = "address"\ndomain = "contoso.com"\nrecipients = ["contoso.com"]\n'
BY_SIDECAR = 'sidecars = true\nsidecar_timeout = "3s"\nrecipients = ["contoso.com"]\n'


@pytest.fixture
def addressed(
    make_box: Callable[..., Box], samba: Samba, postfix: Postfix, certificates: Certificates, password_file: Path
) -> Callable[..., Box]:
    """Makes and starts a box on Samba's share; given are the keys of the share and its ``to``."""

    def make(sharing: str, to: tuple[str, ...] = (), **keys: str) -> Box:
        upstream = by_password(postfix.port, certificates.authority_file, password_file)
        box = make_box(upstream, share=samba.share_dir, to=to, gateway=f'admin = ["{ADMIN}"]', sharing=sharing, **keys)
        box.start()
        return box

    return make


def local(tmp_path: Path, name: str, content: bytes) -> Path:
    """A file to be put by smbclient."""
    path = tmp_path / name
    path.write_bytes(content)
    return path


def failed(samba: Samba) -> dict[str, str]:
    """The notes in `_failed`, by name."""
    return {path.name: path.read_text() for path in (samba.share_dir / "_failed").glob("*.pdf.txt")}


def test_each_folder_is_a_person(tmp_path: Path, samba: Samba, postfix: Postfix, addressed: Callable[..., Box]):
    """Alice gets what lies in her folder, Bob what lies in his; a stranger's, and no person's, fail visibly."""
    box = addressed(ADDRESSED)
    for number, (folder, name) in enumerate(
        [("alice@contoso.com", "for-alice.pdf"), ("bob", "for-bob.pdf"), ("eve@fabrikam.com", "for-eve.pdf"),
         ("Invoices 2026", "invoice.pdf"), (".", "nobodys.pdf")]
    ):  # fmt: skip
        put = local(tmp_path, name, scans.pdf(pages=number + 1))
        making = "" if folder == "." else f'mkdir "{folder}"; '
        samba.run(f'{making}cd "{folder}"; put {put} {name}')
    for address, name, pages in (("alice@contoso.com", "for-alice.pdf", 1), ("bob@contoso.com", "for-bob.pdf", 2)):
        (mail,) = postfix.wait_for_mails(address, 1, timeout_s=60)
        assert list(mailbox.attachments(mail)) == [name]
        delivered = local(tmp_path, f"delivered-{name}", mailbox.only_pdf(mail))
        assert mailbox.pdfinfo(delivered).pages == pages
        assert mailbox.parse(mail)["To"] == address
    notices = postfix.wait_for_mails(ADMIN, 3, timeout_s=60)
    assert len(notices) == 3
    wait_until(lambda: len(failed(samba)) == 3, 30, "three failed scans in the share")
    told = failed(samba)
    assert "eve@fabrikam.com is not in recipients of [[share]] scans" in told["for-eve.pdf.txt"]
    assert '"Invoices 2026", is no e-mail address' in told["invoice.pdf.txt"]
    assert "dropped into a folder named for its recipient" in told["nobodys.pdf.txt"]
    for name, pages in (("for-eve.pdf", 3), ("invoice.pdf", 4), ("nobodys.pdf", 5)):
        assert mailbox.pdfinfo(samba.share_dir / "_failed" / name).pages == pages
    folders = {path.name for path in samba.share_dir.iterdir()}
    assert {"alice@contoso.com", "bob", "eve@fabrikam.com", "Invoices 2026"} <= folders
    assert list((samba.share_dir / "bob").iterdir()) == []
    box.waits_for_event("job-sent", 5)


def test_a_folder_renamed_over_smb_counts_by_its_last_name(
    tmp_path: Path, samba: Samba, postfix: Postfix, addressed: Callable[..., Box]
):
    """A folder that gets its person's name only after its scan came is that person's; nobody else gets a mail."""
    addressed(ADDRESSED)
    put = local(tmp_path, "scan.pdf", scans.pdf())
    samba.run(f'mkdir ".new"; cd ".new"; put {put} scan.pdf; cd ..; rename ".new" "alice@contoso.com"')
    assert len(postfix.wait_for_mails("alice@contoso.com", 1, timeout_s=60)) == 1
    assert not (samba.share_dir / "_failed").exists()


@pytest.mark.parametrize("is_first", [True, False], ids=["sidecar first", "scan first"])
def test_a_sidecar_names_recipients_and_subject(
    tmp_path: Path,
    samba: Samba,
    postfix: Postfix,
    addressed: Callable[..., Box],
    is_first: bool,  # noqa: FBT001  a table
):
    """Case 22: before or after its scan, a sidecar says who gets it and what it is called, and is no page of it."""
    box = addressed(BY_SIDECAR.replace("3s", "60s"), to=("office@contoso.com",), incomplete_timeout="60s")
    xml = "<scan><to>alice@contoso.com</to><to>bob@contoso.com</to><subject>Invoice Müller</subject></scan>"
    puts = [
        f"put {local(tmp_path, 'scan.pdf', scans.pdf(pages=2))} scan.pdf",
        f"put {local(tmp_path, 'scan.xml', xml.encode())} scan.xml",
    ]
    for put in reversed(puts) if is_first else puts:
        samba.run(put)
    for address in ("alice@contoso.com", "bob@contoso.com"):
        (mail,) = postfix.wait_for_mails(address, 1, timeout_s=60)
        assert mailbox.parse(mail)["Subject"] == "Invoice Müller"
        assert mailbox.pdfinfo(local(tmp_path, "delivered.pdf", mailbox.only_pdf(mail))).pages == 2
    wait_until(lambda: box.queue() == [], 10, "empty queue")
    assert box.scans_left() == []


def test_without_a_sidecar_to_gets_it_and_with_a_bad_one_nobody_does(
    tmp_path: Path, samba: Samba, postfix: Postfix, addressed: Callable[..., Box]
):
    """A scan whose sidecar names a stranger, or cannot be read, fails with it; only one without any goes to ``to``."""
    box = addressed(BY_SIDECAR, to=("office@contoso.com",))
    bad = {
        "eve.json": b'{"to": ["eve@fabrikam.com"]}',
        "broken.json": b'{"to": ["alice@contoso.com"',
        "none.txt": b"To:\n",
    }
    for number, (name, content) in enumerate(bad.items(), start=2):
        stem = Path(name).stem
        sidecar, scan = local(tmp_path, name, content), local(tmp_path, f"{stem}.pdf", scans.pdf(pages=number))
        samba.run(f"put {sidecar} {name}; put {scan} {stem}.pdf")
    samba.put(local(tmp_path, "plain.pdf", scans.pdf()), "plain.pdf")
    (mail,) = postfix.wait_for_mails("office@contoso.com", 1, timeout_s=60)
    assert list(mailbox.attachments(mail)) == ["plain.pdf"]
    assert len(postfix.wait_for_mails(ADMIN, 3, timeout_s=60)) == 3
    wait_until(lambda: len(failed(samba)) == 3, 30, "three failed scans in the share")
    told = failed(samba)
    assert "eve@fabrikam.com is not in recipients" in told["eve.pdf.txt"]
    assert "its sidecar broken.json cannot be used, it is no JSON" in told["broken.pdf.txt"]
    assert "its sidecar names nobody" in told["none.pdf.txt"]
    for name, content in bad.items():
        assert (samba.share_dir / "_failed" / name).read_bytes() == content
    assert box.scans_left() == []
