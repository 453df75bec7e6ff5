"""Bytes of a mail to text: in the charset they claim, or the one they most likely are in when they claim none."""

import re
from typing import Final

_RAW_ONLY: Final = frozenset({"idna", "punycode", "undefined"})
"""Python's codecs that are no charset of a text; the first two take quadratic time."""

_SHIFT_JIS: Final = re.compile(rb"(?:[\x00-\x7f]|[\x81-\x98][\x40-\x7e\x80-\xfc])*+\Z")
"""Signs, kana and the kanji of level 1 (JIS X 0208). Their first bytes are no letters in Latin-1."""

_GB2312: Final = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xd7][\xa1-\xfe])*+\Z")
"""Signs and the hanzi of level 1, each of two high bytes; letters of Latin-1 mostly stand alone among ASCII."""


def decode(raw: bytes, charset: str) -> str:
    """Return the text of bytes that claim a charset; guessed when there is no such charset."""
    name = charset.strip().lower()
    if not name or name in _RAW_ONLY:
        return guess(raw)
    try:
        return raw.decode(name, "strict" if name in {"us-ascii", "ascii", "utf-8"} else "replace")
    except (LookupError, ValueError):
        return guess(raw)


def guess(raw: bytes, hint: str = "") -> str:
    """Return the text of bytes that claim no charset, as old devices write names and subjects (RFC 2822 forbids it).

    UTF-8 when it is that, else ``hint`` (what the mail claims elsewhere), else Shift-JIS or GB 2312 when every
    character is a frequent one there, else the Western code page, which any bytes are.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    if hint and hint.lower() not in {"us-ascii", "ascii", "utf-8", *_RAW_ONLY}:
        try:
            return raw.decode(hint)
        except (LookupError, ValueError):
            pass
    for pattern, name in ((_SHIFT_JIS, "cp932"), (_GB2312, "gb2312")):
        if pattern.match(raw):
            try:
                return raw.decode(name)
            except UnicodeDecodeError:
                continue
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
