"""Reads what the pages of a cleaned PDF draw, as plain values, and asks whether it may stand in PDF/A-2b."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Stream, String

from image.pdf.archive import (
    PROFILE_HEAD_BYTES,
    Names,
    Packed,
    Value,
    box_breach,
    form_breach,
    group_breach,
    image_breach,
    space_breach,
    state_breach,
    stream_breach,
    value_breach,
)
from image.pdf.archive_drawing import INLINE_IMAGE, drawing_breach, spelling_breach
from image.pdf.contents import Instructions, Measured, contents_of, name_of
from image.pdf.shown import box_of

_MAX_DEPTH = 12
_MAX_PROFILE_BYTES = 4_000_000

_MAX_VALUES = 100_000
"""Values read of one page, where the same may be met by many ways; a page with its words has some ten thousand."""


@dataclass(slots=True)
class Known:
    """What has been found of objects that pages share, by object number; and how many values may yet be read."""

    measured: Measured
    breaches: dict[tuple[int, int], str] = field(default_factory=dict)
    values_left: int = _MAX_VALUES


class _BreachError(Exception):
    """Why a value may not stand in PDF/A-2b."""


def page_breach(page: Object, instructions: Instructions | None, known: Known) -> str:
    """Why a page may not stand in PDF/A-2b, a few words for the log; empty when it may.

    ``instructions`` are the page's own. ``known`` is filled, and asked, for what several pages draw.
    """
    known.values_left = _MAX_VALUES
    if instructions is None:
        return "instructions too long to be examined"
    try:
        boxes = (box_of(page, key) for key in ("/MediaBox", "/CropBox"))
        _refuse(box_breach(box for box in boxes if box is not None))
        _refuse(group_breach(_plain(page.get("/Group"), known)))
        _examine(page, instructions, known, 0)
    except _BreachError as breach:
        return str(breach)
    return ""


def _examine(drawn: Object, instructions: Instructions, known: Known, depth: int) -> None:
    """The instructions of a page or form, and everything in its resources."""
    resources = drawn.get("/Resources")
    if not isinstance(resources, Dictionary):
        resources = Dictionary()
    for kind in ("/Pattern", "/Shading", "/Properties"):
        if _entries(resources, kind):
            raise _BreachError("patterns, shadings or marked contents")
    spaces = {name: _plain(space, known) for name, space in _entries(resources, "/ColorSpace").items()}
    states = {name: _plain(state, known) for name, state in _entries(resources, "/ExtGState").items()}
    for space in spaces.values():
        _refuse(space_breach(space))
    for state in states.values():
        _refuse(state_breach(state))
    objects = _entries(resources, "/XObject")
    for one in objects.values():
        _refuse(_object_breach(one, known, depth))
    fonts = {name: _plain(font, known) for name, font in _entries(resources, "/Font").items()}
    names = Names(frozenset(spaces), frozenset(states), frozenset(objects), fonts)
    _refuse(drawing_breach(_plain_instructions(instructions, known), names))
    if any(map(_may_hold_text, instructions)):
        _refuse(spelling_breach(_written(drawn)))


def _object_breach(drawn: Object, known: Known, depth: int) -> str:
    """An image or form, asked for once."""
    if not isinstance(drawn, Stream):
        return "something that is no picture"
    if drawn.objgen not in known.breaches:
        known.breaches[drawn.objgen] = "a form that draws itself"
        try:
            _examine_object(drawn, known, depth)
            known.breaches[drawn.objgen] = ""
        except _BreachError as breach:
            known.breaches[drawn.objgen] = str(breach)
    return known.breaches[drawn.objgen]


def _examine_object(drawn: Stream, known: Known, depth: int) -> None:
    kind = drawn.get("/Subtype")
    if kind == Name.Image:
        entries = _plain_entries(drawn, {"/SMask", "/Mask"}, known)
        _refuse(stream_breach(entries) or image_breach(entries))
        for key in ("/SMask", "/Mask"):
            mask = drawn.get(key)
            if isinstance(mask, Stream):
                if depth >= _MAX_DEPTH:
                    raise _BreachError("masks within masks")
                _refuse(_object_breach(mask, known, depth + 1))
            else:
                _plain(mask, known)
        return
    if kind != Name.Form or depth >= _MAX_DEPTH:
        raise _BreachError("something that is no picture")
    entries = {**_plain_entries(drawn, {"/Resources"}, known), "/Resources": {}} if "/Resources" in drawn else {}
    _refuse(stream_breach(entries) or form_breach(entries) or group_breach(entries.get("/Group")))
    inner = contents_of(drawn, known.measured)
    if inner.is_damaged or inner.instructions is None:
        raise _BreachError("instructions too long to be examined")
    _examine(drawn, inner.instructions, known, depth + 1)


def _refuse(breach: str) -> None:
    if breach:
        raise _BreachError(breach)


def _entries(resources: Object, kind: str) -> dict[str, Object]:
    found = resources.get(kind)
    if not isinstance(found, Dictionary):
        return {}
    for name in found.keys():  # noqa: SIM118 -- not a mapping
        _refuse(value_breach(name))
    return {name: found[name] for name in found.keys()}  # noqa: SIM118 -- not a mapping


def _plain_instructions(instructions: Instructions, known: Known) -> Iterator[tuple[str, list[Value]]]:
    for one in instructions:
        operator = str(one.operator)
        if operator == INLINE_IMAGE:
            yield operator, [_plain(one.iimage.obj, known)]
        else:
            yield operator, [_plain(operand, known) for operand in one.operands]


def _may_hold_text(instruction: Any) -> bool:
    """Whether a string may stand in it; the bytes of an inline image are none, whatever they look like."""
    return str(instruction.operator) != INLINE_IMAGE and any(
        isinstance(one, (String, Array, Dictionary)) for one in instruction.operands
    )


def _written(drawn: Object) -> bytes:
    """The instructions of a page or form as they are written; they have been found whole, and not too long."""
    packed = drawn if isinstance(drawn, Stream) else drawn.get("/Contents")
    streams = packed if isinstance(packed, Array) else [packed]
    return b"\n".join(one.read_bytes() for one in streams if isinstance(one, Stream))


def _plain_entries(dictionary: Object, left_out: set[str], known: Known, depth: int = 0) -> dict[str, Value]:
    keys = set(dictionary.keys()) - left_out
    for key in keys:
        _refuse(value_breach(key))
    return {key: _plain(dictionary[key], known, depth + 1) for key in keys}


def _plain(value: Any, known: Known, depth: int = 0) -> Value:
    """A PDF value as Python's; raises ``_BreachError`` for one that is too large, too deep, or no value."""
    known.values_left -= 1
    if depth > _MAX_DEPTH or known.values_left < 0:
        raise _BreachError("values nested too deeply, or too many")
    plain: Value
    match value:
        case None | bool() | int() | Decimal():
            plain = value
        case Name():
            plain = name_of(value)
        case String():
            plain = bytes(value)
        case Array():
            plain = [_plain(one, known, depth + 1) for one in value]
            if plain[:1] == ["/ICCBased"] and len(plain) > 1 and isinstance(value[1], Stream):
                plain[1] = _profile(value[1], plain[1])
        case Stream():
            plain = Packed(_plain_entries(value, set(), known, depth))
            _refuse(stream_breach(plain.entries))
        case Dictionary():
            plain = _plain_entries(value, set(), known, depth)
        case _:
            raise _BreachError("a value of an unknown kind")
    _refuse(value_breach(plain))
    return plain


def _profile(stream: Stream, packed: Packed) -> Packed:
    coding, raw = packed.entries.get("/Filter"), stream.read_raw_bytes()
    if coding == "/FlateDecode":
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(raw, _MAX_PROFILE_BYTES)
        except zlib.error as error:
            raise _BreachError("a colour profile that is not known to be sound") from error
    else:
        data = raw if coding is None else b""
    return Packed(packed.entries, data[:PROFILE_HEAD_BYTES], len(data))
