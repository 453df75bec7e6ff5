"""Takes out of a PDF all that is not drawn: what starts something, names another file, or describes its maker."""

from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from image.pdf.keys import (
    ACTIVE_KEYS,
    NAME_MAPS,
    NODE_KEYS,
    OBJECT_KEYS,
    OUTSIDE_KEYS,
    PAGE_KEYS,
    RESOURCE_KEYS,
    ROOT_KEYS,
    TRAILER_KEYS,
    role_of,
)
from image.pdf.opening import damaged_pdf
from image.pdf.shown import normalise_boxes

_MAX_VALUES = 500_000
"""Values walked from one page; a map with all its layers and fonts has some ten thousand."""


def disarm(pdf: Pdf) -> None:
    """Leaves of ``pdf`` its pages, their boxes, contents and resources, and which layers are hidden.

    Raises ``ScanError`` (damaged) for a page of more values than any page has.
    """
    _keep(pdf.Root, ROOT_KEYS)
    _keep(pdf.trailer, TRAILER_KEYS)
    seen: set[tuple[int, int]] = set()
    for node in _nodes(pdf.Root.Pages):
        _keep(node, NODE_KEYS)
    for page in pdf.pages:
        _keep(page.obj, PAGE_KEYS)
        normalise_boxes(page.obj)
        _disarm(page.obj, seen)
    if "/OCProperties" in pdf.Root:
        _disarm(pdf.Root.OCProperties, seen)


def _nodes(root: Object) -> Iterator[Object]:
    """The inner nodes of the page tree; qpdf has refused loops before this walk."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        kids = node.get("/Kids")
        if isinstance(kids, Array):
            yield node
            waiting.extend(kid for kid in kids if isinstance(kid, Dictionary) and "/Kids" in kid)


def _keep(dictionary: Object, keys: frozenset[str]) -> None:
    for key in set(dictionary.keys()) - keys:
        del dictionary[key]


def _disarm(start: Object, seen: set[tuple[int, int]]) -> None:
    """Removes the active keys from everything a page draws with, but not from maps whose keys are names of its own."""
    waiting: list[tuple[str, Object]] = [("", start)]
    for _ in range(_MAX_VALUES):
        if not waiting:
            return
        role, value = waiting.pop()
        if value.is_indirect:
            if value.objgen in seen:
                continue
            seen.add(value.objgen)
        children: list[tuple[str, Object]]
        if isinstance(value, Array):
            children = [("", child) for child in value]
        else:
            if isinstance(value, Stream):
                _disarm_stream(value)
            elif role == "/Resources":
                _keep(value, RESOURCE_KEYS)
            elif role not in NAME_MAPS:
                _remove(value, ACTIVE_KEYS)
            roles = {key: role_of(role, key) for key in value.keys() if key != "/Parent"}  # noqa: SIM118 -- not a mapping
            children = [(child_role, value[key]) for key, child_role in roles.items()]
        waiting.extend(child for child in children if isinstance(child[1], (Dictionary, Array, Stream)))
    raise damaged_pdf()


def _disarm_stream(stream: Stream) -> None:
    kind = stream.get("/Subtype")
    if kind == Name.PS:
        # A program for PostScript printers, which no reader shows (ISO 32000-1 8.8.2).
        stream.write(b"")
        stream.Subtype, stream.BBox = Name.Form, Array([0, 0, 0, 0])
    for known, keys in OBJECT_KEYS.items():
        if stream.get("/Subtype") == Name(known):
            _keep(stream, keys)
    _remove(stream, ACTIVE_KEYS | OUTSIDE_KEYS)


def _remove(dictionary: Object, keys: frozenset[str]) -> None:
    for key in keys & set(dictionary.keys()):
        del dictionary[key]
