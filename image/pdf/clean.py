"""Incoming PDFs, cleaned in place down to what a page shows."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from image.archive import PRODUCER
from image.bounded import BoundedFile
from image.document import Limits, Page, Written
from image.errors import ScanError, ScanFault
from image.inflate import Inflated, inflate
from image.limit import check_page_count
from image.paper import shown_size
from image.pdf.keys import ACTIVE_KEYS, NAME_MAPS, NODE_KEYS, OUTSIDE_KEYS, PAGE_KEYS, ROOT_KEYS, TRAILER_KEYS, role_of

REPAIRED = "The PDF from the scanner was damaged and has been repaired; please check that nothing is missing."
INCOMPLETE = "A page of the PDF from the scanner is damaged and may be incomplete; please check."
UNPROTECTED = "The copy protection of the PDF from the scanner has been removed."
FLATTENED = "Form fields and comments in the PDF have become part of its pages."
UNSIGNED = "The PDF carried a digital signature, which is no longer valid and has been removed."

_UNPACKED_BYTES = 16_000_000
"""Instructions unpacked of one page, to see whether they are damaged; scans have a few hundred bytes, maps some MB."""

_READ_WHOLE_BYTES = 100_000
"""Instructions packed in another way than Flate (LZW, in old files) are only tried up to this size."""

_LETTER = (0.0, 0.0, 612.0, 792.0)
_MAX_VALUES = 500_000
"""Values walked from one page; a map with all its layers and fonts has some ten thousand."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of an incoming PDF: its pages as shown, what the reader should know, and the file."""

    pages: tuple[Page, ...]
    notes: tuple[str, ...]
    written: Written


def clean_pdf(source: Path, out: Path, limits: Limits, made_at: datetime) -> Cleaned:
    """Writes the pages of ``source`` to ``out``: their boxes, rotation, contents and resources, and nothing else.

    Forms and comments become part of the page as they look; gone are the targets of links, scripts and actions,
    attachments, media, signatures, bookmarks, tags, metadata and encryption. Streams are passed as they are.
    Raises ``ScanError``: encrypted (a password is needed), damaged, no-pages, too-many-pages, too-large; ``OSError``
    when ``out`` cannot be written.
    """
    with _opened(source) as pdf:
        try:
            count = len(pdf.pages)
            if not count:
                raise ScanError(ScanFault.NO_PAGES, "The PDF from the scanner holds no page. Please scan again.")
            check_page_count(count, limits)
            notes = _clean(pdf)
            pages = tuple(_page(page.obj) for page in pdf.pages)
            _describe(pdf, made_at)
            if pdf.get_warnings():
                _check_nothing_lost(pdf)
                notes = (REPAIRED, *notes)
        except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise damaged_pdf() from error
        return Cleaned(pages, notes, _save(pdf, out, limits))


def join_pdfs(parts: Sequence[Path], out: Path, limits: Limits, made_at: datetime) -> Written:
    """Writes the pages of ``parts``, PDFs made here, to ``out`` in order. Raises as ``clean_pdf`` does.

    Pages that are copied pass through memory, so the largest part stays where it is and the others come to it.
    """
    base_at = max(range(len(parts)), key=lambda at: parts[at].stat().st_size)
    with contextlib.ExitStack() as stack:
        base = stack.enter_context(_opened(parts[base_at]))
        behind = 0
        for at, part in enumerate(parts):
            if at == base_at:
                continue
            before = len(base.pages)
            base.add_pages_from(stack.enter_context(_opened(part)), forms="strip", outlines="ignore")
            if at < base_at:
                # They were added at the end: rotate them to their place.
                added = [base.pages[number] for number in range(before, len(base.pages))]
                del base.pages[before:]
                for number, page in enumerate(added, behind):
                    base.pages.insert(number, page)
                behind += len(added)
        _keep(base.Root, ROOT_KEYS)
        _describe(base, made_at)
        return _save(base, out, limits)


def _opened(source: Path) -> Pdf:
    try:
        # stream: memory-mapping a scan of some hundred megabytes would meet the worker's address-space limit.
        return Pdf.open(source, access_mode=pikepdf.AccessMode.stream)
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except (pikepdf.PikepdfError, ValueError, TypeError) as error:
        if "encrypt" in str(error).lower() or "security handler" in str(error).lower():
            raise _encrypted() from error
        raise damaged_pdf() from error


def _clean(pdf: Pdf) -> tuple[str, ...]:
    notes: list[str] = [UNPROTECTED] if pdf.is_encrypted else []
    if not all(_is_drawable(page.obj) for page in pdf.pages):
        notes.append(INCOMPLETE)
    if any("/Annots" in page.obj for page in pdf.pages):
        if _is_signed(pdf):
            notes.append(UNSIGNED)
        pdf.generate_appearance_streams()
        if any(_is_drawn(page.obj) for page in pdf.pages):
            notes.append(FLATTENED)
        pdf.flatten_annotations("screen")
    _keep(pdf.Root, ROOT_KEYS)
    _keep(pdf.trailer, TRAILER_KEYS)
    seen: set[tuple[int, int]] = set()
    for node in _nodes(pdf.Root.Pages):
        _keep(node, NODE_KEYS)
    for page in pdf.pages:
        _keep(page.obj, PAGE_KEYS)
        _normalise_boxes(page.obj)
        _disarm(page.obj, seen)
    if "/OCProperties" in pdf.Root:
        _disarm(pdf.Root.OCProperties, seen)
    return tuple(notes)


