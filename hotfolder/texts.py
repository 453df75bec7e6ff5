"""How the texts that we leave in a share are spelled, so that any PC beside the printer can read them."""

import re
from typing import Final

_MARK: Final = re.compile(rb"Ticket: ([0-9A-Za-z-]+)\r\nSHA-256: [0-9a-f]{64}\r\n\Z")
MARK_BYTES: Final = 200
"""The mark of a note stands within so many bytes of its end."""


def notepad(text: str, *, is_start: bool = True) -> bytes:
    """Return a text as Windows Notepad reads it in every version: UTF-8 with a byte order mark, lines ended by CRLF.

    Without the mark Notepad before Windows 10 1903 takes UTF-8 for the local code page; before 1809 it shows lines that
    end in LF alone as one (Microsoft Command Line blog, 8 May 2018). ``is_start=False`` leaves the mark out.
    """
    written = text.replace("\r\n", "\n").replace("\n", "\r\n").encode(errors="replace")
    return b"\xef\xbb\xbf" + written if is_start else written


def note_mark(ticket: str, sha256: str) -> str:
    """Return the last lines of the text beside a failed scan, by which it is known again: one scan, one text."""
    return f"Ticket: {ticket}\nSHA-256: {sha256}\n"


def is_note(tail: bytes) -> bool:
    """Tell whether these last bytes of a text are those of one of ours."""
    return _MARK.search(tail) is not None


def ticket_of(text: bytes) -> str:
    """Return the ticket of one of our texts, or of its last bytes; empty for any other."""
    found = _MARK.search(text)
    return "" if found is None else found[1].decode("ascii")


def amended(text: bytes, sentence: str) -> bytes:
    """Return one of our texts with a paragraph more, before its mark; unchanged when it has that already."""
    found, more = _MARK.search(text), notepad(f"{sentence}\n\n", is_start=False)
    if found is None or more in text:
        return text
    return text[: found.start()] + more + text[found.start() :]
