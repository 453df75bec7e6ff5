"""Whether anything in a PDF acts: runs, starts, opens or sends something, plays, or holds other files."""

from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from image.pdf.contents import name_of

_MAX_VALUES = 2_000_000
"""Values walked in all; a PDF of more than that is not known to be harmless."""

_KEYS = frozenset(
    {"/AA", "/AF", "/Collection", "/EF", "/EmbeddedFiles", "/FFilter", "/FS", "/JS", "/JavaScript", "/Launch", "/OPI"}
    | {"/Rendition", "/RichMediaContent", "/RichMediaSettings", "/SpiderInfo", "/XFA"}
)
"""Keys under which something stands that acts or lies in another file, wherever they are met."""

_HARMLESS_ACTIONS = frozenset({"/GoTo", "/URI", "/Named"})
_HARMLESS_NAMES = frozenset({"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"})
_ACTIONS = frozenset(
    {"/GoToR", "/GoToE", "/GoToDp", "/Launch", "/Thread", "/Sound", "/Movie", "/Hide", "/SubmitForm", "/ResetForm"}
    | {"/ImportData", "/JavaScript", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView", "/RichMediaExecute"}
)
"""ISO 32000-1 table 198 and ISO 32000-2 table 201: the types of action that are not harmless."""

_ACTION_KEYS = frozenset({"/A", "/Next", "/OpenAction", "/PA"})
_PLAYING = frozenset(
    {"/FileAttachment", "/Sound", "/Movie", "/Screen", "/3D", "/RichMedia", "/Projection", "/PS", "/TrapNet"}
)
"""Subtypes of annotations and XObjects that play, run or hold something."""

_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_HOLDERS = (Dictionary, Array, Stream)


def acts(pdf: Pdf) -> bool:
    """Whether any object of the file, drawn or not, acts. Links to web and mail addresses and within the file do not.

    On doubt (an unknown action, too many values) it does.
    """
    left = _MAX_VALUES
    seen: set[tuple[int, int]] = set()
    for start in pdf.objects:
        waiting: list[tuple[str, Object]] = [("", start)] if isinstance(start, _HOLDERS) else []
        while waiting:
            left -= 1
            key, value = waiting.pop()
            if left < 0 or (not isinstance(value, Array) and _is_acting(key, value)):
                return True
            for under, one in _held(key, value):
                if not isinstance(one, _HOLDERS):
                    continue
                # What is indirect is met as an object of its own; but an action is known by what it stands under.
                if not one.is_indirect:
                    waiting.append((under, one))
                elif under in _ACTION_KEYS and one.objgen not in seen:
                    seen.add(one.objgen)
                    waiting.append((under, one))
    return False


def _held(key: str, value: Object) -> list[tuple[str, Object]]:
    if isinstance(value, Array):
        return [(key if key == "/Next" else "", one) for one in value]
    return [(under, value[under]) for under in value.keys()]  # noqa: SIM118 -- not a mapping


def _is_acting(key: str, value: Object) -> bool:
    keys = set(value.keys())
    if keys & _KEYS or (isinstance(value, Stream) and keys & {"/F", "/Ref", "/Subtype2"}):
        return True
    if isinstance(value.get("/F"), (String, Dictionary)) or value.get("/Type") == Name.Filespec:
        return True
    kind, action = _name(value.get("/Subtype")), _name(value.get("/S"))
    if kind in _PLAYING or action in _ACTIONS:
        return True
    if (key in _ACTION_KEYS or value.get("/Type") == Name.Action) and action and action not in _HARMLESS_ACTIONS:
        return True
    if action == "/Named":
        return _name(value.get("/N")) not in _HARMLESS_NAMES
    return action == "/URI" and not _is_plain_address(value.get("/URI"))


def _is_plain_address(address: Any) -> bool:
    """Whether an address leads to the web or a mailbox, or names no scheme."""
    text = bytes(address).decode("latin-1").strip().lower() if isinstance(address, String) else "?:"
    scheme, colon, _ = text.partition(":")
    return not colon or scheme in _SCHEMES or "/" in scheme


def _name(value: Any) -> str:
    return name_of(value) if isinstance(value, Name) else ""
