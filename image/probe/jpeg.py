"""The pages of a JPEG file from its markers: size, colours, turn, resolution, and where the picture ends."""

import re
from dataclasses import dataclass, field, replace

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_page_count, check_pixels
from image.paper import believed, is_by_rote
from image.probe.exif import CM_PER_INCH, exif_facts
from image.probe.icc import ProfileSource
from image.probe.jpeg_tables import Headers, after_segment
from image.reader import CHUNK_BYTES, Reader, Span

MAX_SEGMENTS = 4096
"""Marker segments before the picture data; a photograph with a large colour profile has about 60."""

_SOI, _EOI, _APP0, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE
_PROFILE = b"ICC_PROFILE\x00"
_PROFILE_HEAD_BYTES = 14
"""ICC.1:2010 B.4: the name, then the piece's number and how many there are, a byte each."""

_APPLICATIONS = range(0xE0, 0xF0)
_COM = 0xFE
_NEEDED = {_APP0: (b"JFIF\x00",), _APP2: (_PROFILE,), _APP14: (b"Adobe",)}
_NOTHING: tuple[bytes, ...] = ()
_LENGTH_BYTES = 2
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SEQUENTIAL = frozenset({0xC0, 0xC1})
_PROGRESSIVE = 0xC2
"""ITU-T T.81 table B.1. Other frames are lossless, differential or arithmetic: no reader need know them."""

# In picture data FF 00 is a byte, FF Dn a restart, FF FF filling; everything else is a marker (T.81 B.1.1.2).
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class Edit:
    """A run of bytes that is to be left out, and what comes in its place."""

    span: Span
    instead: bytes = b""


@dataclass(frozen=True, slots=True)
class JpegPage:
    """One picture. ``span`` runs from its SOI to the end of its EOI, or of the file when there is no EOI.

    ``component_ids`` are the frame's, in order. ``adobe_transform`` is APP14's (0 none, 1 YCbCr, 2 YCCK) or None.
    ``is_one_pass``: sequential, and every component has been seen in a scan. dpi is None when none is stated.
    ``mending`` is what has to be changed when the height stands behind the picture. ``metadata`` are the segments that
    tell of people, places and devices, or hold a preview: EXIF, XMP, IPTC, comments and the like. ``headers`` tell what
    it lacks: tables, as in a TIFF where they stand apart, or scans.
    """

    span: Span
    width_px: int
    height_px: int
    bits: int
    component_ids: tuple[int, ...]
    is_progressive: bool
    is_one_pass: bool
    has_end: bool
    has_jfif: bool
    adobe_transform: int | None
    orientation: int
    dpi_x: float | None
    dpi_y: float | None
    profile: ProfileSource | None = None
    mending: tuple[Edit, ...] = ()
    metadata: tuple[Span, ...] = ()
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True)
class _ProfilePart:
    """One piece of a colour profile: its number (from 1), how many there are, and where it stands."""

    number: int
    count: int
    span: Span


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the frame header says; ``height_at`` is where it says the height, which is 0 when DNL tells it."""

    code: int
    bits: int
    width_px: int
    height_px: int
    component_ids: tuple[int, ...]
    height_at: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the segments said so far. ``lines`` is the segment DNL, and the number of lines that it tells."""

    frame: _Frame | None = None
    headers: Headers = field(default_factory=Headers)
    lines: Edit | None = None
    metadata: tuple[Span, ...] = ()
    scanned: frozenset[int] = frozenset()
    has_jfif: bool = False
    has_previews: bool = False
    adobe_transform: int | None = None
    jfif_dpi: tuple[float | None, float | None] = (None, None)
    exif_dpi: tuple[float | None, float | None] = (None, None)
    orientation: int = 1
    profile: tuple[_ProfilePart, ...] = ()


def probe_jpeg(reader: Reader, limits: Limits) -> tuple[JpegPage, ...]:
    """The pictures of a JPEG file, in order: one, or more when whole JPEGs stand one behind the other.

    What a camera appends by the Multi-Picture Format is a preview, not a page; junk behind the last picture is not
    looked at. Raises ``ScanError``: damaged, unsupported (arithmetic, lossless, 12 bit), too-large, too-many-pages.
    """
    pages: list[JpegPage] = []
    offset: int | None = 0
    while offset is not None:
        page, offset = _picture(reader, offset)
        check_pixels(page.width_px, page.height_px, limits)
        pages.append(page)
        check_page_count(len(pages), limits)
    return tuple(pages)


