"""Texts of any origin made fit to stand in headers and file names (RFC 5322, RFC 2047, RFC 2231)."""

import email.utils
import re
import unicodedata
from email.header import Header
from typing import Final
from urllib.parse import quote

from conf.model import Address

_SUFFIX: Final = ".pdf"
_ENDING: Final = 10
_NAME_CHARS: Final = 80
_NAME_BYTES: Final = 200
"""A file system takes 255 bytes (ext4) or 255 units of UTF-16 (NTFS), and a recipient's own folders add to that."""

_UNSAFE: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
"""Names that no file may have on Windows, whatever their ending (Microsoft: "Naming Files, Paths, and Namespaces")."""

_NEVER: Final = re.compile(
    "[\ufdd0-\ufdef]|" + "|".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
)
"""Characters that never will be any (Unicode section 23.7); other unknown ones are emoji newer than Python."""

_JOINERS: Final = "\u200c\u200d"
"""Without them words of Persian and Hindi, and composed emoji, are others."""


def header_text(text: str, header: str = "") -> str:
    """Return text as the body of ``header``: one line, encoded words where it is not ASCII (RFC 2047), folded."""
    plain = clean(text)
    if _is_plain(plain):
        return Header(plain, "us-ascii", maxlinelen=900).encode(linesep="\r\n")
    return Header(plain, "utf-8", maxlinelen=76, header_name=header).encode(linesep="\r\n")


def mailbox(name: str, address: Address, header: str = "") -> str:
    """Return an address with the name shown beside it, as the body of ``header``."""
    plain = clean(name)
    if _is_plain(plain):
        return email.utils.formataddr((plain, address))
    return f"{header_text(plain, header)}\r\n <{address}>"


def _is_plain(text: str) -> bool:
    """Tell whether text may stand as it is: with the mark of an encoded word in it readers take it for one."""
    return text.isascii() and "=?" not in text


def parameter(key: str, value: str) -> str:
    """Return a MIME parameter: quoted when ASCII, RFC 2231 otherwise, with an ASCII fallback for old readers.

    The fallback comes last: of two spellings Python's email package shows the first; mblaze takes that of RFC 2231
    wherever it stands, munpack, which does not know it, the fallback (measured 2026-11-25).
    """
    if value.isascii():
        return f'{key}="{value}"'
    stem, suffix = _parted(value)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    fallback = _UNSAFE.sub("_", plain).strip(". _") or "scan"  # decomposed, a full-width quote is a quote
    # On a line of its own: 200 bytes are 600 here.
    return f"{key}*=utf-8''{quote(value, safe='')};\r\n {key}=\"{fallback}{suffix}\""


def clean(text: str, limit: int = 150) -> str:
    """Return text on one line in composed form (NFC), at most ``limit`` characters, fit for a header.

    Lone surrogates and control characters are replaced; what is not seen and only turns others round, such as the
    override by which ``gpj.exe`` looks like a picture, is left out.
    """
    whole = text.encode("utf-8", "replace").decode()
    shown = "".join(map(_shown, whole))
    return unicodedata.normalize("NFC", " ".join(shown.split()))[:limit].rstrip()


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return char if char in _JOINERS else ""
    is_unknown_yet = category == "Cn" and _NEVER.fullmatch(char) is None
    return " " if category[0] == "C" and not is_unknown_yet else char


def pdf_name(stem: str, end: str = "") -> str:
    """Return a file name for the PDF: any name, without path or extension tricks, then ``end``, ending in .pdf.

    It can be saved on Windows, and is cut where it would be too long.
    """
    return f"{_stem(stem, len(end)) or 'scan'}{end}{_SUFFIX}"


def attachment_name(name: str) -> str:
    """Return a file name for what is passed on: without path or tricks, its ending kept; as safe as ``pdf_name``."""
    stem, suffix = _parted(_UNSAFE.sub("_", clean(name, limit=_NAME_BYTES)).strip(". _"))
    return f"{_stem(stem, len(suffix)) or 'attachment'}{suffix}"


def _stem(text: str, taken: int) -> str:
    """Return the stem of a file name, short enough for ``taken`` more characters; empty when nothing is left."""
    plain = _UNSAFE.sub("_", clean(text, limit=_NAME_CHARS - taken))
    while len(plain.encode()) > _NAME_BYTES - taken:
        plain = plain[:-1]
    plain = plain.strip(". _")
    return f"_{plain}" if _DEVICE.match(plain) else plain


def _parted(name: str) -> tuple[str, str]:
    """Return a name's stem and its ending, which is short and ASCII or none."""
    stem, dot, ending = name.rpartition(".")
    is_ending = bool(stem and dot) and len(ending) <= _ENDING and ending.isascii() and ending.isalnum()
    return (stem, f".{ending}") if is_ending else (name, "")
