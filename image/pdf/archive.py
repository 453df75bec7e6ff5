"""Whether what a page draws may stand in PDF/A-2b (ISO 19005-2), decided from plain values; on doubt it may not.

A PDF value stands here as Python's: a name as a string that begins with ``/``, a string as bytes, an array as a list, a
dictionary as a dict, a stream as ``Packed``. Each function says why not, for the log; an empty string: it may.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from image.pdf.keys import FORM_KEYS, IMAGE_KEYS

Value = Any
"""None, bool, int, Decimal, str (a name), bytes (a string), list, dict or ``Packed``."""

_FILTERS = (
    "/DCTDecode",
    "/CCITTFaxDecode",
    "/FlateDecode",
    "/RunLengthDecode",
    "/JBIG2Decode",
    "/ASCII85Decode",
    "/ASCIIHexDecode",
)
"""6.1.7.2, without JPEG 2000, whose data 6.2.8.3 has rules for."""

INTENTS = ("/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation")
"""6.2.6. What values are compared with are tuples, since a value from outside may not be hashable."""

_DEPTHS = (1, 2, 4, 8, 16)
_BLENDS = ("/Normal", "/Compatible")
PROFILE_HEAD_BYTES = 128
_CHANNELS = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
_PROFILE_CLASSES = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
"""6.2.4.2 and ICC.1 7.2: what a profile's header says of its colours and kind."""

_STATE_KEYS = frozenset(
    {"/Type", "/LW", "/LC", "/LJ", "/ML", "/D", "/SA", "/CA", "/ca", "/AIS", "/TK", "/OPM", "/BM", "/SMask", "/RI"}
)
_MAX_NAME_BYTES, _MAX_STRING_BYTES, _MAX_INTEGER, _MAX_REAL = 127, 32767, 2**31 - 1, Decimal("3.403e38")
"""6.1.13."""

_MIN_SIDE, _MAX_SIDE = 3, 14400


@dataclass(frozen=True, slots=True)
class Packed:
    """A stream: its dictionary; of a colour profile also the first 128 bytes unpacked, and how many there are."""

    entries: Mapping[str, Value]
    head: bytes = b""
    unpacked_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Names:
    """What a page or form may call by name: the colour spaces, states, pictures and fonts of its resources."""

    spaces: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    fonts: Mapping[str, Value] = field(default_factory=dict)


def value_breach(value: Value) -> str:
    """A number, name or string by its size."""
    match value:
        case bool() | None:
            return ""
        case int():
            return "a number that is too large" if abs(value) > _MAX_INTEGER else ""
        case Decimal():
            return "" if value.is_finite() and abs(value) <= _MAX_REAL else "a number that is too large"
        case str():
            return (
                "" if len(value.encode(errors="surrogateescape")) - 1 <= _MAX_NAME_BYTES else "a name that is too long"
            )
        case bytes():
            return "" if len(value) <= _MAX_STRING_BYTES else "a string that is too long"
        case _:
            return ""


def stream_breach(entries: Mapping[str, Value]) -> str:
    """A stream by how it is packed."""
    filters = entries.get("/Filter")
    for one in filters if isinstance(filters, list) else [] if filters is None else [filters]:
        if one == "/JPXDecode":
            return "a JPEG 2000 picture"
        if one not in _FILTERS:
            return f"data packed by {one}"
    return ""


def image_breach(entries: Mapping[str, Value]) -> str:
    """An image by its dictionary; its masks and colours apart (6.2.8)."""
    unknown = set(entries) - IMAGE_KEYS
    if unknown or "/OC" in entries or "/SMaskInData" in entries:
        return f"an image with {', '.join(sorted(unknown)) or 'a layer or mask of its own kind'}"
    if entries.get("/Interpolate") not in (None, False):
        return "an image that is to be smoothed"
    if entries.get("/Intent", "/Perceptual") not in INTENTS:
        return "an unknown rendering intent"
    if entries.get("/ImageMask") is True:
        return "" if entries.get("/BitsPerComponent", 1) == 1 else "a mask of several bits"
    if entries.get("/BitsPerComponent") not in _DEPTHS:
        return "an image without a depth"
    return space_breach(entries.get("/ColorSpace"))


def form_breach(entries: Mapping[str, Value]) -> str:
    """A form by its dictionary; what it draws apart (6.2.9)."""
    unknown = set(entries) - FORM_KEYS
    if unknown or "/OC" in entries:
        return f"a form with {', '.join(sorted(unknown)) or 'a layer'}"
    return "" if isinstance(entries.get("/Resources"), dict) else "a form without resources"


def space_breach(space: Value) -> str:
    """A colour space (6.2.4); the output intent, sRGB, is what allows plain grey and RGB."""
    match space:
        case "/DeviceCMYK" | ["/DeviceCMYK"]:
            return "colours for a printing press (CMYK)"
        case "/DeviceGray" | "/DeviceRGB" | ["/DeviceGray" | "/DeviceRGB"] | ["/CalGray" | "/CalRGB" | "/Lab", dict()]:
            return ""
        case ["/ICCBased", Packed() as profile]:
            return _profile_breach(profile)
        case ["/Indexed", base, int() as last, bytes() | Packed()] if 0 <= last <= 255:  # noqa: PLR2004 -- a byte
            return "nested palettes" if isinstance(base, list) and base[:1] == ["/Indexed"] else space_breach(base)
        case _:
            kind = space[0] if isinstance(space, list) and space else space
            return f"colours of the kind {kind}" if isinstance(kind, str) else "an image without colours"


def _profile_breach(profile: Packed) -> str:
    head, channels = profile.head, profile.entries.get("/N")
    is_sound = (
        len(head) == PROFILE_HEAD_BYTES
        and int.from_bytes(head[:4], "big") == profile.unpacked_bytes
        and head[36:40] == b"acsp"
        and head[8] in {2, 4}
        and head[12:16] in _PROFILE_CLASSES
        and isinstance(channels, int)
        and head[16:20] == _CHANNELS.get(channels)
    )
    return "" if is_sound else "a colour profile that is not known to be sound"


def state_breach(state: Value) -> str:
    """A graphics state parameter dictionary (6.2.5, 6.2.10)."""
    if not isinstance(state, dict) or set(state) - _STATE_KEYS:
        return "an unusual graphics state"
    if state.get("/BM", "/Normal") not in _BLENDS or state.get("/SMask", "/None") != "/None":
        return "colours that are blended or masked"
    return "" if state.get("/RI", "/Perceptual") in INTENTS else "an unknown rendering intent"


def group_breach(group: Value) -> str:
    """The transparency group of a page or form (6.2.10)."""
    if group is None:
        return ""
    if not isinstance(group, dict) or group.get("/S") != "/Transparency":
        return "an unknown group"
    return space_breach(group["/CS"]) if "/CS" in group else ""


def box_breach(boxes: Iterable[tuple[float, float, float, float]]) -> str:
    """The boxes of a page (6.1.13)."""
    for left, bottom, right, top in boxes:
        sides = abs(right - left), abs(top - bottom)
        if min(sides) < _MIN_SIDE or max(sides) > _MAX_SIDE:
            return "a page of an unusual size"
    return ""
