"""What lies in a recipient's mailbox: the mail taken apart, and its PDF judged by poppler and qpdf."""

import email
import re
import subprocess
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final

TOOL_TIMEOUT_S: Final = 60
QPDF_WARNINGS: Final = 3  # qpdf manual, "Exit Status": 0 nothing found, 2 errors, 3 warnings without errors
PAGE_SIZE: Final = re.compile(r"^Page +\d+ size: +([\d.]+) x ([\d.]+) pts", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What pdfinfo tells of a PDF: pages, each page's width and height in points, the header's version, its title."""

    pages: int
    sizes_pt: tuple[tuple[float, float], ...]
    version: str
    title: str
    is_encrypted: bool


def parse(mail: bytes) -> EmailMessage:
    """The mail as the standard library reads it.

    Raises:
        AssertionError: the parser found a defect in any part; it names the defects.
    """
    message = email.message_from_bytes(mail, policy=default)
    defects = [f"{part.get_content_type()}: {defect!r}" for part in message.walk() for defect in part.defects]
    assert not defects, defects
    return message


def attachments(mail: bytes) -> dict[str, bytes]:
    """The attachments by file name, in the order they stand in the mail.

    Raises:
        AssertionError: two attachments have the same name, or one has none.
    """
    found: dict[str, bytes] = {}
    for part in parse(mail).iter_attachments():
        name = part.get_filename()
        assert name is not None, f"an attachment of type {part.get_content_type()} has no name"
        assert name not in found, f"two attachments are called {name}"
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found[name] = content
    return found


def only_pdf(mail: bytes) -> bytes:
    """The bytes of the mail's one attachment, which is a PDF by its type, its name and its first bytes.

    Raises:
        AssertionError: there is no attachment, more than one, or something else than a PDF.
    """
    parts = list(parse(mail).iter_attachments())
    types = [part.get_content_type() for part in parts]
    assert types == ["application/pdf"], f"expected one PDF, the attachments are {types}"
    ((name, content),) = attachments(mail).items()
    assert name.lower().endswith(".pdf"), f"a PDF called {name}"
    assert content.startswith(b"%PDF-"), f"{name} begins with {content[:16]!r}"
    return content


def pdfinfo(path: Path) -> PdfFacts:
    """What poppler reads in a PDF; fields it does not print are empty.

    Raises:
        AssertionError: poppler cannot read the file; its complaint follows.
    """
    done = _run(["pdfinfo", "-l", "-1", str(path)])
    assert done.returncode == 0, done.stderr
    fields = dict(re.findall(r"^(\S[^:]*): *(.*)$", done.stdout, re.MULTILINE))
    return PdfFacts(
        pages=int(fields["Pages"]),
        sizes_pt=tuple((float(width), float(height)) for width, height in PAGE_SIZE.findall(done.stdout)),
        version=fields.get("PDF version", ""),
        title=fields.get("Title", ""),
        is_encrypted=fields.get("Encrypted", "no").startswith("yes"),
    )


def qpdf_check(path: Path) -> str | None:
    """What qpdf --check finds wrong with a PDF, warnings included; None when it is faultless."""
    done = _run(["qpdf", "--check", str(path)])
    if done.returncode == 0:
        return None
    kind = "warnings" if done.returncode == QPDF_WARNINGS else "errors"
    return f"{kind}: {done.stdout}{done.stderr}"


def page_pngs(path: Path, folder: Path, dpi: int = 50) -> list[Path]:
    """Each page drawn by poppler into the folder, in page order, so that a test can look at what a reader would see.

    Raises:
        AssertionError: poppler cannot draw the file.
    """
    done = _run(["pdftoppm", "-png", "-r", str(dpi), str(path), str(folder / "page")])
    assert done.returncode == 0, done.stderr
    return sorted(folder.glob("page-*.png"), key=lambda drawn: int(drawn.stem.rpartition("-")[2]))


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=TOOL_TIMEOUT_S, check=False)
