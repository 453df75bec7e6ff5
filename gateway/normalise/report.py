"""A device's own words: added to the mail about its scan, or, where its mail holds no scan, passed on as a mail."""

from dataclasses import replace
from typing import Final

from conf.model import Config
from gateway.normalise.compose import Letter
from gateway.normalise.letter import letter
from gateway.normalise.material import Material
from gateway.spool.envelope import Envelope
from image.document import Document

_SAID: Final = "The printer wrote:"
_NOTHING: Final = "The printer sent a mail without a scan and without a text."


def quoting(text: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...]:
    """Return the text of a mail about a scan with what the device said behind it."""
    return (*text, "", _SAID, *said) if said else text


def quoted_bytes(said: tuple[str, ...]) -> int:
    """Return at least what ``quoting`` adds to a mail: UTF-8 in base64, wrapped after 76 characters."""
    return sum(len(line.encode()) + len(line) // 30 + 4 for line in said) * 3 // 2


def report(config: Config, envelope: Envelope, material: Material) -> Letter:
    """Return the letter that passes on a mail without a scan: its text, its subject, to whom it was sent."""
    none = Document(config.gateway.state, (), 0)
    about = letter(config, envelope, material.headers, material.names, none)
    notes = ("", *envelope.notes) if envelope.notes else ()
    text = (*(material.text or (_NOTHING,)), *notes)
    return replace(about, text=text, pdf_name="", attachments=material.attachments)
