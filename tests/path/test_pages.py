"""One file a page: from a counter or a folder on real Samba to one PDF in a real mailbox."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from hotfolder.names import STATUS_NAME
from tests.path.box import Box
from tests.path.upstreams import by_password
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix
from tests.peers.samba import Samba

DPI = 200
OFFICE = "office@contoso.com"
MakeSharing = Callable[[str], Box]


@pytest.fixture
def sharing(
    make_box: Callable[..., Box], samba: Samba, postfix: Postfix, certificates: Certificates, password_file: Path
) -> MakeSharing:
    """Makes a running box on the share of a real smbd that delivers to a real Postfix; takes more keys of the share."""

    def make(keys: str) -> Box:
        upstream = by_password(postfix.port, certificates.authority_file, password_file)
        box = make_box(upstream, share=samba.share_dir, sharing=keys)
        box.start()
        return box

    return make


def width_pt(number: int) -> float:
    """How wide the PDF's page of this number is: each has its own width, so that their order can be told."""
    return (1200 + 20 * number) * 72 / DPI


def page(number: int, kind: str = "tif") -> bytes:
    """One page that no other page is like."""
    size_px = (1200 + 20 * number, 1600)
    return scans.tiff_g4(dpi=DPI, size_px=size_px) if kind == "tif" else scans.jpeg(dpi=DPI, size_px=size_px)


def put(samba: Samba, folder: Path, names: Iterable[str], gap_s: float, within: str = "") -> None:
    """Write the pages one after the other, each in a connection of its own, as a device does."""
    for name in names:
        number = int("".join(filter(str.isdigit, Path(name).stem)))
        local = folder / name
        local.write_bytes(page(number, local.suffix[1:]))
        samba.run(f'{within}put "{local}" "{name}"')
        time.sleep(gap_s)  # what a feeder takes for a sheet


def judge(mail: bytes, numbers: list[int], folder: Path) -> None:
    """Hold that the mail's one PDF has these pages in this order."""
    pdf = folder / "delivered.pdf"
    pdf.write_bytes(mailbox.only_pdf(mail))
    facts = mailbox.pdfinfo(pdf)
    assert [size_pt[0] for size_pt in facts.sizes_pt] == pytest.approx([width_pt(number) for number in numbers], abs=1)
    assert mailbox.qpdf_check(pdf) is None


def text_of(mail: bytes) -> str:
    """What the mail says, on one line."""
    body = mailbox.parse(mail).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def doc(number: int, stem: str = "Doc_") -> str:
    """The name a counter gives a page."""
    return f"{stem}{number:04d}.tif"


def is_taken(box: Box, samba: Samba) -> Callable[[], bool]:
    """Whether nothing is owed, and no page is left in the share."""
    return lambda: (
        box.is_at_rest() and not any(path.is_file() and path.name != STATUS_NAME for path in samba.share_dir.rglob("*"))
    )


def test_twelve_numbered_files_are_one_pdf(sharing: MakeSharing, samba: Samba, postfix: Postfix, tmp_path: Path):
    """Case 23: Doc_0001.tif to Doc_0012.tif, with gaps between them, arrive as one PDF of twelve pages in order."""
    box = sharing('batch = "sequence"\npage_gap = "4s"')
    put(samba, tmp_path, [doc(number) for number in range(1, 13)], gap_s=0.4)
    (mail,) = postfix.wait_for_mails(OFFICE, 1, timeout_s=60)
    judge(mail, list(range(1, 13)), tmp_path)
    assert mailbox.parse(mail)["Subject"] == "Scan from scans: Doc_0001"
    wait_until(is_taken(box, samba), 10, "an empty share")
    assert len(postfix.wait_for_mails(OFFICE, 1)) == 1


