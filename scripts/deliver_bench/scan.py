"""What is sent: one scan of a size, as the PDF and as the finished mail around it."""

import random
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

from deliver_bench.terms import RECIPIENT, SENDER

_TEXT: Final = "Your scan is attached.\n"


@dataclass(frozen=True, slots=True)
class Case:
    """So many scans of one size, counted in bytes of the PDF."""

    size_bytes: int
    scans: int

    @property
    def title(self) -> str:
        """As it stands in the table."""
        size = f"{self.size_bytes // 1000} KB" if self.size_bytes < 10**6 else f"{self.size_bytes // 10**6} MB"
        return size if self.scans > 1 else f"one of {size}"


@dataclass(frozen=True, slots=True)
class Scan:
    """Where it lies: the PDF, and the mail that carries it, lines ending in CRLF."""

    pdf: Path
    mail: Path


def make(size_bytes: int, folder: Path) -> Scan:
    """Write a scan of this size; its bytes are random, as those of a compressed page."""
    scan = Scan(folder / "scan.pdf", folder / "scan.eml")
    scan.pdf.write_bytes(random.Random(size_bytes).randbytes(size_bytes))  # noqa: S311  only bytes
    scan.mail.write_bytes(as_mail(scan.pdf).as_bytes(policy=SMTP))
    return scan


def as_mail(pdf: Path) -> EmailMessage:
    """Return the mail as the standard library makes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SENDER, RECIPIENT, "Scan"
    mail.set_content(_TEXT)
    mail.add_attachment(pdf.read_bytes(), maintype="application", subtype="pdf", filename="scan.pdf")
    return mail
