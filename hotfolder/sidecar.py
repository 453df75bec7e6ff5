"""What a sidecar says: the file beside a scan, of the same stem, that names its recipients and its subject.

A recipient is a text here; whether it is an address is not known.
"""

from dataclasses import dataclass
from typing import Final

SIDECAR_BYTES: Final = 64 * 1024
"""No sidecar is larger; the largest of 100 addresses is 26 kB."""
MOST_RECIPIENTS: Final = 100
"""As many as ``to`` of a share may name."""
SUFFIXES: Final = (".json", ".txt", ".xml")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What was read: recipients as written, in order, each once, perhaps none; the subject as one line, or empty."""

    to: tuple[str, ...]
    subject: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """The bytes are no sidecar; ``reason`` is a clause."""

    reason: str


class FormError(Exception):
    """The bytes are not of the form; ``str()`` is a clause. Never leaves the readers."""


def is_sidecar_name(name: str) -> bool:
    """Tell whether a file of this name is a sidecar, by its suffix in any case of letters."""
    return name.casefold().endswith(SUFFIXES)


def stem_of(name: str) -> str:
    """Return a name without its last suffix; ``scan.pdf.xml`` is a sidecar of ``scan.pdf``."""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def said(to: list[str], subjects: list[str]) -> Sidecar:
    """Return what the texts of a sidecar come to: lists taken apart, white space made one. Raises FormError."""
    recipients = [part.strip() for text in to for part in text.replace(";", ",").split(",")]
    named = tuple(dict.fromkeys(filter(None, recipients)))
    if len(named) > MOST_RECIPIENTS:
        raise FormError(f"it names more than {MOST_RECIPIENTS} recipients")
    if len(subjects) > 1:
        raise FormError("it has more than one subject")
    subject = " ".join("".join(subjects).split())
    for text in (*named, subject):
        if not text.isprintable():
            raise FormError("it has characters that cannot be shown")
    return Sidecar(named, subject)