def _picture(reader: Reader, start: int) -> tuple[JpegPage, int | None]:
    """The picture whose SOI stands at ``start``, and where the next one begins."""
    facts = _Facts()
    position = start + 2
    for _ in range(MAX_SEGMENTS):
        marker = _next_marker(reader, position)
        if marker is None:
            break
        code = reader.read(marker + 1, 1)[0]
        position = marker + 2
        if code == _EOI:
            page = _page(facts, Span(start, position - start), has_end=True)
            return page, None if facts.has_previews else _following(reader, position)
        if code == _SOI:
            # A second start without an end: the first picture was cut off, and more would be lost by passing it.
            raise damaged_jpeg()
        if code in _STANDALONE:
            continue
        size_bytes = int.from_bytes(reader.read(position, 2), "big")
        if size_bytes < _LENGTH_BYTES:
            raise damaged_jpeg()
        body = reader.read(position + 2, size_bytes - 2)
        headers = after_segment(facts.headers, code, body)
        if headers is None:
            raise damaged_jpeg()
        facts = _with_segment(replace(facts, headers=headers), code, body, position + 2)
        position += size_bytes
    else:
        raise damaged_jpeg()
    return _page(facts, Span(start, reader.size_bytes - start), has_end=False), None


def _next_marker(reader: Reader, position: int) -> int | None:
    """Where the next marker stands at or after ``position``; None when the file ends first."""
    # Segments follow each other closely, picture data is long: look near first.
    wanted_bytes = 512
    while position + 1 < reader.size_bytes:
        chunk = reader.read(position, min(wanted_bytes, reader.size_bytes - position))
        wanted_bytes = CHUNK_BYTES
        found = _MARKER.search(chunk)
        if found:
            return position + found.start()
        position += len(chunk) - 1
    return None


def _following(reader: Reader, position: int) -> int | None:
    # Padding of zeros between pictures is seen where files are joined on sector borders.
    ahead = reader.read(position, min(CHUNK_BYTES, reader.size_bytes - position))
    skipped = len(ahead) - len(ahead.lstrip(b"\x00"))
    return position + skipped if ahead[skipped : skipped + 3] == b"\xff\xd8\xff" else None


def _with_segment(facts: _Facts, code: int, body: bytes, offset: int) -> _Facts:
    """``facts`` and what the segment of marker ``code``, whose ``body`` stands at ``offset``, adds to them."""
    match code:
        case _ if code in _FRAMES:
            return replace(facts, frame=_frame(facts, code, body, offset))
        case 0xDA:  # start of scan
            if facts.frame is None or not body or len(body) < 1 + 2 * body[0]:
                raise damaged_jpeg()
            return replace(facts, scanned=facts.scanned | set(body[1 : 1 + 2 * body[0] : 2]))
        case 0xDC if facts.lines is None and len(body) == 2:  # noqa: PLR2004 -- number of lines, T.81 B.2.5
            return replace(facts, lines=Edit(Span(offset - 4, 6), body))
        case 0xE0 | 0xE1 | 0xE2 | 0xEE:
            return _with_application(_with_metadata(facts, code, body, offset), code, body, offset)
        case _ if code in _APPLICATIONS or code == _COM:
            return _with_metadata(facts, code, body, offset)
        case _:
            return facts


def _with_metadata(facts: _Facts, code: int, body: bytes, offset: int) -> _Facts:
    """``facts`` with this segment among the metadata, unless decoders look at it or the picture has begun."""
    if facts.scanned or body.startswith(_NEEDED.get(code, _NOTHING)):
        return facts
    return replace(facts, metadata=(*facts.metadata, Span(offset - 4, 4 + len(body))))


