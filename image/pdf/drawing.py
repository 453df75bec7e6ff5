"""What the instructions of a page draw: its images and how large they are shown, and whether there is more."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Name, Object, Stream

from image.codec.inflate import Inflated, inflate

POINTS_PER_INCH = 72

_PAINTING = frozenset(["f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Tj", "TJ", "'", '"', "EI"])
"""ISO 32000-1 annex A: what leaves marks beside ``Do``; pikepdf shows an inline image under ``EI``."""

_TEXT = frozenset(["Tj", "TJ", "'", '"'])
_UNSEEN = ["3"]
"""ISO 32000-1 table 106: text that is neither filled nor stroked, as recognised text lies over a scan."""

_WANTED = " ".join(("q", "Q", "cm", "Do", "Tr", *sorted(_PAINTING)))
_INSTRUCTION_BYTES = 4_000_000
"""Instructions read of one page. A scan has some hundred bytes; where there are more, images are not what is large."""

_FORMS = 64
"""Form XObjects followed on one page; scanners' software nests two or three."""

_IDENTITY = Matrix(1, 0, 0, 1, 0, 0)

_State = tuple[Matrix, bool]
"""Of the graphics state, what is followed: the matrix, and whether text is not to be seen."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An image as it is drawn once, and the size in inches it covers, along its own rows and columns.

    ``matrix`` takes the unit square to where it lies, in points (ISO 32000-1 section 8.9.5.1).
    """

    image: Stream
    width_in: float
    height_in: float
    matrix: tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that a page draws: ``images`` in order, and ``has_more``: lines, areas, text or inline images.

    ``has_marks``: of these there is more than text that nobody sees.
    """

    images: tuple[Shown, ...]
    has_more: bool
    has_marks: bool


class _Mark(Enum):
    """What is drawn beside images, or is missing where one should be drawn."""

    SEEN = auto()
    UNSEEN = auto()


class _TooMuch(Exception):  # noqa: N818 -- caught here, never seen outside
    """The instructions are longer than is read, or in a coding that is not."""


def drawing(page: Object) -> Drawing | None:
    """What ``page`` draws; None when its instructions cannot be read, or are too many to be read."""
    unit = page.get("/UserUnit", 1)
    start = Matrix(float(unit), 0, 0, float(unit), 0, 0)
    try:
        found = list(_drawn(page, page.get("/Resources"), (start, False), [0]))
    except (_TooMuch, pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    images = tuple(shown for shown in found if isinstance(shown, Shown))
    return Drawing(images, has_more=len(images) < len(found), has_marks=_Mark.SEEN in found)


def _drawn(source: Object, resources: Object | None, start: _State, forms: list[int]) -> Iterator[Shown | _Mark]:
    """Every image drawn by a page or form, and a mark for everything else and for what is not there to be drawn.

    ``forms`` counts the forms entered.
    """
    _check_length(source if isinstance(source, Stream) else source.get("/Contents"))
    named = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    (matrix, is_unseen), saved = start, list[_State]()
    for instruction in pikepdf.parse_content_stream(source, _WANTED):
        operator = str(instruction.operator)
        match operator:
            case "q":
                saved.append((matrix, is_unseen))
            case "Q":
                matrix, is_unseen = saved.pop() if saved else (matrix, is_unseen)
            case "Tr":
                is_unseen = [str(operand) for operand in instruction.operands] == _UNSEEN
            case "cm":
                matrix = Matrix(*(float(value) for value in instruction.operands)) @ matrix
            case "Do":
                thing = named.get(str(instruction.operands[0])) if isinstance(named, Dictionary) else None
                yield from _thing(thing, resources, (matrix, is_unseen), forms)
            case _:
                yield _Mark.UNSEEN if is_unseen and operator in _TEXT else _Mark.SEEN


def _thing(thing: Object | None, resources: Object | None, state: _State, forms: list[int]) -> Iterator[Shown | _Mark]:
    matrix, is_unseen = state
    if not isinstance(thing, Stream):
        yield _Mark.SEEN
    elif thing.get("/Subtype") == Name.Image:
        a, b, c, d, e, f = matrix.shorthand
        sides_in = (math.hypot(a, b) / POINTS_PER_INCH, math.hypot(c, d) / POINTS_PER_INCH)
        yield Shown(thing, *sides_in, (a, b, c, d, e, f))
    elif thing.get("/Subtype") == Name.Form:
        forms[0] += 1
        if forms[0] > _FORMS:
            raise _TooMuch
        own = thing.get("/Matrix")
        inner = Matrix(*(float(value) for value in own)) if isinstance(own, Array) else _IDENTITY
        yield from _drawn(thing, thing.get("/Resources", resources), (inner @ matrix, is_unseen), forms)
    else:
        yield _Mark.SEEN


def _check_length(contents: Object | None) -> None:
    left_bytes = _INSTRUCTION_BYTES
    for stream in contents if isinstance(contents, Array) else [contents]:
        if not isinstance(stream, Stream):
            continue
        coding = stream.get("/Filter")
        raw = stream.read_raw_bytes()
        left_bytes -= len(raw)
        if left_bytes < 0 or (coding is not None and coding != Name.FlateDecode):
            raise _TooMuch
        if coding is not None and inflate((raw,), left_bytes) is not Inflated.SHORT:
            raise _TooMuch
