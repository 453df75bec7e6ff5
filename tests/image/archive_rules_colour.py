"""The rules of PDF/A-2 about colours (ISO 19005-2 clauses 6.2.3, 6.2.4 and 6.2.6)."""

from collections.abc import Iterator
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from tests.image.archive_rules_marks import name_of

COMPONENTS = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4, b"Lab ": 3}
OUTPUT_CLASSES, INPUT_CLASSES = frozenset({b"prtr", b"mntr"}), frozenset({b"prtr", b"mntr", b"scnr", b"spac"})
HEADER_BYTES, NEWEST_VERSION, MAX_COLOURANTS = 128, 4, 32
INTENTS = frozenset({"RelativeColorimetric", "AbsoluteColorimetric", "Perceptual", "Saturation"})
DEVICE = {"DeviceGray": "GRAY", "DeviceRGB": "RGB", "DeviceCMYK": "CMYK", "G": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
DEFAULTS = {"GRAY": "/DefaultGray", "RGB": "/DefaultRGB", "CMYK": "/DefaultCMYK"}
_FAMILIES = "DeviceGray DeviceRGB DeviceCMYK CalGray CalRGB Lab ICCBased Indexed Pattern Separation DeviceN"
FAMILIES = frozenset(_FAMILIES.split())


def broken_in_intents(pdf: Pdf) -> Iterator[str]:
    """What is wrong with the output intents."""
    intents = [one for one in pdf.Root.get("/OutputIntents", []) if isinstance(one, Dictionary)]
    for one in intents:
        if "/DestOutputProfileRef" in one:
            yield "6.2.3: an output intent refers to a profile elsewhere"
    profiles = [one.get("/DestOutputProfile") for one in intents]
    given = [profile for profile in profiles if profile is not None]
    if len({profile.objgen for profile in given}) > 1 or (len(given) > 1 and not given[0].is_indirect):
        yield "6.2.3: output intents with profiles that differ"
    for one in intents:
        if one.get("/S") == Name.GTS_PDFA1:
            yield from _profile(one.get("/DestOutputProfile"), OUTPUT_CLASSES, "6.2.3")
            if "/OutputConditionIdentifier" not in one:
                yield "6.2.3: an output intent does not say which condition it is"


def intent_colours(pdf: Pdf) -> str:
    """The colours of PDF/A's output intent: GRAY, RGB, CMYK; empty when there is none."""
    for one in pdf.Root.get("/OutputIntents", []):
        if isinstance(one, Dictionary) and one.get("/S") == Name.GTS_PDFA1:
            profile = one.get("/DestOutputProfile")
            if isinstance(profile, Stream):
                return profile.read_bytes()[16:20].decode("latin-1").strip()
    return ""


def broken_colours(space: object, resources: object, intent: str) -> Iterator[str]:
    """What is wrong with a colour space used under ``resources`` in a file whose output intent is ``intent``."""
    parts: list[Object] = list(space) if isinstance(space, Array) else []
    family = name_of(parts[0] if parts else space)
    if family in DEVICE:
        colours = DEVICE[family]
        if not _has_default(resources, DEFAULTS[colours]) and (not intent or colours not in {"GRAY", intent}):
            yield f"6.2.4.3: {family} without an output intent that covers it"
    elif family == "ICCBased":
        yield from _profile(parts[1], INPUT_CLASSES, "6.2.4.2")
    elif family in {"Indexed", "I"} or (family == "Pattern" and len(parts) > 1):
        yield from broken_colours(parts[1], resources, intent)
    elif family in {"Separation", "DeviceN"}:
        yield from broken_colours(parts[2], resources, intent)
        if family == "DeviceN":
            yield from _colourants(parts)
    elif isinstance(space, Name) and _named(resources, str(space)) is not None:
        yield from broken_colours(_named(resources, str(space)), resources, intent)
    elif family not in FAMILIES:
        yield f"6.2.4.1: a colour space that is none: {family}"


def broken_intent(value: object) -> Iterator[str]:
    """What is wrong with a rendering intent, where one is given."""
    if value is not None and name_of(value) not in INTENTS:
        yield "6.2.6: a rendering intent that is none"


def _profile(stream: object, classes: frozenset[bytes], clause: str) -> Iterator[str]:
    """ICC.1 7.2: size at 0, version at 8, class at 12, colours at 16, signature at 36."""
    if not isinstance(stream, Stream):
        yield f"{clause}: there is no ICC profile"
        return
    data = stream.read_bytes()
    if len(data) < HEADER_BYTES or data[36:40] != b"acsp" or int.from_bytes(data[:4], "big") != len(data):
        yield f"{clause}: the ICC profile is damaged"
    elif data[8] > NEWEST_VERSION or data[12:16] not in classes or data[16:20] not in COMPONENTS:
        yield f"{clause}: the ICC profile is of a version, class or colour that is not allowed"
    elif stream.get("/N") != COMPONENTS[data[16:20]]:
        yield f"{clause}: N is not the number of the profile's colours"


def _colourants(parts: list[Object]) -> Iterator[str]:
    names = {str(name) for name in parts[1]}
    attributes = parts[4] if len(parts) > 4 else Dictionary()
    process: Any = attributes.get("/Process", Dictionary()).get("/Components", [])
    described = {*attributes.get("/Colorants", Dictionary()).keys(), *(str(name) for name in process)}
    if len(names) > MAX_COLOURANTS:
        yield "6.1.13: a DeviceN colour space of too many colourants"
    if names - described - {"/None", "/Cyan", "/Magenta", "/Yellow", "/Black"}:
        yield "6.2.4.4: a colourant that is not described"


def _named(resources: object, name: str) -> Object | None:
    spaces = resources.get("/ColorSpace") if isinstance(resources, Dictionary) else None
    return spaces.get(name) if isinstance(spaces, Dictionary) else None


def _has_default(resources: object, key: str) -> bool:
    default = _named(resources, key)
    return isinstance(default, Array) and not name_of(default[0]).startswith("Device")