def test_a_missing_page_is_named_in_both_mails(sharing: MakeSharing, samba: Samba, postfix: Postfix, tmp_path: Path):
    """Case 23: without Doc_0003.tif the pages before and after it are two mails; both and the log name it."""
    box = sharing('batch = "sequence"\npage_gap = "4s"')
    put(samba, tmp_path, [doc(number) for number in (1, 2, 4, 5)], gap_s=0.2)
    mails = postfix.wait_for_mails(OFFICE, 2, timeout_s=60)
    before, after = sorted(mails, key=lambda mail: str(mailbox.parse(mail)["Subject"]))
    judge(before, [1, 2], tmp_path)
    judge(after, [4, 5], tmp_path)
    missing = "Page 3 (Doc_0003.tif) seems to be missing"
    assert f"{missing} after the last page of this mail; the pages that follow are in another mail." in text_of(before)
    assert f"{missing} before the first page of this mail; the pages before it are in another mail." in text_of(after)
    box.waits_for_event("job-sent", 2)
    assert [line.count(missing) for line in box.log.splitlines() if "event=job-ready" in line] == [1, 1]


@pytest.mark.parametrize("batch", ["sequence", "folder"])
def test_pages_that_get_their_names_late_are_one_pdf(
    sharing: MakeSharing, samba: Samba, postfix: Postfix, tmp_path: Path, batch: str
):
    """Case 9: a device that uploads a page under another name, for longer than the gap, still gives one PDF of both."""
    box = sharing(f'batch = "{batch}"\npage_gap = "4s"')
    within = ""
    if batch == "folder":
        samba.run("mkdir job")
        within = "cd job; "
    put(samba, tmp_path, [doc(1)], gap_s=0.1, within=within)
    (tmp_path / "upload").write_bytes(page(2))
    samba.run(f'{within}put "{tmp_path / "upload"}" "{doc(2)}.part"')
    time.sleep(10)  # what a device takes for a page; without its upload the first one would go after quiet and gap
    assert postfix.wait_for_mails(OFFICE, 0) == []
    samba.run(f'{within}rename "{doc(2)}.part" "{doc(2)}"')
    (mail,) = postfix.wait_for_mails(OFFICE, 1, timeout_s=60)
    judge(mail, [1, 2], tmp_path)
    wait_until(is_taken(box, samba), 10, "an empty share")


def test_two_devices_at_once_are_two_mails(sharing: MakeSharing, samba: Samba, postfix: Postfix, tmp_path: Path):
    """Case 23: two devices whose pages come by turns, each under its own stem, are two PDFs with their own pages."""
    sharing('batch = "sequence"\npage_gap = "4s"')
    put(samba, tmp_path, [doc(number, stem) for number in (1, 2, 3) for stem in ("Doc_", "Fax_")], gap_s=0.1)
    mails = postfix.wait_for_mails(OFFICE, 2, timeout_s=60)
    subjects = {str(mailbox.parse(mail)["Subject"]) for mail in mails}
    assert subjects == {"Scan from scans: Doc_0001", "Scan from scans: Fax_0001"}
    for mail in mails:
        judge(mail, [1, 2, 3], tmp_path)


def test_a_folder_of_pictures_is_one_pdf(sharing: MakeSharing, samba: Samba, postfix: Postfix, tmp_path: Path):
    """Case 16: a folder made and filled with five JPEGs, not in their order, is one PDF named after the folder."""
    box = sharing('batch = "folder"\npage_gap = "4s"')
    samba.run('mkdir "Contract 7"')
    names = [f"scan{number}.jpg" for number in (10, 9, 2, 11, 1)]
    put(samba, tmp_path, names, gap_s=0.1, within='cd "Contract 7"; ')
    (mail,) = postfix.wait_for_mails(OFFICE, 1, timeout_s=60)
    judge(mail, [1, 2, 9, 10, 11], tmp_path)
    assert list(mailbox.attachments(mail)) == ["Contract 7.pdf"]
    assert mailbox.parse(mail)["Subject"] == "Scan from scans: Contract 7"
    wait_until(is_taken(box, samba), 10, "an empty share")
    assert (samba.share_dir / "Contract 7").is_dir()