def _with_application(facts: _Facts, code: int, body: bytes, offset: int) -> _Facts:
    if code == _APP0 and body.startswith(b"JFIF\x00") and len(body) >= 12:  # noqa: PLR2004 -- T.871 10.1
        return replace(facts, has_jfif=True, jfif_dpi=_jfif_dpi(body))
    if code == _APP1 and body.startswith(b"Exif\x00\x00"):
        orientation, dpi = exif_facts(body[6:])
        return replace(facts, orientation=orientation, exif_dpi=dpi)
    if code == _APP2 and body.startswith(b"MPF\x00"):
        return replace(facts, has_previews=True)
    if code == _APP2 and body.startswith(_PROFILE) and len(body) > _PROFILE_HEAD_BYTES:
        part = Span(offset + _PROFILE_HEAD_BYTES, len(body) - _PROFILE_HEAD_BYTES)
        return replace(facts, profile=(*facts.profile, _ProfilePart(body[12], body[13], part)))
    if code == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:  # noqa: PLR2004 -- T.872 6.5.3
        return replace(facts, adobe_transform=body[11])
    return facts


def _frame(facts: _Facts, code: int, body: bytes, offset: int) -> _Frame:
    if code not in _SEQUENTIAL and code != _PROGRESSIVE:
        raise ScanError(
            ScanFault.UNSUPPORTED,
            "The scanner wrote a kind of JPEG (arithmetic or lossless coding) that PDF does not know. "
            "Please set the scanner to standard JPEG, TIFF or PDF.",
        )
    if facts.frame is not None or len(body) < 6 or len(body) < 6 + 3 * body[5]:  # noqa: PLR2004 -- T.81 B.2.2
        raise damaged_jpeg()
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    if not width:
        raise damaged_jpeg()
    return _Frame(code, body[0], width, height, tuple(body[6 : 6 + 3 * body[5] : 3]), offset + 1)


def _jfif_dpi(body: bytes) -> tuple[float | None, float | None]:
    scale = {1: 1.0, 2: CM_PER_INCH}.get(body[7])
    if scale is None:
        return None, None
    return int.from_bytes(body[8:10], "big") * scale, int.from_bytes(body[10:12], "big") * scale


def _stated_dpi(facts: _Facts) -> tuple[float | None, float | None]:
    """JFIF's resolution, or EXIF's where JFIF tells none, or what is written by those who know none."""
    is_told = any(believed(dpi) for dpi in facts.jfif_dpi) and not is_by_rote(*facts.jfif_dpi)
    return facts.jfif_dpi if is_told or not any(believed(dpi) for dpi in facts.exif_dpi) else facts.exif_dpi


def _page(facts: _Facts, span: Span, *, has_end: bool) -> JpegPage:
    if facts.frame is None or not facts.scanned:
        raise damaged_jpeg()
    frame = facts.frame
    height, mending = (frame.height_px, ()) if frame.height_px else _height_behind(frame, facts.lines)
    dpi_x, dpi_y = _stated_dpi(facts)
    return JpegPage(
        span=span,
        width_px=frame.width_px,
        height_px=height,
        bits=frame.bits,
        component_ids=frame.component_ids,
        is_progressive=frame.code == _PROGRESSIVE,
        is_one_pass=frame.code in _SEQUENTIAL and facts.scanned >= set(frame.component_ids),
        has_end=has_end,
        has_jfif=facts.has_jfif,
        adobe_transform=facts.adobe_transform,
        orientation=facts.orientation,
        dpi_x=dpi_x,
        dpi_y=dpi_y,
        profile=_profile(facts.profile),
        mending=mending,
        metadata=facts.metadata,
        headers=facts.headers,
    )


def _height_behind(frame: _Frame, lines: Edit | None) -> tuple[int, tuple[Edit, ...]]:
    """The height that DNL tells, and how it gets into the frame, where decoders look for it (T.81 B.2.5)."""
    if lines is None or not any(lines.instead):
        raise damaged_jpeg()
    height = Edit(Span(frame.height_at, _LENGTH_BYTES), lines.instead)
    return int.from_bytes(lines.instead, "big"), (height, Edit(lines.span))


def _profile(parts: tuple[_ProfilePart, ...]) -> ProfileSource | None:
    """The profile in these pieces; None when there is none, or not every piece of it once."""
    ordered = sorted(parts, key=lambda part: part.number)
    if not parts or [(part.number, part.count) for part in ordered] != [(n + 1, len(parts)) for n in range(len(parts))]:
        return None
    return ProfileSource(tuple(part.span for part in ordered))


def damaged_jpeg() -> ScanError:
    """The refusal of a JPEG whose markers make no sense or that stops before its picture."""
    return ScanError(ScanFault.DAMAGED, "The JPEG from the scanner is damaged or cut off. Please scan again.")
