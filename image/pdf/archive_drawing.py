"""Whether drawing instructions may stand in PDF/A-2b (ISO 19005-2 6.2.2 and 6.2.11), decided from plain values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from image.pdf.archive import INTENTS, Names, Value, image_breach, stream_breach, value_breach

INLINE_IMAGE = "INLINE IMAGE"
"""What pikepdf calls BI, ID and EI together; its one operand is the image's dictionary, names in full."""

_INVISIBLE = 3
"""ISO 32000-1 table 106: text that leaves no mark, as scanners lay the words they recognised on a page."""

_MAX_NESTING = 28
"""ISO 19005-2 6.1.13: q within q."""

_SHOWING = frozenset({"Tj", "TJ", "'", '"'})
_COLOURS = frozenset({"sc", "SC", "scn", "SCN"})
_PLAIN = frozenset(
    {"w", "J", "j", "M", "d", "i", "cm", "m", "l", "c", "v", "y", "h", "re", "S", "s", "f", "F", "f*", "B", "B*", "b"}
    | {"b*", "n", "W", "W*", "g", "G", "rg", "RG", "BT", "ET", "Tc", "Tw", "Tz", "TL", "Tf", "Tr", "Ts", "Td", "TD"}
    | {"Tm", "T*", "BMC", "EMC", "MP", "q", "Q", *_SHOWING}
)
"""ISO 32000-1 table A.1, without patterns, shadings, CMYK, glyph metrics and what calls something by name."""

_DEVICES = frozenset({"/DeviceGray", "/DeviceRGB"})
UNBALANCED = "unbalanced graphics states"
_STANDARD_FONTS = frozenset(
    {"/Times-Roman", "/Times-Bold", "/Times-Italic", "/Times-BoldItalic", "/Helvetica", "/Helvetica-Bold"}
    | {"/Helvetica-Oblique", "/Helvetica-BoldOblique", "/Courier", "/Courier-Bold", "/Courier-Oblique"}
    | {"/Courier-BoldOblique"}
)
"""ISO 32000-1 9.6.2.2, without the two of symbols."""

_HEX_STRING = re.compile(rb"<<|<([^<>]*)>")
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_WHITE_SPACE = b"\x00\t\n\x0c\r "

_FIRST_CHARACTER, _LAST_ASCII, _LAST_BYTE = 32, 126, 255


@dataclass(slots=True)
class _Text:
    """How text is shown at one point of the instructions: its rendering mode, the font's name, and those saved."""

    mode: int = 0
    font: str = ""
    saved: list[tuple[int, str]] = field(default_factory=list)

    def follow(self, operator: str, operands: list[Value]) -> str:
        """Takes one instruction into account; why graphics states are nested wrongly."""
        match operator, operands:
            case "q", _:
                self.saved.append((self.mode, self.font))
                return "" if len(self.saved) <= _MAX_NESTING else "graphics states nested too deeply"
            case "Q", _:
                if not self.saved:
                    return UNBALANCED
                self.mode, self.font = self.saved.pop()
            case "Tr", [int() as mode]:
                self.mode = mode
            case "Tf", [str() as font, _]:
                self.font = font
            case _:
                pass
        return ""


def drawing_breach(instructions: Iterable[tuple[str, list[Value]]], names: Names) -> str:
    """Instructions as operator and operands, drawn with what ``names`` holds; why they may not stand in PDF/A-2b."""
    text = _Text()
    for operator, operands in instructions:
        breach = (
            _value_breach(operands)
            or _call_breach(operator, operands, names)
            or text.follow(operator, operands)
            or (_text_breach(text.mode, names.fonts.get(text.font), operands) if operator in _SHOWING else "")
        )
        if breach:
            return breach
    return UNBALANCED if text.saved else ""


