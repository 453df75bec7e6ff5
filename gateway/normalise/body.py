"""The text of a mail and what is seen of its pages, as MIME parts (RFC 2045, RFC 2046, RFC 2387, RFC 2392).

With thumbnails: multipart/alternative of the text, and of a multipart/related of HTML and pictures. In this nesting
neither Outlook, Apple's nor Google's readers list the pictures as attachments, and a reader of plain text shows none
(pretix issue 1415 of 2019, tried on iOS; Stack Overflow 3902455, tried with Outlook, Gmail and iPad). Each has
Content-ID, disposition inline and a name: Outlook calls a nameless one ATT00001.
"""

import base64
import textwrap
from collections.abc import Sequence
from typing import Final

from image.document import Thumbnail

LINE_BYTES: Final = 57
"""Bytes in 76 characters of base64, the longest line (RFC 2045 section 6.8)."""

_TEXT_COLUMNS: Final = 76
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
"""What no reference in HTML may name; 128 to 159 would be read as letters of Windows-1252 (HTML, section 13.2.5.80)."""

_ESCAPES: Final = {**_CONTROLS, **str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})}
_NARROW: Final = 'style="font-family: sans-serif"'


def body(text: Sequence[str], thumbnails: Sequence[Thumbnail], ticket: str) -> list[str]:
    """Return the lines of the part that is read, headers first. ``ticket`` is the mail's Message-ID."""
    if not thumbnails:
        return _plain(text)
    job_id = ticket.partition("@")[0]
    # No boundary begins as another does: a careless reader compares beginnings (RFC 2046 section 5.1.2).
    alternative, related = f"=_a.{job_id}", f"=_r.{job_id}"
    return [
        f'Content-Type: multipart/alternative; boundary="{alternative}"',
        "",
        f"--{alternative}",
        *_plain(text),
        f"--{alternative}",
        f'Content-Type: multipart/related; type="text/html";\r\n boundary="{related}"',
        "",
        f"--{related}",
        'Content-Type: text/html; charset="us-ascii"',
        "Content-Transfer-Encoding: 7bit",
        "",
        *_html(text, thumbnails, ticket),
        *(line for one in thumbnails for line in (f"--{related}", *_picture(one, ticket))),
        f"--{related}--",
        f"--{alternative}--",
    ]


def base64_lines(data: bytes) -> bytes:
    """Return data in base64, lines of 76 characters ended by CRLF."""
    text = base64.b64encode(data)
    width = LINE_BYTES // 3 * 4
    return b"".join(text[at : at + width] + b"\r\n" for at in range(0, len(text), width))


def _plain(text: Sequence[str]) -> list[str]:
    """Return the text part: as it stands where it is ASCII, base64 otherwise."""
    head = 'Content-Type: text/plain; charset="utf-8"'
    lines = [piece for line in text for piece in _wrapped(line)]
    if all(line.isascii() for line in lines):
        return [head, "Content-Transfer-Encoding: 7bit", "", *lines]
    encoded = base64_lines("\r\n".join((*lines, "")).encode()).decode()
    return [head, "Content-Transfer-Encoding: base64", "", encoded.removesuffix("\r\n")]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _TEXT_COLUMNS) or [""]


def _html(text: Sequence[str], thumbnails: Sequence[Thumbnail], ticket: str) -> list[str]:
    """Return the text as HTML, the pictures behind its first line; in ASCII, no line longer than 900."""
    first, rest = text[0] if text else "", text[1:]
    return [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="us-ascii"><title>Scan</title></head><body {_NARROW}>',
        "<p>",
        *_escaped(first),
        "</p>",
        "<p>",
        *(_image(one, ticket) for one in thumbnails),
        "</p>",
        *_paragraphs(rest),
        "</body></html>",
    ]


def _paragraphs(text: Sequence[str]) -> list[str]:
    """Return the lines as they stand, in a paragraph; none when there is nothing but empty ones."""
    start = next((at for at, line in enumerate(text) if line.strip()), len(text))
    lines = [piece for line in text[start:] for piece in (*_escaped(line), "<br>")]
    return ["<p>", *lines[:-1], "</p>"] if lines else []


def _escaped(line: str) -> list[str]:
    # Wrapped first: 76 characters grow to 760 at most, a character beyond ASCII to ten.
    return [piece.translate(_ESCAPES).encode("ascii", "xmlcharrefreplace").decode() for piece in _wrapped(line)]


def _image(one: Thumbnail, ticket: str) -> str:
    size = f'width="{one.width_px}" height="{one.height_px}"'
    return f'<img src="cid:{_content_id(one, ticket)}" alt="Page {one.page}" {size} border="1">'


def _picture(one: Thumbnail, ticket: str) -> list[str]:
    name = f"page-{one.page}.jpg"
    return [
        f'Content-Type: image/jpeg; name="{name}"',
        "Content-Transfer-Encoding: base64",
        f"Content-ID: <{_content_id(one, ticket)}>",
        f'Content-Disposition: inline; filename="{name}"',
        "",
        base64_lines(one.jpeg).decode().removesuffix("\r\n"),
    ]


def _content_id(one: Thumbnail, ticket: str) -> str:
    return f"page-{one.page}.{ticket}"
