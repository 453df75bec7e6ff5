"""The text of a device's mail, as lines for the mail that goes out: decoded, cleaned, bounded."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from gateway.normalise import charsets
from gateway.normalise.parts import Part

TEXT_BYTES: Final = 1 << 16
"""So much of each text is read."""

_ALL_BYTES: Final = 4 * TEXT_BYTES
"""So much of all texts of a mail: 500 of them took ten seconds for the 20,000 characters that are shown."""

_LINES: Final = 200
_LINE_CHARACTERS: Final = 1000
_CHARACTERS: Final = 20_000
_CUT: Final = "(The text of the printer's mail goes on; it was cut here.)"

_TEXTS: Final = frozenset({"text/plain", "text/html"})
_BLOCKS: Final = "p br div tr li h1 h2 h3 h4 h5 h6 table ul ol dl dt dd hr pre blockquote address section article body"
_NEW_LINE: Final = frozenset(_BLOCKS.split())
_HIDDEN: Final = ("script", "style", "head", "title", "template")
_TAG_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")


def is_text(part: Part) -> bool:
    """Tell whether a part is what the mail says, and no file attached to it."""
    return part.content_type in _TEXTS and not part.is_attached


def lines_of(texts: Sequence[Part]) -> tuple[str, ...]:
    """Return what a mail says, by its text parts in order. Raises OSError.

    Of several forms of one text the plain one is taken, HTML only where it is alone. Control characters go, empty lines
    are made one; at most 200 lines and 20,000 characters, and a sentence where that was not all.
    """
    with_plain = {part.alternative for part in texts if part.content_type == "text/plain" and _read(part).strip()}
    found: list[str] = []
    is_cut, left_bytes = False, _ALL_BYTES
    for part in texts:
        if part.content_type == "text/html" and part.alternative and part.alternative in with_plain:
            continue
        raw = _read(part)[:left_bytes]
        is_cut = is_cut or part.size_bytes > len(raw)
        left_bytes -= len(raw)
        said = charsets.decode(raw, part.charset)
        said = without_tags(said) if part.content_type == "text/html" else said
        found += ["", *(_clean(line) for line in re.split(r"\r\n|\r|\n", said))]
    kept = [line for at, line in enumerate(found) if line or (at and found[at - 1])]
    shown: list[str] = []
    for line in kept[1:] if kept and not kept[0] else kept:
        if len(shown) >= _LINES or sum(map(len, shown)) + len(line) > _CHARACTERS:
            is_cut = True
            break
        shown.append(line)
        is_cut = is_cut or len(line) == _LINE_CHARACTERS
    while shown and not shown[-1]:
        shown.pop()
    return (*shown, _CUT) if is_cut and shown else tuple(shown)


def _read(part: Part) -> bytes:
    with part.path.open("rb") as file:
        return file.read(TEXT_BYTES)


def _clean(line: str) -> str:
    """Return a line as any mail can hold it: without control characters, surrogates and marks that turn text around."""
    kept = (" " if char == "\t" or unicodedata.category(char) in {"Zl", "Zp"} else char for char in line)
    shown = "".join(char for char in kept if unicodedata.category(char)[0] != "C")
    return shown.rstrip()[:_LINE_CHARACTERS]


def without_tags(page: str) -> str:
    """Return the text of a page of HTML, its blocks on lines of their own. Takes time linear in its length.

    HTMLParser does not in every Python we run on: 128 kB of ``<a `` cost that of 3.11.7 96 s, 1 MB more than four
    minutes, where this takes 0.06 s (measured 2026-11-25). Such cases were mended in later releases, of 3.11 too
    (CPython issues 135462 of 2025 and 153030 of 2026); whether all are, nobody knows.
    """
    out: list[str] = []
    at = 0
    while (opened := page.find("<", at)) >= 0:
        out.append(_text(page[at:opened]))
        if page.startswith("<!--", opened):
            closed = page.find("-->", opened + 4)
            at = closed + 3 if closed >= 0 else len(page)
            continue
        name = _TAG_NAME.match(page, opened + 1)
        tag = name[1].lower() if name else ""
        if not name and page[opened + 1 : opened + 2] not in {"!", "?"}:
            out.append("<")  # a sign, as in 3 < 4
            at = opened + 1
            continue
        closed = page.find(">", opened)
        if closed < 0:
            at = opened
            break
        at = closed + 1
        if tag in _HIDDEN and page[opened + 1] != "/":
            at = _behind(page, tag, at)
        elif tag in _NEW_LINE:
            out.append("\n")
        elif tag in {"td", "th"}:
            out.append(" ")
    out.append(_text(page[at:]))
    return "\n".join(" ".join(line.split()) for line in "".join(out).split("\n"))


def _text(piece: str) -> str:
    import html  # its table of names takes 0.4 MB, and few mails are HTML alone

    return html.unescape(re.sub(r"\s", " ", piece))


def _behind(page: str, tag: str, at: int) -> int:
    """Return where what is hidden ends; the end of the page where it is never closed."""
    found = re.compile(rf"</{tag}\b[^>]*>?", re.IGNORECASE).search(page, at)
    return found.end() if found else len(page)