def _is_drawable(page: Object) -> bool:
    """Whether the drawing instructions of a page can be unpacked; its images are passed unread."""
    contents = page.get("/Contents")
    streams = contents if isinstance(contents, Array) else [contents]
    return all(_is_unpackable(stream) for stream in streams if isinstance(stream, Stream))


def _is_unpackable(stream: Stream) -> bool:
    coding = stream.get("/Filter")
    raw = stream.read_raw_bytes()
    if coding == Name.FlateDecode:
        return inflate((raw,), _UNPACKED_BYTES) is not Inflated.DAMAGED
    if coding is None or len(raw) > _READ_WHOLE_BYTES:
        return True
    try:
        stream.read_bytes()
    except pikepdf.PikepdfError:
        return False
    return True


def _is_drawn(page: Object) -> bool:
    """Whether a page has annotations that look like something; a link's text stands on the page itself."""
    annotations = page.get("/Annots")
    return isinstance(annotations, Array) and any(
        isinstance(one, Dictionary) and one.get("/Subtype") not in {Name.Link, Name.Popup} for one in annotations
    )


def _is_signed(pdf: Pdf) -> bool:
    form = pdf.Root.get("/AcroForm")
    flags: Any = form.get("/SigFlags", 0) if isinstance(form, Dictionary) else 0
    # ISO 32000-1 table 219: bit 1, the document contains a signature.
    return isinstance(flags, int) and bool(flags & 1)


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


def _normalise_boxes(page: Object) -> None:
    """Gives the page the media box every reader would assume when it has none, and drops a crop box without area."""
    if _box(page, "/MediaBox") is None:
        page["/MediaBox"] = Array(_LETTER)
    if "/CropBox" in page and _box(page, "/CropBox") is None:
        del page["/CropBox"]


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
            if role not in NAME_MAPS:
                _remove(value, ACTIVE_KEYS | OUTSIDE_KEYS if isinstance(value, Stream) else ACTIVE_KEYS)
            roles = {key: role_of(role, key) for key in value.keys() if key != "/Parent"}  # noqa: SIM118 -- not a mapping
            children = [(child_role, value[key]) for key, child_role in roles.items()]
        waiting.extend(child for child in children if isinstance(child[1], (Dictionary, Array, Stream)))
    raise damaged_pdf()


def _remove(dictionary: Object, keys: frozenset[str]) -> None:
    for key in keys & set(dictionary.keys()):
        del dictionary[key]


def _check_nothing_lost(pdf: Pdf) -> None:
    """A repaired file still has every page and every image its pages draw; raises ``ScanError`` (damaged) otherwise."""
    if pdf.Root.Pages.get("/Count") != len(pdf.pages):
        raise damaged_pdf()
    for page in pdf.pages:
        if "/Contents" not in page.obj:
            raise damaged_pdf()
        images = page.obj.get("/Resources", Dictionary()).get("/XObject", Dictionary())
        for drawn in pikepdf.parse_content_stream(page.obj, "Do"):
            if str(drawn.operator) == "Do" and not isinstance(images.get(str(drawn.operands[0])), Stream):
                raise damaged_pdf()


def _page(page: Object) -> Page:
    box = _box(page, "/CropBox") or _box(page, "/MediaBox") or _LETTER
    rotate, unit = page.get("/Rotate", 0), page.get("/UserUnit", 1)
    degrees = int(rotate) if isinstance(rotate, int) else 0
    width_pt, height_pt = shown_size(box, degrees, float(unit))
    return Page(width_pt, height_pt, "passed")


def _box(page: Object, key: str) -> tuple[float, float, float, float] | None:
    """The corners of a box; None when it is absent, malformed or without area."""
    value = page.get(key)
    if not isinstance(value, Array):
        return None
    try:
        left, bottom, right, top = (float(side) for side in value)
    except (TypeError, ValueError):
        return None
    return (left, bottom, right, top) if left != right and bottom != top else None


def _describe(pdf: Pdf, made_at: datetime) -> None:
    when = made_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
    # qpdf corrects a trailer's size but does not add a missing one.
    pdf.trailer["/Size"] = 1
    pdf.trailer["/Info"] = pdf.make_indirect(Dictionary(Producer=PRODUCER, CreationDate=when))


def _save(pdf: Pdf, out: Path, limits: Limits) -> Written:
    with out.open("wb") as file:
        bounded = BoundedFile(file, limits)
        try:
            pdf.save(
                cast("BinaryIO", bounded),
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
                encryption=False,
                deterministic_id=True,
                fix_metadata_version=False,
            )
        except (pikepdf.PikepdfError, ValueError, TypeError, RuntimeError) as error:
            raise bounded.failure or damaged_pdf() from error
        return bounded.written()


def _encrypted() -> ScanError:
    return ScanError(
        ScanFault.ENCRYPTED,
        "The PDF from the scanner is protected by a password. Please switch it off in the scanner's settings.",
    )


def damaged_pdf() -> ScanError:
    """The refusal of a PDF that cannot be read or repaired without loss."""
    return ScanError(
        ScanFault.DAMAGED, "The PDF from the scanner is damaged or cut off and cannot be repaired. Please scan again."
    )
