"""A box whose mails may be small only, and scans that are larger."""

import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from tests.path.box import Box
from tests.peers import mailbox

MAILDIR = '[[upstream]]\nmethod = "maildir"\npath = "{path}"\n'
NARROW_PX = 600
DPI = 200


def noise(number: int = 0) -> Image.Image:
    """A colour picture that no coding makes small: about 400 kB as JPEG. Its width tells its number."""
    size = (NARROW_PX + number, 800)
    return Image.frombytes("RGB", size, random.Random(number).randbytes(size[0] * size[1] * 3))


def jpeg(image: Image.Image) -> bytes:
    """The picture as a scanner's JPEG."""
    written = io.BytesIO()
    image.save(written, "JPEG", quality=90, dpi=(DPI, DPI))
    return written.getvalue()


def number_of(width_pt: float) -> int:
    """Which ``noise`` a page of this width shows."""
    return round(width_pt * DPI / 72) - NARROW_PX


def to_maildir(make_box: Callable[..., Box], pdf: str, **settings: object) -> Box:
    """A box that delivers into a Maildir of its own, with these settings of ``[pdf]``."""
    box = make_box("", more=f"[pdf]\n{pdf}", **settings)
    with box.config.open("a", encoding="utf-8") as config:
        config.write(MAILDIR.format(path=box.folder / "mailbox"))
    return box


def delivered(box: Box) -> list[bytes]:
    """The mails in the box's Maildir, in no order."""
    return [path.read_bytes() for path in (box.folder / "mailbox" / "new").glob("*")]


def by_number(mails: Sequence[bytes]) -> list[bytes]:
    """The mails of one split scan, by what their subjects say: ``… (2 of 3)``."""
    return sorted(mails, key=lambda mail: int(str(mailbox.parse(mail)["Subject"]).rpartition("(")[2].split()[0]))


def text_of(mail: bytes) -> str:
    """The mail's text, on one line."""
    body = mailbox.parse(mail).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def pages_of(mail: bytes, folder: Path) -> list[int]:
    """The numbers of the ``noise`` pages in the mail's one PDF, which qpdf finds no fault in."""
    pdf = folder / "delivered.pdf"
    pdf.write_bytes(mailbox.only_pdf(mail))
    assert mailbox.qpdf_check(pdf) is None
    facts = mailbox.pdfinfo(pdf)
    return [number_of(width_pt) for width_pt, _ in facts.sizes_pt]