def spelling_breach(written: bytes) -> str:
    """Instructions as they are written; why the spelling of a string in them, lost when it is read, is none of PDF/A.

    ISO 19005-2 6.1.6: a hexadecimal string is digits and white space, and the number of digits is even. Within other
    strings, where it would not matter, this is not allowed either.
    """
    for found in _HEX_STRING.finditer(written):
        digits = (found[1] or b"").translate(None, _WHITE_SPACE)
        if len(digits) % 2 or not _HEX_DIGITS.issuperset(digits):
            return "a hexadecimal string with half a byte or with other signs"
    return ""


def _call_breach(operator: str, operands: list[Value], names: Names) -> str:
    """An operator by itself: whether it is known, and whether what it calls by name is there."""
    if operator == INLINE_IMAGE:
        entries = _with_spaces(operands[0], names)
        return stream_breach(entries) or image_breach(entries)
    if operator in {"k", "K"}:
        return "colours for a printing press (CMYK)"
    called = {
        "Do": names.objects,
        "gs": names.states,
        "cs": names.spaces | _DEVICES,
        "CS": names.spaces | _DEVICES,
        "ri": INTENTS,
    }.get(operator)
    if called is not None:
        is_known = len(operands) == 1 and isinstance(operands[0], str) and operands[0] in called
    elif operator in {"BDC", "DP"}:
        # A layer is marked contents by the name of OC (ISO 32000-1 8.11.3.2).
        is_known = operands[:1] != ["/OC"]
    elif operator in _COLOURS:
        is_known = not any(isinstance(one, str) for one in operands)
    else:
        is_known = operator in _PLAIN
    return "" if is_known else f"the instruction {operator[:20]}"


def _with_spaces(entries: Mapping[str, Value], names: Names) -> Mapping[str, Value]:
    """An inline image may name a colour space of the resources, which has been looked at already."""
    space = entries.get("/ColorSpace")
    return {**entries, "/ColorSpace": "/DeviceRGB"} if isinstance(space, str) and space in names.spaces else entries


def _value_breach(value: Value) -> str:
    match value:
        case list():
            return next(filter(None, map(_value_breach, value)), "")
        case dict():
            return next(filter(None, map(_value_breach, (*value, *value.values()))), "")
        case _:
            return value_breach(value)


def _text_breach(mode: int, font: Value, operands: list[Value]) -> str:
    """6.2.11.4.1: a font of which nothing is seen need not be embedded; but no text may use a missing character."""
    if mode != _INVISIBLE:
        return "visible text, whose fonts are not examined"
    last = _last_character(font)
    shown = [one for operand in operands for one in (operand if isinstance(operand, list) else [operand])]
    texts = [one for one in shown if isinstance(one, bytes)]
    if last and all(_FIRST_CHARACTER <= code <= last for text in texts for code in text):
        return ""
    return "recognised words in a font that is not examined"


def _last_character(font: Value) -> int:
    """The last of the characters, beginning with the space, that a font surely has; 0 when it is not a plain font."""
    match font:
        case {"/Type": "/Font", "/Subtype": "/Type1" | "/TrueType", "/BaseFont": str() as base, **others}:
            pass
        case _:
            return 0
    if set(others) - {"/Encoding", "/Name", "/FirstChar", "/LastChar", "/Widths"} or base not in _STANDARD_FONTS:
        return 0
    if font["/Subtype"] == "/TrueType" and not _has_widths(others):
        return 0
    match others.get("/Encoding"):
        case "/WinAnsiEncoding":
            # Annex D.2 note 4: every code above the space stands for some character.
            return _LAST_BYTE
        case None if font["/Subtype"] == "/Type1":
            return _LAST_ASCII
        case _:
            return 0


def _has_widths(font: Mapping[Any, Any]) -> bool:
    """6.2.11.2 (ISO 32000-1 table 111)."""
    first, last, widths = font.get("/FirstChar"), font.get("/LastChar"), font.get("/Widths")
    return (
        isinstance(first, int)
        and isinstance(last, int)
        and isinstance(widths, list)
        and len(widths) == last - first + 1
    )
